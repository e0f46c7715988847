//! A destination that is away for minutes, and workers that break down. The time passes as the tests say.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tipoff_channels::{Abilities, BoxFuture, Channel, Context, HomeControl, Message, Pace};
use tipoff_model::{DeliveryId, Outcome, Receipt, Scope, Verdict};
use tokio::time::{Instant, advance, sleep};

use super::super::{ChannelState, ChannelSupervisor};
use super::common;
use crate::runtime::lock::lock;
use crate::runtime::shutdown::{self, Phase, Trigger};
use crate::runtime::supervise::Supervisor;
use crate::runtime::telemetry::Metrics;
use crate::testing::{MOTION, TestServer};

/// How far the clock is advanced at a time.
const STEP: Duration = Duration::from_millis(400);

const CONFIG: &str = "video.convert = false\nincidents.quiet = \"0 s\"\nincidents.flood = 0\n\
    [[channel]]\nname = \"phone\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";

/// When the first of the attempts that hang fails.
const FIRST_FAILS: Duration = Duration::from_secs(10);

/// How the destination is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Works,
    Unreachable,
    /// Each attempt fails after so long, the first one sooner.
    Hangs(Duration),
    /// It asks for a pause.
    Busy(Duration),
    /// The code of the service has a fault that this delivery meets.
    PanicsAt(DeliveryId),
}

struct Destination {
    state: Mutex<State>,
    begun: Mutex<Vec<Instant>>,
    delivered: Mutex<Vec<(Instant, DeliveryId)>>,
    /// How often the worker itself is to panic.
    worker_panics: AtomicU32,
    /// How often the connection that is kept is to panic, and how often it was begun.
    attend_panics: AtomicU32,
    attended: AtomicU32,
}

impl Destination {
    fn set(&self, state: State) {
        *lock(&self.state) = state;
    }

    fn delivered(&self) -> Vec<(Instant, DeliveryId)> {
        lock(&self.delivered).clone()
    }

    fn begun(&self) -> Vec<Instant> {
        lock(&self.begun).clone()
    }
}

/// Whether it was one more time.
fn count_down(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

struct Fake(Arc<Destination>);

impl Channel for Fake {
    fn abilities(&self) -> Abilities {
        Abilities::AcceptsAlert
    }

    fn paces(&self, _: &[(String, String)]) -> Vec<Pace> {
        assert!(!count_down(&self.0.worker_panics), "on purpose");
        Vec::new()
    }

    fn send<'a>(&'a self, _: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let (state, now) = (*lock(&self.0.state), Instant::now());
            let is_first = lock(&self.0.begun).is_empty();
            lock(&self.0.begun).push(now);
            let delivery = context.alert.delivery;
            let no_answer = |error: &str| Verdict::Retry {
                scope: Scope::Unreachable,
                after: None,
                error: error.to_owned(),
            };
            let verdict = match state {
                State::PanicsAt(at) if at == delivery => panic!("on purpose"),
                State::Works | State::PanicsAt(_) => {
                    lock(&self.0.delivered).push((now, delivery));
                    Verdict::Delivered(Receipt::default())
                }
                State::Unreachable => no_answer("connection refused"),
                State::Hangs(time) => {
                    sleep(if is_first { FIRST_FAILS } else { time }).await;
                    no_answer("no answer in time")
                }
                State::Busy(pause) => Verdict::Retry {
                    scope: Scope::Channel,
                    after: Some(pause),
                    error: "busy".to_owned(),
                },
            };
            verdict.into()
        })
    }

    fn run_background<'a>(&'a self, _: &'a dyn HomeControl) -> Option<BoxFuture<'a, ()>> {
        Some(Box::pin(async move {
            self.0.attended.fetch_add(1, Ordering::Relaxed);
            assert!(!count_down(&self.0.attend_panics), "on purpose");
            std::future::pending().await
        }))
    }
}

/// A supervisor with one channel to the destination, in a time of its own.
struct Scene {
    destination: Arc<Destination>,
    dispatch: ChannelSupervisor,
    server: TestServer,
    supervisor: Supervisor,
    trigger: Trigger,
    /// While this is there, no clock advances by itself: Tokio waits for its blocking tasks.
    _stopped: Sender<()>,
}

