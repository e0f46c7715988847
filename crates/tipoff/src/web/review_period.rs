//! The nights and days that the review goes through, by the reader's clock.
//!
//! A night begins at 18:00 and ends at 8:00, or with the sun ([`ReaderClock::night_hours`]); the rest is the day. They
//! follow each other without a gap, so nothing is in none of them.

use jiff::ToSpan;
use jiff::civil::Date;
use std::time::Duration;
use tipoff_model::Timestamp;

use super::problem::Problem;
use super::reader_clock::{ReaderClock, date_in_words};
use super::reader_language::text;

/// The review shows what was going on so long ago: at 7:00 the night, at 20:00 the day, at 22:00 the evening.
const LOOK_BACK: Duration = Duration::from_secs(4 * 3600);

/// A part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Between two nights.
    Day,
    /// From its evening to the next morning.
    Night,
}

impl Part {
    /// The name in an address.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Night => "night",
        }
    }
}

/// The night or the day of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReviewPeriod {
    pub(super) date: Date,
    pub(super) part: Part,
}

impl ReviewPeriod {
    /// The one that a time is in.
    fn at(clock: &ReaderClock, time: Timestamp) -> Self {
        let (date, hour) = clock.day_and_hour(time);
        let (morning, evening) = clock.night_hours(date);
        if hour < morning {
            Self { date: date.yesterday().unwrap_or(date), part: Part::Night }
        } else if hour < evening {
            Self { date, part: Part::Day }
        } else {
            Self { date, part: Part::Night }
        }
    }

    /// The one that is shown without a choice.
    pub(super) fn latest(clock: &ReaderClock) -> Self {
        Self::at(clock, clock.now().before(LOOK_BACK))
    }

    /// The one in an address; what is not given is as in [`Self::latest`]. The error names the part that is wrong.
    pub(super) fn parse(
        day: Option<&str>,
        part: Option<&str>,
        clock: &ReaderClock,
    ) -> Result<Self, Problem> {
        let latest = Self::latest(clock);
        let date = match day {
            None => latest.date,
            Some(day) => day.parse().map_err(|_| Problem::bad(text("problem-incident-day")))?,
        };
        let part = match part {
            None if day.is_none() => latest.part,
            None | Some("night") => Part::Night,
            Some("day") => Part::Day,
            Some(_) => return Err(Problem::bad(text("problem-incident-part"))),
        };
        Ok(Self { date, part })
    }

    /// When it begins and ends.
    pub(super) fn bounds(self, clock: &ReaderClock) -> Result<(Timestamp, Timestamp), Problem> {
        let morning = |date: Date| clock.hour(date, clock.night_hours(date).0);
        let evening = clock.hour(self.date, clock.night_hours(self.date).1);
        let (begin, end) = match self.part {
            Part::Day => (morning(self.date), evening),
            Part::Night => (evening, self.date.tomorrow().ok().and_then(morning)),
        };
        begin.zip(end).ok_or_else(|| Problem::bad(text("problem-incident-day-far")))
    }

    /// The one before it.
    pub(super) fn before(self) -> Option<Self> {
        match self.part {
            Part::Night => Some(Self { part: Part::Day, ..self }),
            Part::Day => Some(Self { date: self.date.yesterday().ok()?, part: Part::Night }),
        }
    }

    /// The one after it. `None` if it has not begun.
    pub(super) fn after(self, clock: &ReaderClock) -> Option<Self> {
        let next = match self.part {
            Part::Day => Self { part: Part::Night, ..self },
            Part::Night => Self { date: self.date.tomorrow().ok()?, part: Part::Day },
        };
        next.bounds(clock).is_ok_and(|(begin, _)| begin <= clock.now()).then_some(next)
    }

    /// `Night of Thursday, 26 November`
    pub(super) fn label(self) -> String {
        let part = match self.part {
            Part::Day => text("review-day-of"),
            Part::Night => text("review-night-of"),
        };
        part.words("date", date_in_words(self.date, true, false)).to_string()
    }
}

