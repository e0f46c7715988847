//! Channels that are changed, paused and tested while they run, against a service that listens.

mod broken;
mod clock;
mod nodes;
mod outage;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tipoff_model::{DeliveryState, Timestamp};
use tipoff_spool::NewReport;
use tipoff_testkit::standin::Behaviour;
use tipoff_testkit::webhook::Webhook;
use tokio::sync::broadcast::Receiver;

use super::{
    ChannelState, ChannelStatus, ChannelSupervisor, DispatchContext, LateSounds, PictureResizer,
    VideoConverter,
};
use crate::config::Config;
use crate::nodes::Leases;
use crate::runtime::clock::Clock;
use crate::runtime::events::LiveEvent;
use crate::runtime::links::Links;
use crate::runtime::shutdown::{self, Phase, Trigger};
use crate::runtime::supervise::Supervisor;
use crate::runtime::telemetry::Metrics;
use crate::testing::{self, MOTION, TestServer};

/// No condition takes longer than this, unless it will never come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A supervisor over a spool of its own.
struct Scene {
    dispatch: ChannelSupervisor,
    server: TestServer,
    listener: Receiver<LiveEvent>,
    hook: Webhook,
    trigger: Trigger,
    supervisor: Supervisor,
}

fn source(channels: &str) -> String {
    format!("video.convert = false\nincidents.quiet = \"0 s\"\n{channels}")
}

fn config(channels: &str) -> Config {
    testing::config(&source(channels))
}

fn channel(hook: &Webhook, name: &str) -> String {
    format!("[[channel]]\nname = {name:?}\ntype = \"webhook\"\nurl = {:?}\n", hook.url())
}

async fn common(server: &TestServer, metrics: Arc<Metrics>) -> DispatchContext {
    let actions = server.actions(Links::at(None, [0; 32], std::time::Duration::MAX));
    DispatchContext {
        spool: Arc::clone(&server.spool),
        leases: Leases::of(&server.spool, "", &Clock::system()),
        links: Links::at(None, [0; 32], std::time::Duration::MAX),
        metrics,
        videos: VideoConverter::open(&server.config.video, server.folder.path()).await.unwrap(),
        pictures: PictureResizer::new(),
        events: server.events.clone(),
        modes: actions.modes.clone(),
        actions,
        clock: Clock::system(),
        reload_requests: crate::runtime::reload_requests::requests().0,
        late_sounds: LateSounds::default(),
    }
}

impl Scene {
    /// With a channel "hook".
    async fn new(paused: &[&str]) -> Self {
        Self::by(paused, Clock::system()).await
    }

    /// The same by this clock.
    async fn by(paused: &[&str], clock: Clock) -> Self {
        let hook = Webhook::start().await.unwrap();
        let server = TestServer::new(&source(&channel(&hook, "hook")));
        let (trigger, shutdown) = shutdown::channel();
        let metrics = Arc::new(Metrics::new());
        let supervisor = Supervisor::new(shutdown, Arc::clone(&metrics));
        let listener = server.events.subscribe();
        let common = DispatchContext { clock, ..common(&server, metrics).await };
        let channels = &server.config.channels;
        let paused = paused.iter().map(|name| (*name).to_owned()).collect();
        let dispatch =
            ChannelSupervisor::start(channels, paused, common, &server.notifier, &supervisor);
        Self { dispatch, server, listener, hook, trigger, supervisor }
    }

    async fn mail(&self) {
        self.server.mail("camera@example.com", MOTION).await;
    }

    /// The next notice of a delivery to this channel.
    async fn delivery(&mut self, of: &str) -> DeliveryState {
        loop {
            let told = tokio::time::timeout(PATIENCE, self.listener.recv()).await;
            match told.unwrap_or_else(|_| panic!("nothing was told of {of}")).unwrap() {
                LiveEvent::Delivery { channel, state, .. } if channel == of => return state,
                _ => {}
            }
        }
    }

    fn status(&self, channel: &str) -> ChannelStatus {
        let states = self.dispatch.states();
        states.into_iter().find(|status| status.name == channel).unwrap()
    }