impl Scene {
    async fn new(state: State, worker_panics: u32, attend_panics: u32) -> Self {
        let (stopped, end) = channel();
        tokio::task::spawn_blocking(move || end.recv());
        let destination = Arc::new(Destination {
            state: Mutex::new(state),
            begun: Mutex::default(),
            delivered: Mutex::default(),
            worker_panics: AtomicU32::new(worker_panics),
            attend_panics: AtomicU32::new(attend_panics),
            attended: AtomicU32::new(0),
        });
        let mut server = TestServer::new(CONFIG);
        server.config.channels[0].channel = Arc::new(Fake(Arc::clone(&destination)));
        let (trigger, shutdown) = shutdown::channel();
        let metrics = Arc::new(Metrics::new());
        let supervisor = Supervisor::new(shutdown, Arc::clone(&metrics));
        let common = common(&server, metrics).await;
        let channels = &server.config.channels;
        let dispatch =
            ChannelSupervisor::start(channels, Vec::new(), common, &server.notifier, &supervisor);
        Self { destination, dispatch, server, supervisor, trigger, _stopped: stopped }
    }

    async fn mails(&self, count: usize) {
        for _ in 0..count {
            self.server.mail("camera@example.com", MOTION).await;
        }
    }

    /// Lets all that can be done now be done: the spool's threads work in real time.
    async fn settle(&self) {
        for _ in 0..40 {
            self.server.spool.check_writer().await.unwrap();
            self.server.spool.paused().await.unwrap();
            tokio::task::yield_now().await;
        }
    }

    async fn pass(&self, time: Duration) {
        let end = Instant::now() + time;
        self.settle().await;
        while Instant::now() < end {
            advance(STEP.min(end - Instant::now())).await;
            self.settle().await;
        }
    }

    /// Waits until so many alerts are delivered, for `most` at most; how long it took.
    async fn until_delivered(&self, count: usize, most: Duration) -> Duration {
        let began = Instant::now();
        while self.destination.delivered().len() < count {
            assert!(began.elapsed() <= most, "{} delivered", self.destination.delivered().len());
            self.pass(STEP).await;
        }
        began.elapsed()
    }

    fn state(&self) -> ChannelState {
        self.dispatch.states().remove(0).state
    }

    async fn end(self) {
        self.trigger.enter(Phase::Ending);
        self.supervisor.tasks().close();
        self.supervisor.tasks().wait().await;
    }
}

