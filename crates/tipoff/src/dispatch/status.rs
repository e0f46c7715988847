//! How each channel is, for whoever looks: its task writes, the dashboard reads.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tipoff_model::{DeliveryState, Timestamp};
use tipoff_spool::AttemptRecord;

use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::supervise::Broken;
/// How much of what a panic said is shown, in bytes; all of it is in the log.
const WHY_BYTES_MAX: usize = 200;

/// A channel as it is now; what was before the program's start is in the spool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChannelStatus {
    /// Its configured name.
    pub(crate) name: String,
    /// Its type.
    pub(crate) kind: &'static str,
    /// Whether it begins nothing until it is resumed.
    pub(crate) paused: bool,
    /// Whether its service works.
    pub(crate) state: ChannelState,
    /// Deliveries under way.
    pub(crate) under_way: usize,
    /// When the service last took an alert.
    pub(crate) delivered_at: Option<Timestamp>,
    /// What the service last refused.
    pub(crate) refused: Option<Refusal>,
    /// What its owner has to correct: alerts are delivered without it.
    pub(crate) repair: Option<String>,
}

/// Whether a channel's service works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChannelState {
    /// As far as is known.
    Fine,
    /// Nothing can be sent to it for now.
    Failing {
        /// When it began to.
        since: Timestamp,
        /// In plain words.
        error: String,
        /// When it will be asked again.
        next_try: Timestamp,
        /// How many attempts in a row have failed.
        failures: u32,
    },
}

/// An alert that the service will never take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// When it said so.
    pub(crate) at: Timestamp,
    /// In plain words.
    pub(crate) error: String,
}

/// Where a channel's task writes how it is, and what watches over the task.
pub(super) struct Board {
    status: Mutex<Kept>,
    events: EventBus,
}

struct Kept {
    /// As the task has written it.
    status: ChannelStatus,
    /// While the task itself does not run: nothing that it has written of the service counts then.
    broken: Option<ChannelState>,
}

impl Kept {
    fn shown(&self) -> ChannelStatus {
        let state = self.broken.clone().unwrap_or_else(|| self.status.state.clone());
        ChannelStatus { state, ..self.status.clone() }
    }
}

impl Board {
    /// Of a channel that has not been tried.
    pub(super) fn new(name: &str, kind: &'static str, paused: bool, events: EventBus) -> Self {
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
        Self { status: Mutex::new(Kept { status, broken: None }), events }
    }

    /// As it is now.
    pub(super) fn read(&self) -> ChannelStatus {
        self.write().shown()
    }

    /// So many deliveries are under way.
    pub(super) fn under_way(&self, count: usize) {
        self.write().status.under_way = count;
    }

    /// It begins nothing any more, or goes on.
    pub(super) fn pause(&self, paused: bool) {
        self.change(|status| status.paused = paused);
    }

    /// Its settings are others: what was wrong with the old ones tells nothing.
    pub(super) fn renew(&self, kind: &'static str) {
        self.change(|status| {
            status.kind = kind;
            status.state = ChannelState::Fine;
            status.repair = None;
        });
    }

    /// The service works.
    pub(super) fn fine(&self) {
        self.change(|status| status.state = ChannelState::Fine);
    }

    /// The service has failed, so many times in a row, and is asked again after `pause`.
    pub(super) fn failing(&self, failures: u32, error: &str, pause: Duration) {
        let now = Timestamp::from(SystemTime::now());
        self.change(|status| {
            let since = since(&status.state).unwrap_or(now);
            let (error, next_try) = (error.to_owned(), now.after(pause));
            status.state = ChannelState::Failing { since, error, next_try, failures };
        });
    }

    /// The task itself has ended unexpectedly, or with `None` it is up again.
    pub(super) fn broken(&self, broken: Option<Broken<'_>>) {
        let now = Timestamp::from(SystemTime::now());
        self.change_kept(|kept| {
            kept.broken = broken.map(|Broken { why, times, pause }| ChannelState::Failing {
                since: kept.broken.as_ref().and_then(since).unwrap_or(now),
                error: format!(
                    "a fault in Tipoff: the task of this channel ended unexpectedly: {}",
                    excerpt(why)
                ),
                next_try: now.after(pause),
                failures: times,
            });
        });
    }

