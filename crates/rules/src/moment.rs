//! Points of the day on the calendar: when one came last.

use jiff::ZonedDateTime;
use jiff::civil::Time;

use crate::between::Point;
use crate::{Clock, Days};

/// So many days back is looked: a weekday comes again after seven.
const DAYS_BACK: u8 = 8;

/// The latest of these points of the day, on these days (none: on every day), at or before `now`.
pub(crate) fn latest(
    points: &[Point],
    days: Option<Days>,
    now: &ZonedDateTime,
    clock: &Clock,
) -> Option<ZonedDateTime> {
    let mut date = now.date();
    for _ in 0..=DAYS_BACK {
        let on_day = days.is_none_or(|days| days.contains(date.weekday()));
        let of_day = points.iter().filter(|_| on_day).filter_map(|point| {
            let minute = point.minute(|| clock.sun(date))?;
            let time = Time::midnight()
                .checked_add(jiff::Span::new().try_minutes(minute).ok()?)
                .unwrap_or(Time::MAX);
            let at = date.to_datetime(time).to_zoned_datetime(clock.zone.clone()).ok()?;
            (at <= *now).then_some(at)
        });
        if let Some(latest) = of_day.max() {
            return Some(latest);
        }
        date = date.yesterday().ok()?;
    }
    None
}
