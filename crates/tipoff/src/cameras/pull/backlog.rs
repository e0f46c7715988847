//! What a camera sends again after a reconnect: events that happened long before are stored, and not alerted. Pure.
//!
//! Cameras' clocks are wrong, so an event's time is compared with the camera's own clock: the one of its answer, and the one
//! that its live events showed. Only the first minute of a connection may bring a backlog, so a clock that is wrong in a way
//! that nothing shows suppresses nothing for long.

use std::time::Duration;

use tipoff_model::{AlarmRequest, Timestamp};

/// A backlog comes within this time after the connection is made …
const BURST: Duration = Duration::from_secs(60);
/// … and within this if nothing is known of the camera's clock: then whatever comes later is urgent.
const BURST_UNKNOWN: Duration = Duration::from_secs(10);
/// An event that is older than this is not urgent.
const LATE_AFTER: Duration = Duration::from_secs(3 * 60);
/// Late events that are stored for each connection.
pub(super) const LATE_MAX: u32 = 50;
/// Names of the field with the time of an event.
const TIME_FIELDS: [&str; 3] = ["dateTime", "UtcTime", "TimeStamp"];

/// What an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// It happens now, as far as is known.
    Current,
    /// It happened long ago.
    Late,
    /// The same, and enough of them are stored.
    TooMany,
}

/// The clock of a camera: how far it is ahead of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ClockLead {
    ms: i64,
}

impl ClockLead {
    /// Of a camera that says `camera` when it is `now`.
    pub(super) fn of(camera: Timestamp, now: Timestamp) -> Self {
        Self { ms: camera.as_ms().saturating_sub(now.as_ms()) }
    }
}

/// Judges the events of one connection.
#[derive(Clone, Debug)]
pub(super) struct Backlog {
    connected_at: Timestamp,
    /// What is known of the camera's clock. An event is late only if it is by all of them.
    leads: Vec<ClockLead>,
    burst: Duration,
    late: u32,
}

impl Backlog {
    /// Of a connection that is made now. `said` is the camera's clock by its answer, `shown` by its events.
    pub(super) fn new(
        now: Timestamp,
        said: Option<ClockLead>,
        shown: Option<ClockLead>,
        is_reconnect: bool,
    ) -> Self {
        let mut leads: Vec<_> = said.into_iter().chain(shown).collect();
        let burst = if leads.is_empty() { BURST_UNKNOWN } else { BURST };
        if leads.is_empty() && is_reconnect {
            // Then ours, as long as the burst lasts.
            leads.push(ClockLead { ms: 0 });
        }
        Self { connected_at: now, leads, burst, late: 0 }
    }

    /// Judges an event that happened then by the camera's clock. Counts those that are late.
    pub(super) fn judge(&mut self, happened: Option<Timestamp>, now: Timestamp) -> Age {
        let Some(happened) = happened else { return Age::Current };
        let is_burst = now.since(self.connected_at) <= self.burst;
        let is_old = |lead: &ClockLead| {
            Timestamp(now.as_ms().saturating_add(lead.ms)).since(happened) > LATE_AFTER
        };
        if !is_burst || self.leads.is_empty() || !self.leads.iter().all(is_old) {
            return Age::Current;
        }
        self.late = self.late.saturating_add(1);
        if self.late > LATE_MAX { Age::TooMany } else { Age::Late }
    }

    /// The camera's clock, by an event that happens now: one after the burst.
    pub(super) fn shown(&self, happened: Option<Timestamp>, now: Timestamp) -> Option<ClockLead> {
        let is_live = now.since(self.connected_at) > BURST;
        happened.filter(|_| is_live).map(|happened| ClockLead::of(happened, now))
    }

    /// Late events that were not stored.
    pub(super) fn left_out(&self) -> u32 {
        self.late.saturating_sub(LATE_MAX)
    }
}

/// When the event of a message happened by the camera's clock. `None` if it has no time, or one without its distance from
/// UTC.
pub(super) fn happened_at(request: &AlarmRequest) -> Option<Timestamp> {
    let roots = || request.documents.iter().map(|document| &document.root);
    let texts = TIME_FIELDS.iter().flat_map(|name| roots().filter_map(|root| root.find_text(name)));
    texts.filter_map(time).next()
}

