//! Readiness: what is missing before devices' arrivals can be stored and delivered.
//!
//! The HTTP port's probes (`/readyz`, `/healthz`) and the service manager use the same answer. It is never "ready" while
//! alerts cannot be stored or delivered because of Tipoff (invariant 14); a service that fails is not its fault.

use std::sync::Arc;
use std::time::Duration;

use tipoff_spool::{IncidentFilter, Spool};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::disk::Disk;
use crate::nodes::Leases;
use crate::runtime::shutdown::Phase;
use crate::runtime::supervise::Supervisor;

/// The last answer is reused for this long: frequent or simultaneous requests cost nothing.
const FRESH: Duration = Duration::from_millis(200);
/// An answer takes no longer than this, whatever the load is …
const ANSWER_MAX: Duration = Duration::from_millis(800);
/// … and is then the last answer, if that is no older than this.
const OLD_MAX: Duration = Duration::from_secs(5);

/// The last answers of the spool, shared by all requests.
#[derive(Clone, Default)]
pub(crate) struct Health {
    /// Whether the spool answers a read.
    answers: SpoolProbe,
    /// Whether it also writes.
    works: SpoolProbe,
    /// Whether this node takes part, where several share the spool.
    pub(crate) leases: Leases,
}

/// A question to the spool of which at most one is in progress.
#[derive(Clone)]
struct SpoolProbe(Arc<watch::Sender<LastAnswer>>);

/// The answer to the latest question, for all who ask.
#[derive(Clone, Default)]
struct LastAnswer {
    /// When it was answered, and what is missing.
    last: Option<(Instant, Option<Missing>)>,
    /// Whether a question is in progress.
    is_asking: bool,
}

impl Default for SpoolProbe {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(LastAnswer::default())))
    }
}

impl SpoolProbe {
    /// What is missing, by `question` or by its answer a moment ago.
    async fn ask<F>(&self, question: impl FnOnce() -> F) -> Option<Missing>
    where
        F: Future<Output = Option<Missing>> + Send + 'static,
    {
        let began = Instant::now();
        let is_fresh =
            |found: &LastAnswer| found.last.as_ref().is_some_and(|(at, _)| *at + FRESH > began);
        let begins = self.0.send_if_modified(|found| {
            let begins = !found.is_asking && !is_fresh(found);
            found.is_asking |= begins;
            begins
        });
        if begins {
            let (found_tx, question) = (Arc::clone(&self.0), question());
            tokio::spawn(async move {
                // A panic is an answer too.
                let wrong = tokio::spawn(question)
                    .await
                    .unwrap_or_else(|error| Missing::mended_by_restart(error.to_string()));
                found_tx.send_modify(|found| {
                    *found = LastAnswer { last: Some((Instant::now(), wrong)), is_asking: false };
                });
            });
        }
        let mut found_rx = self.0.subscribe();
        let _ = timeout(ANSWER_MAX, found_rx.wait_for(is_fresh)).await;
        match self.0.borrow().last.clone() {
            Some((at, wrong)) if at + OLD_MAX > Instant::now() => wrong,
            _ => Missing::mended_by_restart("the spool does not answer in time"),
        }
    }
}

impl Health {
    /// The health of a node with these leases.
    pub(crate) fn of(leases: Leases) -> Self {
        Self { leases, ..Self::default() }
    }

    /// What is missing: the spool does not answer a read.
    pub(crate) async fn unanswered(&self, spool: &Arc<dyn Spool>) -> Option<Missing> {
        let spool = Arc::clone(spool);
        let question = || async move {
            match spool_answers(&*spool).await {
                true => None,
                false => Missing::mended_by_restart("the spool does not answer"),
            }
        };
        self.answers.ask(question).await
    }
}

/// A cheap read, because it is frequent.
async fn spool_answers(spool: &dyn Spool) -> bool {
    let asked = spool.incidents(&IncidentFilter::default(), 1).await;
    if let Err(error) = &asked {
        tracing::error!(%error, "The spool does not answer.");
    }
    asked.is_ok()
}

/// How long the spool's writer may take: earlier writes come first.
const WRITER_TIME: Duration = Duration::from_secs(5);

/// Whether the spool's writer works and answers in time.
async fn spool_writes(spool: &dyn Spool) -> bool {
    match tokio::time::timeout(WRITER_TIME, spool.check_writer()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "The spool cannot store anything.");
            false
        }
        Err(_) => {
            let seconds = WRITER_TIME.as_secs();
            tracing::error!(seconds, "The spool's writer does not answer in time.");
            false
        }
    }
}

/// What is missing for work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// In words.
    pub(crate) what: String,
    /// Whether it may be mended by starting the program again: a full disk is not.
    pub(crate) restart_mends: bool,
}

