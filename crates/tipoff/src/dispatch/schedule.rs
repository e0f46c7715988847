//! The worker of one channel: what is due, how many at once, and the pause of a service that fails.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tipoff_model::{DeliveryId, DeliveryState, IncidentId, Timestamp};
use tipoff_spool::{AttemptRecord, DueBatch, DueDelivery, Share, SpoolError};
use tokio::sync::watch;

use super::attempt::{self, Attempted, Begun, Health};
use super::backoff::{self, Backoff, Reason};
use super::failing::{Failing, Resting};
use super::orders::{Orders, Parts, Stand};
use super::places::{Free, Places};
use super::status::Board;
use super::under_way::{self, Claim, Ended, UnderWay};
use super::{Common, Dispatch};
use crate::runtime::events::LiveEvent;
use crate::runtime::shutdown::{Phase, Shutdown};

/// Attempts at once at a service that fails: one that hangs does not keep the next one from finding that
/// the service is back. One every 5 s, each of which takes a minute to fail.
const PROBES_MAX: usize = 16;
/// Deliveries whose own failures are counted; of more, the pauses begin anew.
const FAILURES_MAX: usize = 10_000;
/// How often the spool is asked when nobody calls: `tipoff incidents retry` is another process.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The pause after the spool itself has failed.
const SPOOL_FAILED: Duration = Duration::from_secs(1);

/// The worker of one channel. All that it knows by itself may be lost with it.
pub(super) struct Schedule {
    orders: watch::Receiver<Orders>,
    network: watch::Receiver<()>,
    dispatch: Dispatch,
    board: Arc<Board>,
    parts: Arc<Parts>,
    stand: Stand,
    under_way: UnderWay,
    /// While nothing but single attempts can be sent.
    failing: Option<Failing>,
    /// How often deliveries have failed by themselves.
    failures: HashMap<DeliveryId, u32>,
    /// What is in nobody's way for now.
    resting: Resting,
}

impl Schedule {
    pub(super) fn new(
        orders: watch::Receiver<Orders>,
        board: Arc<Board>,
        dispatch: Dispatch,
    ) -> Self {
        let parts = Arc::clone(&orders.borrow().parts);
        let mut network = dispatch.network();
        network.mark_unchanged();
        let (under_way, failures) = (UnderWay::default(), HashMap::new());
        let (stand, failing, resting) = (Stand::Goes, None, Resting::default());
        Self {
            orders,
            network,
            dispatch,
            board,
            parts,
            stand,
            under_way,
            failing,
            failures,
            resting,
        }
    }

    /// Delivers until the end; what is under way then is seen through while there is time.
    pub(super) async fn run(mut self, mut shutdown: Shutdown) {
        self.board.fine();
        while shutdown.phase() == Phase::Running {
            let look_again = match self.take_orders() {
                Stand::Goes => self.begin_what_is_due().await,
                Stand::Removed if self.under_way.is_empty() => {
                    if self.dispatch.leave(&self.parts.name) {
                        return;
                    }
                    continue;
                }
                Stand::Paused | Stand::Removed => LOOK_AGAIN,
            };
            self.board.under_way(self.under_way.len());
            let notify = Arc::clone(&self.parts.notify);
            tokio::select! {
                Some(ended) = self.under_way.join_next() => self.finish(ended).await,
                () = notify.notified() => self.hurry(backoff::AFTER_ALERT),
                Ok(()) = self.network.changed() => self.hurry(backoff::AFTER_NETWORK),
                Ok(()) = self.orders.changed() => {}
                () = tokio::time::sleep(look_again) => {}
                () = shutdown.reached(Phase::Ending) => {}
            }
        }
        loop {
            tokio::select! {
                ended = self.under_way.join_next() => match ended {
                    Some(ended) => self.finish(ended).await,
                    None => return,
                },
                // What is cut off here is repeated after the next start (docs/spool.md, A4).
                () = shutdown.reached(Phase::Over) => return,
            }
        }
    }

    /// Works with what it is told to from now on.
    fn take_orders(&mut self) -> Stand {
        let Orders { parts, stand } = self.orders.borrow_and_update().clone();
        if !Arc::ptr_eq(&parts, &self.parts) {
            // What failed with other settings may work with these.
            self.failing = None;
            self.under_way.all_are_late();
            self.parts = parts;
        }
        if stand == Stand::Goes && self.stand != Stand::Goes {
            self.parts.expiry.resume();
        }
        self.stand = stand;
        stand
    }

    /// Something happened that makes an attempt at a service that fails worthwhile.
    fn hurry(&mut self, gap: Duration) {
        let now = under_way::now();
        if let Some(failing) = &mut self.failing
            && failing.backoff.hurry(gap, now)
        {
            self.board.next_try(failing.backoff.wait(now));
        }
    }

