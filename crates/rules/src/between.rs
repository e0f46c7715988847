//! A stretch of every day, such as the night.

use std::fmt;
use std::str::FromStr;

const DAY_MINUTES: u16 = 24 * 60;

/// From one time of day to another, over midnight where the second is the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// Minutes after midnight; belongs to it.
    start: u16,
    /// Minutes after midnight, up to 24:00; does not belong to it.
    end: u16,
}

/// What is wrong with a stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetweenError {
    /// Not of the form `22:00-06:00`.
    Form,
    /// Both times are the same: that could mean never or always.
    Empty,
}

impl fmt::Display for BetweenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "write two times of day, such as \"22:00-06:00\"",
            Self::Empty => "both times are the same; for the whole day write \"00:00-24:00\"",
        })
    }
}

impl std::error::Error for BetweenError {}

impl Between {
    /// Whether it holds this time of day.
    pub fn contains(&self, time: jiff::civil::Time) -> bool {
        let minute = u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute()));
        let minute = minute.unwrap_or(0);
        if self.start < self.end {
            (self.start..self.end).contains(&minute)
        } else {
            minute >= self.start || minute < self.end
        }
    }
}

impl FromStr for Between {
    type Err = BetweenError;

    fn from_str(text: &str) -> Result<Self, BetweenError> {
        let (start, end) = text.split_once('-').ok_or(BetweenError::Form)?;
        let start = minutes(start.trim()).filter(|minutes| *minutes < DAY_MINUTES);
        let (start, end) = start.zip(minutes(end.trim())).ok_or(BetweenError::Form)?;
        if start == end || (start == 0 && end == 0) {
            return Err(BetweenError::Empty);
        }
        Ok(Self { start, end })
    }
}

impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start, self.end);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

/// Minutes after midnight of `HH:MM`, up to `24:00`.
fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str, max: u16| -> Option<u16> {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|it| it.is_ascii_digit());
        part.parse().ok().filter(|number: &u16| digits && *number <= max)
    };
    let total = number(hours, 24)? * 60 + number(minutes, 59)?;
    (total <= DAY_MINUTES).then_some(total)
}
