//! The worker of one channel: which deliveries start, how many at once, and the pauses of a service that fails.
//!
//! A loop: it applies the latest command, reads due deliveries from the spool as far as slots and pace allow, starts an
//! attempt for each, and waits for the end of an attempt, a notice or the time. While the service fails, single
//! attempts find out whether it is back; the newest alert may be tried at once.

mod outcomes;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tipoff_model::{DeliveryId, Timestamp};
use tipoff_spool::{DueBatch, DueDelivery, Lease, SpoolError};
use tokio::sync::{Semaphore, watch};

use super::attempt::{self, AttemptStart};
use super::backoff;
use super::command::{ChannelCommand, RunState, WorkerContext};
use super::in_flight::{self, Claim, InFlight};
use super::outage::{Outage, Quarantine};
use super::slots::{FreeSlots, SlotLimits};
use super::status::StatusCell;
use super::{ChannelSupervisor, DispatchContext};
use crate::runtime::shutdown::{Phase, Shutdown};

/// Attempts at once at a service that fails: an attempt that hangs does not keep the next one from finding out
/// that the service is back. One starts every 5 s, and each may take a minute to fail.
const PROBES_MAX: usize = 16;
/// Deliveries whose own failures are counted; if there are more, their pauses start anew.
const FAILURES_MAX: usize = 10_000;
/// How often the spool is read without a notice: `tipoff incidents retry` is another process.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// The pause after the spool itself has failed.
const SPOOL_FAILED: Duration = Duration::from_secs(1);

/// The worker of one channel. All of its state may be lost: what must last is in the spool.
pub(super) struct ChannelWorker {
    command_rx: watch::Receiver<ChannelCommand>,
    /// Changes of this machine's network.
    network: watch::Receiver<()>,
    channel_supervisor: ChannelSupervisor,
    status: Arc<StatusCell>,
    /// The settings of the latest command.
    context: Arc<WorkerContext>,
    state: RunState,
    /// The lease under which attempts start.
    lease: Option<Lease>,
    in_flight: InFlight,
    /// While the service fails: only single attempts start.
    outage: Option<Outage>,
    /// How often each delivery itself has failed.
    failures: HashMap<DeliveryId, u32>,
    /// Deliveries of discovered devices that may have caused an outage.
    quarantine: Quarantine,
}

impl ChannelWorker {
    pub(super) fn new(
        command_rx: watch::Receiver<ChannelCommand>,
        status: Arc<StatusCell>,
        channel_supervisor: ChannelSupervisor,
    ) -> Self {
        let context = Arc::clone(&command_rx.borrow().context);
        let mut network = channel_supervisor.network_changes();
        network.mark_unchanged();
        Self {
            command_rx,
            network,
            channel_supervisor,
            status,
            context,
            state: RunState::Running,
            lease: None,
            in_flight: InFlight::default(),
            outage: None,
            failures: HashMap::new(),
            quarantine: Quarantine::default(),
        }
    }

    /// Delivers until shutdown. Attempts in flight are then completed while there is time.
    pub(super) async fn run(mut self, mut shutdown: Shutdown) {
        self.status.set_fine();
        while shutdown.phase() == Phase::Running {
            let look_again = match self.apply_command() {
                RunState::Running => self.start_due().await,
                RunState::Removed if self.in_flight.is_empty() => {
                    if self.channel_supervisor.retire(&self.context.name) {
                        return;
                    }
                    continue;
                }
                RunState::Leaving if self.in_flight.is_empty() => {
                    self.channel_supervisor.is_idle(&self.context.name);
                    POLL_EVERY
                }
                RunState::Paused | RunState::Leaving | RunState::Elsewhere | RunState::Removed => {
                    POLL_EVERY
                }
            };
            self.status.set_in_flight(self.in_flight.len());
            let notify = Arc::clone(&self.context.notify);
            tokio::select! {
                Some(ended) = self.in_flight.join_next() => self.finish(ended).await,
                () = notify.notified() => self.retry_sooner(backoff::AFTER_ALERT),
                Ok(()) = self.network.changed() => self.retry_sooner(backoff::AFTER_NETWORK),
                Ok(()) = self.command_rx.changed() => {}
                () = tokio::time::sleep(look_again) => {}
                () = shutdown.reached(Phase::Ending) => {}
            }
        }
        loop {
            tokio::select! {
                ended = self.in_flight.join_next() => match ended {
                    Some(ended) => self.finish(ended).await,
                    None => return,
                },
                // An attempt that is cut off here is repeated after the next start (docs/spool.md, A4).
                () = shutdown.reached(Phase::Over) => return,
            }
        }
    }

