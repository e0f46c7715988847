//! When a point of the day, such as 22:00 or sunset, was last. Modes begin and reports are due at such points.

use jiff::ZonedDateTime;
use jiff::civil::Time;

use crate::between::Point;
use crate::{Clock, Days};

/// Number of days to look back: a weekday returns after seven.
const DAYS_BACK: u8 = 8;

/// The latest of these points of the day, on these days (`None`: every day), at or before `now`. `None` if there was
/// none in the last eight days.
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