/// Runs a test in a time that only it advances. The spool's reads have one thread, so that each waits for those before
/// it: what [`Scene::settle`] waits for is then done, however busy the machine is.
fn in_stopped_time(test: impl Future<Output = ()>) {
    // The other thread is that which keeps the clock from advancing.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .max_blocking_threads(2)
        .build();
    runtime.unwrap().block_on(test);
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_first_alert_comes_within_30_s_of_the_return_and_all_others_at_once() {
    in_stopped_time(async {
        for (number, outage) in [s(3), s(47), s(311)].into_iter().enumerate() {
            let scene = Scene::new(State::Unreachable, 0, 0).await;
            scene.mails(40).await;
            scene.pass(outage).await;
            assert!(matches!(scene.state(), ChannelState::Failing { .. }));
            let begun = scene.destination.begun();
            // 16 at once found it out; from then on one at a time asks.
            assert!(begun.len() < 16 + 10 + outage.as_secs() as usize / 18, "{}", begun.len());
            scene.destination.set(State::Works);
            let first = scene.until_delivered(1, s(30)).await;
            let all = scene.until_delivered(40, s(5)).await;
            assert!(first <= s(30) && all <= s(5), "{number}: {first:?}, {all:?}");
            assert_eq!(scene.state(), ChannelState::Fine);
            scene.end().await;
        }
    });
}

#[test]
fn attempts_that_hang_keep_nobody_from_finding_that_the_destination_is_back() {
    in_stopped_time(async {
        for back_after in [s(5), s(31), s(100)] {
            // As uploads of many megabytes into a network that is gone.
            let scene = Scene::new(State::Hangs(s(240)), 0, 0).await;
            scene.mails(16).await;
            scene.settle().await;
            assert_eq!(scene.destination.begun().len(), 16, "all hang");
            scene.mails(30).await;
            scene.pass(FIRST_FAILS + back_after).await;
            let begun = scene.destination.begun().len();
            assert!((18..=16 + 8).contains(&begun), "{begun}: others find out, a few at a time");
            scene.destination.set(State::Works);
            scene.until_delivered(1, s(30)).await;
            // All but those that hang, which come when they have failed.
            scene.until_delivered(46 - (begun - 1), s(5)).await;
            scene.until_delivered(46, s(260)).await;
            scene.end().await;
        }
    });
}

#[test]
fn a_new_alert_is_tried_at_once_during_an_outage_but_every_5_s_at_most() {
    in_stopped_time(async {
        let scene = Scene::new(State::Unreachable, 0, 0).await;
        scene.mails(1).await;
        scene.pass(s(120)).await;
        let before = scene.destination.begun().len();
        for _ in 0..20 {
            scene.mails(1).await;
            scene.pass(s(1)).await;
        }
        let begun = scene.destination.begun();
        let during = &begun[before - 1..];
        assert!((4..=6).contains(&(during.len() - 1)), "{}", during.len());
        assert!(during.windows(2).all(|pair| pair[1] - pair[0] >= s(5)), "{during:?}");
        scene.pass(s(6)).await;
        scene.destination.set(State::Works);
        scene.mails(1).await;
        assert!(scene.until_delivered(1, s(6)).await <= s(6));
        scene.until_delivered(22, s(5)).await;
        scene.end().await;
    });
}

#[test]
fn when_the_network_comes_back_it_is_tried_at_once() {
    in_stopped_time(async {
        let scene = Scene::new(State::Unreachable, 0, 0).await;
        scene.mails(20).await;
        scene.pass(s(121)).await;
        scene.destination.set(State::Works);
        scene.server.notifier.network_changed();
        scene.until_delivered(20, s(5)).await;
        scene.end().await;
    });
}

#[test]
fn nothing_hurries_a_service_that_asked_for_a_pause() {
    in_stopped_time(async {
        let scene = Scene::new(State::Busy(s(100)), 0, 0).await;
        scene.mails(1).await;
        scene.pass(s(1)).await;
        scene.destination.set(State::Works);
        for _ in 0..8 {
            scene.server.notifier.network_changed();
            scene.mails(1).await;
            scene.pass(s(10)).await;
        }
        assert_eq!(scene.destination.begun().len(), 1);
        scene.until_delivered(9, s(30)).await;
        scene.end().await;
    });
}

#[test]
fn one_delivery_at_which_the_code_of_a_service_panics_is_in_nobodys_way() {
    in_stopped_time(async {
        let scene = Scene::new(State::PanicsAt(DeliveryId(7)), 0, 0).await;
        scene.mails(20).await;
        scene.until_delivered(19, s(5)).await;
        assert_eq!(scene.state(), ChannelState::Fine);
        scene.destination.set(State::Works);
        // Its pause is kept in the spool, by the real clock: a second of that are many by this one.
        scene.until_delivered(20, s(100_000)).await;
        let mut delivered: Vec<_> = scene.destination.delivered().iter().map(|it| it.1).collect();
        delivered.sort();
        delivered.dedup();
        assert_eq!(delivered.len(), 20, "each once");
        assert!(scene.supervisor.down().is_empty());
        scene.end().await;
    });
}

/// Neither does it show that a service works which asked for a pause.
#[test]
fn an_attempt_that_did_not_ask_the_service_says_nothing_of_it() {
    in_stopped_time(async {
        let scene = Scene::new(State::Busy(s(60)), 0, 0).await;
        scene.mails(3).await;
        scene.pass(s(1)).await;
        assert!(matches!(scene.state(), ChannelState::Failing { failures: 1, .. }));
        // The newest is the first to be attempted.
        let newest = DeliveryId(4);
        scene.destination.set(State::PanicsAt(newest));
        scene.mails(1).await;
        scene.pass(s(50)).await;
        assert!(scene.destination.delivered().is_empty());
        scene.until_delivered(3, s(12)).await;
        scene.destination.set(State::Works);
        scene.until_delivered(4, s(100_000)).await;
        scene.end().await;
    });
}

#[test]
fn a_worker_that_breaks_down_is_back_within_a_second_and_its_alerts_are_tried_again() {
    in_stopped_time(async {
        let scene = Scene::new(State::Hangs(s(3600)), 0, 0).await;
        scene.mails(5).await;
        scene.pass(s(1)).await;
        assert_eq!(scene.destination.begun().len(), 5, "they are under way");
        scene.destination.set(State::Works);
        scene.destination.worker_panics.store(1, Ordering::Relaxed);
        scene.mails(1).await;
        let took = scene.until_delivered(6, s(1)).await;
        assert!(took <= s(1), "{took:?}");
        assert_eq!(scene.supervisor.down(), ["channel phone"]);
        scene.pass(s(3)).await;
        assert!(scene.supervisor.down().is_empty());
        scene.end().await;
    });
}

#[test]
fn a_connection_that_is_kept_is_made_again_where_its_task_breaks_down() {
    in_stopped_time(async {
        let scene = Scene::new(State::Works, 0, 2).await;
        scene.pass(s(1)).await;
        assert_eq!(scene.destination.attended.load(Ordering::Relaxed), 3);
        scene.mails(1).await;
        scene.until_delivered(1, s(1)).await;
        scene.end().await;
    });
}
