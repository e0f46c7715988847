//! The worker of one channel: what is due, how many at once, and the pause of a service that fails.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tipoff_channels::Channel;
use tipoff_model::{DeliveryId, DeliveryState, IncidentId, Timestamp};
use tipoff_spool::{AttemptRecord, DueBatch, DueDelivery};
use tokio::sync::{Notify, watch};

use super::attempt::{self, Begun, Health};
use super::backoff::{self, Backoff, Reason};
use super::expiry::Expiry;
use super::pace::Pacer;
use super::status::Board;
use super::under_way::{self, Attempted, Claim, Ended, UnderWay};
use super::{Common, Dispatch};
use crate::news::Item;
use crate::shutdown::{Phase, Shutdown};

/// Deliveries under way at once to a service that sets no pace.
const PARALLEL_MAX: usize = 16;
/// The same for one that does: a long upload must not hold the next picture back.
const PARALLEL_PACED_MAX: usize = 2;
/// Attempts at once at a service that fails: one that hangs does not keep the next one from finding that
/// the service is back. One every 5 s, each of which takes a minute to fail.
const PROBES_MAX: usize = 16;
/// Deliveries that are remembered because they failed: another one is the next to be attempted, so that
/// one at which the service itself stumbles is in nobody's way.
const PROBED_MAX: usize = 64;
/// Deliveries whose own failures are counted; of more, the pauses begin anew.
const FAILURES_MAX: usize = 10_000;
/// How often the spool is asked when nobody calls: `tipoff incidents retry` is another process.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// The pause after the spool itself has failed.
const SPOOL_FAILED: Duration = Duration::from_secs(1);

/// What the task of a channel is to do.
#[derive(Clone)]
pub(super) struct Orders {
    /// What it works with from now on.
    pub(super) parts: Arc<Parts>,
    pub(super) stand: Stand,
}

/// Whether a channel begins deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Goes,
    /// Nothing is begun until it is resumed.
    Paused,
    /// What is under way is ended, and then the task.
    Removed,
}

/// What the task of a channel works with; what is under way keeps what it began with.
pub(super) struct Parts {
    pub(super) name: String,
    pub(super) channel: Arc<dyn Channel>,
    pub(super) expiry: Expiry,
    pub(super) pacer: Arc<Pacer>,
    pub(super) common: Arc<Common>,
    pub(super) notify: Arc<Notify>,
}

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
}