/// A time of ISO 8601 with its distance from UTC.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let parsed: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Timestamp::from_ms(parsed.as_millisecond()))
}

/// The value of `Date` (RFC 9110, section 5.6.7).
pub(super) fn date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    Some(Timestamp::from_ms(parsed.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(60 * count)
    }

    #[test]
    fn an_event_is_late_by_the_clock_of_the_camera_and_not_by_ours() {
        // Its clock is an hour slow.
        let slow = Some(ClockLead::of(NOW.before(HOUR), NOW));
        let mut backlog = Backlog::new(NOW, slow, None, true);
        assert_eq!(backlog.judge(Some(NOW.before(HOUR)), NOW), Age::Current);
        assert_eq!(backlog.judge(Some(NOW.before(HOUR + minutes(3))), NOW), Age::Current);
        assert_eq!(backlog.judge(Some(NOW.before(HOUR + minutes(4))), NOW), Age::Late);
        assert_eq!(backlog.judge(None, NOW), Age::Current);
        // It says one time in its answer, and another one in its events.
        let shown = Some(ClockLead::of(NOW.before(HOUR * 3), NOW));
        let mut backlog = Backlog::new(NOW, slow, shown, true);
        assert_eq!(backlog.judge(Some(NOW.before(HOUR * 3)), NOW), Age::Current);
    }

    #[test]
    fn without_a_clock_only_the_burst_after_a_reconnect_is_late() {
        let old = Some(NOW.before(HOUR));
        let after = |seconds| NOW.after(Duration::from_secs(seconds));
        assert_eq!(Backlog::new(NOW, None, None, false).judge(old, NOW), Age::Current);
        assert_eq!(Backlog::new(NOW, None, None, true).judge(old, after(10)), Age::Late);
        assert_eq!(Backlog::new(NOW, None, None, true).judge(old, after(11)), Age::Current);
        let said = Some(ClockLead::of(NOW, NOW));
        assert_eq!(Backlog::new(NOW, said, None, true).judge(old, after(60)), Age::Late);
        assert_eq!(Backlog::new(NOW, said, None, true).judge(old, after(61)), Age::Current);
    }

    #[test]
    fn a_connection_brings_only_so_many_late_events() {
        let said = Some(ClockLead::of(NOW, NOW));
        let mut backlog = Backlog::new(NOW, said, None, false);
        for _ in 0..LATE_MAX {
            assert_eq!(backlog.judge(Some(NOW.before(HOUR)), NOW), Age::Late);
        }
        assert_eq!(backlog.left_out(), 0);
        assert_eq!(backlog.judge(Some(NOW.before(HOUR)), NOW), Age::TooMany);
        assert_eq!(backlog.judge(Some(NOW), NOW), Age::Current);
        assert_eq!(backlog.left_out(), 1);
    }

    #[test]
    fn live_events_show_the_clock() {
        let backlog = Backlog::new(NOW, None, None, false);
        let later = NOW.after(BURST + Duration::from_secs(1));
        let lead = backlog.shown(Some(later.before(HOUR)), later);
        assert_eq!(lead, Some(ClockLead::of(NOW.before(HOUR), NOW)));
        assert_eq!(backlog.shown(Some(NOW), NOW), None, "it may be of the backlog");
    }

    #[test]
    fn times_of_cameras_are_read() {
        let at = Timestamp::from_ms(1_795_780_800_000);
        for text in
            ["2026-11-27T12:00:00Z", "2026-11-27T20:00:00+08:00", " 2026-11-27T12:00:00.0+00:00"]
        {
            assert_eq!(time(text), Some(at), "{text}");
        }
        assert_eq!(date("Fri, 27 Nov 2026 12:00:00 GMT"), Some(at));
        for text in ["2026-11-27T12:00:00", "", "now", "9999999999999999999"] {
            assert_eq!(time(text), None, "its zone is not known: {text}");
        }
        assert_eq!(date("yesterday"), None);
    }
}
