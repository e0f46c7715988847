//! Maintenance: removes old incidents, checks for inactive devices, and moves waiting deliveries when the clock is set
//! back.
//!
//! Three tasks, each restarted by the supervisor if it ends. What may be removed by age is decided in `age_guard.rs`,
//! how much room there is in `disk.rs`, and which devices are inactive in the spool. None of them delays receiving or
//! delivering.

mod inactivity;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tipoff_spool::{Spool, SpoolError, Swept};
use tokio::sync::Mutex;

use crate::age_guard::{self, Eviction};
use crate::config::Retention;
use crate::disk::Disk;
use crate::media::renditions::Renditions;
use crate::media::thumbnails::Thumbnails;
use crate::nodes::Leases;
use crate::runtime::clock::{Clock, Jump, READ_EVERY};
use crate::runtime::events::EventBus;
use crate::runtime::live_rules::LiveRules;
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::Supervisor;

/// Pause between two sweeps of old incidents. A sender that waits for room starts one at once.
const SWEEP_EVERY: Duration = Duration::from_secs(300);
/// Pause between two sweeps of a shared store's objects that no arrival has.
const ORPHANS_EVERY: Duration = Duration::from_secs(3600);
/// A clock that was behind at the start, and was not corrected for this long, is right: the clock of an earlier run
/// was ahead.
const TRUST_AFTER: Duration = Duration::from_secs(3600);

/// The maintenance tasks.
#[derive(Clone)]
pub(crate) struct Maintenance {
    pub(crate) spool: Arc<dyn Spool>,
    /// Some tasks run on one node.
    pub(crate) leases: Leases,
    /// The limits as they are now.
    pub(crate) retention: Arc<ArcSwap<Retention>>,
    /// The rules as they are now, for the language of alerts.
    pub(crate) rules: Arc<LiveRules>,
    /// Caches whose files are removed with their incidents, and first of all on a full disk.
    pub(crate) thumbnails: Thumbnails,
    pub(crate) renditions: Renditions,
    pub(crate) notifier: ChannelNotifier,
    pub(crate) events: EventBus,
    pub(crate) clock: Clock,
    /// How much room there is, and who waits for some.
    pub(crate) disk: Disk,
    /// Made when the sweep first starts; outlives a restart of its task.
    pub(crate) eviction: Arc<Mutex<Option<Eviction>>>,
}

impl Maintenance {
    /// For the spool of a test.
    #[cfg(test)]
    pub(crate) fn of(server: &crate::testing::TestServer, clock: Clock) -> Self {
        let spool = Arc::clone(&server.spool);
        Self {
            spool: Arc::clone(&spool),
            leases: Leases::of(&spool, "", &clock),
            retention: Arc::clone(&server.retention),
            rules: Arc::clone(&server.rules),
            renditions: Renditions::open(
                server.folder.path().join("renditions"),
                None,
                spool.blobs().clone(),
                clock.clone(),
            )
            .expect("a folder for renditions"),
            thumbnails: Thumbnails::new(
                server.folder.path().join("thumbs"),
                spool,
                None,
                clock.clone(),
            ),
            notifier: server.notifier.clone(),
            events: server.events.clone(),
            clock,
            disk: server.disk.clone(),
            eviction: Arc::default(),
        }
    }

    /// Starts its tasks: "retention", "clock" and "inactivity check", as the log and the metrics name them.
    pub(crate) fn start(self, supervisor: &Supervisor) {
        let maintenance = self.clone();
        supervisor.spawn_part("retention", move |shutdown| {
            let maintenance = maintenance.clone();
            async move {
                let sweep = || maintenance.clone().sweep(shutdown.clone());
                maintenance.leases.while_held("retention", shutdown.clone(), sweep).await;
            }
        });
        let maintenance = self.clone();
        supervisor.spawn_part("clock", move |shutdown| {
            let maintenance = maintenance.clone();
            async move {
                let watch = || {
                    // The node that did this before has taken up what its clock did until now.
                    if maintenance.leases.has_others() {
                        maintenance.clock.take_jumps();
                    }
                    let watched = maintenance.clone().watch_clock(shutdown.clone());
                    async move {
                        if let Err(error) = watched.await {
                            tracing::warn!(%error, "The newest stored arrival could not be read; trying again.");
                            tokio::time::sleep(READ_EVERY).await;
                        }
                    }
                };
                maintenance.leases.while_held("clock", shutdown.clone(), watch).await;
            }
        });
        supervisor.spawn_part("inactivity check", move |shutdown| {
            let maintenance = self.clone();
            async move {
                let check = || maintenance.clone().check_inactivity(shutdown.clone());
                maintenance.leases.while_held("inactivity", shutdown.clone(), check).await;
            }
        });
    }

