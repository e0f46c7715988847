//! The status of each channel: its worker and supervisor write it, the dashboard and the API read it.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tipoff_model::{DeliveryState, Timestamp};
use tipoff_spool::AttemptRecord;

use crate::runtime::clock::Clock;
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::lock::lock;
use crate::runtime::supervise::Broken;

/// How much of a panic's message is shown, in bytes; the log has all of it.
const PANIC_BYTES_MAX: usize = 200;

/// The status of a channel since the program started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChannelStatus {
    /// The configured name.
    pub(crate) name: String,
    /// The channel's type.
    pub(crate) kind: &'static str,
    /// Whether it starts no delivery until it is resumed.
    pub(crate) paused: bool,
    /// Whether its service works.
    pub(crate) state: ChannelState,
    /// Deliveries in flight.
    pub(crate) under_way: usize,
    /// When the service last took an alert.
    pub(crate) delivered_at: Option<Timestamp>,
    /// The last alert that the service refused.
    pub(crate) refused: Option<Refusal>,
    /// A setting that the owner has to correct: alerts are delivered without it.
    pub(crate) repair: Option<String>,
}

/// Whether a channel's service works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChannelState {
    /// As far as known.
    Fine,
    /// The service takes no delivery for now.
    Failing {
        /// When it began to fail.
        since: Timestamp,
        /// In plain words.
        error: String,
        /// When the next attempt begins.
        next_try: Timestamp,
        /// How many attempts in a row have failed.
        failures: u32,
    },
}

/// An alert that the service will never take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// When the service refused it.
    pub(crate) at: Timestamp,
    /// In plain words.
    pub(crate) error: String,
}

/// The status of one channel. Each change is published as an event.
pub(super) struct StatusCell {
    content: Mutex<StatusContent>,
    clock: Clock,
    events: EventBus,
}

/// The status in its two parts: the worker's, and that of the worker itself.
struct StatusContent {
    /// As the worker has written it.
    status: ChannelStatus,
    /// The state while the worker itself does not run: what it wrote about the service does not count then.
    crashed: Option<ChannelState>,
}

impl StatusContent {
    /// The status as it is shown: a worker that does not run counts more than what it wrote before.
    fn shown(&self) -> ChannelStatus {
        let state = self.crashed.clone().unwrap_or_else(|| self.status.state.clone());
        ChannelStatus { state, ..self.status.clone() }
    }
}

impl StatusCell {
    /// The status of a channel before its first attempt.
    pub(super) fn new(
        name: &str,
        kind: &'static str,
        paused: bool,
        events: EventBus,
        clock: Clock,
    ) -> Self {
        let status = ChannelStatus {
            name: name.to_owned(),
            kind,
            paused,
            state: ChannelState::Fine,
            under_way: 0,
            delivered_at: None,
            refused: None,
            repair: None,
        };
        let content = Mutex::new(StatusContent { status, crashed: None });
        Self { content, clock, events }
    }

    pub(super) fn read(&self) -> ChannelStatus {
        self.lock().shown()
    }

    /// Not published: it changes with every attempt.
    pub(super) fn set_in_flight(&self, count: usize) {
        self.lock().status.under_way = count;
    }

    pub(super) fn set_paused(&self, paused: bool) {
        self.change(|status| status.paused = paused);
    }

    /// The channel has new settings: faults of the old ones no longer count.
    pub(super) fn reset(&self, kind: &'static str) {
        self.change(|status| {
            status.kind = kind;
            status.state = ChannelState::Fine;
            status.repair = None;
        });
    }

    pub(super) fn set_fine(&self) {
        self.change(|status| status.state = ChannelState::Fine);
    }

    /// The service has failed `failures` times in a row; the next attempt begins after `pause`.
    pub(super) fn set_failing(&self, failures: u32, error: &str, pause: Duration) {
        let now = self.clock.now();
        self.change(|status| {
            let since = since(&status.state).unwrap_or(now);
            let (error, next_try) = (error.to_owned(), now.after(pause));
            status.state = ChannelState::Failing { since, error, next_try, failures };
        });
    }

    /// The worker itself has ended unexpectedly; with `None` it runs again.
    pub(super) fn set_crashed(&self, broken: Option<Broken<'_>>) {
        let now = self.clock.now();
        self.change_content(|content| {
            content.crashed = broken.map(|Broken { why, times, pause }| ChannelState::Failing {
                since: content.crashed.as_ref().and_then(since).unwrap_or(now),
                error: format!(
                    "a fault in Tipoff: the task of this channel ended unexpectedly: {}",
                    excerpt(why)
                ),
                next_try: now.after(pause),
                failures: times,
            });
        });
    }

