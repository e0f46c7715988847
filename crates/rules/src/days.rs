//! Days of the week as the configuration has them: `sat`, `mon-fri`.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Weekday;

/// Some days of the week, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days([bool; 7]);

/// A text is not of the form `sat` or `mon-fri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaysError;

impl fmt::Display for DaysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a day or days, such as \"sat\" or \"mon-fri\"")
    }
}

impl std::error::Error for DaysError {}

impl Days {
    /// The names of all days in the configuration, from Monday.
    pub const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// All days, from Monday.
    pub const ALL: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];

    /// Whether the day is one of them.
    pub fn contains(&self, day: Weekday) -> bool {
        let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or(0);
        self.0.get(index).copied().unwrap_or(false)
    }

    /// The days of both.
    pub fn and(self, other: Self) -> Self {
        let mut days = self;
        days.0.iter_mut().zip(other.0).for_each(|(day, other)| *day |= other);
        days
    }
}

impl FromStr for Days {
    type Err = DaysError;

    /// Reads one day, or the first and the last of several. A range may pass Sunday: `fri-mon`.
    fn from_str(text: &str) -> Result<Self, DaysError> {
        let number = |name: &str| {
            let name = name.trim().to_lowercase();
            Self::NAMES.iter().position(|known| *known == name).ok_or(DaysError)
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (number(first)?, number(last)?);
        let mut days = Self([false; 7]);
        for (index, day) in days.0.iter_mut().enumerate() {
            *day = (index + 7 - first) % 7 <= (last + 7 - first) % 7;
        }
        Ok(days)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            Self::NAMES.iter().zip(self.0).filter(|(_, is_in)| *is_in).map(|(name, _)| *name);
        f.write_str(&names.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written() {
        for (text, expected) in [
            ("mon", "mon"),
            ("mon-fri", "mon, tue, wed, thu, fri"),
            (" Sat - MON ", "mon, sat, sun"),
            ("sun-sat", "mon, tue, wed, thu, fri, sat, sun"),
        ] {
            assert_eq!(text.parse::<Days>().unwrap().to_string(), expected, "{text}");
        }
        for wrong in ["", "monday", "mon-", "mon-tue-wed", "1"] {
            assert_eq!(wrong.parse::<Days>(), Err(DaysError), "{wrong}");
        }
        let weekend: Days = "sat-sun".parse().unwrap();
        let friday: Days = "fri".parse().unwrap();
        assert!(weekend.contains(Weekday::Sunday) && !weekend.contains(Weekday::Friday));
        assert!(weekend.and(friday).contains(Weekday::Friday));
    }
}
