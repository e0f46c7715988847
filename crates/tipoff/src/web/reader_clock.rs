//! Times as the reader of a page sees them: in their zone, and relative to now.
//!
//! The zone is in a cookie that the pages' script sets; without one that is known, this machine's zone applies. Times in the
//! API are in UTC, except for days, which are the reader's.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, ZonedDateTime};
use tipoff_model::Timestamp;
use tipoff_rules::Place;

use super::reader_language::{text, texts};
use super::{AppState, cookie_header};

/// The cookie's name, which the script sets.
const COOKIE: &str = "zone";
/// Maximum length of the name of a zone, in characters.
const NAME_CHARS_MAX: usize = 64;

/// The hour at which a night ends, and the one at which it begins, where the sun does not tell.
const NIGHT_ENDS: i8 = 8;
const NIGHT_BEGINS: i8 = 18;

/// The reader's zone, and the time of the request.
#[derive(Clone, Debug)]
pub(crate) struct ReaderClock {
    zone: TimeZone,
    now: Timestamp,
    /// Where the sun rises and sets, if the configuration names the place.
    place: Option<Place>,
}

impl ReaderClock {
    /// An unknown zone is replaced by this machine's.
    pub(crate) fn new(zone: Option<&str>, now: Timestamp) -> Self {
        let zone = zone
            .filter(|name| name.len() <= NAME_CHARS_MAX)
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or_else(TimeZone::system);
        Self { zone, now, place: None }
    }