/// The days of a month, in weeks from Monday. `None` outside of the month.
pub(super) fn weeks(month: Date) -> Vec<Vec<Option<Date>>> {
    let first = month.first_of_month();
    let before = i64::from(first.weekday().to_monday_zero_offset());
    let days = (0..i64::from(first.days_in_month())).map(|day| first.checked_add(day.days()).ok());
    let all: Vec<Option<Date>> = (0..before).map(|_| None).chain(days).collect();
    let padded = |week: &[Option<Date>]| {
        let mut week = week.to_vec();
        week.resize(7, None);
        week
    };
    all.chunks(7).map(padded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        Timestamp::from_ms(time.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn clock(now: &str) -> ReaderClock {
        ReaderClock::new(Some("Europe/Berlin"), at(now))
    }

    #[test]
    fn the_review_shows_what_was_going_on_four_hours_ago() {
        for (now, expected) in [
            ("2026-11-27T06:00:00Z", "Night of Thursday, 26 November"),
            ("2026-11-27T10:59:00Z", "Night of Thursday, 26 November"),
            ("2026-11-27T11:00:00Z", "Day of Friday, 27 November"),
            ("2026-11-27T19:00:00Z", "Day of Friday, 27 November"),
            ("2026-11-27T21:00:00Z", "Night of Friday, 27 November"),
            ("2026-11-28T03:00:00Z", "Night of Friday, 27 November"),
        ] {
            assert_eq!(ReviewPeriod::latest(&clock(now)).label(), expected, "{now}");
        }
    }

    #[test]
    fn nights_and_days_follow_each_other_without_a_gap_also_when_clocks_change() {
        let clock = clock("2026-10-27T12:00:00Z");
        let mut period = ReviewPeriod::latest(&clock);
        let mut hours = Vec::new();
        for _ in 0..6 {
            let (begin, end) = period.bounds(&clock).unwrap();
            hours.push(end.since(begin).as_secs() / 3600);
            let before = period.before().unwrap();
            assert_eq!(before.bounds(&clock).unwrap().1, begin);
            assert_eq!(before.after(&clock), Some(period));
            period = before;
        }
        assert_eq!(hours, [10, 14, 10, 14, 10, 15], "clocks went back on 25 October");
        assert_eq!(ReviewPeriod::latest(&clock).after(&clock), None, "it has not begun");
    }

    #[test]
    fn with_a_place_the_night_is_from_sunset_to_sunrise_in_full_hours() {
        let oslo = "59.91, 10.75".parse().ok();
        let hours = |day: &str, place: Option<tipoff_rules::Place>, zone: &str| {
            let clock = ReaderClock::new(Some(zone), at("2026-12-24T12:00:00Z")).at_place(place);
            let night = ReviewPeriod { date: day.parse().unwrap(), part: Part::Night };
            let (begin, end) = night.bounds(&clock).unwrap();
            assert_eq!(night.before().unwrap().bounds(&clock).unwrap().1, begin, "no gap");
            (clock.day_and_hour(begin).1, clock.day_and_hour(end).1)
        };
        assert_eq!(hours("2026-06-21", oslo, "Europe/Oslo"), (22, 4));
        assert_eq!(hours("2026-12-21", oslo, "Europe/Oslo"), (15, 10));
        let tromso = "69.65, 18.96".parse().ok();
        assert_eq!(hours("2026-06-21", tromso, "Europe/Oslo"), (18, 8), "the sun does not set");
        assert_eq!(hours("2026-06-21", oslo, "Asia/Tokyo"), (18, 8), "the reader is far away");
        assert_eq!(hours("2026-06-21", None, "Europe/Oslo"), (18, 8));
    }

    #[test]
    fn an_address_names_a_period() {
        let clock = clock("2026-11-27T12:00:00Z");
        let label = |day, part| ReviewPeriod::parse(day, part, &clock).map(ReviewPeriod::label);
        let day = Some("2026-11-20");
        assert_eq!(label(day, None).unwrap(), "Night of Friday, 20 November");
        assert_eq!(label(day, Some("day")).unwrap(), "Day of Friday, 20 November");
        assert_eq!(label(None, None).unwrap(), "Day of Friday, 27 November");
        assert!(label(Some("yesterday"), None).is_err() && label(None, Some("noon")).is_err());
        let last = ReviewPeriod::parse(Some("9999-12-31"), Some("night"), &clock).unwrap();
        assert!(last.bounds(&clock).is_err());
    }

    #[test]
    fn a_month_has_weeks_from_monday() {
        let weeks = weeks("2026-11-27".parse().unwrap());
        assert_eq!(weeks.len(), 6);
        assert!(weeks.iter().all(|week| week.len() == 7));
        assert_eq!(weeks[0].iter().flatten().count(), 1, "1 November 2026 is a Sunday");
        assert_eq!(weeks.iter().flatten().flatten().count(), 30);
    }
}
