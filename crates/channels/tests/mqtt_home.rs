//! What an MQTT broker, and Home Assistant behind it, is shown of the household, by a channel that is
//! attended.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails at what it does not expect"
)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Story, channel, delivered, retried, send, text};
use serde_json::Value as Json;
use tipoff_channels::{BoxFuture, Channel, Done, HomeControl, HomeState, Pace, Value};
use tipoff_model::{Action, DeviceId, Event, Outcome, Scope};
use tipoff_testkit::homeassistant::{HomeAssistant, render};
use tipoff_testkit::mosquitto::{Heard, Listener, Mosquitto};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// A household with two modes and two devices.
struct House {
    standing: watch::Sender<HomeState>,
    wishes: Mutex<Vec<String>>,
}

impl House {
    fn new() -> Arc<Self> {
        let standing = HomeState {
            mode: Some("home".to_owned()),
            modes: vec!["home".to_owned(), "away \"now\"".to_owned()],
            devices: vec![
                (DeviceId(4), "Front yard".to_owned()),
                (DeviceId(5), "\"},{/+#\0".to_owned()),
            ],
        };
        Arc::new(Self { standing: watch::Sender::new(standing), wishes: Mutex::default() })
    }

    fn change(&self, change: impl FnOnce(&mut HomeState)) {
        self.standing.send_modify(change);
    }
}

impl HomeControl for House {
    fn next_state(&self, known: Option<HomeState>) -> BoxFuture<'_, HomeState> {
        Box::pin(async move {
            let mut standing = self.standing.subscribe();
            let now = standing.wait_for(|now| Some(now) != known.as_ref()).await.unwrap();
            now.clone()
        })
    }

    fn choose_mode(&self, mode: String) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            self.wishes.lock().unwrap().push(mode.clone());
            if !self.standing.borrow().modes.contains(&mode) {
                return Err(format!("there is no mode {mode:?}"));
            }
            self.change(|standing| standing.mode = Some(mode));
            Ok(())
        })
    }

    fn act<'a>(&'a self, _: &'a Action, _: &'a str) -> BoxFuture<'a, Result<Done, String>> {
        unreachable!("a broker has no buttons")
    }

    fn status(&self) -> BoxFuture<'_, Result<String, String>> {
        unreachable!("a broker has no commands")
    }

    fn last(&self, _: u32) -> BoxFuture<'_, Result<String, String>> {
        unreachable!("a broker has no commands")
    }

    fn devices(&self) -> BoxFuture<'_, Result<String, String>> {
        unreachable!("a broker has no commands")
    }

    fn memory(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn remember(&self, _: Vec<(String, String)>) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn wait_for_spare_turn<'a>(&'a self, _: &'a [Pace]) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn hook_url(&self) -> Option<String> {
        None
    }

    fn dashboard(&self) -> Option<String> {
        Some("https://tip.example".to_owned())
    }
}

/// A channel that is attended until this is dropped, as when the program ends.
struct Attended {
    channel: Arc<dyn Channel>,
    task: AbortHandle,
}

impl Attended {
    fn new(broker: &Mosquitto, house: &Arc<House>, more: &[(&str, Value)]) -> Self {
        Self::at(&broker.url(), house, more)
    }

    fn at(url: &str, house: &Arc<House>, more: &[(&str, Value)]) -> Self {
        let mut values = vec![("server", text(url))];
        values.extend_from_slice(more);
        let channel: Arc<dyn Channel> = channel("mqtt", &values).into();
        let (attended, house) = (Arc::clone(&channel), Arc::clone(house));
        let attending = async move { attended.run_background(&*house).unwrap().await };
        Self { channel, task: tokio::spawn(attending).abort_handle() }
    }