    /// Begins as many deliveries as may be; how long there is nothing more to begin.
    async fn begin_what_is_due(&mut self) -> Duration {
        if let Some(failing) = &self.failing {
            let now = under_way::now();
            let rest = failing.backoff.wait(now);
            if !rest.is_zero() {
                return self.begin_of_others(rest.min(LOOK_AGAIN), now).await;
            }
        }
        let free = self.free();
        if free.is_none() {
            return LOOK_AGAIN;
        }
        match self.begin(free).await {
            // An attempt that has begun may hang.
            Ok(look_again) => match &self.failing {
                Some(failing) => match failing.backoff.wait(under_way::now()) {
                    Duration::ZERO => look_again,
                    next_try => look_again.min(next_try),
                },
                None => look_again,
            },
            Err(error) => self.cannot_read(&error),
        }
    }

    fn cannot_read(&self, error: &SpoolError) -> Duration {
        tracing::error!(channel = self.parts.name, %error, "The spool does not tell what is due.");
        SPOOL_FAILED
    }

    /// Begins a delivery of somebody else where the service fails at what strangers sent; when to look again.
    async fn begin_of_others(&mut self, rest: Duration, now: Instant) -> Duration {
        let others = self.failing.as_ref().and_then(|failing| failing.others(now));
        match others {
            None => rest,
            Some((_, wait)) if !wait.is_zero() => rest.min(wait),
            Some(_) if self.under_way.taken().probes(PROBES_MAX) == 0 => rest,
            Some((free, _)) => match self.begin(free).await {
                Ok(look_again) => rest.min(look_again.max(backoff::AFTER_NETWORK)),
                Err(error) => self.cannot_read(&error),
            },
        }
    }

    /// How many more deliveries may begin, and of whom.
    fn free(&self) -> Free {
        let taken = self.under_way.taken();
        if self.failing.is_some() {
            // One asks whether the service works again; the others wait for its answer.
            match taken.probes(PROBES_MAX) {
                0 => taken.free(Places::NONE),
                _ => Free::one_besides(std::iter::empty()),
            }
        } else if self.parts.channel.paces(&[]).is_empty() {
            taken.free(Places::UNPACED)
        } else {
            taken.free(Places::PACED)
        }
    }

    async fn begin(&mut self, free: Free) -> tipoff_spool::Result<Duration> {
        let parts = &self.parts;
        let memory = parts.common.spool.memory(&parts.name).await?;
        // What is not begun yet can still grow: a burst becomes an album while the pace holds.
        let wait = parts.pacer.wait(&parts.channel.paces(&memory), Instant::now());
        // Strangers that wait for the pace are overtaken by a known device only if that waits as well.
        let free = match wait {
            Some(wait) if !self.under_way.taken().has_discovered() => return Ok(wait),
            Some(_) => free.for_known(),
            None => free,
        };
        let now = parts.common.clock.now();
        let DueBatch { deliveries, next_due_at } = self.due(now, &free).await?;
        if self.orders.has_changed().unwrap_or(false) {
            return Ok(Duration::ZERO);
        }
        for mut due in deliveries {
            self.parts.common.dress(&mut due);
            self.attempt(due, memory.clone());
        }
        let look_again = next_due_at.map_or(LOOK_AGAIN, |due_at| due_at.since(now).min(LOOK_AGAIN));
        Ok(wait.map_or(look_again, |wait| wait.min(look_again)))
    }

    /// What is due and not under way; of a service that fails, first what was not attempted since.
    async fn due(&mut self, now: Timestamp, free: &Free) -> tipoff_spool::Result<DueBatch> {
        let Parts { common, name, .. } = &*self.parts;
        let resting = self.resting.at(under_way::now());
        let claimed: Vec<DeliveryId> = self.under_way.claimed().chain(resting).collect();
        if let Some(failing) = &mut self.failing
            && !failing.probed().is_empty()
        {
            let without = [claimed.as_slice(), failing.probed()].concat();
            let batch = common.spool.due_in_turn(name, now, free.room(&without)).await?;
            if !batch.deliveries.is_empty() {
                return Ok(batch);
            }
            failing.forget_probed();
        }
        common.spool.due_in_turn(name, now, free.room(&claimed)).await
    }

    fn attempt(&mut self, due: DueDelivery, memory: Vec<(String, String)>) {
        let delivery = due.alert.delivery;
        if let Some(failing) = &mut self.failing {
            let now = under_way::now();
            failing.backoff.begin(now, backoff::chance());
            self.board.next_try(failing.backoff.wait(now));
            failing.probe(delivery);
        }
        let abilities = self.parts.channel.abilities();
        let Common { videos, pictures, .. } = &*self.parts.common;
        let has_work =
            videos.has_work(&due.alert, &abilities) || pictures.has_work(&due.alert, &abilities);
        let preparing = has_work.then(Arc::default);
        let failures = self.failures.get(&delivery).copied().unwrap_or_default();
        let claim = Claim::new(&due, Arc::clone(&self.parts), failures, preparing.as_ref());
        let begun = Begun { memory, preparing, failures };
        self.under_way.begin(claim, attempt::deliver(Arc::clone(&self.parts), due, begun));
    }

