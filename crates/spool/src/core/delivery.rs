//! What becomes of a delivery after it is made: attempts, retries, withdrawal (docs/spool.md, A4 and A5). An engine
//! loads the row, asks here and writes the row that it gets back. Where an arrival is placed is decided before
//! (`placement.rs`), and whose turn it is elsewhere (`turns.rs`). Pure.

use tipoff_model::{AlertKind, DeliveryState, Due, IncidentId, Planner, Timestamp};

use super::turn_place::DevicePlace;
use crate::AttemptRecord;

/// A delivery as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Its number.
    pub(crate) id: i64,
    pub(crate) channel: String,
    pub(crate) kind: AlertKind,
    pub(crate) state: DeliveryState,
    /// When it was made, or its time to expire began anew.
    pub(crate) created_at: Timestamp,
    /// It is not attempted before.
    pub(crate) due_at: Timestamp,
    /// When it left [`DeliveryState::Pending`].
    pub(crate) ended_at: Option<Timestamp>,
    /// Number of attempts that ended.
    pub(crate) attempts: u32,
    /// Number of its messages that the service has accepted.
    pub(crate) progress: u32,
    /// The service's reference of the first message.
    pub(crate) reference: Option<String>,
}

/// Whether a delivery waits and nobody can have begun to send it.
pub(crate) fn is_untried(state: DeliveryState, attempts: u32) -> bool {
    state == DeliveryState::Pending && attempts == 0
}

/// Whether an earlier pending delivery of the same incident and channel holds back a later one. The first alert goes
/// before all others, and the others keep their order; but a video, which takes time to be transcoded, holds back no
/// pictures. A summary stands for many incidents and holds back nothing.
pub(crate) fn holds_back(kind: AlertKind, video: bool, is_later_video: bool) -> bool {
    match kind {
        AlertKind::First => true,
        AlertKind::Summary => false,
        AlertKind::FollowUp | AlertKind::Report => !video || is_later_video,
    }
}

impl Delivery {
    fn is_pending(&self) -> bool {
        self.state == DeliveryState::Pending
    }

    /// Whether it waits and alerts of its incident alone: a summary and a report stand for more.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_pending() && matches!(self.kind, AlertKind::First | AlertKind::FollowUp)
    }

    /// After an attempt. One that somebody withdrew meanwhile is not tried again; that it was delivered or refused
    /// is noted in any case.
    #[must_use]
    pub(crate) fn after(self, record: &AttemptRecord) -> Self {
        let is_pending = record.state == DeliveryState::Pending;
        let stays_withdrawn = is_pending && self.state == DeliveryState::Withdrawn;
        Self {
            state: if stays_withdrawn { self.state } else { record.state },
            due_at: record.due_at,
            ended_at: (!is_pending).then_some(record.ended_at),
            attempts: self.attempts.saturating_add(1),
            progress: record.progress,
            reference: record.reference.clone().or(self.reference),
            ..self
        }
    }

    /// The state of the follow-up that takes over the arrivals which were added to this delivery while it was
    /// attempted: the attempt did not send them.
    pub(crate) fn state_of_rest(&self) -> DeliveryState {
        match self.state {
            DeliveryState::Withdrawn => DeliveryState::Withdrawn,
            _ => DeliveryState::Pending,
        }
    }

    /// Due at once, because somebody asks for it. It has its time to expire anew. Of one that was refused all messages
    /// are tried again, since it is not known which of them was refused. `None`: it was delivered.
    pub(crate) fn retried(self, now: Timestamp) -> Option<Self> {
        let progress = if self.state == DeliveryState::Refused { 0 } else { self.progress };
        let is_delivered = self.state == DeliveryState::Delivered;
        (!is_delivered).then(|| Self { progress, ..self.pending_anew(now) })
    }

    /// Due at once, because somebody restored its incident. `None`: it was not withdrawn.
    pub(crate) fn restored(self, now: Timestamp) -> Option<Self> {
        (self.state == DeliveryState::Withdrawn).then(|| self.pending_anew(now))
    }

    fn pending_anew(self, now: Timestamp) -> Self {
        let state = DeliveryState::Pending;
        Self { state, created_at: now, due_at: now, ended_at: None, ..self }
    }

    /// Ended, because nobody wants to be alerted of its incident any more. `None`: it ended before, stands for more than
    /// its incident, or is sent to an archive, which gets everything.
    pub(crate) fn withdrawn(self, planner: &dyn Planner, now: Timestamp) -> Option<Self> {
        let ends = self.is_waiting() && !planner.is_archive(&self.channel);
        ends.then_some(Self { state: DeliveryState::Withdrawn, ended_at: Some(now), ..self })
    }

    /// When it is due after a start of the program, if it is due earlier then: what failed before is tried at once,
    /// because no pause outlives the run that chose it. What waits for more arrivals goes on waiting.
    pub(crate) fn due_at_start(&self, now: Timestamp) -> Option<Timestamp> {
        (self.is_pending() && self.attempts > 0 && self.due_at > now).then_some(now)
    }
}