    async fn send(&self, story: Story) -> Outcome {
        send(&*self.channel, story).await
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn says(listener: &Listener, topic: &str, words: &str) -> Heard {
    let fits = |heard: &Heard| heard.topic == topic && heard.payload == words.as_bytes();
    listener.wait_for(fits).await.unwrap_or_else(|| panic!("{topic} did not say {words:?}"))
}

/// Waits until the last device is announced.
async fn announced(listener: &Listener, number: i64) -> Heard {
    let topic = format!("homeassistant/device/tipoff_{number}/config");
    listener.on(&topic).await.unwrap_or_else(|| panic!("{topic} is not there"))
}

fn retained(all: &[Heard], topic: &str) -> Option<String> {
    all.iter().find(|heard| heard.topic == topic).map(Heard::text)
}

/// What Home Assistant has discovered, by topic.
fn discovered(all: &[Heard]) -> Vec<Json> {
    let mut home = HomeAssistant::default();
    for heard in all.iter().filter(|heard| heard.topic.starts_with("homeassistant/")) {
        let checked = home.discover(&heard.topic, &heard.payload);
        checked.unwrap_or_else(|error| panic!("{}: {error}", heard.topic));
    }
    home.devices
}

#[tokio::test(flavor = "multi_thread")]
async fn home_assistant_finds_every_device_and_the_mode() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("#").unwrap();
    let two_minutes = Value::Duration(Duration::from_secs(120));
    let attended = Attended::new(&broker, &House::new(), &[("off_delay", two_minutes)]);
    announced(&listener, 5).await;
    let all = broker.retained().await.unwrap();
    let devices = discovered(&all);
    assert_eq!(devices.len(), 3);
    assert_eq!(retained(&all, "tipoff/status").unwrap(), "online");
    assert_eq!(retained(&all, "tipoff/mode").unwrap(), "home");
    let find = |id: &str| {
        let is = |device: &&Json| device["device"]["identifiers"][0] == id;
        devices.iter().find(is).unwrap()
    };
    let house = &find("tipoff")["components"];
    assert_eq!(house["mode"]["options"].as_array().unwrap().len(), 2);
    assert_eq!(house["mode"]["command_topic"], "tipoff/mode/set");
    assert_eq!(house["mode"]["availability_topic"], "tipoff/status");
    assert!(house["status"].get("availability_topic").is_none());
    let yard = find("tipoff_4");
    assert_eq!(yard["device"]["name"], "Front yard");
    assert_eq!(yard["device"]["via_device"], "tipoff");
    assert_eq!(yard["availability_topic"], "tipoff/status");
    let (motion, event) = (&yard["components"]["motion"], &yard["components"]["event"]);
    assert_eq!(motion["off_delay"], 120);
    assert_eq!(find("tipoff_5")["device"]["name"], "\"},{/+#");
    // What an alert makes of them.
    for (happens, on) in [(Event::Person, "ON"), (Event::Test, ""), (Event::End, "OFF")] {
        let listener = broker.listen("tipoff/+/event").unwrap();
        let story = Story::new().picture("p.jpg").change(|alert| alert.event = happens);
        delivered(&attended.send(story).await);
        let topic = motion["state_topic"].as_str().unwrap();
        let heard = listener.on(topic).await.unwrap();
        let template = motion["value_template"].as_str().unwrap();
        assert_eq!(render(template, &heard.payload).unwrap(), on);
        let all = broker.retained().await.unwrap();
        // Whoever starts later hears of no motion.
        assert_eq!(retained(&all, topic), None);
        let state = retained(&all, event["state_topic"].as_str().unwrap()).unwrap();
        let template = event["value_template"].as_str().unwrap();
        assert_eq!(render(template, state.as_bytes()).unwrap(), happens.as_str());
        let picture = yard["components"]["picture"]["image_topic"].as_str().unwrap();
        assert!(retained(&all, picture).is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_modes_and_without_discovery_nothing_of_them_is_there() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("#").unwrap();
    broker.publish("tipoff/mode", b"of an earlier configuration", true).unwrap();
    let house = House::new();
    house.change(|standing| (standing.mode, standing.modes) = (None, Vec::new()));
    let attended = Attended::new(&broker, &house, &[]);
    announced(&listener, 5).await;
    let all = broker.retained().await.unwrap();
    assert_eq!(retained(&all, "tipoff/mode"), None);
    let house_found = &discovered(&all)[0];
    assert_eq!(house_found["components"]["mode"].as_object().unwrap().len(), 1);
    drop(attended);
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("#").unwrap();
    let _attended = Attended::new(&broker, &house, &[("discovery", text(""))]);
    says(&listener, "tipoff/status", "online").await;
    says(&listener, "tipoff/mode", "").await;
    delivered(&_attended.send(Story::new()).await);
    assert!(discovered(&broker.retained().await.unwrap()).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_is_announced_before_its_first_alert_and_a_test_is_no_device() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("#").unwrap();
    let attended = Attended::new(&broker, &House::new(), &[]);
    announced(&listener, 5).await;
    let story = |id, name: &str| {
        let name = name.to_owned();
        Story::new().change(move |alert| (alert.device_id, alert.device) = (DeviceId(id), name))
    };
    delivered(&attended.send(story(0, "Tipoff")).await);
    delivered(&attended.send(story(9, "New")).await);
    delivered(&attended.send(story(9, "New")).await);
    listener.on("tipoff/new-9/event").await.unwrap();
    let topics: Vec<String> = listener.log().all().into_iter().map(|heard| heard.topic).collect();
    let place = |topic: &str| topics.iter().position(|it| it == topic).unwrap();
    let config = "homeassistant/device/tipoff_9/config";
    assert!(place(config) < place("tipoff/new-9/state"));
    assert_eq!(topics.iter().filter(|topic| *topic == config).count(), 1);
    assert!(!topics.iter().any(|topic| topic.contains("tipoff_0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_device_stays_the_same_and_leaves_nothing_behind() {
    let broker = Mosquitto::open().unwrap();
    let (listener, house) = (broker.listen("#").unwrap(), House::new());
    let attended = Attended::new(&broker, &house, &[]);
    announced(&listener, 5).await;
    delivered(&attended.send(Story::new().picture("p.jpg")).await);
    house.change(|standing| standing.devices[0].1 = "Back yard".to_owned());
    says(&listener, "tipoff/front-yard-4/picture", "").await;
    let all = broker.retained().await.unwrap();
    assert!(!all.iter().any(|heard| heard.topic.contains("front-yard")));
    let config = retained(&all, "homeassistant/device/tipoff_4/config").unwrap();
    let config: Json = serde_json::from_str(&config).unwrap();
    assert_eq!(config["device"]["name"], "Back yard");
    assert_eq!(config["components"]["motion"]["unique_id"], "tipoff_4_motion");
    assert_eq!(config["components"]["motion"]["state_topic"], "tipoff/back-yard-4/event");
}

/// Home Assistant subscribes some 600 ms after the announcement; here somebody subscribes when the alert has
/// long been told.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_alert_of_a_new_or_renamed_device_shows_motion() {
    let broker = Mosquitto::open().unwrap();
    let (listener, house) = (broker.listen("#").unwrap(), House::new());
    let attended = Attended::new(&broker, &house, &[]);
    announced(&listener, 5).await;
    house.change(|standing| standing.devices[0].1 = "Back yard".to_owned());
    says(&listener, "tipoff/front-yard-4/picture", "").await;
    for (id, name, slug) in [(9, "New", "new-9"), (4, "Back yard", "back-yard-4")] {
        let story = Story::new().picture("p.jpg").change(|alert| {
            (alert.device_id, alert.device) = (DeviceId(id), name.to_owned());
        });
        delivered(&attended.send(story).await);
        let topic = format!("tipoff/{slug}/event");
        listener.on(&topic).await.unwrap();
        let late = broker.listen(&topic).unwrap();
        let heard = late.on(&topic).await.unwrap();
        let all = broker.retained().await.unwrap();
        let config = retained(&all, &format!("homeassistant/device/tipoff_{id}/config")).unwrap();
        let motion = &serde_json::from_str::<Json>(&config).unwrap()["components"]["motion"];
        assert_eq!(motion["state_topic"], topic.as_str());
        let template = motion["value_template"].as_str().unwrap();
        assert_eq!(render(template, &heard.payload).unwrap(), "ON");
        // Whoever listens for alerts does not take it for one.
        assert_eq!((heard.json()["kind"].as_str(), heard.retained), (Some("repeated"), false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_motion_is_not_published_again() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("#").unwrap();
    let attended = Attended::new(&broker, &House::new(), &[]);
    announced(&listener, 5).await;
    for (id, happens) in [(9, Event::Motion), (9, Event::End), (10, Event::Motion)] {
        let story = Story::new().change(|alert| {
            (alert.device_id, alert.event) = (DeviceId(id), happens);
            alert.device = "New".to_owned();
        });
        delivered(&attended.send(story).await);
    }
    let is_repeated = |heard: &Heard| heard.json()["kind"] == "repeated";
    let first = listener.wait_for(is_repeated).await.unwrap();
    assert_eq!(first.topic, "tipoff/new-10/event", "announced later than the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entity_id_has_no_address_and_a_device_leads_to_its_page() {
    let broker = Mosquitto::open().unwrap();
    let (listener, house) = (broker.listen("#").unwrap(), House::new());
    let names = ["cam1 (192.168.1.20)", "192.168.1.21"];
    house.change(|standing| {
        for (device, name) in standing.devices.iter_mut().zip(names) {
            device.1 = name.to_owned();
        }
    });
    let _attended = Attended::new(&broker, &house, &[]);
    announced(&listener, 5).await;
    let devices = discovered(&broker.retained().await.unwrap());
    let find =
        |id: &str| devices.iter().find(|device| device["device"]["identifiers"][0] == id).unwrap();
    for (unique, base) in [("tipoff_4", "cam1"), ("tipoff_5", "tipoff_5")] {
        let components = &find(unique)["components"];
        let id = |component: &str| components[component]["default_entity_id"].clone();
        assert_eq!(id("motion"), format!("binary_sensor.{base}_motion"));
        assert_eq!(id("picture"), format!("image.{base}_picture"));
        assert_eq!(id("event"), format!("sensor.{base}_last_event"));
    }
    let url = |unique: &str| find(unique)["device"]["configuration_url"].clone();
    assert_eq!(url("tipoff_4"), "https://tip.example/devices/4");
    assert_eq!(url("tipoff"), "https://tip.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_of_renamed_and_removed_devices_are_removed() {
    let broker = Mosquitto::open().unwrap();
    let (listener, house) = (broker.listen("#").unwrap(), House::new());
    // From before this start: a name that was changed meanwhile, a device that is no more, and what stays.
    let discovery = |id: i64| format!("homeassistant/device/tipoff_{id}/config");
    for topic in [
        "tipoff/old-name-4/state",
        "tipoff/old-name-4/picture",
        "tipoff/ghost-77/state",
        "tipoff/ghost-77/picture",
        &discovery(77),
        "tipoff/front-yard-4/state",
        "other/ghost-77/state",
    ] {
        broker.publish(topic, b"{}", true).unwrap();
    }
    let _attended = Attended::new(&broker, &house, &[]);
    announced(&listener, 5).await;
    for topic in ["tipoff/old-name-4/picture", "tipoff/ghost-77/picture", &discovery(77)] {
        says(&listener, topic, "").await;
    }
    let all = broker.retained().await.unwrap();
    assert!(!all.iter().any(|heard| heard.topic.contains("old-name-4")), "{all:?}");
    assert!(!all.iter().any(|heard| heard.topic.contains("tipoff/ghost")), "{all:?}");
    assert!(retained(&all, "tipoff/front-yard-4/state").is_some());
    assert!(retained(&all, "other/ghost-77/state").is_some());
    assert!(retained(&all, &discovery(4)).is_some());
    // While the program runs.
    house.change(|standing| standing.devices.truncate(1));
    says(&listener, &discovery(5), "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_goes_both_ways() {
    let broker = Mosquitto::open().unwrap();
    let (listener, house) = (broker.listen("#").unwrap(), House::new());
    // What is retained there is no wish of now.
    broker.publish("tipoff/mode/set", b"away \"now\"", true).unwrap();
    let _attended = Attended::new(&broker, &house, &[]);
    announced(&listener, 5).await;
    says(&listener, "tipoff/mode", "home").await;
    assert!(house.wishes.lock().unwrap().is_empty());
    broker.publish("tipoff/mode/set", b"away \"now\"", false).unwrap();
    says(&listener, "tipoff/mode", "away \"now\"").await;
    // Chosen elsewhere.
    house.change(|standing| standing.mode = Some("home".to_owned()));
    for wrong in [&b"nowhere"[..], &[0xff, 0xfe], &[b'x'; 201], &[b'x'; 100_000], b""] {
        broker.publish("tipoff/mode/set", wrong, false).unwrap();
    }
    broker.publish("tipoff/mode/set", "away \"now\"".as_bytes(), false).unwrap();
    let twice = |heard: &Heard| heard.topic == "tipoff/mode" && heard.text() == "away \"now\"";
    while listener.log().all().iter().filter(|heard| twice(heard)).count() < 2 {
        let count = listener.log().len() + 1;
        assert!(listener.log().wait_for(count).await.len() >= count);
    }
    let wishes = house.wishes.lock().unwrap().clone();
    assert_eq!(wishes.first().unwrap(), "away \"now\"");
    assert!(wishes.iter().all(|wish| wish.len() <= 200), "{wishes:?}");
    assert_eq!(house.standing.borrow().mode.as_deref(), Some("away \"now\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_will_is_published_when_the_connection_breaks() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("tipoff/status").unwrap();
    let attended = Attended::new(&broker, &House::new(), &[]);
    says(&listener, "tipoff/status", "online").await;
    drop(attended);
    says(&listener, "tipoff/status", "offline").await;
    let all = broker.retained().await.unwrap();
    assert_eq!(retained(&all, "tipoff/status").unwrap(), "offline");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_will_of_an_older_connection_is_answered() {
    let broker = Mosquitto::open().unwrap();
    let (listener, house) = (broker.listen("tipoff/status").unwrap(), House::new());
    let old = Attended::new(&broker, &house, &[]);
    says(&listener, "tipoff/status", "online").await;
    let _new = Attended::new(&broker, &house, &[]);
    let online = |count: usize| {
        let listener = &listener;
        async move {
            listener.log().wait_for(count).await;
            listener.log().all().last().unwrap().text()
        }
    };
    assert_eq!(online(2).await, "online");
    drop(old);
    // The will, and the answer.
    assert_eq!(online(4).await, "online");
    let said: Vec<String> = listener.log().all().iter().map(Heard::text).collect();
    assert_eq!(said, ["online", "online", "offline", "online"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_beside_the_running_program_changes_no_status() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("tipoff/#").unwrap();
    let other = common::channel("mqtt", &[("server", text(&broker.url()))]);
    delivered(&send(&*other, Story::new()).await);
    let attended = Attended::new(&broker, &House::new(), &[]);
    says(&listener, "tipoff/status", "online").await;
    delivered(&send(&*other, Story::new().picture("p.jpg")).await);
    drop(other);
    delivered(&attended.send(Story::new()).await);
    let said = listener.log().all().into_iter().filter(|heard| heard.topic == "tipoff/status");
    assert_eq!(said.map(|heard| heard.text()).collect::<Vec<_>>(), ["online"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_comes_back_gets_everything_again() {
    let mut broker = Mosquitto::open().unwrap();
    let listener = broker.listen("#").unwrap();
    let soon = Value::Duration(Duration::from_secs(5));
    let attended = Attended::new(&broker, &House::new(), &[("timeout", soon)]);
    announced(&listener, 5).await;
    delivered(&attended.send(Story::new()).await);
    broker.stop();
    let (scope, _, error) = retried(&attended.send(Story::new()).await);
    assert_eq!(scope, Scope::Unreachable);
    assert!(error.contains("broke") || error.contains("cannot be reached"), "{error}");
    broker.resume().unwrap();
    let listener = broker.listen("#").unwrap();
    // At once, whether or not the connection that is kept is back.
    delivered(&attended.send(Story::new().picture("p.jpg")).await);
    announced(&listener, 5).await;
    let all = broker.retained().await.unwrap();
    assert_eq!(discovered(&all).len(), 3);
    assert_eq!(retained(&all, "tipoff/status").unwrap(), "online");
    assert_eq!(retained(&all, "tipoff/mode").unwrap(), "home");
    delivered(&attended.send(Story::new()).await);
    // One connection is kept, and alerts go by it: one for each of the two that were sent without.
    assert!(broker.log().matches("New client connected").count() <= 6, "{}", broker.log());
}

/// A way to a broker that can become a dead end: connections stay, and nothing moves on them any more.
/// New ones are not concerned.
struct Way {
    url: String,
    age: watch::Sender<u32>,
}

impl Way {
    async fn to(broker: &Mosquitto) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("mqtt://{}", listener.local_addr().unwrap());
        let (age, port) = (watch::Sender::new(0), broker.port());
        let ages = age.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut age = ages.subscribe();
                let mine = *age.borrow();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    let frozen = async { drop(age.wait_for(|age| *age > mine).await) };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
                        () = frozen => {}
                    }
                    std::future::pending().await
                });
            }
        });
        Self { url, age }
    }

    fn freeze(&self) {
        self.age.send_modify(|age| *age += 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed() {
    let broker = Mosquitto::open().unwrap();
    let (listener, way) = (broker.listen("#").unwrap(), Way::to(&broker).await);
    let soon = [("timeout", Value::Duration(Duration::from_secs(1)))];
    let attended = Attended::at(&way.url, &House::new(), &soon);
    announced(&listener, 5).await;
    let online = || listener.log().all().iter().filter(|it| it.payload == b"online").count();
    assert_eq!(online(), 1);
    // Nothing that was said before is unacknowledged then.
    delivered(&attended.send(Story::new()).await);
    way.freeze();
    let (scope, after, error) = retried(&attended.send(Story::new()).await);
    assert_eq!((scope, after), (Scope::Unreachable, None));
    assert!(error.ends_with("did not answer within 1 s"), "{error}");
    // By a connection of its own, at once; the one that is kept comes back by itself.
    delivered(&attended.send(Story::new()).await);
    while online() < 2 {
        let count = listener.log().len() + 1;
        assert!(listener.log().wait_for(count).await.len() >= count);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_retried_until_it_is_corrected() {
    let lines = "allow_anonymous false\npassword_file {folder}/users";
    let mut broker = Mosquitto::start(lines, &[("users", "")]).unwrap();
    let listener = broker.listen("tipoff/status").unwrap();
    let login = [("user", text("me")), ("password", text("passw0rd"))];
    let attended = Attended::new(&broker, &House::new(), &login);
    let (_, after, error) = retried(&attended.send(Story::new()).await);
    assert!(after.is_some() && error.contains("refuses the login"), "{error}");
    drop(listener);
    broker.put_user("users", "me", "passw0rd").unwrap();
    broker.resume().unwrap();
    let listener = broker.listen("tipoff/status").unwrap();
    says(&listener, "tipoff/status", "online").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_messages_are_answered_at_a_limited_rate() {
    let broker = Mosquitto::open().unwrap();
    let listener = broker.listen("tipoff/status").unwrap();
    let _attended = Attended::new(&broker, &House::new(), &[]);
    says(&listener, "tipoff/status", "online").await;
    let begun = std::time::Instant::now();
    for _ in 0..50 {
        broker.publish("tipoff/status", b"offline", true).unwrap();
    }
    listener.log().wait_for(52).await;
    while listener.log().all().last().unwrap().payload != b"online" {
        let count = listener.log().len() + 1;
        assert!(listener.log().wait_for(count).await.len() >= count);
    }
    let said = listener.log().all();
    let answers = said.iter().filter(|heard| heard.payload == b"online").count() - 1;
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!((1..=seconds + 2).contains(&answers), "{answers} answers in {seconds} s");
}