    /// The next attempt begins after `wait`, not at the time set before.
    pub(super) fn set_next_try(&self, wait: Duration) {
        let at = self.clock.now().after(wait);
        self.change(|status| {
            if let ChannelState::Failing { next_try, .. } = &mut status.state {
                *next_try = at;
            }
        });
    }

    /// Not published: the delivery's own event follows.
    pub(super) fn set_last_attempt(&self, record: &AttemptRecord) {
        let status = &mut self.lock().status;
        match record.state {
            DeliveryState::Delivered => status.delivered_at = Some(record.ended_at),
            DeliveryState::Refused => {
                let error = record.error.clone().unwrap_or_default();
                status.refused = Some(Refusal { at: record.ended_at, error });
            }
            DeliveryState::Pending | DeliveryState::Expired | DeliveryState::Withdrawn => {}
        }
    }

    /// The service did not accept a setting. Returns whether this differs from the repair set before.
    pub(super) fn set_repair(&self, repair: &str) -> bool {
        let is_new = self.lock().status.repair.as_deref() != Some(repair);
        self.change(|status| status.repair = Some(repair.to_owned()));
        is_new
    }

    fn change(&self, change: impl FnOnce(&mut ChannelStatus)) {
        self.change_content(|content| change(&mut content.status));
    }

    /// Changes the status, and publishes an event if what is shown differs. The event is published without the lock.
    fn change_content(&self, change: impl FnOnce(&mut StatusContent)) {
        let name = {
            let mut content = self.lock();
            let before = content.shown();
            change(&mut content);
            (content.shown() != before).then_some(before.name)
        };
        if let Some(name) = name {
            self.events.publish(LiveEvent::Channel { name });
        }
    }

    fn lock(&self) -> MutexGuard<'_, StatusContent> {
        lock(&self.content)
    }
}

/// When a channel began to fail; `None` if it works.
fn since(state: &ChannelState) -> Option<Timestamp> {
    match state {
        ChannelState::Failing { since, .. } => Some(*since),
        ChannelState::Fine => None,
    }
}

/// The beginning of a panic's message.
fn excerpt(why: &str) -> &str {
    why.get(..why.floor_char_boundary(PANIC_BYTES_MAX)).unwrap_or(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crashed_worker_hides_its_status_until_it_runs_again() {
        let cell = StatusCell::new("me", "webhook", false, EventBus::new(), Clock::system());
        cell.set_failing(3, "no route to host", Duration::from_secs(1));
        let pause = Duration::from_secs(25);
        cell.set_crashed(Some(Broken { why: "on purpose", times: 2, pause }));
        let first = cell.read().state;
        let ChannelState::Failing { since, error, next_try, failures: 2 } = &first else {
            panic!("{first:?}")
        };
        assert!(error.ends_with("ended unexpectedly: on purpose"), "{error}");
        assert_eq!(next_try.since(*since), pause);
        // Its next run begins as if all were well.
        cell.set_fine();
        assert_eq!(cell.read().state, first);
        cell.set_crashed(Some(Broken { why: &"ä".repeat(1000), times: 3, pause }));
        assert!(matches!(
            cell.read().state,
            ChannelState::Failing { since: same, failures: 3, ref error, .. }
                if same == *since && error.len() < 300
        ));
        cell.set_crashed(None);
        assert_eq!(cell.read().state, ChannelState::Fine);
    }

    #[test]
    fn a_change_is_published_once_and_an_outage_keeps_its_beginning() {
        let events = EventBus::new();
        let mut listener = events.subscribe();
        let cell = StatusCell::new("me", "webhook", false, events, Clock::system());
        cell.set_fine();
        assert!(listener.is_empty());
        cell.set_failing(1, "no route to host", Duration::from_secs(1));
        let ChannelState::Failing { since, next_try, .. } = cell.read().state else {
            panic!("it fails")
        };
        assert_eq!(next_try.since(since), Duration::from_secs(1));
        cell.set_failing(2, "no route to host", Duration::from_secs(2));
        assert!(matches!(
            cell.read().state,
            ChannelState::Failing { since: same, failures: 2, .. } if same == since
        ));
        cell.set_fine();
        cell.set_fine();
        cell.set_paused(true);
        let expected = LiveEvent::Channel { name: "me".to_owned() };
        for _ in 0..4 {
            assert_eq!(listener.try_recv().as_ref(), Ok(&expected));
        }
        assert!(listener.is_empty());
    }
}
