//! The link on the timeline that leads to the review of the last night, while the reader has not seen all of it.
//!
//! It is not shown to newcomers: with less than a day of incidents the timeline itself is the better list.

use std::time::Duration;

use tipoff_model::{Event, Timestamp};
use tipoff_spool::{HourCount, Period, Reader};

use super::AppState;
use super::problem::Problem;
use super::reader_clock::ReaderClock;
use super::reader_language::text;
use super::review_period::{Part, ReviewPeriod};

/// Age of the oldest incident from which on the link is shown.
const HISTORY_MIN: Duration = Duration::from_secs(24 * 3600);

/// The link.
pub(super) struct LastNight {
    pub(super) link: String,
    /// `Last night: 37 incidents that you have not seen, 2 of them with a person`
    pub(super) words: String,
}

impl LastNight {
    /// `None` if the reader has no marks, has seen everything, or is a newcomer.
    pub(super) async fn read(
        state: &AppState,
        clock: &ReaderClock,
        reader: Option<Reader>,
    ) -> Result<Option<Self>, Problem> {
        let (Some(reader), Some(night)) = (reader, night(clock)) else { return Ok(None) };
        let (from, until) = night.bounds(clock)?;
        let old = clock.now().before(HISTORY_MIN);
        let periods = vec![(Timestamp::from_ms(0), old), (from, until)];
        if state.spool.has_incidents(periods).await? != [true, true] {
            return Ok(None);
        }
        let period = Period { from, until, device: None, event: None };
        let counts = state.spool.hour_counts(Some(reader), period).await?.counts;
        let is_over = until <= clock.now();
        Ok(words(&counts, is_over).map(|words| Self {
            link: format!("review?day={}&part={}", night.date, night.part.as_str()),
            words,
        }))
    }
}

/// The night that was going on four hours ago, else the one before that day.
fn night(clock: &ReaderClock) -> Option<ReviewPeriod> {
    let latest = ReviewPeriod::latest(clock);
    match latest.part {
        Part::Night => Some(latest),
        Part::Day => latest.before(),
    }
}

fn words(counts: &[HourCount], is_over: bool) -> Option<String> {
    let unseen: u64 = counts.iter().map(|count| count.unseen).sum();
    let with_persons = counts.iter().filter(|count| count.event == Event::Person);
    let persons: u64 = with_persons.map(|count| count.unseen).sum();
    let key = match (is_over, persons) {
        (true, 0) => "night-last",
        (true, _) => "night-last-persons",
        (false, 0) => "night-this",
        (false, _) => "night-this-persons",
    };
    (unseen > 0).then(|| text(key).count(unseen).words("persons", persons).to_string())
}

#[cfg(test)]
mod tests {
    use tipoff_model::DeviceId;

    use super::*;

    fn count(event: Event, unseen: u64) -> HourCount {
        HourCount { hour: 0, device: DeviceId(1), name: String::new(), event, count: 9, unseen }
    }

    #[test]
    fn what_is_unseen_is_counted_in_words() {
        let counts = [count(Event::Person, 2), count(Event::Motion, 35), count(Event::Person, 0)];
        assert_eq!(
            words(&counts, true).unwrap(),
            "Last night: 37 incidents that you have not seen, with a person: 2"
        );
        assert_eq!(words(&counts[2..], true), None);
        let one = [count(Event::Motion, 1)];
        assert_eq!(words(&one, false).unwrap(), "Tonight: 1 incident that you have not seen");
    }

    #[test]
    fn the_last_night_is_the_one_that_the_reader_slept_in() {
        let night_at = |now: &str| {
            let now: jiff::Timestamp = now.parse().unwrap();
            let now = Timestamp::from_ms(now.as_millisecond());
            night(&ReaderClock::new(Some("UTC"), now)).unwrap().date.to_string()
        };
        assert_eq!(night_at("2026-11-27T07:00:00Z"), "2026-11-26");
        assert_eq!(night_at("2026-11-27T20:00:00Z"), "2026-11-26");
        assert_eq!(night_at("2026-11-27T23:00:00Z"), "2026-11-27");
    }
}
