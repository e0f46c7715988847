//! Long-lived tasks: one that ends unexpectedly is started again, with a line in the log and a metric, and `/readyz` reports
//! it (invariant 14).
//!
//! A task that keeps ending never stops what works without it: see [`Extent`]. Whether the whole program is worth a restart
//! is decided here too, and asked by `readiness.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::{Instant, sleep};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::runtime::lock::lock;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::telemetry::Metrics;

/// The pause before a task is started again …
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// … grows up to this while it keeps ending at once, if nothing works without it …
const PAUSE_MAX: Duration = Duration::from_millis(800);
/// … and up to this if all else does: what was mended is taken up within half a minute.
const PAUSE_OF_PART_MAX: Duration = Duration::from_secs(25);
/// A task that runs for so long, and for as long as the pause before it was, is steady: it is up again.
const STEADY: Duration = Duration::from_secs(2);
/// What all else works without has its shortest pause again after it ran for so long.
const STEADY_OF_PART: Duration = Duration::from_secs(60);

/// How a supervised task ends: `Ok` if it is not needed any more; after an error or a panic it is started again.
pub(crate) type TaskEnding = anyhow::Result<()>;

/// What does not work while a task is down. This decides its pauses, and whether the whole program is worth a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Receiving, or everything.
    Program,
    /// The deliveries of one channel.
    Channel,
    /// Something beside receiving and delivering.
    Part,
}

impl Extent {
    /// The longest pause before a restart.
    fn pause_max(self) -> Duration {
        match self {
            Self::Program => PAUSE_MAX,
            Self::Channel | Self::Part => PAUSE_OF_PART_MAX,
        }
    }

    /// After which time a task that was started after `pause` ends as if it did so for the first time.
    fn forgets_after(self, pause: Duration) -> Duration {
        match self {
            Self::Program => up_after(pause),
            Self::Channel | Self::Part => STEADY_OF_PART,
        }
    }
}

/// After which time a task that was started after `pause` is up.
fn up_after(pause: Duration) -> Duration {
    STEADY.max(pause)
}

/// An unexpected end of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken<'a> {
    /// The error or the message of the panic.
    pub(crate) why: &'a str,
    /// The number of unexpected ends in a row.
    pub(crate) times: u32,
    /// Time until it is started again.
    pub(crate) pause: Duration,
}