    /// Applies the latest command, and returns the state that it commands.
    fn apply_command(&mut self) -> RunState {
        let ChannelCommand { context, state, lease } = self.command_rx.borrow_and_update().clone();
        if lease != self.lease {
            self.forget_all();
            self.lease = lease;
        }
        if !Arc::ptr_eq(&context, &self.context) {
            // What failed with the old settings may work with the new ones.
            self.outage = None;
            self.in_flight.mark_all_stale();
            self.context = context;
        }
        if state == RunState::Running && self.state != RunState::Running {
            self.context.expiry.resume();
        }
        self.state = state;
        state
    }

    /// Another node may have had the channel: what this one knew of its service and its deliveries is of before.
    fn forget_all(&mut self) {
        self.outage = None;
        self.failures.clear();
        self.quarantine = Quarantine::default();
        self.in_flight.mark_all_stale();
        self.status.set_fine();
    }

    /// Brings the next attempt at a failing service forward: an alert or the network gives a reason to try.
    fn retry_sooner(&mut self, gap: Duration) {
        let now = in_flight::now();
        if let Some(outage) = &mut self.outage
            && outage.backoff.hurry(gap, now)
        {
            self.status.set_next_try(outage.backoff.wait(now));
        }
    }

    /// Starts as many deliveries as the limits allow; returns how long until the next look.
    async fn start_due(&mut self) -> Duration {
        if let Some(outage) = &self.outage {
            let now = in_flight::now();
            let rest = outage.backoff.wait(now);
            if !rest.is_zero() {
                return self.start_for_others(rest.min(POLL_EVERY), now).await;
            }
        }
        let free = self.free_slots();
        if free.is_none() {
            return POLL_EVERY;
        }
        match self.start_deliveries(free).await {
            // An attempt that has started may hang.
            Ok(look_again) => match &self.outage {
                Some(outage) => match outage.backoff.wait(in_flight::now()) {
                    Duration::ZERO => look_again,
                    next_try => look_again.min(next_try),
                },
                None => look_again,
            },
            Err(error) => self.log_unreadable(&error),
        }
    }

    /// Logs that the spool could not be read. Returns how long until the next look.
    fn log_unreadable(&self, error: &SpoolError) -> Duration {
        let channel = &self.context.name;
        tracing::error!(channel, %error, "Could not read the due deliveries; trying again.");
        SPOOL_FAILED
    }

    /// During a pause: starts a delivery of another sender if only deliveries of discovered devices have failed.
    /// Returns how long until the next look.
    async fn start_for_others(&mut self, rest: Duration, now: Instant) -> Duration {
        let others = self.outage.as_ref().and_then(|outage| outage.slots_for_others(now));
        match others {
            None => rest,
            Some((_, wait)) if !wait.is_zero() => rest.min(wait),
            Some(_) if self.in_flight.used_slots().probes(PROBES_MAX) == 0 => rest,
            Some((free, _)) => match self.start_deliveries(free).await {
                Ok(look_again) => rest.min(look_again.max(backoff::AFTER_NETWORK)),
                Err(error) => self.log_unreadable(&error),
            },
        }
    }

