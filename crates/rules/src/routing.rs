//! The verdict of each route on an arrival, one after the other, with its reason. The plan is made of them, and people
//! read them: on the timeline and in `tipoff explain`.

use std::fmt;
use std::time::Duration;

use tipoff_model::{Past, Timestamp};

use crate::Route;
use crate::conditions::{MatchContext, Mismatch};

/// Limit of the reasons of a suppressed incident in characters.
const WORDS_CHARS_MAX: usize = 500;
/// The verdict of a route that matches and alerts nobody.
pub const TELLS_NOBODY: &str = "tells nobody";

/// A route and its verdict on an arrival.
#[derive(Clone, Debug)]
pub struct Judged<'r> {
    /// The route.
    pub route: &'r Route,
    /// Its verdict.
    pub verdict: Verdict,
}

/// The verdict of a route on an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A condition does not match; this one, in words.
    Not(String),
    /// All conditions match.
    Holds {
        /// The conditions on content that must still match, if there is no arrival yet.
        provided: Vec<String>,
        /// The channels that are alerted.
        tells: Vec<String>,
        /// The channels whose cooldown runs, and for how long still.
        resting: Vec<(String, Duration)>,
        /// The channels that have had their alerts of this hour, and when their summary is sent.
        full: Vec<(String, Timestamp)>,
    },
    /// A route before it has ended the search.
    Stopped,
}

impl Judged<'_> {
    /// Whether it alerts `channel`.
    pub(crate) fn sends_to(&self, channel: &str) -> bool {
        matches!(&self.verdict, Verdict::Holds { tells, .. } if tells.iter().any(|it| it == channel))
    }

    /// When the summary for `channel` is sent, if its hour is full.
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
                    parts.push(TELLS_NOBODY.to_owned());
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

/// Judges an arrival.
pub(crate) fn judge<'r>(
    routes: &'r [Route],
    context: &MatchContext<'_>,
    past: &Past,
) -> Vec<Judged<'r>> {
    in_order(routes, |route| match route.conditions.mismatch(context) {
        Some(mismatch) => not(&mismatch),
        None => holds(route, context, past, Vec::new()),
    })
}

/// Judges an arrival that is not there yet.
pub(crate) fn foresee<'r>(
    routes: &'r [Route],
    context: &MatchContext<'_>,
    past: &Past,
) -> Vec<Judged<'r>> {
    in_order(routes, |route| match route.conditions.mismatch_beforehand(context) {
        Some(mismatch) => not(&mismatch),
        None => holds(route, context, past, route.conditions.of_content()),
    })
}

/// The verdict of one route after the other, until one ends the search. A route that may still fail at a condition on
/// content does not end it.
fn in_order<'r>(routes: &'r [Route], verdict: impl Fn(&'r Route) -> Verdict) -> Vec<Judged<'r>> {
    let mut is_over = false;
    let judged = |route: &'r Route| {
        let verdict = if is_over { Verdict::Stopped } else { verdict(route) };
        let is_sure = matches!(&verdict, Verdict::Holds { provided, .. } if provided.is_empty());
        is_over |= route.stop && is_sure;
        Judged { route, verdict }
    };
    routes.iter().map(judged).collect()
}

fn not(mismatch: &Mismatch) -> Verdict {
    Verdict::Not(mismatch.to_string())
}

/// The verdict of a route whose conditions match: what it does on each of its channels.
fn holds(route: &Route, context: &MatchContext<'_>, past: &Past, provided: Vec<String>) -> Verdict {
    let (mut tells, mut resting, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for channel in &route.channels {
        if let Some(rest) = route.rest(channel, context.facts, past) {
            resting.push((channel.clone(), rest));
        } else if let Some(until) = route.full_until(channel, context.facts, past) {
            full.push((channel.clone(), until));
        } else {
            tells.push(channel.clone());
        }
    }
    Verdict::Holds { provided, tells, resting, full }
}

/// Why nobody is alerted: the verdict of each route that was evaluated. The last one decided, so others are cut for it.
pub(crate) fn in_words(judged: &[Judged<'_>]) -> String {
    let reasons: Vec<String> = judged
        .iter()
        .filter(|it| it.verdict != Verdict::Stopped)
        .map(|it| format!("{}: {}", it.route.name, it.verdict))
        .collect();
    let words = reasons.join("; ");
    if words.chars().count() <= WORDS_CHARS_MAX {
        return words;
    }
    let last = reasons.last().map(|last| format!("; {last}")).unwrap_or_default();
    match WORDS_CHARS_MAX.checked_sub(last.chars().count()) {
        Some(room) => format!("{}…{last}", words.chars().take(room).collect::<String>()),
        None => format!("{}…", words.chars().take(WORDS_CHARS_MAX).collect::<String>()),
    }
}

/// The name of the route that matched, ended the search and alerted nobody, from the reasons of a suppressed incident. Several if
/// it is not clear where the name begins: a name may contain what separates reasons. None if no route did so.
pub fn suppressed_by(reasons: &str) -> impl Iterator<Item = &str> {
    let until = reasons.strip_suffix(TELLS_NOBODY).and_then(|rest| rest.strip_suffix(": "));
    until.into_iter().flat_map(|until| {
        let behind_gaps =
            until.match_indices("; ").filter_map(|(at, gap)| until.get(at + gap.len()..));
        std::iter::once(until).chain(behind_gaps)
    })
}

#[cfg(test)]
mod tests;
