//! The attempts of a channel that are in flight: which deliveries they have, and whether their outcome still says
//! something about the service.
//!
//! Each attempt is a task. If a task ends without an outcome (a bug in the code of a service), its claim supplies the
//! record.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tipoff_model::{DeliveryId, DeliveryState, IncidentId, Timestamp};
use tipoff_spool::{AttemptRecord, DueDelivery, Lease, Share};
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinError, JoinSet};

use super::attempt::{AttemptOutcome, ChannelHealth, empty_attempt};
use super::backoff;
use super::command::WorkerContext;
use super::slots::{ActiveAttempt, UsedSlots};

/// The time by the clock that pauses are slept by, which a test can control.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// An attempt that has ended.
pub(super) struct EndedAttempt {
    pub(super) outcome: AttemptOutcome,
    /// When it began.
    pub(super) began: Instant,
    /// Whether the channel has failed, or recovered, since it began.
    pub(super) is_stale: bool,
    /// The device or address whose slot it used.
    pub(super) share: Share,
}

/// The attempts in flight.
#[derive(Default)]
pub(super) struct InFlight {
    tasks: JoinSet<AttemptOutcome>,
    /// By the task.
    claims: HashMap<Id, Claim>,
}

/// A delivery that is being attempted, and what is known about it before its outcome.
pub(super) struct Claim {
    context: Arc<WorkerContext>,
    began: Instant,
    /// Whether the channel has failed, or recovered, since.
    is_stale: bool,
    /// The device or address whose slot it uses.
    share: Share,
    /// The attempt holds its only permit while it prepares files.
    preparation: Arc<Semaphore>,
    incident: IncidentId,
    /// What is recorded, with other times, if its task ends without an outcome. Its lease is that of every outcome.
    record: AttemptRecord,
    /// How often the delivery itself has failed before.
    failures: u32,
    /// When the delivery was created, by which it expires.
    created_at: Timestamp,
}

impl InFlight {
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The deliveries that are being attempted.
    pub(super) fn delivery_ids(&self) -> impl Iterator<Item = DeliveryId> {
        self.claims.values().map(|claim| claim.record.delivery)
    }

    /// The slots in use. Stale attempts use none: they may hang until their time limit.
    pub(super) fn used_slots(&self) -> UsedSlots {
        UsedSlots::by(self.claims.values().map(|claim| ActiveAttempt {
            share: &claim.share,
            is_stale: claim.is_stale,
            is_preparing: claim.preparation.available_permits() == 0,
        }))
    }

    /// The channel has failed or recovered: the attempts in flight say nothing about what follows.
    pub(super) fn mark_all_stale(&mut self) {
        self.claims.values_mut().for_each(|claim| claim.is_stale = true);
    }

    /// Starts an attempt.
    pub(super) fn start(
        &mut self,
        claim: Claim,
        attempt: impl Future<Output = AttemptOutcome> + Send + 'static,
    ) {
        self.claims.insert(self.tasks.spawn(attempt).id(), claim);
    }

    /// Waits until an attempt ends; `None` if none is in flight.
    pub(super) async fn join_next(&mut self) -> Option<EndedAttempt> {
        let ended = self.tasks.join_next_with_id().await?;
        self.end(ended)
    }

    /// The next attempt that has ended by now.
    pub(super) fn try_join_next(&mut self) -> Option<EndedAttempt> {
        let ended = self.tasks.try_join_next_with_id()?;
        self.end(ended)
    }

    /// Takes the claim of a task that has ended.
    fn end(&mut self, ended: Result<(Id, AttemptOutcome), JoinError>) -> Option<EndedAttempt> {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let claim = self.claims.remove(&id)?;
        let (began, is_stale, share) = (claim.began, claim.is_stale, claim.share.clone());
        let lease = claim.record.lease.clone();
        let mut outcome = match ended {
            Ok((_, outcome)) => outcome,
            Err(error) => claim.crashed(&error),
        };
        outcome.record.lease = lease;
        Some(EndedAttempt { outcome, began, is_stale, share })
    }
}

impl Claim {
    /// `failures`: how often the delivery itself has failed before. The attempt takes the only permit of
    /// `preparation` while it prepares files.
    pub(super) fn new(
        due: &DueDelivery,
        context: Arc<WorkerContext>,
        failures: u32,
        preparation: Arc<Semaphore>,
    ) -> Self {
        let at = context.common.clock.now();
        let record = empty_attempt(due, at, DeliveryState::Pending);
        Self {
            context,
            began: now(),
            is_stale: false,
            share: due.share.clone(),
            preparation,
            incident: due.alert.incident,
            record,
            failures,
            created_at: due.created_at,
        }
    }

    /// Under which lease the attempt began: it is recorded only if the node has not lost that one.
    pub(super) fn under(mut self, lease: Option<Lease>) -> Self {
        self.record.lease = lease;
        self
    }

    /// A bug in the code of a service concerns the delivery that triggers it: that one is retried after a
    /// pause, and the others are not delayed.
    fn crashed(self, error: &JoinError) -> AttemptOutcome {
        let Self { context, incident, mut record, failures, created_at, .. } = self;
        record.ended_at = context.common.clock.now();
        let pause = backoff::pause_of_delivery(failures.saturating_add(1), backoff::chance());
        record.due_at = record.ended_at.after(pause);
        record.error = Some(format!("a fault in Tipoff: an attempt ended unexpectedly: {error}"));
        if context.expiry.has_expired(created_at) {
            record.state = DeliveryState::Expired;
        }
        AttemptOutcome { context, incident, record, health: ChannelHealth::Unknown, repair: None }
    }
}