    /// The deliveries that may start now: one while the service fails, else as many as slots are free. A service with a
    /// pace has fewer slots, because more attempts would only wait for it.
    fn free_slots(&self) -> FreeSlots {
        let used = self.in_flight.used_slots();
        if self.outage.is_some() {
            // One attempt finds out whether the service works again; the others wait for it.
            match used.probes(PROBES_MAX) {
                0 => used.free(SlotLimits::NONE),
                _ => FreeSlots::one_besides(std::iter::empty()),
            }
        } else if self.context.channel.paces(&[]).is_empty() {
            used.free(SlotLimits::UNPACED)
        } else {
            used.free(SlotLimits::PACED)
        }
    }

    /// Starts due deliveries in the `free` slots. Returns how long until the next look.
    async fn start_deliveries(&mut self, free: FreeSlots) -> tipoff_spool::Result<Duration> {
        let context = &self.context;
        let memory = context.common.spool.memory(&context.name).await?;
        // A delivery that has not started can still grow: a burst becomes an album while the pace limits.
        let wait = context.pacer.wait(&context.channel.paces(&memory), Instant::now());
        // A known device overtakes discovered ones that wait for the pace only if its delivery waits there too.
        let free = match wait {
            Some(wait) if !self.in_flight.used_slots().has_discovered() => return Ok(wait),
            Some(_) => free.for_known(),
            None => free,
        };
        let now = context.common.clock.now();
        let DueBatch { deliveries, next_due_at } = self.read_due(now, &free).await?;
        // A pause that was commanded while the spool was read applies to these deliveries.
        if self.command_rx.has_changed().unwrap_or(false) {
            return Ok(Duration::ZERO);
        }
        for mut due in deliveries {
            self.context.common.render_alert(&mut due);
            self.start_attempt(due, memory.clone());
        }
        let look_again = next_due_at.map_or(POLL_EVERY, |due_at| due_at.since(now).min(POLL_EVERY));
        Ok(wait.map_or(look_again, |wait| wait.min(look_again)))
    }

    /// The due deliveries that are not in flight. During an outage those come first that were not tried in it.
    async fn read_due(
        &mut self,
        now: Timestamp,
        free: &FreeSlots,
    ) -> tipoff_spool::Result<DueBatch> {
        let WorkerContext { common, name, .. } = &*self.context;
        let quarantined = self.quarantine.at(in_flight::now());
        let claimed: Vec<DeliveryId> = self.in_flight.delivery_ids().chain(quarantined).collect();
        if let Some(outage) = &mut self.outage
            && !outage.tried().is_empty()
        {
            let without = [claimed.as_slice(), outage.tried()].concat();
            let batch = common.spool.due_in_turn(name, now, free.room(&without)).await?;
            if !batch.deliveries.is_empty() {
                return Ok(batch);
            }
            outage.forget_tried();
        }
        common.spool.due_in_turn(name, now, free.room(&claimed)).await
    }

    /// Starts the attempt of one delivery, and claims it until its outcome is recorded.
    fn start_attempt(&mut self, due: DueDelivery, memory: Vec<(String, String)>) {
        let delivery = due.alert.delivery;
        if let Some(outage) = &mut self.outage {
            let now = in_flight::now();
            outage.backoff.begin(now, backoff::chance());
            self.status.set_next_try(outage.backoff.wait(now));
            outage.add_tried(delivery);
        }
        let abilities = self.context.channel.abilities();
        let DispatchContext { videos, pictures, .. } = &*self.context.common;
        let has_work =
            videos.has_work(&due.alert, &abilities) || pictures.has_work(&due.alert, &abilities);
        let preparation = Arc::new(Semaphore::new(1));
        let preparing =
            has_work.then(|| Arc::clone(&preparation).try_acquire_owned().ok()).flatten();
        let failures = self.failures.get(&delivery).copied().unwrap_or_default();
        let claim = Claim::new(&due, Arc::clone(&self.context), failures, preparation);
        let claim = claim.under(self.lease.clone());
        let start = AttemptStart { memory, preparing, failures };
        self.in_flight.start(claim, attempt::deliver(Arc::clone(&self.context), due, start));
    }
}
