//! The time of day at the owner's place: the time zone, sunrise and sunset.

use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tipoff_model::Timestamp;

use crate::Place;
use crate::sun::Sun;

/// A zone and a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    /// The zone of the times of day in the configuration.
    pub zone: TimeZone,
    /// The place of sunrise and sunset. The configuration needs it only where a rule has either.
    pub place: Option<Place>,
}

impl Clock {
    /// The local time and date; `None` for a time that no calendar has.
    pub fn local(&self, at: Timestamp) -> Option<ZonedDateTime> {
        let at = jiff::Timestamp::from_millisecond(at.as_ms()).ok()?;
        Some(at.to_zoned_datetime(self.zone.clone()))
    }

    /// Sunrise and sunset of a day. Without a place, which the configuration does not allow, they are as at the equator
    /// in March.
    pub(crate) fn sun(&self, date: Date) -> Sun {
        self.place.map_or(Sun::Moves { rises: 6 * 60, sets: 18 * 60 }, |place| {
            place.sun(date, &self.zone)
        })
    }
}
