//! A period of every day, such as the night: from one time of day to another, by the clock or by the sun.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;

use crate::sun::Sun;

const DAY_MINUTES: i32 = 24 * 60;
/// Limit of the minutes that are added to sunrise or sunset, or taken off.
const SHIFT_MAX: i32 = 12 * 60;

/// A point of every day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Minutes after midnight, up to 24:00.
    Clock(i32),
    /// Minutes after sunrise; before it, if negative.
    Sunrise(i32),
    /// Minutes after sunset; before it, if negative.
    Sunset(i32),
}

impl Point {
    /// Whether it moves with the sun, so that a place must be known.
    pub fn needs_place(self) -> bool {
        !matches!(self, Self::Clock(_))
    }

    /// Minutes after midnight; `None` if the sun does not rise and set on that day.
    pub(crate) fn minute(self, sun: impl FnOnce() -> Sun) -> Option<i32> {
        let (rises, shift) = match self {
            Self::Clock(minute) => return Some(minute),
            Self::Sunrise(shift) => (true, shift),
            Self::Sunset(shift) => (false, shift),
        };
        match sun() {
            Sun::Moves { rises: at, .. } if rises => Some((at + shift).rem_euclid(DAY_MINUTES)),
            Sun::Moves { sets, .. } => Some((sets + shift).rem_euclid(DAY_MINUTES)),
            Sun::Up | Sun::Down => None,
        }
    }
}

/// From one point of the day to another; over midnight if the second is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The first minute that belongs to it.
    start: Point,
    /// The first minute that does not belong to it any more.
    end: Point,
}

/// The day on which the period of a time began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It began on the same day.
    Today,
    /// It began on the evening before.
    Yesterday,
}

/// Why a text is no period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetweenError {
    /// Not of the form `22:00-06:00`.
    Form,
    /// Both times are the same, which could mean never or always.
    Empty,
}

impl fmt::Display for BetweenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => {
                "write two times of day from 00:00 to 24:00, such as \"22:00-06:00\" or \"sunset-sunrise+0:30\""
            }
            Self::Empty => "both times are the same; for the whole day write \"00:00-24:00\"",
        })
    }
}

impl std::error::Error for BetweenError {}

/// A text is no point of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointError;

impl fmt::Display for PointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "write a time of day from \"00:00\" to \"24:00\", or \"sunset\", \"sunrise-0:30\"",
        )
    }
}

impl std::error::Error for PointError {}

impl Between {
    /// When the period of this time of day began; `None` if the time is in none.
    pub(crate) fn begun(&self, time: Time, sun: impl Fn() -> Sun) -> Option<Begun> {
        let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
        let (start, end) = self.minutes(sun)?;
        if start <= end {
            (start..end).contains(&minute).then_some(Begun::Today)
        } else if minute >= start {
            Some(Begun::Today)
        } else {
            (minute < end).then_some(Begun::Yesterday)
        }
    }

    /// Its first and its last point of the day.
    pub fn points(&self) -> (Point, Point) {
        (self.start, self.end)
    }

    /// Whether it moves with the sun, so that a place must be known.
    pub fn needs_place(&self) -> bool {
        self.start.needs_place() || self.end.needs_place()
    }

    /// Start and end in minutes after midnight; `None` if there is no such period on this day.
    fn minutes(&self, sun: impl Fn() -> Sun) -> Option<(i32, i32)> {
        if let (Some(start), Some(end)) = (self.start.minute(&sun), self.end.minute(&sun)) {
            return Some((start, end));
        }
        // Where the sun does not rise and set, sunrise to sunset means light, and sunset to sunrise dark.
        let is_up = sun() == Sun::Up;
        match (self.start, self.end) {
            (Point::Sunrise(_), Point::Sunset(_)) if is_up => Some((0, DAY_MINUTES)),
            (Point::Sunset(_), Point::Sunrise(_)) if !is_up => Some((0, DAY_MINUTES)),
            // Beside a time of day: dark begins at noon and ends at noon, light begins and ends at midnight.
            (Point::Sunset(_), Point::Clock(end)) if !is_up => Some((DAY_MINUTES / 2, end)),
            (Point::Clock(start), Point::Sunrise(_)) if !is_up => Some((start, DAY_MINUTES / 2)),
            (Point::Sunrise(_), Point::Clock(end)) if is_up => Some((0, end)),
            (Point::Clock(start), Point::Sunset(_)) if is_up => Some((start, DAY_MINUTES)),
            _ => None,
        }
    }
}

impl FromStr for Between {
    type Err = BetweenError;

    fn from_str(text: &str) -> Result<Self, BetweenError> {
        // What is taken off sunrise has a dash, too; only one of them has a point on either side.
        let halves = text.match_indices('-').filter_map(|(at, _)| {
            let (start, end) = (text.get(..at)?, text.get(at + 1..)?);
            Some(Self { start: start.parse().ok()?, end: end.parse().ok()? })
        });
        let mut possible = halves.into_iter().filter(|it| it.start != Point::Clock(DAY_MINUTES));
        let between = possible.next().ok_or(BetweenError::Form)?;
        if between.start == between.end { Err(BetweenError::Empty) } else { Ok(between) }
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

impl FromStr for Point {
    type Err = PointError;

    fn from_str(text: &str) -> Result<Self, PointError> {
        let text = text.trim();
        let shift = |rest: &str| match rest.trim().split_at_checked(1) {
            None => Some(0),
            Some((sign @ ("+" | "-"), rest)) => {
                let minutes = minutes(rest.trim()).filter(|minutes| *minutes <= SHIFT_MAX)?;
                Some(if sign == "-" { -minutes } else { minutes })
            }
            Some(_) => None,
        };
        let point = if let Some(rest) = text.strip_prefix("sunrise") {
            shift(rest).map(Self::Sunrise)
        } else if let Some(rest) = text.strip_prefix("sunset") {
            shift(rest).map(Self::Sunset)
        } else {
            minutes(text).map(Self::Clock)
        };
        point.ok_or(PointError)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, shift) = match *self {
            Self::Clock(minute) => return write!(f, "{:02}:{:02}", minute / 60, minute % 60),
            Self::Sunrise(shift) => ("sunrise", shift),
            Self::Sunset(shift) => ("sunset", shift),
        };
        f.write_str(name)?;
        match (shift, shift.abs()) {
            (0, _) => Ok(()),
            (1.., by) => write!(f, "+{}:{:02}", by / 60, by % 60),
            (_, by) => write!(f, "-{}:{:02}", by / 60, by % 60),
        }
    }
}

/// Minutes after midnight of `HH:MM`, up to `24:00`.
fn minutes(text: &str) -> Option<i32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str, max: i32| -> Option<i32> {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
        part.parse().ok().filter(|number: &i32| digits && *number <= max)
    };
    let total = number(hours, 24)? * 60 + number(minutes, 59)?;
    (total <= DAY_MINUTES).then_some(total)
}

#[cfg(test)]
mod tests;