    /// Notes how an attempt ended, and with it all others that have ended by now: they share a
    /// commit.
    async fn finish(&mut self, ended: Ended) {
        let mut records = Vec::new();
        let mut next = Some(ended);
        while let Some(Ended { attempted, began, is_late, share }) = next {
            let Attempted { parts, incident, record, health, repair } = attempted;
            if Arc::ptr_eq(&parts, &self.parts) {
                self.note(&health, (record.delivery, &share), began, is_late);
                self.note_repair(repair);
            }
            self.count(&record, &health);
            self.tell(&record);
            records.push((incident, record));
            next = self.under_way.try_join_next();
        }
        self.board.under_way(self.under_way.len());
        join_all(records.into_iter().map(|(incident, record)| self.record(incident, record))).await;
    }

    /// Until it is noted: otherwise the delivery would be made again.
    async fn record(&self, incident: IncidentId, record: AttemptRecord) {
        while let Err(error) = self.parts.common.spool.record(record.clone()).await {
            tracing::error!(channel = self.parts.name, %error, "The spool does not note an attempt.");
            tokio::time::sleep(SPOOL_FAILED).await;
        }
        let (delivery, state) = (record.delivery, record.state);
        let channel = self.parts.name.clone();
        self.parts.common.events.publish(LiveEvent::Delivery {
            delivery,
            incident,
            channel,
            state,
        });
    }

    /// A service that begins to fail, or to work again, is told of once.
    fn note(&mut self, health: &Health, of: (DeliveryId, &Share), began: Instant, is_late: bool) {
        match health {
            Health::Fine => self.works(of.1, is_late),
            Health::Unknown => {
                // Then the next one asks.
                if let Some(failing) = self.failing.as_mut().filter(|_| !is_late) {
                    failing.backoff.ask_now(under_way::now());
                }
            }
            Health::Failing { reason, error } => {
                self.fails(*reason, error, began, is_late);
                if let Some(failing) = self.failing.as_mut().filter(|_| !is_late) {
                    failing.note(of.0, of.1);
                }
            }
        }
    }

    /// What its owner has to correct is told once, and shown until the channel has other settings.
    fn note_repair(&self, repair: Option<String>) {
        if let Some(repair) = repair
            && self.board.repair(&repair)
        {
            let channel = &self.parts.name;
            tracing::warn!(channel, repair, "Alerts are delivered without something that is set.");
        }
    }

    fn works(&mut self, share: &Share, is_late: bool) {
        let still_fails = |it: &mut Failing| !is_late || it.backoff.ends_with_earlier_success();
        if let Some(failing) = self.failing.take_if(still_fails) {
            self.resting.add(&failing, share, under_way::now());
            tracing::info!(channel = self.parts.name, "The channel works again.");
            self.under_way.all_are_late();
            self.board.fine();
        }
    }

    fn fails(&mut self, reason: Reason, error: &str, began: Instant, is_late: bool) {
        let (now, chance) = (under_way::now(), backoff::chance());
        if self.failing.as_ref().is_none_or(|failing| failing.error != error) && !is_late {
            let channel = &self.parts.name;
            tracing::warn!(channel, error, "The channel fails; its alerts wait.");
        }
        match &mut self.failing {
            // What hung from before it worked again says nothing.
            None if is_late => return,
            None => {
                let backoff = Backoff::new(reason, began, now, chance);
                self.failing = Some(Failing::new(backoff, error));
                self.under_way.all_are_late();
            }
            Some(failing) if is_late => failing.backoff.fail_late(reason, now),
            Some(failing) => {
                failing.backoff.fail(reason, began, now, chance);
                failing.error = error.to_owned();
            }
        }
        if let Some(Failing { backoff, error, .. }) = &self.failing {
            self.board.failing(backoff.failures(), error, backoff.wait(now));
        }
    }

    /// Counts how often a delivery fails by itself: its pauses grow.
    fn count(&mut self, record: &AttemptRecord, health: &Health) {
        match (record.state, health) {
            (DeliveryState::Pending, Health::Fine | Health::Unknown) => {
                if self.failures.len() >= FAILURES_MAX {
                    self.failures.clear();
                }
                let failures = self.failures.entry(record.delivery).or_default();
                *failures = failures.saturating_add(1);
            }
            (DeliveryState::Pending, Health::Failing { .. }) => {}
            _ => {
                self.failures.remove(&record.delivery);
                self.resting.remove(record.delivery);
            }
        }
    }

    fn tell(&self, record: &AttemptRecord) {
        let channel = self.parts.name.as_str();
        self.parts.common.metrics.attempt(channel, record);
        self.board.ended(record);
        attempt::log(channel, record);
    }
}