    /// The same with the place of sunrise and sunset.
    pub(crate) fn at_place(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    /// The hours of a date at which the night before it ends and the next one begins: the first full hour after sunrise and
    /// the last one before sunset. Without a place, or where the sun does not rise and set, 8 and 18.
    pub(crate) fn night_hours(&self, date: Date) -> (i8, i8) {
        let sun = self.place.and_then(|place| place.rises_and_sets(date, &self.zone));
        let hours = sun.map(|(rises, sets)| ((rises + 59) / 60, sets / 60));
        match hours.map(|(ends, begins)| (i8::try_from(ends), i8::try_from(begins))) {
            Some((Ok(ends), Ok(begins))) if ends < begins => (ends, begins),
            _ => (NIGHT_ENDS, NIGHT_BEGINS),
        }
    }

    /// The time of the request: one page shows everything relative to the same moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// The zone's name, such as `Europe/Berlin`.
    pub(crate) fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    fn zoned(&self, time: Timestamp) -> ZonedDateTime {
        let time = jiff::Timestamp::from_millisecond(time.as_ms()).unwrap_or_default();
        time.to_zoned_datetime(self.zone.clone())
    }

    /// `14:05`
    pub(crate) fn minute(&self, time: Timestamp) -> String {
        self.zoned(time).strftime("%H:%M").to_string()
    }

    /// `14:05:09`
    pub(crate) fn second(&self, time: Timestamp) -> String {
        self.zoned(time).strftime("%H:%M:%S").to_string()
    }

    /// `Tuesday, 24 November 2026, 14:05:09`
    pub(crate) fn full(&self, time: Timestamp) -> String {
        let day = self.date_in_words(time, true, true);
        text("day-with-time").words("day", day).words("time", self.second(time)).to_string()
    }

    /// `Tuesday, 24 November`, with the day of the week and the year if they are asked for.
    pub(crate) fn date_in_words(&self, time: Timestamp, weekday: bool, year: bool) -> String {
        date_in_words(self.zoned(time).date(), weekday, year)
    }

    /// `2026-11-24`
    pub(crate) fn date(&self, time: Timestamp) -> String {
        self.zoned(time).date().to_string()
    }

    /// `Today`, `Yesterday`, `Tuesday, 24 November`, and with the year where it is another.
    pub(crate) fn day(&self, time: Timestamp) -> String {
        let (day, today) = (self.zoned(time), self.zoned(self.now).date());
        if day.date() == today {
            text("day-today").to_string()
        } else if today.yesterday().is_ok_and(|yesterday| day.date() == yesterday) {
            text("day-yesterday").to_string()
        } else if day.date().year() == today.year() {
            self.date_in_words(time, true, false)
        } else {
            self.date_in_words(time, true, true)
        }
    }

    /// `now`, `5 min ago`, `3 h ago`, else the day and the time.
    pub(crate) fn ago(&self, time: Timestamp) -> String {
        match self.now.since(time).as_secs() {
            0..60 => text("ago-now").to_string(),
            seconds @ 60..3600 => text("ago-minutes").count(seconds / 60).to_string(),
            seconds @ 3600..86_400 => text("ago-hours").count(seconds / 3600).to_string(),
            _ => {
                let time_of_day = text("day-with-time").words("time", self.minute(time));
                time_of_day.words("day", self.day(time)).to_string()
            }
        }
    }

    /// When this day begins and ends in the reader's zone. It has 23 or 25 hours when clocks change. `None` if it is too far
    /// away for the calendar.
    pub(crate) fn bounds(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        let begin = |date: Date| {
            let zoned = date.to_zoned_datetime(self.zone.clone()).ok()?;
            Some(Timestamp::from_ms(zoned.timestamp().as_millisecond()))
        };
        Some((begin(date)?, begin(date.tomorrow().ok()?)?))
    }

    /// When this hour of a day begins in the reader's zone, on a day that has it. `None` if it is too far away for the
    /// calendar.
    pub(crate) fn hour(&self, date: Date, hour: i8) -> Option<Timestamp> {
        let zoned = date.at(hour, 0, 0, 0).to_zoned_datetime(self.zone.clone()).ok()?;
        Some(Timestamp::from_ms(zoned.timestamp().as_millisecond()))
    }

    /// The day and the hour of a time in the reader's zone.
    pub(crate) fn day_and_hour(&self, time: Timestamp) -> (Date, i8) {
        let zoned = self.zoned(time);
        (zoned.date(), zoned.hour())
    }

    /// When today began.
    pub(crate) fn today(&self) -> Timestamp {
        self.bounds(self.zoned(self.now).date()).map_or(self.now, |(begin, _)| begin)
    }

    /// When today and the days before it began, the oldest first, and when today ends.
    pub(crate) fn last_days(&self, count: i32) -> Vec<Timestamp> {
        let today = self.zoned(self.now).date();
        (1 - count..=1)
            .filter_map(|offset| {
                let date = today.checked_add(offset.days()).ok()?;
                Some(self.bounds(date)?.0)
            })
            .collect()
    }
}

/// `Tuesday, 24 November`, with the day of the week and the year if they are asked for.
pub(crate) fn date_in_words(date: Date, weekday: bool, year: bool) -> String {
    let positive = |number: i8| u64::try_from(number).unwrap_or_default();
    let day = texts().long_day(
        positive(date.day()),
        positive(date.month()),
        year.then(|| i64::from(date.year())),
    );
    if !weekday {
        return day;
    }
    let weekday = texts().weekday(positive(date.weekday().to_monday_one_offset()));
    text("day-with-weekday").words("weekday", weekday).words("day", day).to_string()
}

/// `November 2026`
pub(crate) fn month_in_words(date: Date) -> String {
    let month = texts().text(&format!("month-{}", date.month()));
    text("month-of-year").words("month", month).words("year", date.year()).to_string()
}

/// `0:08`, `1:02:03`
pub(crate) fn length(length: Duration) -> String {
    let seconds = length.as_secs() + u64::from(length.subsec_millis() >= 500);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// `30 ms`, `1.4 s`, `5 min`, `3 h`, `2 days`
pub(crate) fn span(span: Duration) -> String {
    let count =
        |key, number: u128| text(key).count(u64::try_from(number).unwrap_or(u64::MAX)).to_string();
    match span.as_millis() {
        ms @ 0..1000 => count("span-ms", ms),
        ms @ 1000..60_000 => {
            let tenths = u64::try_from(ms / 100).unwrap_or(u64::MAX);
            text("span-seconds").words("seconds", texts().tenths(tenths)).to_string()
        }
        ms @ 60_000..3_600_000 => count("span-minutes", ms / 60_000),
        ms @ 3_600_000..172_800_000 => count("span-hours", ms / 3_600_000),
        ms => count("span-days", ms / 86_400_000),
    }
}

impl FromRequestParts<AppState> for ReaderClock {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let place = state.modes.rules.now().clock.place;
        Ok(Self::new(cookie_header::of_request(parts, COOKIE), state.clock.now()).at_place(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(zone: &str, now: &str) -> ReaderClock {
        let now: jiff::Timestamp = now.parse().unwrap();
        ReaderClock {
            zone: TimeZone::get(zone).unwrap(),
            now: Timestamp::from_ms(now.as_millisecond()),
            place: None,
        }
    }

    fn at(time: &str) -> Timestamp {
        Timestamp::from_ms(time.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn days_are_the_readers() {
        let clock = clock("Europe/Berlin", "2026-11-24T00:30:00Z");
        for (time, day) in [
            ("2026-11-23T23:00:00Z", "Today"),
            ("2026-11-23T22:59:59Z", "Yesterday"),
            ("2026-11-22T22:59:59Z", "Sunday, 22 November"),
            ("2025-11-22T12:00:00Z", "Saturday, 22 November 2025"),
        ] {
            assert_eq!(clock.day(at(time)), day, "{time}");
        }
        assert_eq!(clock.full(at("2026-11-23T23:00:00Z")), "Tuesday, 24 November 2026, 00:00:00");
    }

    #[test]
    fn a_day_on_which_the_clock_is_set_has_23_or_25_hours() {
        let clock = clock("Europe/Berlin", "2026-10-26T12:00:00Z");
        let hours = |date: Date| {
            let (begin, end) = clock.bounds(date).unwrap();
            end.since(begin).as_secs() / 3600
        };
        assert_eq!(hours(jiff::civil::date(2026, 3, 29)), 23);
        assert_eq!(hours(jiff::civil::date(2026, 10, 25)), 25);
        let days = clock.last_days(3);
        assert_eq!(days.first(), Some(&at("2026-10-23T22:00:00Z")));
        assert_eq!(days.last(), Some(&at("2026-10-26T23:00:00Z")));
    }

    #[test]
    fn an_unknown_zone_is_no_fault() {
        let system = ReaderClock::new(None, Timestamp::from_ms(0)).zone_name().to_owned();
        for zone in ["Mars/Olympus", "../../etc/passwd", &"x".repeat(100), ""] {
            assert_eq!(ReaderClock::new(Some(zone), Timestamp::from_ms(0)).zone_name(), system);
        }
    }

    #[test]
    fn lengths_and_spans_read_well() {
        assert_eq!(length(Duration::from_millis(8_499)), "0:08");
        assert_eq!(length(Duration::from_millis(8_500)), "0:09");
        assert_eq!(length(Duration::from_secs(3_723)), "1:02:03");
        let spans = [(30, "30 ms"), (1_450, "1.4 s"), (300_000, "5 min"), (259_200_000, "3 days")];
        for (ms, words) in spans {
            assert_eq!(span(Duration::from_millis(ms)), words);
        }
    }
}
