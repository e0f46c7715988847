//! The attempts of a channel that are under way: which deliveries they have, and which of them still
//! say something of the channel.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Instant, SystemTime};

use tipoff_model::{DeliveryId, DeliveryState, IncidentId, Timestamp};
use tipoff_spool::{AttemptRecord, DueDelivery, Share};
use tokio::task::{Id, JoinError, JoinSet};

use super::attempt::{Attempted, Health};
use super::backoff;
use super::orders::Parts;
use super::places::{Attempting, Taken};

/// The time by the clock that pauses are slept by.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// An attempt that has ended.
pub(super) struct Ended {
    pub(super) attempted: Attempted,
    /// When it began.
    pub(super) began: Instant,
    /// Whether the channel has failed, or worked again, since it began.
    pub(super) is_late: bool,
    /// Whose place it had.
    pub(super) share: Share,
}

/// The attempts that are under way.
#[derive(Default)]
pub(super) struct UnderWay {
    tasks: JoinSet<Attempted>,
    claims: HashMap<Id, Claim>,
}

/// A delivery that is being attempted, and what is known of it besides the outcome.
pub(super) struct Claim {
    parts: Arc<Parts>,
    began: Instant,
    is_late: bool,
    share: Share,
    /// Held by the attempt while its files are being made ready.
    preparing: Weak<()>,
    incident: IncidentId,
    /// What is recorded if its task ends without an outcome, but for the times.
    record: AttemptRecord,
    /// How often the delivery has failed by itself before.
    failures: u32,
    created_at: Timestamp,
}

impl UnderWay {
    /// How many attempts there are.
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The deliveries that are being attempted.
    pub(super) fn claimed(&self) -> impl Iterator<Item = DeliveryId> {
        self.claims.values().map(|claim| claim.record.delivery)
    }

    /// The places that are taken. Late attempts take none: they may hang until their time limit.
    pub(super) fn taken(&self) -> Taken {
        Taken::by(self.claims.values().map(|claim| Attempting {
            share: &claim.share,
            is_late: claim.is_late,
            is_preparing: claim.preparing.strong_count() > 0,
        }))
    }

    /// The channel has failed, or works again: what is under way now says nothing of what follows.
    pub(super) fn all_are_late(&mut self) {
        self.claims.values_mut().for_each(|claim| claim.is_late = true);
    }

    /// Begins an attempt.
    pub(super) fn begin(
        &mut self,
        claim: Claim,
        attempt: impl Future<Output = Attempted> + Send + 'static,
    ) {
        self.claims.insert(self.tasks.spawn(attempt).id(), claim);
    }

    /// Waits for the next end; none while there is nothing under way.
    pub(super) async fn join_next(&mut self) -> Option<Ended> {
        let ended = self.tasks.join_next_with_id().await?;
        self.end(ended)
    }

    /// The next one that has ended by now.
    pub(super) fn try_join_next(&mut self) -> Option<Ended> {
        let ended = self.tasks.try_join_next_with_id()?;
        self.end(ended)
    }

    fn end(&mut self, ended: Result<(Id, Attempted), JoinError>) -> Option<Ended> {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let claim = self.claims.remove(&id)?;
        let (began, is_late, share) = (claim.began, claim.is_late, claim.share.clone());
        let attempted = match ended {
            Ok((_, attempted)) => attempted,
            Err(error) => claim.broke_down(&error),
        };
        Some(Ended { attempted, began, is_late, share })
    }
}

impl Claim {
    /// `failures`: how often the delivery has failed by itself before; `preparing` is held while its files are
    /// being made ready.
    pub(super) fn new(
        due: &DueDelivery,
        parts: Arc<Parts>,
        failures: u32,
        preparing: Option<&Arc<()>>,
    ) -> Self {
        let at = Timestamp::from(SystemTime::now());
        let record = AttemptRecord {
            delivery: due.alert.delivery,
            covers: due.covers,
            at,
            ended_at: at,
            state: DeliveryState::Pending,
            due_at: at,
            progress: due.progress,
            reference: due.reference.clone(),
            error: None,
            remember: Vec::new(),
        };
        let (incident, created_at) = (due.alert.incident, due.created_at);
        let (began, is_late) = (now(), false);
        let (share, preparing) =
            (due.share.clone(), preparing.map(Arc::downgrade).unwrap_or_default());
        Self { parts, began, is_late, share, preparing, incident, record, failures, created_at }
    }

    /// A fault in the code of a service concerns the delivery that it stumbled at: it is tried again after a
    /// pause, and the others go on.
    fn broke_down(self, error: &JoinError) -> Attempted {
        let Self { parts, incident, mut record, failures, created_at, .. } = self;
        record.ended_at = Timestamp::from(SystemTime::now());
        let pause = backoff::pause_of_delivery(failures.saturating_add(1), backoff::chance());
        record.due_at = record.ended_at.after(pause);
        record.error = Some(format!("a fault in Tipoff: an attempt ended unexpectedly: {error}"));
        if parts.expiry.has_expired(created_at) {
            record.state = DeliveryState::Expired;
        }
        Attempted { parts, incident, record, health: Health::Unknown, repair: None }
    }
}