    async fn end(self) {
        self.trigger.enter(Phase::Ending);
        self.supervisor.tasks().close();
        tokio::time::timeout(PATIENCE, self.supervisor.tasks().wait()).await.unwrap();
        drop(self.server);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_channel_begins_nothing_until_it_is_resumed() {
    let mut scene = Scene::new(&["hook"]).await;
    assert!(scene.status("hook").paused);
    scene.mail().await;
    // One that is not paused has had its turn by then.
    let both = config(&(channel(&scene.hook, "hook") + &channel(&scene.hook, "other")));
    scene.dispatch.apply(&both.channels);
    assert!(scene.status("hook").paused, "and an edit does not resume it");
    assert_eq!(scene.dispatch.test("other").await, Ok(None));
    assert_eq!(scene.hook.log().len(), 1);
    assert_eq!(scene.dispatch.test("hook").await, Ok(None));
    assert!(scene.dispatch.set_paused("hook", false));
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    assert!(scene.status("hook").delivered_at.is_some());
    assert!(!scene.dispatch.set_paused("nobody", true));
    assert!(scene.dispatch.test("nobody").await.is_err());

    assert!(scene.dispatch.set_paused("hook", true));
    scene.mail().await;
    scene.dispatch.apply(&[]);
    assert!(scene.dispatch.states().is_empty());
    let only = config(&channel(&scene.hook, "hook"));
    scene.dispatch.apply(&only.channels);
    assert!(scene.status("hook").paused, "also one that was away");
    assert!(scene.dispatch.set_paused("hook", false));
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_channel_is_is_told() {
    let mut scene = Scene::new(&[]).await;
    scene.hook.script().next([Behaviour::answer(500, ""), Behaviour::answer(400, "no")]);
    assert_eq!(scene.status("hook").state, ChannelState::Fine);
    scene.mail().await;
    assert_eq!(scene.delivery("hook").await, DeliveryState::Pending);
    let ChannelState::Failing { failures: 1, error, .. } = scene.status("hook").state else {
        panic!("{:?}", scene.status("hook"));
    };
    assert!(error.contains("500"), "{error}");
    assert_eq!(scene.delivery("hook").await, DeliveryState::Refused);
    let status = scene.status("hook");
    assert_eq!((status.state, status.under_way), (ChannelState::Fine, 0));
    assert!(status.refused.is_some_and(|refusal| refusal.error.contains("400")));
    scene.hook.script().next([Behaviour::answer(400, "no")]);
    assert!(scene.dispatch.test("hook").await.is_err_and(|error| error.contains("400")));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_settings_are_tried_at_once_though_the_old_ones_failed() {
    let mut scene = Scene::new(&[]).await;
    let headers = vec![("Retry-After".to_owned(), "3600".to_owned())];
    scene.hook.script().always(Behaviour::Answer { status: 429, headers, body: String::new() });
    scene.mail().await;
    assert_eq!(scene.delivery("hook").await, DeliveryState::Pending);
    assert!(matches!(scene.status("hook").state, ChannelState::Failing { .. }));

    // As it was: it goes on undisturbed, and waits.
    let same = config(&channel(&scene.hook, "hook"));
    scene.dispatch.apply(&same.channels);
    assert!(matches!(scene.status("hook").state, ChannelState::Failing { .. }));

    let good = Webhook::start().await.unwrap();
    let other = config(&channel(&good, "hook"));
    scene.dispatch.apply(&other.channels);
    assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    assert_eq!(scene.status("hook").state, ChannelState::Fine);
    assert_eq!(good.log().len(), 1);
    scene.end().await;
}

/// A mail with two pictures of these names.
fn shots(first: &str, second: &str) -> Vec<u8> {
    use base64::Engine as _;
    let picture = crate::media::test_image::draw(Timestamp::from_ms(0)).unwrap();
    let picture = base64::engine::general_purpose::STANDARD.encode(picture);
    let part = |name: &str| {
        format!(
            "--b\r\nContent-Type: image/jpeg; name={name}\r\nContent-Transfer-Encoding: base64\r\n\r\n\
             {picture}\r\n"
        )
    };
    let head = "Subject: Motion\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    format!("{head}{}{}--b--\r\n", part(first), part(second)).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_shows_the_first_and_the_last_picture_without_a_sound() {
    let mut scene = Scene::new(&["hook"]).await;
    scene.server.mail("camera@example.com", &shots("1.jpg", "2.jpg")).await;
    scene.server.mail("camera@example.com", &shots("3.jpg", "4.jpg")).await;
    let now = Timestamp::from(SystemTime::now());
    let day = Duration::from_secs(86_400);
    let spool = Arc::clone(&scene.server.spool);
    let tally = spool.tally(now.before(day), now.after(day), 9).await.unwrap().remove(0);
    let report = NewReport {
        name: "evening".to_owned(),
        device: tally.device,
        due_at: now,
        at: now,
        subject: "Report".to_owned(),
        text: "2 incidents".to_owned(),
        shots: tally.shots,
        channels: vec!["hook".to_owned()],
    };
    scene.server.notifier.wake(&spool.report(report).await.unwrap());
    assert!(scene.dispatch.set_paused("hook", false));
    for _ in 0..3 {
        assert_eq!(scene.delivery("hook").await, DeliveryState::Delivered);
    }
    let calls = scene.hook.log().all();
    let alerts = calls.iter().map(|call| serde_json::from_slice(&call.body).unwrap());
    let report = alerts.filter(|it: &Value| it["kind"] == "report").collect::<Vec<_>>();
    let names = report[0]["media"].as_array().unwrap().iter().map(|it| it["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["1.jpg", "4.jpg"]);
    assert_eq!((&report[0]["silent"], &report[0]["text"]), (&json!(true), &json!("2 incidents")));
    assert_eq!(report.len(), 1);
    scene.end().await;
}