/// Called when a task ends unexpectedly, and with `None` when it is steady again.
type Report = Box<dyn Fn(Option<Broken<'_>>) + Send + Sync>;

/// What is known of a task before it starts.
pub(crate) struct Task {
    name: String,
    extent: Extent,
    report: Report,
}

impl Task {
    fn new(name: impl Into<String>, extent: Extent) -> Self {
        Self { name: name.into(), extent, report: Box::new(|_| ()) }
    }

    /// Something beside receiving and delivering.
    pub(crate) fn part(name: impl Into<String>) -> Self {
        Self::new(name, Extent::Part)
    }

    /// The worker of a channel; `report` is told when it ends unexpectedly, and with `None` when it is up again.
    pub(crate) fn channel(
        name: impl Into<String>,
        report: impl Fn(Option<Broken<'_>>) + Send + Sync + 'static,
    ) -> Self {
        Self { report: Box::new(report), ..Self::new(name, Extent::Channel) }
    }
}

/// One that the program cannot do without.
impl From<&str> for Task {
    fn from(name: &str) -> Self {
        Self::new(name, Extent::Program)
    }
}

/// One that the program cannot do without.
impl From<String> for Task {
    fn from(name: String) -> Self {
        Self::new(name, Extent::Program)
    }
}

/// Starts tasks, and starts them again when they end unexpectedly. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Supervisor {
    tasks: TaskTracker,
    shutdown: Shutdown,
    metrics: Arc<Metrics>,
    running: Arc<Mutex<RunningTasks>>,
}

/// The tasks that are needed, by a number of each.
#[derive(Default)]
struct RunningTasks {
    /// The number of the latest task.
    last: u64,
    tasks: BTreeMap<u64, TaskState>,
}

/// The state of a supervised task.
struct TaskState {
    name: String,
    extent: Extent,
    /// It has ended and is not steady yet.
    is_down: bool,
}

impl Supervisor {
    /// Without tasks.
    pub(crate) fn new(shutdown: Shutdown, metrics: Arc<Metrics>) -> Self {
        Self { tasks: TaskTracker::new(), shutdown, metrics, running: Arc::default() }
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
        let running = self.running();
        let mut names: Vec<String> =
            running.tasks.values().filter(|it| it.is_down).map(|it| it.name.clone()).collect();
        names.sort_unstable();
        names
    }

    /// Whether so much is down that the program is worth a restart: a task that it cannot do without, or every one of several
    /// channels. One channel alone is no reason: the others would be interrupted.
    pub(crate) fn needs_restart(&self) -> bool {
        let running = self.running();
        let of = |extent| running.tasks.values().filter(move |it| it.extent == extent);
        of(Extent::Program).any(|it| it.is_down)
            || of(Extent::Channel).count() > 1 && of(Extent::Channel).all(|it| it.is_down)
    }

    /// Starts a task that has to end before the program does. `begin` is called for every start.
    pub(crate) fn spawn<T, B, F>(&self, task: T, begin: B)
    where
        T: Into<Task>,
        B: FnMut() -> F + Send + 'static,
        F: Future<Output = TaskEnding> + Send + 'static,
    {
        self.tasks.spawn(self.supervise(task, begin));
    }

    /// Starts something beside receiving and delivering that never fails: `run` is called for every start, and ends at
    /// the shutdown that it is given.
    pub(crate) fn spawn_part<F>(
        &self,
        name: &str,
        mut run: impl FnMut(Shutdown) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let shutdown = self.shutdown();
        self.spawn(Task::part(name), move || {
            let work = run(shutdown.clone());
            async move {
                work.await;
                Ok(())
            }
        });
    }

    /// Starts a task for which the end of the program does not wait.
    pub(crate) fn spawn_detached<T, B, F>(&self, task: T, begin: B)
    where
        T: Into<Task>,
        B: FnMut() -> F + Send + 'static,
        F: Future<Output = TaskEnding> + Send + 'static,
    {
        tokio::spawn(self.supervise(task, begin));
    }

    /// Runs a task until it ends well, or the program does. Dropping it ends the task.
    pub(crate) fn supervise<T, B, F>(
        &self,
        task: T,
        mut begin: B,
    ) -> impl Future<Output = ()> + Send + 'static + use<T, B, F>
    where
        T: Into<Task>,
        B: FnMut() -> F + Send + 'static,
        F: Future<Output = TaskEnding> + Send + 'static,
    {
        let (this, task) = (self.clone(), task.into());
        self.metrics.name_task(&task.name);
        let needed = Needed::new(this.clone(), task);
        async move {
            let extent = needed.task.extent;
            let (mut pause, mut times) = (Duration::ZERO, 0_u32);
            loop {
                let began = Instant::now();
                let Some(why) = needed.watch(tokio::spawn(begin()), pause).await else { return };
                if this.shutdown.phase() != Phase::Running {
                    return;
                }
                if began.elapsed() >= extent.forgets_after(pause) {
                    (pause, times) = (Duration::ZERO, 0);
                }
                pause = pause.saturating_mul(2).clamp(PAUSE_MIN, extent.pause_max());
                times = times.saturating_add(1);
                needed.broke(Broken { why: &why, times, pause });
                let mut shutdown = this.shutdown.clone();
                tokio::select! {
                    () = sleep(pause) => {}
                    () = shutdown.reached(Phase::Ending) => return,
                }
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, RunningTasks> {
        lock(&self.running)
    }
}

/// The entry of a supervised task. Dropping it removes the task: it is not needed any more.
struct Needed {
    supervisor: Supervisor,
    number: u64,
    task: Task,
}

impl Needed {
    fn new(supervisor: Supervisor, task: Task) -> Self {
        let (name, extent) = (task.name.clone(), task.extent);
        let mut running = supervisor.running();
        running.last += 1;
        let number = running.last;
        running.tasks.insert(number, TaskState { name, extent, is_down: false });
        drop(running);
        Self { supervisor, number, task }
    }

    /// Waits for the end of a run that began after `pause`; why it is to be started again, or nothing.
    async fn watch(
        &self,
        run: tokio::task::JoinHandle<TaskEnding>,
        pause: Duration,
    ) -> Option<String> {
        let mut run = AbortOnDropHandle::new(run);
        let ended = tokio::select! {
            ended = &mut run => ended,
            () = sleep(up_after(pause)) => {
                if self.set_down(false) {
                    (self.task.report)(None);
                }
                run.await
            }
        };
        match ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(error) => Some(in_words(error)),
        }
    }

    /// Reports an unexpected end: in the log, the metric, the state and to whoever owns the task.
    fn broke(&self, broken: Broken<'_>) {
        let Broken { why, times, pause } = broken;
        let task = &self.task.name;
        tracing::error!(
            task,
            why,
            times,
            ?pause,
            "A task ended unexpectedly, and is started again."
        );
        self.supervisor.metrics.task_restarted(task);
        self.set_down(true);
        (self.task.report)(Some(broken));
    }

    /// Sets whether the task is down. Returns whether it was before.
    fn set_down(&self, is_down: bool) -> bool {
        let mut running = self.supervisor.running();
        let state = running.tasks.get_mut(&self.number);
        state.is_some_and(|state| std::mem::replace(&mut state.is_down, is_down))
    }
}

impl Drop for Needed {
    fn drop(&mut self) {
        self.supervisor.running().tasks.remove(&self.number);
    }
}

/// The message of a panic. Its place is in the log already, by the panic hook.
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
            .render(&tipoff_spool::SpoolStats::default(), crate::runtime::telemetry::Format::Text)
            .unwrap();
        let line = format!("tipoff_task_restarts_total{{task=\"{task}\"}} 1");
        metrics.lines().any(|it| it == line)
    }

    /// A task that ends as it is told to, at each start.
    async fn a_task_that(ends: fn(u32) -> TaskEnding) -> (Duration, Supervisor, Vec<String>) {
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
        for ends in [(|_| panic!("on purpose")) as fn(u32) -> TaskEnding, |_| {
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

    /// Starts of a task that panics `runs` after each of them, in `time`.
    async fn starts_of(task: Task, runs: Duration, time: Duration) -> (u32, Supervisor, Trigger) {
        let (supervisor, trigger) = supervisor();
        let starts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&starts);
        supervisor.spawn(task, move || {
            counted.fetch_add(1, Ordering::Relaxed);
            async move {
                sleep(runs).await;
                panic!("on purpose")
            }
        });
        sleep(time).await;
        (starts.load(Ordering::Relaxed), supervisor, trigger)
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_rest_works_without_is_started_with_growing_pauses() {
        let times = Arc::new(AtomicU32::new(0));
        for runs in [Duration::ZERO, Duration::from_secs(3)] {
            let told = Arc::clone(&times);
            let task = Task::channel("channel phone", move |broken| {
                told.store(broken.map_or(0, |it| it.times), Ordering::Relaxed);
            });
            let (starts, supervisor, trigger) = starts_of(task, runs, STEADY_OF_PART * 10).await;
            // A pause of 25 s each, but for the first ones; none is longer.
            assert!((600 / 28..=600 / 25 + 9).contains(&starts), "{starts}");
            assert_eq!(supervisor.down(), ["channel phone"], "it never runs for long");
            assert!(!supervisor.needs_restart());
            assert!(times.load(Ordering::Relaxed) > 20);
            trigger.enter(Phase::Ending);
        }
        // Now and then is not again and again.
        let (starts, ..) =
            starts_of(Task::part("reports"), STEADY_OF_PART, STEADY_OF_PART * 10 + STEADY).await;
        assert_eq!(starts, 11);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_program_cannot_do_without_is_a_reason_to_start_it_again() {
        for (task, reason) in [("SMTP listener".into(), true), (Task::part("reports"), false)] {
            let (_, supervisor, _trigger) =
                starts_of(task, Duration::ZERO, Duration::from_secs(1)).await;
            assert_eq!(supervisor.needs_restart(), reason);
        }
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
