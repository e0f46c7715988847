//! What routes make of an arrival, one after the other, and why.

use std::fmt;
use std::time::Duration;

use tipoff_model::{Past, Timestamp};

use crate::Route;
use crate::conditions::{MatchContext, Mismatch};

/// Why nobody was told is said in so many characters at most.
const WORDS_CHARS_MAX: usize = 500;

/// A route and what it makes of an arrival.
#[derive(Clone, Debug)]
pub struct Judged<'r> {
    /// The route.
    pub route: &'r Route,
    /// What it makes of it.
    pub verdict: Verdict,
}

/// What a route makes of an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A condition does not fit: which one.
    Not(String),
    /// It holds, or would.
    Holds {
        /// What must still fit, where the arrival is not there yet.
        provided: Vec<String>,
        /// The channels that hear of it.
        tells: Vec<String>,
        /// Those that must rest from the device, and for how long.
        resting: Vec<(String, Duration)>,
        /// Those that have had their alerts of this hour, and when they are told how many more came.
        full: Vec<(String, Timestamp)>,
    },
    /// A route before it ended the search.
    Stopped,
}

impl Judged<'_> {
    /// Whether it sends the arrival to `channel`.
    pub(crate) fn sends_to(&self, channel: &str) -> bool {
        matches!(&self.verdict, Verdict::Holds { tells, .. } if tells.iter().any(|it| it == channel))
    }
}

impl Judged<'_> {
    /// When `channel` is told how much more there was than it may be told.
    pub(crate) fn full_until(&self, channel: &str) -> Option<Timestamp> {
        let Verdict::Holds { full, .. } = &self.verdict else {
            return None;
        };
        full.iter().find(|(name, _)| name == channel).map(|(_, until)| *until)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Not(why) => f.write_str(why),
            Self::Stopped => f.write_str("a route before it ended the search"),
            Self::Holds { provided, tells, resting, full } => {
                let mut parts = Vec::new();
                if !tells.is_empty() {
                    parts.push(format!("tells {}", tells.join(", ")));
                }
                for (channel, rest) in resting {
                    parts.push(format!("{channel} rests for {} s more", rest.as_secs().max(1)));
                }
                for (channel, _) in full {
                    parts.push(format!("{channel} has had its alerts of this hour"));
                }
                if parts.is_empty() {
                    parts.push("tells nobody".to_owned());
                }
                f.write_str(&parts.join("; "))?;
                if !provided.is_empty() {
                    write!(f, ", if {}", provided.join(" and "))?;
                }
                Ok(())
            }
        }
    }
}

/// Asks one route after the other.
pub(crate) fn judge<'r>(
    routes: &'r [Route],
    scene: &MatchContext<'_>,
    past: &Past,
) -> Vec<Judged<'r>> {
    let mut stopped = false;
    let verdict = |route: &'r Route| {
        let verdict = if stopped {
            Verdict::Stopped
        } else if let Some(misfit) = route.conditions.misfit(scene) {
            not(&misfit)
        } else {
            stopped = route.stop;
            holds(route, scene, past)
        };
        Judged { route, verdict }
    };
    routes.iter().map(verdict).collect()
}

/// The same before there is an arrival.
pub(crate) fn foresee<'r>(
    routes: &'r [Route],
    scene: &MatchContext<'_>,
    past: &Past,
) -> Vec<Judged<'r>> {
    let mut stopped = false;
    let verdict = |route: &'r Route| {
        let verdict = if stopped {
            Verdict::Stopped
        } else if let Some(misfit) = route.conditions.misfit_beforehand(scene) {
            not(&misfit)
        } else {
            let provided = route.conditions.of_content();
            stopped = route.stop && provided.is_empty();
            match holds(route, scene, past) {
                Verdict::Holds { tells, resting, full, .. } => {
                    Verdict::Holds { provided, tells, resting, full }
                }
                other => other,
            }
        };
        Judged { route, verdict }
    };
    routes.iter().map(verdict).collect()
}

fn not(misfit: &Mismatch) -> Verdict {
    Verdict::Not(misfit.to_string())
}

fn holds(route: &Route, scene: &MatchContext<'_>, past: &Past) -> Verdict {
    let (mut tells, mut resting, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for channel in &route.channels {
        if let Some(rest) = route.rest(channel, scene.facts, past) {
            resting.push((channel.clone(), rest));
        } else if let Some(until) = route.full_until(channel, scene.facts, past) {
            full.push((channel.clone(), until));
        } else {
            tells.push(channel.clone());
        }
    }
    Verdict::Holds { provided: Vec::new(), tells, resting, full }
}

/// Why nobody is told, for its owner.
pub(crate) fn in_words(judged: &[Judged<'_>]) -> String {
    let reasons: Vec<String> = judged
        .iter()
        .filter(|it| it.verdict != Verdict::Stopped)
        .map(|it| format!("{}: {}", it.route.name, it.verdict))
        .collect();
    let words = reasons.join("; ");
    match words.char_indices().nth(WORDS_CHARS_MAX) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}