/// A service to which nothing can be sent for now.
struct Failing {
    backoff: Backoff,
    error: String,
    /// What was attempted since it fails.
    probed: Vec<DeliveryId>,
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
        let (stand, failing) = (Stand::Goes, None);
        Self { orders, network, dispatch, board, parts, stand, under_way, failing, failures }
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
            let rest = failing.backoff.wait(under_way::now());
            if !rest.is_zero() {
                return rest.min(LOOK_AGAIN);
            }
        }
        let places = self.places();
        if places == 0 {
            return LOOK_AGAIN;
        }
        match self.begin(places).await {
            // An attempt that has begun may hang.
            Ok(look_again) => match &self.failing {
                Some(failing) => match failing.backoff.wait(under_way::now()) {
                    Duration::ZERO => look_again,
                    next_try => look_again.min(next_try),
                },
                None => look_again,
            },
            Err(error) => {
                tracing::error!(channel = self.parts.name, %error, "The spool does not tell what is due.");
                SPOOL_FAILED
            }
        }
    }

    /// How many more deliveries may begin.
    fn places(&self) -> usize {
        if self.failing.is_some() {
            // One asks whether the service works again; the others wait for its answer.
            self.under_way.places(PROBES_MAX).min(1)
        } else if self.parts.channel.paces(&[]).is_empty() {
            self.under_way.places(PARALLEL_MAX)
        } else {
            self.under_way.places(PARALLEL_PACED_MAX)
        }
    }

    async fn begin(&mut self, places: usize) -> tipoff_spool::Result<Duration> {
        let parts = &self.parts;
        let memory = parts.common.spool.memory(&parts.name).await?;
        // What is not begun yet can still grow: a burst becomes an album while the pace holds.
        if let Some(wait) = parts.pacer.wait(&parts.channel.paces(&memory), Instant::now()) {
            return Ok(wait);
        }
        let now = parts.common.clock.now();
        let DueBatch { deliveries, next_due_at } = self.due(now, places).await?;
        if self.orders.has_changed().unwrap_or(false) {
            return Ok(Duration::ZERO);
        }
        for mut due in deliveries {
            self.parts.common.dress(&mut due);
            self.attempt(due, memory.clone());
        }
        Ok(next_due_at.map_or(LOOK_AGAIN, |due_at| due_at.since(now).min(LOOK_AGAIN)))
    }

    /// What is due and not under way; of a service that fails, first what was not attempted since.
    async fn due(&mut self, now: Timestamp, places: usize) -> tipoff_spool::Result<DueBatch> {
        let Parts { common, name, .. } = &*self.parts;
        let limit = u32::try_from(places).unwrap_or(u32::MAX);
        let claimed: Vec<DeliveryId> = self.under_way.claimed().collect();
        if let Some(failing) = &mut self.failing
            && !failing.probed.is_empty()
        {
            let without = [claimed.as_slice(), failing.probed.as_slice()].concat();
            let batch = common.spool.due(name, now, limit, &without).await?;
            if !batch.deliveries.is_empty() {
                return Ok(batch);
            }
            failing.probed.clear();
        }
        common.spool.due(name, now, limit, &claimed).await
    }

    fn attempt(&mut self, due: DueDelivery, memory: Vec<(String, String)>) {
        let delivery = due.alert.delivery;
        if let Some(failing) = &mut self.failing {
            let now = under_way::now();
            failing.backoff.begin(now, backoff::chance());
            self.board.next_try(failing.backoff.wait(now));
            if failing.probed.len() >= PROBED_MAX {
                failing.probed.clear();
            }
            failing.probed.push(delivery);
        }
        let abilities = self.parts.channel.abilities();
        let Common { videos, pictures, .. } = &*self.parts.common;
        let has_work =
            videos.has_work(&due.alert, &abilities) || pictures.has_work(&due.alert, &abilities);
        let preparing = has_work.then(|| self.under_way.prepare());
        let failures = self.failures.get(&delivery).copied().unwrap_or_default();
        let claim = Claim::new(&due, Arc::clone(&self.parts), failures);
        let begun = Begun { memory, preparing, failures };
        self.under_way.begin(claim, attempt::deliver(Arc::clone(&self.parts), due, begun));
    }

    /// Notes how an attempt ended, and with it all others that have ended by now: they share a
    /// commit.
    async fn finish(&mut self, ended: Ended) {
        let mut records = Vec::new();
        let mut next = Some(ended);
        while let Some(Ended { attempted, began, is_late }) = next {
            let Attempted { parts, incident, record, health, repair } = attempted;
            if Arc::ptr_eq(&parts, &self.parts) {
                self.note(&health, began, is_late);
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
        self.parts.common.news.tell(Item::Delivery { delivery, incident, channel, state });
    }

    /// A service that begins to fail, or to work again, is told of once.
    fn note(&mut self, health: &Health, began: Instant, is_late: bool) {
        match health {
            Health::Fine => self.works(is_late),
            Health::Unknown => {
                // Then the next one asks.
                if let Some(failing) = self.failing.as_mut().filter(|_| !is_late) {
                    failing.backoff.ask_now(under_way::now());
                }
            }
            Health::Failing { reason, error } => self.fails(*reason, error, began, is_late),
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

    fn works(&mut self, is_late: bool) {
        let still_fails = |it: &mut Failing| !is_late || it.backoff.ends_with_earlier_success();
        if self.failing.take_if(still_fails).is_some() {
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
                let (error, probed) = (error.to_owned(), Vec::new());
                self.failing = Some(Failing { backoff, error, probed });
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
            _ => drop(self.failures.remove(&record.delivery)),
        }
    }

    fn tell(&self, record: &AttemptRecord) {
        let channel = self.parts.name.as_str();
        let (delivery, error) = (record.delivery, record.error.as_deref().unwrap_or_default());
        self.parts.common.metrics.attempt(channel, record);
        self.board.ended(record);
        match record.state {
            DeliveryState::Delivered => {
                tracing::info!(channel, %delivery, "An alert is delivered.")
            }
            DeliveryState::Pending => {
                tracing::debug!(channel, %delivery, error, "An alert will be tried again.");
            }
            DeliveryState::Withdrawn => {
                tracing::debug!(channel, %delivery, "An alert was withdrawn.");
            }
            DeliveryState::Refused => {
                tracing::error!(channel, %delivery, error, "The service refused an alert.");
            }
            DeliveryState::Expired => tracing::error!(
                channel, %delivery, error, "An alert could not be delivered in time and is given up.",
            ),
        }
    }
}
