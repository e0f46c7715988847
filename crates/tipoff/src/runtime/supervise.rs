//! Long-lived tasks: one that ends unexpectedly is started again at once, with a line in the log and a
//! metric, and `/readyz` knows of it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::{Instant, sleep};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::runtime::observe::Metrics;
use crate::runtime::shutdown::{Phase, Shutdown};

/// The pause before a task is started again …
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// … grows up to this while it keeps ending at once.
const PAUSE_MAX: Duration = Duration::from_millis(800);
/// A task that runs for so long is steady: it is up again.
const STEADY: Duration = Duration::from_secs(2);

/// How a supervised task ends: well, because it is not needed any more; or it is started again.
pub(crate) type Ending = anyhow::Result<()>;

/// Starts tasks, and starts them again when they end unexpectedly. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Supervisor {
    tasks: TaskTracker,
    shutdown: Shutdown,
    metrics: Arc<Metrics>,
    /// The names of tasks that have ended and are not steady yet.
    down: Arc<Mutex<BTreeSet<String>>>,
}

impl Supervisor {
    /// Without tasks.
    pub(crate) fn new(shutdown: Shutdown, metrics: Arc<Metrics>) -> Self {
        Self { tasks: TaskTracker::new(), shutdown, metrics, down: Arc::default() }
    }

    /// All tasks that have to end before the program does.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// How far the program's end has come.
    pub(crate) fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// The names of the tasks that do not run as they should.
    pub(crate) fn down(&self) -> Vec<String> {
        self.names().iter().cloned().collect()
    }

    /// Starts a task that has to end before the program does. `begin` is called for every start.
    pub(crate) fn spawn<N, B, F>(&self, name: N, begin: B)
    where
        N: Into<String>,
        B: FnMut() -> F + Send + 'static,
        F: Future<Output = Ending> + Send + 'static,
    {
        self.tasks.spawn(self.supervise(name, begin));
    }

    /// Starts a task for which the end of the program does not wait.
    pub(crate) fn spawn_detached<N, B, F>(&self, name: N, begin: B)
    where
        N: Into<String>,
        B: FnMut() -> F + Send + 'static,
        F: Future<Output = Ending> + Send + 'static,
    {
        tokio::spawn(self.supervise(name, begin));
    }

    /// Runs a task until it ends well, or the program does. Dropping it ends the task.
    pub(crate) fn supervise<N, B, F>(
        &self,
        name: N,
        mut begin: B,
    ) -> impl Future<Output = ()> + Send + 'static + use<N, B, F>
    where
        N: Into<String>,
        B: FnMut() -> F + Send + 'static,
        F: Future<Output = Ending> + Send + 'static,
    {
        let (this, name) = (self.clone(), name.into());
        self.metrics.name_task(&name);
        async move {
            let up = Up { supervisor: &this, name: &name };
            let mut pause = PAUSE_MIN;
            loop {
                let began = Instant::now();
                let Some(why) = up.watch(tokio::spawn(begin())).await else { return };
                if this.shutdown.phase() != Phase::Running {
                    return;
                }
                if began.elapsed() >= STEADY {
                    pause = PAUSE_MIN;
                }
                this.report(&name, &why);
                let mut shutdown = this.shutdown.clone();
                tokio::select! {
                    () = sleep(pause) => {}
                    () = shutdown.reached(Phase::Ending) => return,
                }
                pause = pause.saturating_mul(2).min(PAUSE_MAX);
            }
        }
    }

    fn report(&self, name: &str, why: &str) {
        tracing::error!(task = name, why, "A task ended unexpectedly, and is started again.");
        self.metrics.task_restarted(name);
        self.names().insert(name.to_owned());
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // Whole after every statement.
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task that is not down once this is gone: it is not needed any more.
struct Up<'a> {
    supervisor: &'a Supervisor,
    name: &'a str,
}

impl Up<'_> {
    /// Waits for the end of one run; why it is to be started again, or nothing.
    async fn watch(&self, task: tokio::task::JoinHandle<Ending>) -> Option<String> {
        let mut task = AbortOnDropHandle::new(task);
        let ended = tokio::select! {
            ended = &mut task => ended,
            () = sleep(STEADY) => {
                self.supervisor.names().remove(self.name);
                task.await
            }
        };
        match ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(error) => Some(in_words(error)),
        }
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.supervisor.names().remove(self.name);
    }
}

