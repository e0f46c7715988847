//! What time it is for people: in their zone, under their sun.

use jiff::ZonedDateTime;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tipoff_model::Timestamp;

use crate::Place;
use crate::sun::Sun;

/// A zone and a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    /// In which times of day are meant.
    pub zone: TimeZone,
    /// Where the sun rises and sets; needed only where a rule asks for it.
    pub place: Option<Place>,
}

impl Clock {
    /// The time of day and the date; none: no calendar has it.
    pub fn local(&self, at: Timestamp) -> Option<ZonedDateTime> {
        let at = jiff::Timestamp::from_millisecond(at.as_ms()).ok()?;
        Some(at.to_zoned_datetime(self.zone.clone()))
    }

    /// The sun of a day. Without a place, which the configuration does not let happen: as at the
    /// equator on a day in March.
    pub(crate) fn sun(&self, date: Date) -> Sun {
        self.place.map_or(Sun::Moves { rises: 6 * 60, sets: 18 * 60 }, |place| {
            place.sun(date, &self.zone)
        })
    }
}
