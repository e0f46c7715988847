//! The task of one channel: what is due, how many at once, and the pause of a service that ails.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use tipoff_channels::{Channel, Files};
use tipoff_model::{AlertKind, DeliveryId, DeliveryState, IncidentId, Timestamp};
use tipoff_spool::{AttemptRecord, DueBatch, DueDelivery};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinError, JoinSet};

use super::attempt::{self, Health, Tools};
use super::files::DeliveryFiles;
use super::pace::Pacer;
use super::status::Board;
use super::{Common, Dispatch, backoff};
use crate::news::Item;
use crate::shutdown::{Phase, Shutdown};

/// Deliveries under way at once to a service that sets no pace.
const PARALLEL_MAX: u32 = 16;
/// The same for one that does: a long upload must not hold the next picture back.
const PARALLEL_PACED_MAX: u32 = 2;
/// Deliveries whose videos and pictures are being made ready: they take no place from those that can be sent.
const PREPARING_MAX: usize = 16;
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
    pub(super) expire: Duration,
    pub(super) pacer: Arc<Pacer>,
    pub(super) common: Arc<Common>,
    pub(super) notify: Arc<Notify>,
}

/// The task of one channel.
pub(super) struct Schedule {
    orders: watch::Receiver<Orders>,
    dispatch: Dispatch,
    board: Arc<Board>,
    parts: Arc<Parts>,
    under_way: JoinSet<Attempted>,
    claimed: Vec<DeliveryId>,
    /// One more for each delivery whose files are being made ready.
    preparing: Arc<()>,
    ailing: Option<Ailing>,
}

/// What came of an attempt.
struct Attempted {
    /// What it was made with.
    parts: Arc<Parts>,
    incident: IncidentId,
    record: AttemptRecord,
    health: Health,
}

/// An attempt that has ended.
type Ended = Result<Attempted, JoinError>;

/// A service to which nothing can be sent for now.
struct Ailing {
    failures: u32,
    until: Instant,
    error: String,
}

impl Schedule {
    pub(super) fn new(
        orders: watch::Receiver<Orders>,
        board: Arc<Board>,
        dispatch: Dispatch,
    ) -> Self {
        let parts = Arc::clone(&orders.borrow().parts);
        Self {
            orders,
            dispatch,
            board,
            parts,
            under_way: JoinSet::new(),
            claimed: Vec::new(),
            preparing: Arc::default(),
            ailing: None,
        }
    }

