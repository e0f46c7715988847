//! Modes of a house: home, away, night. One holds at a time.

use jiff::ZonedDateTime;
use tipoff_model::Timestamp;

use crate::between::Point;
use crate::{Clock, Days, moment};

/// A mode and when it begins by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// What people call it.
    pub name: String,
    /// At these times of day; none: only when somebody chooses it.
    pub at: Vec<Point>,
    /// On these days; none: on every day.
    pub days: Option<Days>,
}

/// The mode that holds at `now`: whatever came last, somebody's choice or a time at which one begins
/// by itself; before any of that the first. None: there are no modes.
pub(crate) fn current<'m>(
    modes: &'m [Mode],
    chosen: Option<&(String, Timestamp)>,
    now: &ZonedDateTime,
    clock: &Clock,
) -> Option<&'m str> {
    let named = |name: &str| modes.iter().find(|mode| mode.name == name);
    let chosen = chosen.and_then(|(name, at)| Some((at.as_ms(), named(name)?)));
    let begun = begun(modes, now, clock);
    // A choice made in the very minute holds.
    let latest = match (chosen, begun) {
        (Some((chosen_at, _)), Some((begun_at, begun))) if begun_at > chosen_at => Some(begun),
        (Some((_, chosen)), _) => Some(chosen),
        (None, begun) => begun.map(|(_, begun)| begun),
    };
    latest.or(modes.first()).map(|mode| mode.name.as_str())
}

/// The mode that began by itself last, and when, in milliseconds. Of two at the same time the later
/// one in the list.
fn begun<'m>(modes: &'m [Mode], now: &ZonedDateTime, clock: &Clock) -> Option<(i64, &'m Mode)> {
    let begun = modes.iter().filter_map(|mode| {
        let at = moment::latest(&mode.at, mode.days, now, clock)?;
        Some((at.timestamp().as_millisecond(), mode))
    });
    begun.max_by_key(|(at, _)| *at)
}
