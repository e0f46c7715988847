//! Sunrise and sunset at a place. Near a pole there may be neither on a day.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sunrise::{Coordinates, SolarDay, SolarEvent};

/// A place on earth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    latitude: f64,
    longitude: f64,
}

/// A text is not of the form `52.52, 13.40`, or the numbers are no place on earth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceError;

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "write latitude and longitude in degrees, such as \"52.52, 13.40\"; south and west are \
             negative",
        )
    }
}

impl std::error::Error for PlaceError {}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        let (latitude, longitude) = text.split_once(',').ok_or(PlaceError)?;
        let degrees = |text: &str| text.trim().parse::<f64>().map_err(|_| PlaceError);
        let (latitude, longitude) = (degrees(latitude)?, degrees(longitude)?);
        Coordinates::new(latitude, longitude).ok_or(PlaceError)?;
        Ok(Self { latitude, longitude })
    }
}

/// The course of the sun on a day at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sun {
    /// It rises and sets, in minutes after midnight.
    Moves { rises: i32, sets: i32 },
    /// It is always above the horizon: summer near a pole.
    Up,
    /// It is always below the horizon: winter near a pole.
    Down,
}

impl Place {
    /// The course of the sun on this day, in times of day of `zone`.
    pub(crate) fn sun(&self, date: Date, zone: &TimeZone) -> Sun {
        let minute = |event| {
            let at = self.at(date, event)?.to_zoned_datetime(zone.clone()).time();
            Some(i32::from(at.hour()) * 60 + i32::from(at.minute()))
        };
        match (minute(SolarEvent::Sunrise), minute(SolarEvent::Sunset)) {
            (Some(rises), Some(sets)) => Sun::Moves { rises, sets },
            // Without sunrise and sunset it stays up from spring to autumn, and down in winter.
            _ if (self.latitude > 0.0) == (4..=9).contains(&date.month()) => Sun::Up,
            _ => Sun::Down,
        }
    }

    /// When the sun rises and sets on this day, in minutes after midnight of `zone`. `None` if it does not.
    pub fn rises_and_sets(&self, date: Date, zone: &TimeZone) -> Option<(i32, i32)> {
        match self.sun(date, zone) {
            Sun::Moves { rises, sets } => Some((rises, sets)),
            Sun::Up | Sun::Down => None,
        }
    }

    /// When this event is on a day; `None` if it is not.
    fn at(&self, date: Date, event: SolarEvent) -> Option<Timestamp> {
        let place = Coordinates::new(self.latitude, self.longitude)?;
        let (month, day) = (u32::try_from(date.month()).ok()?, u32::try_from(date.day()).ok()?);
        let date = NaiveDate::from_ymd_opt(i32::from(date.year()), month, day)?;
        let at = SolarDay::new(place, date).event_time(event)?;
        Timestamp::from_second(at.timestamp()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        let berlin: Place = "52.52, 13.40".parse().unwrap();
        assert_eq!(berlin, Place { latitude: 52.52, longitude: 13.40 });
        assert!("-33.9,151.2".parse::<Place>().is_ok());
        for wrong in ["", "52.52", "a, b", "91, 0", "0, 181", "NaN, 0"] {
            assert_eq!(wrong.parse::<Place>(), Err(PlaceError), "{wrong}");
        }
    }

    /// Published times, to two minutes.
    #[test]
    fn the_sun_is_where_almanacs_say() {
        let date = jiff::civil::date;
        let central = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let berlin: Place = "52.52, 13.40".parse().unwrap();
        for (day, rises, sets) in [
            (date(2026, 6, 21), 4 * 60 + 43, 21 * 60 + 33),
            (date(2026, 12, 21), 8 * 60 + 15, 15 * 60 + 54),
            // The day after the clocks went forward.
            (date(2026, 3, 30), 6 * 60 + 46, 19 * 60 + 37),
        ] {
            let Sun::Moves { rises: found_rises, sets: found_sets } = berlin.sun(day, &central)
            else {
                panic!("it rises in Berlin");
            };
            assert!((found_rises - rises).abs() <= 2, "{day}: rises at {found_rises}");
            assert!((found_sets - sets).abs() <= 2, "{day}: sets at {found_sets}");
        }
        let tromso: Place = "69.65, 18.96".parse().unwrap();
        assert_eq!(tromso.sun(date(2026, 6, 21), &central), Sun::Up);
        assert_eq!(tromso.sun(date(2026, 12, 21), &central), Sun::Down);
        let mcmurdo: Place = "-77.85, 166.67".parse().unwrap();
        assert_eq!(mcmurdo.sun(date(2026, 6, 21), &central), Sun::Down);
        assert_eq!(mcmurdo.sun(date(2026, 12, 21), &central), Sun::Up);
    }
}
