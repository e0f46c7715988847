//! Home modes: home, away, night. One is in force at a time: the latest that somebody chose or that began by itself.

use jiff::ZonedDateTime;
use tipoff_model::Timestamp;

use crate::between::Point;
use crate::{Clock, Days, moment};

/// A mode and when it begins by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Its name in the configuration and on the dashboard.
    pub name: String,
    /// The times of day at which it begins. Empty: only when somebody chooses it.
    pub at: Vec<Point>,
    /// The days on which it begins; `None`: every day.
    pub days: Option<Days>,
}

/// The mode in force at `now`: the latest choice of a person, or the latest that began by itself since. Before either
/// the first mode; `None` if there are no modes. A choice of a mode that is not configured any more is ignored.
pub(crate) fn current<'m>(
    modes: &'m [Mode],
    chosen: Option<&(String, Timestamp)>,
    now: &ZonedDateTime,
    clock: &Clock,
) -> Option<&'m str> {
    let named = |name: &str| modes.iter().find(|mode| mode.name == name);
    let chosen = chosen.and_then(|(name, at)| Some((at.as_ms(), named(name)?)));
    let begun = begun(modes, now, clock);
    // A choice in the same minute wins.
    let latest = match (chosen, begun) {
        (Some((chosen_at, _)), Some((begun_at, begun))) if begun_at > chosen_at => Some(begun),
        (Some((_, chosen)), _) => Some(chosen),
        (None, begun) => begun.map(|(_, begun)| begun),
    };
    latest.or(modes.first()).map(|mode| mode.name.as_str())
}

/// The mode that began by itself last, and when, in milliseconds since 1970. Of two at the same time the later one in
/// the list.
fn begun<'m>(modes: &'m [Mode], now: &ZonedDateTime, clock: &Clock) -> Option<(i64, &'m Mode)> {
    let begun = modes.iter().filter_map(|mode| {
        let at = moment::latest(&mode.at, mode.days, now, clock)?;
        Some((at.timestamp().as_millisecond(), mode))
    });
    begun.max_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests;