/// A delivery that is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewDelivery<'a> {
    pub(crate) incident: IncidentId,
    pub(crate) due: &'a Due,
    pub(crate) created_at: Timestamp,
    /// Whether it waits for a video that is transcoded.
    pub(crate) video: bool,
    /// The number of the device that it counts to.
    pub(crate) device: i64,
    /// Where it stands in the queue of its channel.
    pub(crate) place: String,
    /// Of a summary, until when it takes in what is suppressed.
    pub(crate) gathers_until: Option<Timestamp>,
}

impl<'a> NewDelivery<'a> {
    pub(crate) fn new(
        incident: IncidentId,
        device: &DevicePlace,
        video: bool,
        due: &'a Due,
        created_at: Timestamp,
    ) -> Self {
        Self {
            incident,
            due,
            created_at,
            video,
            device: device.device,
            place: device.of(due.kind),
            gathers_until: (due.kind == AlertKind::Summary).then_some(due.due_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::contract::{NOW, Plain};
    use tipoff_model::{ArrivalId, DeliveryId};

    const STATES: &[DeliveryState] = DeliveryState::ALL;

    fn seconds(seconds: u64) -> Timestamp {
        NOW.after(Duration::from_secs(seconds))
    }

    fn delivery(state: DeliveryState) -> Delivery {
        Delivery {
            id: 7,
            channel: "phone".to_owned(),
            kind: AlertKind::First,
            state,
            created_at: NOW,
            due_at: seconds(5),
            ended_at: Some(seconds(6)),
            attempts: 2,
            progress: 1,
            reference: Some("a".to_owned()),
        }
    }

    fn attempt(state: DeliveryState) -> AttemptRecord {
        AttemptRecord {
            delivery: DeliveryId(7),
            covers: ArrivalId(1),
            at: seconds(7),
            ended_at: seconds(8),
            state,
            due_at: seconds(68),
            progress: 3,
            reference: None,
            error: None,
            remember: Vec::new(),
            lease: None,
        }
    }

    #[test]
    fn an_attempt_ends_a_delivery_or_leaves_it_due_later() {
        for &state in STATES {
            let after = delivery(DeliveryState::Pending).after(&attempt(state));
            let ended_at = (state != DeliveryState::Pending).then_some(seconds(8));
            let (due_at, attempts, progress) = (seconds(68), 3, 3);
            let expected = Delivery { ended_at, due_at, attempts, progress, ..delivery(state) };
            assert_eq!(after, expected);
        }
        let record = AttemptRecord { reference: Some("b".to_owned()), ..attempt(STATES[0]) };
        assert_eq!(delivery(STATES[0]).after(&record).reference.unwrap(), "b");
    }

    #[test]
    fn a_withdrawn_delivery_is_not_tried_again_and_what_ended_it_is_noted() {
        for &state in STATES {
            let after = delivery(DeliveryState::Withdrawn).after(&attempt(state)).state;
            let is_pending = state == DeliveryState::Pending;
            assert_eq!(after, if is_pending { DeliveryState::Withdrawn } else { state });
            let rest = delivery(state).state_of_rest();
            let is_withdrawn = state == DeliveryState::Withdrawn;
            assert_eq!(rest, if is_withdrawn { state } else { DeliveryState::Pending });
        }
    }

    #[test]
    fn all_that_was_not_delivered_is_retried_and_what_was_refused_from_its_beginning() {
        for &state in STATES {
            let retried = delivery(state).retried(seconds(99));
            assert_eq!(retried.is_none(), state == DeliveryState::Delivered);
            let progress = if state == DeliveryState::Refused { 0 } else { 1 };
            let (created_at, due_at, ended_at) = (seconds(99), seconds(99), None);
            let expected = Delivery {
                created_at,
                due_at,
                ended_at,
                progress,
                ..delivery(DeliveryState::Pending)
            };
            assert!(retried.is_none_or(|it| it == expected));
        }
    }

    #[test]
    fn only_what_was_withdrawn_is_restored() {
        for &state in STATES {
            let restored = delivery(state).restored(seconds(99));
            assert_eq!(restored.is_some(), state == DeliveryState::Withdrawn);
            let (created_at, due_at, ended_at) = (seconds(99), seconds(99), None);
            let expected =
                Delivery { created_at, due_at, ended_at, ..delivery(DeliveryState::Pending) };
            assert!(restored.is_none_or(|it| it == expected));
        }
    }

    #[test]
    fn what_waits_is_withdrawn_besides_summaries_reports_and_archives() {
        for &state in STATES {
            for &kind in AlertKind::ALL {
                for channel in ["phone", "hook"] {
                    let channel = channel.to_owned();
                    let before = Delivery { kind, channel, ..delivery(state) };
                    let ends = state == DeliveryState::Pending
                        && [AlertKind::First, AlertKind::FollowUp].contains(&kind)
                        && before.channel == "phone";
                    let state = DeliveryState::Withdrawn;
                    let after = Delivery { state, ended_at: Some(seconds(9)), ..before.clone() };
                    let withdrawn = before.withdrawn(&Plain, seconds(9));
                    assert_eq!(withdrawn, ends.then_some(after));
                }
            }
        }
    }

    #[test]
    fn what_failed_before_a_start_is_due_at_once_and_what_gathers_is_not() {
        let pending = || delivery(DeliveryState::Pending);
        assert_eq!(pending().due_at_start(NOW), Some(NOW));
        assert_eq!(pending().due_at_start(seconds(5)), None, "it is due");
        assert_eq!(Delivery { attempts: 0, ..pending() }.due_at_start(NOW), None);
        assert_eq!(delivery(DeliveryState::Expired).due_at_start(NOW), None);
    }

    #[test]
    fn the_first_alert_goes_first_and_a_video_holds_back_no_picture() {
        use AlertKind::{First, FollowUp, Report, Summary};
        for (kind, video, is_later_video, expected) in [
            (First, false, false, true),
            (First, true, false, true),
            (FollowUp, false, false, true),
            (FollowUp, false, true, true),
            (FollowUp, true, true, true),
            (FollowUp, true, false, false),
            (Report, false, false, true),
            (Summary, false, false, false),
            (Summary, true, true, false),
        ] {
            assert_eq!(holds_back(kind, video, is_later_video), expected, "{kind:?} {video}");
        }
    }

    #[test]
    fn only_what_waits_without_an_attempt_is_untried() {
        for &state in STATES {
            assert_eq!(is_untried(state, 0), state == DeliveryState::Pending);
            assert!(!is_untried(state, 1));
        }
    }

    #[test]
    fn a_summary_gathers_until_it_is_due() {
        let device = DevicePlace { device: 4, recorder: Some(2), ..DevicePlace::default() };
        for &kind in AlertKind::ALL {
            let channel = "phone".to_owned();
            let due = Due { channel, kind, due_at: seconds(9), route: None, of_address: false };
            let new = NewDelivery::new(IncidentId(3), &device, true, &due, NOW);
            let gathers = kind == AlertKind::Summary;
            assert_eq!(new.gathers_until, gathers.then_some(seconds(9)));
            let place = if kind == AlertKind::Report { "#0" } else { "#2" };
            assert_eq!((new.device, new.place.as_str()), (4, place));
        }
    }
}
