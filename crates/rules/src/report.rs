//! Reports: a summary of what each device sent, at a fixed time of day. A report covers the time since the one before,
//! so nothing is left out or counted twice.

use std::time::Duration;

use tipoff_model::Timestamp;

use crate::between::Point;
use crate::{Clock, Days, moment};

/// The time that the first report covers, where none was due in the days before.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// When a report is sent, of which devices, and to which channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its name, which no other report has.
    pub name: String,
    /// The time of day at which it is sent.
    pub at: Point,
    /// The days on which it is sent; `None`: every day.
    pub days: Option<Days>,
    /// The names of devices. Without devices and groups it covers all devices.
    pub devices: Vec<String>,
    /// Groups of devices.
    pub groups: Vec<String>,
    /// The channels that get it.
    pub channels: Vec<String>,
}

impl Report {
    /// The time that the latest due report covers, from when until when; `None` if none was due in the last days.
    pub fn stretch(&self, now: Timestamp, clock: &Clock) -> Option<(Timestamp, Timestamp)> {
        let latest = |at: Timestamp| {
            moment::latest(&[self.at], self.days, &clock.local(at)?, clock)
                .map(|at| Timestamp::from_ms(at.timestamp().as_millisecond()))
        };
        let until = latest(now)?;
        let from = latest(until.before(Duration::from_millis(1)));
        Some((from.unwrap_or_else(|| until.before(DAY)), until))
    }

    /// Whether it covers the device of this name, which is in these groups.
    pub fn covers(&self, device: &str, groups: &[String]) -> bool {
        let all = self.devices.is_empty() && self.groups.is_empty();
        all || self.devices.iter().any(|name| name == device)
            || self.groups.iter().any(|group| groups.contains(group))
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn report(at: &str, days: Option<&str>) -> Report {
        Report {
            name: "daily".to_owned(),
            at: at.parse().unwrap(),
            days: days.map(|days| days.parse().unwrap()),
            devices: Vec::new(),
            groups: Vec::new(),
            channels: Vec::new(),
        }
    }

    #[test]
    fn a_report_covers_what_came_since_the_one_before() {
        let clock = Clock { zone: TimeZone::get("Europe/Berlin").unwrap(), place: None };
        let at = |text: &str| {
            let at: jiff::Timestamp = text.parse().unwrap();
            Timestamp::from_ms(at.as_millisecond())
        };
        for (time, days, now, from, until) in [
            // Before and at its time.
            ("20:00", None, "2026-11-25T18:59Z", "2026-11-23T19:00Z", "2026-11-24T19:00Z"),
            ("20:00", None, "2026-11-25T19:00Z", "2026-11-24T19:00Z", "2026-11-25T19:00Z"),
            // Nothing is left out and nothing told twice when the clocks are changed.
            ("20:00", None, "2026-03-29T20:00Z", "2026-03-28T19:00Z", "2026-03-29T18:00Z"),
            ("20:00", None, "2026-10-25T20:00Z", "2026-10-24T18:00Z", "2026-10-25T19:00Z"),
            // A time that the clocks leave out is told an hour later.
            ("02:30", None, "2026-03-29T12:00Z", "2026-03-28T01:30Z", "2026-03-29T01:30Z"),
            // Once a week; and after a free weekend.
            ("08:00", Some("mon"), "2026-11-25T12:00Z", "2026-11-16T07:00Z", "2026-11-23T07:00Z"),
            (
                "08:00",
                Some("mon-fri"),
                "2026-11-23T12:00Z",
                "2026-11-20T07:00Z",
                "2026-11-23T07:00Z",
            ),
        ] {
            let stretch = report(time, days).stretch(at(now), &clock);
            assert_eq!(stretch, Some((at(from), at(until))), "{time} {days:?} at {now}");
        }
    }

    /// Near a pole no sunrise was due in the weeks before.
    #[test]
    fn the_first_report_covers_a_day() {
        let place = "69.65, 18.96".parse().unwrap();
        let clock = Clock { zone: TimeZone::UTC, place: Some(place) };
        let new_year: jiff::Timestamp = "2026-01-01T12:00Z".parse().unwrap();
        let noon = |day: u32| Timestamp::from_ms(new_year.as_millisecond()).after(DAY * day);
        let report = report("sunrise", None);
        let first = (0..31).find_map(|day| report.stretch(noon(day), &clock));
        let (from, until) = first.unwrap();
        assert_eq!(until.since(from), Duration::from_secs(86_400));
        assert_eq!(report.stretch(noon(0), &clock), None, "the sun is down");
    }

    #[test]
    fn of_which_devices_is_by_name_or_group() {
        let outside = ["outside".to_owned()];
        let all = report("20:00", None);
        let one = Report { devices: vec!["Yard".to_owned()], ..all.clone() };
        let group = Report { groups: outside.to_vec(), ..one.clone() };
        assert!(all.covers("Hall", &[]));
        assert!(one.covers("Yard", &[]) && !one.covers("Hall", &outside));
        assert!(group.covers("Yard", &[]) && group.covers("Hall", &outside));
        assert!(!group.covers("Hall", &[]));
    }
}