    /// The service is asked again after `wait`, and not when it was said before.
    pub(super) fn next_try(&self, wait: Duration) {
        let at = Timestamp::from(SystemTime::now()).after(wait);
        self.change(|status| {
            if let ChannelState::Failing { next_try, .. } = &mut status.state {
                *next_try = at;
            }
        });
    }

    /// What an attempt came to.
    pub(super) fn ended(&self, record: &AttemptRecord) {
        let status = &mut self.write().status;
        match record.state {
            DeliveryState::Delivered => status.delivered_at = Some(record.ended_at),
            DeliveryState::Refused => {
                let error = record.error.clone().unwrap_or_default();
                status.refused = Some(Refusal { at: record.ended_at, error });
            }
            DeliveryState::Pending | DeliveryState::Expired | DeliveryState::Withdrawn => {}
        }
    }

    /// The service did not take something that is set. Whether that is news.
    pub(super) fn repair(&self, repair: &str) -> bool {
        let is_news = self.write().status.repair.as_deref() != Some(repair);
        self.change(|status| status.repair = Some(repair.to_owned()));
        is_news
    }

    fn change(&self, change: impl FnOnce(&mut ChannelStatus)) {
        self.change_kept(|kept| change(&mut kept.status));
    }

    fn change_kept(&self, change: impl FnOnce(&mut Kept)) {
        let name = {
            let mut kept = self.write();
            let before = kept.shown();
            change(&mut kept);
            (kept.shown() != before).then_some(before.name)
        };
        if let Some(name) = name {
            self.events.publish(LiveEvent::Channel { name });
        }
    }

    fn write(&self) -> MutexGuard<'_, Kept> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn since(state: &ChannelState) -> Option<Timestamp> {
    match state {
        ChannelState::Failing { since, .. } => Some(*since),
        ChannelState::Fine => None,
    }
}

/// The beginning of what a panic said.
fn excerpt(why: &str) -> &str {
    why.get(..why.floor_char_boundary(WHY_BYTES_MAX)).unwrap_or(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_does_not_run_hides_what_it_wrote_until_it_is_up_again() {
        let board = Board::new("me", "webhook", false, EventBus::new());
        board.failing(3, "no route to host", Duration::from_secs(1));
        let pause = Duration::from_secs(25);
        board.broken(Some(Broken { why: "on purpose", times: 2, pause }));
        let first = board.read().state;
        let ChannelState::Failing { since, error, next_try, failures: 2 } = &first else {
            panic!("{first:?}")
        };
        assert!(error.ends_with("ended unexpectedly: on purpose"), "{error}");
        assert_eq!(next_try.since(*since), pause);
        // Its next run begins as if all were well.
        board.fine();
        assert_eq!(board.read().state, first);
        board.broken(Some(Broken { why: &"ä".repeat(1000), times: 3, pause }));
        assert!(matches!(
            board.read().state,
            ChannelState::Failing { since: same, failures: 3, ref error, .. }
                if same == *since && error.len() < 300
        ));
        board.broken(None);
        assert_eq!(board.read().state, ChannelState::Fine);
    }

    #[test]
    fn a_change_is_told_once_and_failing_remembers_when_it_began() {
        let events = EventBus::new();
        let mut listener = events.subscribe();
        let board = Board::new("me", "webhook", false, events);
        board.fine();
        assert!(listener.is_empty());
        board.failing(1, "no route to host", Duration::from_secs(1));
        let ChannelState::Failing { since, next_try, .. } = board.read().state else {
            panic!("it fails")
        };
        assert_eq!(next_try.since(since), Duration::from_secs(1));
        board.failing(2, "no route to host", Duration::from_secs(2));
        assert!(matches!(
            board.read().state,
            ChannelState::Failing { since: same, failures: 2, .. } if same == since
        ));
        board.fine();
        board.fine();
        board.pause(true);
        let told = LiveEvent::Channel { name: "me".to_owned() };
        for _ in 0..4 {
            assert_eq!(listener.try_recv().as_ref(), Ok(&told));
        }
        assert!(listener.is_empty());
    }
}