/// What was said by a panic; the panic hook has said where.
fn in_words(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
            (Some(text), _) => (*text).to_owned(),
            (_, Some(text)) => text.clone(),
            _ => "a panic without words".to_owned(),
        },
        Err(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;
    use crate::runtime::shutdown::{self, Trigger};

    fn supervisor() -> (Supervisor, Trigger) {
        let (trigger, shutdown) = shutdown::channel();
        (Supervisor::new(shutdown, Arc::new(Metrics::new())), trigger)
    }

    fn restarts(supervisor: &Supervisor, task: &str) -> bool {
        let metrics = supervisor
            .metrics
            .render(&tipoff_spool::SpoolStats::default(), crate::runtime::observe::Format::Text)
            .unwrap();
        let line = format!("tipoff_task_restarts_total{{task=\"{task}\"}} 1");
        metrics.lines().any(|it| it == line)
    }

    /// A task that ends as it is told to, at each start.
    async fn a_task_that(ends: fn(u32) -> Ending) -> (Duration, Supervisor, Vec<String>) {
        let (supervisor, trigger) = supervisor();
        let (starts, again) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let (counted, rung) = (Arc::clone(&starts), Arc::clone(&again));
        let mut shutdown = supervisor.shutdown();
        shutdown.reached(Phase::Running).await;
        let began = Instant::now();
        supervisor.spawn("example", move || {
            let start = counted.fetch_add(1, Ordering::Relaxed);
            let (rung, mut shutdown) = (Arc::clone(&rung), shutdown.clone());
            async move {
                if start == 0 {
                    return ends(start);
                }
                rung.notify_one();
                shutdown.reached(Phase::Ending).await;
                Ok(())
            }
        });
        timeout(Duration::from_secs(30), again.notified()).await.unwrap();
        let (took, down) = (began.elapsed(), supervisor.down());
        sleep(STEADY + Duration::from_millis(1)).await;
        assert!(supervisor.down().is_empty(), "it is up again");
        trigger.enter(Phase::Ending);
        supervisor.tasks().close();
        timeout(Duration::from_secs(30), supervisor.tasks().wait()).await.unwrap();
        assert_eq!(starts.load(Ordering::Relaxed), 2);
        (took, supervisor, down)
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_or_fails_is_back_within_a_second() {
        for ends in [(|_| panic!("on purpose")) as fn(u32) -> Ending, |_| {
            Err(anyhow::anyhow!("the port is closed"))
        }] {
            let (took, supervisor, down) = a_task_that(ends).await;
            assert!(took < Duration::from_secs(1), "{took:?}");
            assert_eq!(down, ["example"], "it is down until it is steady");
            assert!(restarts(&supervisor, "example"));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_at_every_start_stays_down_and_is_tried_every_second() {
        let (supervisor, trigger) = supervisor();
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        supervisor.spawn("example", move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { panic!("on purpose") }
        });
        for _ in 0..20 {
            let before = starts.load(Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
            assert!(starts.load(Ordering::Relaxed) > before);
            assert_eq!(supervisor.down(), ["example"]);
        }
        trigger.enter(Phase::Ending);
        supervisor.tasks().close();
        timeout(Duration::from_secs(30), supervisor.tasks().wait()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_not_needed_any_more_is_not_started_again() {
        let (supervisor, _trigger) = supervisor();
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        supervisor.spawn("example", move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async { Ok(()) }
        });
        supervisor.tasks().close();
        timeout(Duration::from_secs(30), supervisor.tasks().wait()).await.unwrap();
        assert_eq!(starts.load(Ordering::Relaxed), 1);
        assert!(supervisor.down().is_empty());
    }

    #[tokio::test]
    async fn dropping_the_supervision_ends_the_task() {
        struct Guard(Arc<Notify>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.notify_one();
            }
        }
        let (supervisor, _trigger) = supervisor();
        let (begun, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (at_start, at_end) = (Arc::clone(&begun), Arc::clone(&ended));
        let handle = AbortOnDropHandle::new(tokio::spawn(supervisor.supervise("x", move || {
            let (begun, guard) = (Arc::clone(&at_start), Guard(Arc::clone(&at_end)));
            async move {
                begun.notify_one();
                std::future::pending::<()>().await;
                drop(guard);
                Ok(())
            }
        })));
        timeout(Duration::from_secs(30), begun.notified()).await.unwrap();
        drop(handle);
        timeout(Duration::from_secs(30), ended.notified()).await.unwrap();
    }
}