    /// Delivers until the end; what is under way then is seen through while there is time.
    pub(super) async fn run(mut self, mut shutdown: Shutdown) {
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
                () = notify.notified() => {}
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
            self.ailing = None;
            self.parts = parts;
        }
        stand
    }

    /// Begins as many deliveries as may be; how long there is nothing more to begin.
    async fn begin_what_is_due(&mut self) -> Duration {
        let places = self.places();
        if places == 0 {
            return LOOK_AGAIN;
        }
        if let Some(ailing) = &self.ailing {
            let rest = ailing.until.saturating_duration_since(Instant::now());
            if !rest.is_zero() {
                return rest.min(LOOK_AGAIN);
            }
        }
        match self.begin(places).await {
            Ok(look_again) => look_again,
            Err(error) => {
                tracing::error!(channel = self.parts.name, %error, "The spool does not tell what is due.");
                SPOOL_FAILED
            }
        }
    }

    /// How many more deliveries may be under way.
    fn places(&self) -> u32 {
        let preparing = (Arc::strong_count(&self.preparing) - 1).min(PREPARING_MAX);
        let under_way = self.under_way.len().saturating_sub(preparing);
        let under_way = u32::try_from(under_way).unwrap_or(u32::MAX);
        let places_max = if self.ailing.is_some() {
            // One asks whether the service is well again; the others wait for its answer.
            1
        } else if self.parts.channel.paces(&[]).is_empty() {
            PARALLEL_MAX
        } else {
            PARALLEL_PACED_MAX
        };
        places_max.saturating_sub(under_way)
    }

    async fn begin(&mut self, places: u32) -> tipoff_spool::Result<Duration> {
        let parts = &self.parts;
        let memory = if parts.channel.paces(&[]).is_empty() {
            Vec::new()
        } else {
            parts.common.spool.memory(&parts.name).await?
        };
        // What is not begun yet can still grow: a burst becomes an album while the pace holds.
        if let Some(wait) = parts.pacer.wait(&parts.channel.paces(&memory), Instant::now()) {
            return Ok(wait);
        }
        let now = Timestamp::from(SystemTime::now());
        let DueBatch { deliveries, next_due_at } =
            parts.common.spool.due(&parts.name, now, places, &self.claimed).await?;
        if self.orders.has_changed().unwrap_or(false) {
            return Ok(Duration::ZERO);
        }
        for mut due in deliveries {
            self.parts.common.dress(&mut due);
            let Parts { common, name, .. } = &*self.parts;
            due.alert.buttons = common.actions.buttons(&due.alert, name).await;
            self.claimed.push(due.alert.delivery);
            let abilities = self.parts.channel.abilities();
            let Common { videos, pictures, .. } = &*self.parts.common;
            let has_work = videos.has_work(&due.alert, &abilities)
                || pictures.has_work(&due.alert, &abilities);
            let preparing = has_work.then(|| Arc::clone(&self.preparing));
            let parts = Arc::clone(&self.parts);
            self.under_way.spawn(deliver(parts, due, memory.clone(), preparing));
        }
        Ok(next_due_at.map_or(LOOK_AGAIN, |due_at| due_at.since(now).min(LOOK_AGAIN)))
    }

    /// Notes how an attempt ended, and with it all others that have ended by now: they share a
    /// commit.
    async fn finish(&mut self, ended: Ended) {
        let mut records = Vec::new();
        let mut next = Some(ended);
        while let Some(ended) = next {
            match ended {
                Ok(Attempted { parts, incident, record, health }) => {
                    if Arc::ptr_eq(&parts, &self.parts) {
                        self.note(&health);
                    }
                    self.tell(&record);
                    records.push((incident, record));
                }
                Err(error) => {
                    // A panic in a service's code. Which delivery it was is not known, so all
                    // claims are given up, after a pause: better told twice than never.
                    self.claimed.clear();
                    self.note(&Health::Ailing {
                        after: None,
                        error: format!("an attempt ended unexpectedly: {error}"),
                    });
                }
            }
            next = self.under_way.try_join_next();
        }
        self.board.under_way(self.under_way.len());
        let delivered = records.iter().map(|(_, record)| record.delivery).collect::<Vec<_>>();
        join_all(records.into_iter().map(|(incident, record)| self.record(incident, record))).await;
        self.claimed.retain(|claimed| !delivered.contains(claimed));
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
    fn note(&mut self, health: &Health) {
        let channel = &self.parts.name;
        match health {
            Health::Fine => {
                if self.ailing.take().is_some() {
                    tracing::info!(channel, "The channel works again.");
                    self.board.fine();
                }
            }
            Health::Ailing { after, error } => {
                let failures = self.ailing.as_ref().map_or(0, |ailing| ailing.failures) + 1;
                if self.ailing.as_ref().is_none_or(|ailing| ailing.error != *error) {
                    tracing::warn!(channel, error, "The channel fails; its alerts wait.");
                }
                let pause = after.unwrap_or_else(|| backoff::pause(failures, backoff::chance()));
                self.board.failing(failures, error, pause);
                let until = Instant::now() + pause;
                self.ailing = Some(Ailing { failures, until, error: error.clone() });
            }
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

async fn deliver(
    parts: Arc<Parts>,
    mut due: DueDelivery,
    memory: Vec<(String, String)>,
    preparing: Option<Arc<()>>,
) -> Attempted {
    let mut files = DeliveryFiles::new(parts.common.spool.blobs().clone());
    let abilities = parts.channel.abilities();
    parts.common.videos.prepare(&mut due.alert, &abilities, &mut files).await;
    parts.common.pictures.prepare(&mut due.alert, &abilities, &mut files).await;
    drop(preparing);
    parts.common.mark_late(&parts.name, &mut due.alert);
    let files: Arc<dyn Files> = Arc::new(files);
    let tools = Tools {
        channel: &*parts.channel,
        files: &files,
        pacer: &parts.pacer,
        expire: parts.expire,
    };
    let (record, health) = attempt::attempt(&due, memory, &tools).await;
    if due.alert.kind == AlertKind::First && record.state == DeliveryState::Delivered {
        let took = record.ended_at.since(due.alert.received_at);
        parts.common.metrics.alerted(&parts.name, took);
    }
    Attempted { parts, incident: due.alert.incident, record, health }
}