    /// Removes leftover files of an earlier run, then old incidents by the limits of retention, until shutdown.
    async fn sweep(self, mut shutdown: Shutdown) {
        self.sweep_orphans().await;
        let mut swept_at = Instant::now();
        while shutdown.phase() == Phase::Running {
            self.sweep_once().await;
            // In a shared store, those of this run and of other nodes become orphans by age.
            if self.spool.blobs().are_remote() && swept_at.elapsed() >= ORPHANS_EVERY {
                self.sweep_orphans().await;
                swept_at = Instant::now();
            }
            tokio::select! {
                () = tokio::time::sleep(SWEEP_EVERY) => {}
                () = self.disk.wanted() => {}
                () = shutdown.reached(Phase::Ending) => {}
            }
        }
    }

    /// Removes files and objects that no arrival has.
    async fn sweep_orphans(&self) {
        match self.spool.sweep_orphans().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Files that were never acknowledged were removed."),
            Err(error) => {
                tracing::warn!(%error, "Leftover files of an earlier run could not be removed.");
            }
        }
    }

    /// One sweep. Whoever waits for room is notified also after a sweep that failed.
    async fn sweep_once(&self) {
        self.sweep_and_log().await;
        self.disk.swept().await;
    }

    /// Removes old incidents, then their cached files, and returns free pages of the database to the disk.
    async fn sweep_and_log(&self) {
        let swept = match self.sweep_old().await {
            Ok(swept) => swept,
            Err(error) => return tracing::warn!(%error, "Old incidents could not be removed."),
        };
        if swept.incidents > 0 {
            tracing::info!(
                incidents = swept.incidents,
                bytes = swept.bytes,
                undelivered = swept.undelivered,
                "Old incidents were removed.",
            );
            let (thumbnails, renditions) = (self.thumbnails.clone(), self.renditions.clone());
            let forgets = move || {
                thumbnails.forget_before(swept.oldest);
                renditions.forget_before(swept.oldest);
            };
            let _ = tokio::task::spawn_blocking(forgets).await;
            if let Err(error) = self.spool.give_back().await {
                tracing::warn!(%error, "Free space in the database could not be returned to the disk.");
            }
        }
    }

    /// Removes incidents by age and by size. The newest arrival is read before the clock, so that it is never newer
    /// than the reading that judges it.
    async fn sweep_old(&self) -> Result<Swept, SpoolError> {
        let newest = self.spool.newest().await?;
        let (now, retention) = (self.clock.read(), **self.retention.load());
        let jump = self.clock.last_jump(age_guard::JUMP_MIN);
        let room = self.make_room().await?;
        let mut eviction = self.eviction.lock().await;
        let eviction = eviction.get_or_insert_with(|| Eviction::new(now, newest));
        let keep = eviction.keep(&retention, room, now, newest, jump);
        self.spool.sweep(keep, now.wall).await
    }

    /// The bytes that incidents may use. On a full disk, files that can be made again are removed first.
    async fn make_room(&self) -> Result<u64, SpoolError> {
        let (renditions, max_size) = (self.renditions.clone(), self.disk.max_size());
        let _ = tokio::task::spawn_blocking(move || renditions.limit(max_size)).await;
        let (room, is_full) = self.disk.room().await?;
        if !is_full {
            return Ok(room);
        }
        let (thumbnails, renditions) = (self.thumbnails.clone(), self.renditions.clone());
        let forgets = move || {
            thumbnails.forget_before(None);
            renditions.forget_before(None);
        };
        let _ = tokio::task::spawn_blocking(forgets).await;
        self.disk.room_after().await
    }

    /// Moves waiting deliveries when the clock is set back or was behind at the start: their due times are by the
    /// earlier clock, and would be hours away. Logs each jump.
    pub(crate) async fn watch_clock(self, mut shutdown: Shutdown) -> Result<(), SpoolError> {
        let began = self.clock.read();
        let recorded_at = self.spool.newest().await?.recorded_at;
        let mut ahead = recorded_at.filter(|at| at.is_ahead_of(began.wall));
        if let Some(recorded_at) = ahead {
            tracing::warn!(
                seconds = recorded_at.since(began.wall).as_secs(),
                "The clock is behind the newest stored arrival. Waiting alerts are sent by this clock.",
            );
            self.set_back(recorded_at.since(began.wall), false, &shutdown).await;
        }
        while shutdown.phase() == Phase::Running {
            for jump in self.clock.take_jumps() {
                match jump {
                    Jump::Forward(by) => {
                        tracing::warn!(
                            seconds = by.as_secs(),
                            "The clock was set forward, or the machine slept."
                        );
                    }
                    Jump::Back(by) => {
                        tracing::warn!(seconds = by.as_secs(), "The clock was set back.");
                        self.set_back(by, true, &shutdown).await;
                    }
                }
            }
            let now = self.clock.read();
            ahead = ahead.filter(|at| at.is_ahead_of(now.wall));
            if now.running.saturating_sub(began.running) >= TRUST_AFTER
                && let Some(recorded_at) = ahead.take()
            {
                self.set_back(recorded_at.since(now.wall), true, &shutdown).await;
            }
            tokio::select! {
                () = tokio::time::sleep(READ_EVERY) => {}
                () = shutdown.reached(Phase::Ending) => {}
            }
        }
        Ok(())
    }

    /// Moves deliveries that became due by a clock that was ahead by `by`. Tries until it succeeds: otherwise alerts
    /// would wait until the clock has caught up. `is_certain`: the clock is right now.
    async fn set_back(&self, by: Duration, is_certain: bool, shutdown: &Shutdown) {
        while shutdown.phase() == Phase::Running {
            match self.spool.clock_set_back(self.clock.now(), by, is_certain).await {
                Ok(channels) => return self.notifier.wake(&channels),
                Err(error) => {
                    tracing::error!(%error, "Waiting alerts could not be moved to the new time; trying again.");
                    tokio::time::sleep(READ_EVERY).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::{DeliveryState, Timestamp};
    use tipoff_spool::AttemptRecord;

    use super::*;
    use crate::runtime::clock::tests::{DAY, HOUR, Hands};
    use crate::testing::{MOTION, TestServer};

    pub(super) const HOOK: &str =
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";

    pub(super) fn maintenance(server: &TestServer) -> Maintenance {
        Maintenance::of(server, Clock::system())
    }

    pub(super) fn now() -> Timestamp {
        std::time::SystemTime::now().into()
    }

    /// One mail of before the run and one of this run, both delivered to the only channel.
    async fn delivered_mails(server: &TestServer, maintenance: &Maintenance) {
        for _ in 0..2 {
            server.mail("yard@example.com", MOTION).await;
            for due in server.spool.due("hook", now(), 9, &[]).await.unwrap().deliveries {
                let record = AttemptRecord {
                    delivery: due.alert.delivery,
                    covers: due.covers,
                    at: now(),
                    ended_at: now(),
                    state: DeliveryState::Delivered,
                    due_at: now(),
                    progress: 1,
                    reference: None,
                    error: None,
                    remember: Vec::new(),
                    lease: None,
                };
                server.spool.record(record).await.unwrap();
            }
            // The first time is before the second mail.
            maintenance.sweep_old().await.unwrap();
        }
        assert_eq!(server.subjects().await.len(), 2);
    }

    #[tokio::test]
    async fn a_clock_40_days_ahead_removes_nothing_of_this_run() {
        let server = TestServer::new(&format!("incidents.quiet = \"0 s\"\n{HOOK}"));
        let (hands, clock) = Hands::at(now());
        let maintenance = Maintenance::of(&server, clock);
        delivered_mails(&server, &maintenance).await;
        hands.set(now().after(40 * DAY));
        maintenance.sweep_old().await.unwrap();
        assert_eq!(server.subjects().await.len(), 2, "the clock may be set back");
        hands.pass(HOUR);
        maintenance.sweep_old().await.unwrap();
        assert_eq!(server.subjects().await.len(), 1, "what was before is old by now");
        hands.set(now());
        maintenance.sweep_old().await.unwrap();
        hands.pass(29 * DAY);
        maintenance.sweep_old().await.unwrap();
        assert_eq!(server.subjects().await.len(), 1);
        hands.pass(2 * DAY);
        maintenance.sweep_old().await.unwrap();
        assert!(server.subjects().await.is_empty(), "the run has lasted that long");
    }

    #[tokio::test]
    async fn a_clock_that_was_40_days_behind_removes_nothing_that_came_by_it() {
        let server = TestServer::new(&format!("incidents.quiet = \"0 s\"\n{HOOK}"));
        // The mails are received by the right clock; the other one is 40 days ahead of it.
        let (hands, clock) = Hands::at(now().after(40 * DAY));
        let maintenance = Maintenance::of(&server, clock);
        maintenance.sweep_old().await.unwrap();
        delivered_mails(&server, &maintenance).await;
        hands.pass(2 * HOUR);
        maintenance.sweep_old().await.unwrap();
        assert_eq!(server.subjects().await.len(), 2);
    }

    #[tokio::test]
    async fn what_waits_does_not_go_by_age_and_the_task_may_be_started_again() {
        let server = TestServer::new(&format!("incidents.quiet = \"0 s\"\n{HOOK}"));
        let (hands, clock) = Hands::at(now());
        server.mail("yard@example.com", MOTION).await;
        let maintenance = Maintenance::of(&server, clock);
        maintenance.sweep_old().await.unwrap();
        server.mail("yard@example.com", MOTION).await;
        hands.set(now().after(40 * DAY));
        hands.pass(2 * HOUR);
        // As the supervisor starts it.
        maintenance.clone().sweep_old().await.unwrap();
        assert_eq!(server.subjects().await.len(), 2);
        assert_eq!(server.spool.due("hook", now(), 9, &[]).await.unwrap().deliveries.len(), 2);
    }
}