impl Missing {
    /// Something that a restart of the program may mend.
    fn mended_by_restart(what: impl Into<String>) -> Option<Self> {
        Some(Self { what: what.into(), restart_mends: true })
    }

    /// Something that a restart does not mend.
    fn lasting(what: impl Into<String>) -> Option<Self> {
        Some(Self { what: what.into(), restart_mends: false })
    }
}

/// What is missing for work; `None` if nothing is. Of several, what a restart mends is named first, unless the disk is full:
/// then that is the cause of the others.
pub(crate) async fn missing(
    supervisor: &Supervisor,
    spool: &Arc<dyn Spool>,
    disk: &Disk,
    health: &Health,
) -> Option<Missing> {
    if supervisor.shutdown().phase() != Phase::Running {
        return Missing::lasting("it is stopping");
    }
    let down = supervisor.down();
    let down = (!down.is_empty()).then(|| format!("not running: {}", down.join(", ")));
    if let Some(down) = &down
        && supervisor.needs_restart()
    {
        return Missing::mended_by_restart(down.as_str());
    }
    // On a full disk it is the disk's fault that nothing can be written.
    let room = match disk.make_room(0, false).await {
        true => None,
        false => Missing::lasting("the disk is full: less than retention.min_free is left"),
    };
    let asked = Arc::clone(spool);
    let question = || async move {
        if !spool_answers(&*asked).await {
            return Missing::mended_by_restart("the spool does not answer");
        }
        match spool_writes(&*asked).await {
            true => None,
            false => Missing::mended_by_restart("the spool cannot store anything"),
        }
    };
    let wrong = health.works.ask(question).await;
    if let (Some(Missing { what, .. }), Some(_)) = (&wrong, &room) {
        return Missing::lasting(what.clone());
    }
    let is_out = health.leases.figures().is_some_and(|figures| !figures.is_member);
    let node = is_out.then_some("this node cannot renew its leases").and_then(Missing::lasting);
    wrong.or(down.and_then(Missing::lasting)).or(room).or(node)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::config::Retention;
    use crate::runtime::shutdown;
    use crate::runtime::telemetry::Metrics;
    use crate::testing::TestServer;

    #[tokio::test(start_paused = true)]
    async fn a_probe_answers_in_time_and_asks_once() {
        let (probe, asked) = (SpoolProbe::default(), Arc::new(AtomicU32::new(0)));
        let ask = async |takes: Duration, wrong: Option<&str>| {
            let (asked, wrong) = (Arc::clone(&asked), wrong.map(str::to_owned));
            let began = Instant::now();
            let found = probe
                .ask(|| async move {
                    asked.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(takes).await;
                    wrong.and_then(Missing::mended_by_restart)
                })
                .await;
            assert!(began.elapsed() < Duration::from_secs(1));
            found.map(|missing| missing.what)
        };
        let ms = Duration::from_millis;
        let found = tokio::join!(ask(ms(10), None), ask(ms(10), None), ask(ms(10), None));
        assert_eq!(found, (None, None, None));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        tokio::time::sleep(FRESH).await;
        assert_eq!(ask(ms(60_000), None).await, None, "as it was a moment ago");
        tokio::time::sleep(OLD_MAX).await;
        assert!(ask(ms(10), None).await.is_some(), "it still hangs");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        tokio::time::sleep(ms(60_000)).await;
        assert_eq!(ask(ms(10), Some("broken")).await.as_deref(), Some("broken"));
    }

    #[tokio::test]
    async fn it_is_not_ready_while_a_task_is_down_the_disk_is_full_or_it_stops() {
        let server = TestServer::new("");
        let (trigger, shutdown) = shutdown::channel();
        let supervisor = Supervisor::new(shutdown, Arc::new(Metrics::new()));
        let health = Health::default();
        let missing = async |min_free| {
            server.retention.store(Arc::new(Retention { min_free, ..server.config.retention }));
            let missing = missing(&supervisor, &server.spool, &server.disk, &health).await;
            missing.map(|missing| missing.what)
        };
        assert_eq!(missing(0).await, None);
        let full = missing(u64::MAX).await.unwrap();
        assert!(full.starts_with("the disk is full"), "{full}");
        supervisor.spawn("channel phone", || async { panic!("on purpose") });
        let down = loop {
            match missing(0).await {
                None => tokio::task::yield_now().await,
                Some(down) => break down,
            }
        };
        assert_eq!(down, "not running: channel phone");
        trigger.enter(Phase::Ending);
        assert_eq!(missing(0).await.unwrap(), "it is stopping");
    }
}
