//! Modes of a house: home, away, night. One holds at a time.

use jiff::ZonedDateTime;
use jiff::civil::Time;
use tipoff_model::Timestamp;

use crate::between::Point;
use crate::{Clock, Days};

/// A mode is looked for so many days back: a weekday comes again after seven.
const DAYS_BACK: u8 = 8;

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

/// The mode that began by itself last, and when, in milliseconds.
fn begun<'m>(modes: &'m [Mode], now: &ZonedDateTime, clock: &Clock) -> Option<(i64, &'m Mode)> {
    let mut date = now.date();
    for _ in 0..=DAYS_BACK {
        let of_day = modes
            .iter()
            .filter(|mode| mode.days.is_none_or(|days| days.contains(date.weekday())))
            .flat_map(|mode| mode.at.iter().map(move |point| (mode, *point)))
            .filter_map(|(mode, point)| {
                let minute = point.minute(|| clock.sun(date))?;
                let time = Time::midnight()
                    .checked_add(jiff::Span::new().try_minutes(minute).ok()?)
                    .unwrap_or(Time::MAX);
                let at = date.to_datetime(time).to_zoned_datetime(clock.zone.clone()).ok()?;
                (at <= *now).then(|| (at.timestamp().as_millisecond(), mode))
            });
        // Of two at the same time the later one in the list holds.
        if let Some(latest) = of_day.max_by_key(|(at, _)| *at) {
            return Some(latest);
        }
        date = date.yesterday().ok()?;
    }
    None
}
