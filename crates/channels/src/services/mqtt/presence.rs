//! The background task of an MQTT channel. It keeps one connection for as long as it is polled. On it, it
//! publishes whether Tipoff runs, the home mode and the devices, and applies the modes that are requested
//! at the broker. Alerts use the same connection ([`super::connection`]).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::{LastWill, Publish, QoS};
use tipoff_model::DeviceId;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep};

use super::broker::MqttFailure;
use super::connection::{Announced, DEVICES_MAX, LiveConnection, in_time, say};
use super::motion_repeats;
use super::publisher::ConnectionLost;
use super::topics::Topics;
use super::{Mqtt, OFFLINE, ONLINE, discovery, retained_cleanup};
use crate::lock::lock;
use crate::{HomeControl, HomeState, home_control};

/// The first pause between two connection attempts; the pauses grow.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause. Together with the connection's time limit, a broker that is back is found within 30 s.
const PAUSE_MAX: Duration = Duration::from_secs(20);
/// The pause before `online` is published again, after another client published something else.
const ONLINE_PAUSE: Duration = Duration::from_secs(1);
/// Length limit of a requested mode's name, in bytes.
const MODE_BYTES_MAX: usize = 200;

/// Keeps a connection. When it breaks, makes a new one after a pause. A connection that lasted resets the
/// pause.
pub(super) async fn keep(mqtt: &Mqtt, home_control: &dyn HomeControl) {
    let (mut pause, mut told) = (PAUSE_MIN, false);
    loop {
        let begun = Instant::now();
        let (was_up, trouble) = stay(mqtt, home_control).await;
        // Logged once, not at every attempt.
        if was_up || !told {
            told = true;
            tracing::warn!(error = %trouble.error, "The broker is told nothing until it is back.");
        }
        if begun.elapsed() > PAUSE_MAX {
            pause = PAUSE_MIN;
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(PAUSE_MAX);
    }
}

/// Runs one connection until it ends. Returns whether it was established, and why it ended.
async fn stay(mqtt: &Mqtt, home_control: &dyn HomeControl) -> (bool, MqttFailure) {
    let will = LastWill::new(mqtt.topics.status(), OFFLINE, QoS::AtLeastOnce, true);
    let (line, mut wire) = match mqtt.broker.connect(Some(will)).await {
        Ok(connected) => connected,
        Err(trouble) => return (false, trouble),
    };
    tracing::info!(broker = %mqtt.broker, "Connected to the broker.");
    let (announcements, announced) = mpsc::channel(DEVICES_MAX);
    let dashboard = home_control.dashboard().map(Arc::from);
    let up = LiveConnection {
        line: line.clone(),
        announced: Arc::default(),
        announced_more: Arc::default(),
        announcements,
        dashboard,
    };
    let _held = mqtt.kept.hold(up.clone());
    let received = ReceivedMessages::default();
    let trouble = tokio::select! {
        biased;
        error = wire.run(|publish| received.receive(&mqtt.topics, publish)) => mqtt.broker.trouble(&error),
        trouble = publish_household(mqtt, &up, &received, announced, home_control) => trouble,
        () = line.given_up() => mqtt.broker.late(),
    };
    (true, trouble)
}

/// A requested mode, or the fault in the request.
type ModeRequest = Result<String, &'static str>;

/// Messages that were received and not yet handled: the latest of each kind only.
#[derive(Default)]
struct ReceivedMessages {
    /// The status topic holds something else than `online`.
    offline: Notify,
    /// The latest request for a mode.
    mode: watch::Sender<Option<ModeRequest>>,
    /// Topics of devices that hold a retained state from before this connection.
    states: retained_cleanup::RetainedStates,
}

impl ReceivedMessages {
    /// Sorts a message by its topic. Runs inside the event loop, so it only notes what is to be done.
    fn receive(&self, topics: &Topics, publish: &Publish) {
        if publish.topic == topics.status() {
            // The last will of an older connection may be published after our `online`, such as after an edit of the
            // settings.
            if publish.payload != ONLINE {
                self.offline.notify_one();
            }
        } else if publish.topic == topics.mode_set() {
            let chosen = match std::str::from_utf8(&publish.payload) {
                // The broker repeats a retained message on every connection: it would undo later choices.
                _ if publish.retain => {
                    Err("the request is retained: publish it without the retain flag")
                }
                Ok(mode) if mode.len() <= MODE_BYTES_MAX => Ok(mode.to_owned()),
                _ => Err("the request is not the name of a mode"),
            };
            self.mode.send_replace(Some(chosen));
        } else if publish.retain {
            self.states.receive(topics, &String::from_utf8_lossy(&publish.topic));
        }
    }
}

/// Publishes everything, then every change. Returns why that ended.
async fn publish_household(
    mqtt: &Mqtt,
    up: &LiveConnection,
    received: &ReceivedMessages,
    announced: mpsc::Receiver<Announced>,
    home_control: &dyn HomeControl,
) -> MqttFailure {
    let talk = async {
        for topic in [mqtt.topics.status(), mqtt.topics.mode_set()] {
            if !in_time(mqtt, up.line.subscribe(&topic)).await? {
                tracing::warn!(broker = %mqtt.broker, topic, "The broker lets nobody listen there.");
            }
        }
        in_time(mqtt, say(&up.line, &mqtt.topics.status(), ONLINE)).await?;
        tokio::try_join!(
            stay_online(mqtt, up, received),
            show(mqtt, up, home_control),
            motion_repeats::repeat(mqtt, up, announced),
            retained_cleanup::sweep(mqtt, up, &received.states, home_control),
            async { Ok(apply_mode_requests(received, home_control).await) },
        )
    };
    match talk.await {
        Err(trouble) => trouble,
        Ok((never, ..)) => match never {},
    }
}

/// Publishes `online` again whenever the status topic holds something else.
async fn stay_online(
    mqtt: &Mqtt,
    up: &LiveConnection,
    received: &ReceivedMessages,
) -> Result<Infallible, MqttFailure> {
    loop {
        received.offline.notified().await;
        in_time(mqtt, say(&up.line, &mqtt.topics.status(), ONLINE)).await?;
        sleep(ONLINE_PAUSE).await;
    }
}

/// Publishes the mode and the devices whenever they change.
async fn show(
    mqtt: &Mqtt,
    up: &LiveConnection,
    home_control: &dyn HomeControl,
) -> Result<Infallible, MqttFailure> {
    let mut known: Option<HomeState> = None;
    loop {
        let now = tokio::select! {
            now = home_control.next_state(known.clone()) => now,
            // A new device is announced by its first alert. It is read at once: if it went before it was read, it would
            // be in no list, and its messages would stay.
            () = up.announced_more.notified() => home_control.next_state(None).await,
        };
        let before = known.as_ref();
        if before.is_none_or(|before| before.modes != now.modes)
            && let Some(topic) = mqtt.topics.discovery(None)
        {
            let house = discovery::house(&mqtt.topics, &now.modes, up.dashboard.as_deref());
            in_time(mqtt, up.line.publish(&topic, true, house.into_bytes())).await?;
        }
        if before.is_none_or(|before| before.mode != now.mode) {
            // Without modes, this clears the mode of an earlier configuration.
            let mode = now.mode.as_deref().unwrap_or_default();
            in_time(mqtt, say(&up.line, &mqtt.topics.mode(), mode)).await?;
        }
        for (id, name) in now.devices.iter().take(DEVICES_MAX) {
            in_time(mqtt, announce(mqtt, up, *id, name)).await?;
        }
        for (id, name) in before.map(|before| gone(before, &now)).unwrap_or_default() {
            lock(&up.announced).remove(&id);
            in_time(
                mqtt,
                retained_cleanup::forget(mqtt, up, id, &mqtt.topics.of_device(id, &name)),
            )
            .await?;
        }
        known = Some(now);
    }
}

/// The devices that no longer exist. A configured device that was renamed is a new device.
fn gone(before: &HomeState, now: &HomeState) -> Vec<(DeviceId, String)> {
    // The list is cut: a missing device may still exist.
    if now.devices.len() >= home_control::DEVICES_MAX {
        return Vec::new();
    }
    let is_gone = |id: &DeviceId| now.devices.iter().all(|(other, _)| other != id);
    before.devices.iter().filter(|(id, _)| is_gone(id)).cloned().collect()
}

/// Applies requested modes.
async fn apply_mode_requests(
    received: &ReceivedMessages,
    home_control: &dyn HomeControl,
) -> Infallible {
    let mut requests = received.mode.subscribe();
    loop {
        // A request may have arrived before this loop began.
        let request = requests.borrow_and_update().clone();
        if let Some(request) = request {
            apply_mode_request(request, home_control).await;
        }
        if requests.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Applies a request, or logs why it is not applied. The answer to the sender is the mode topic, which does
/// not change.
async fn apply_mode_request(request: ModeRequest, home_control: &dyn HomeControl) {
    let (mode, chosen) = match request {
        Ok(mode) => (mode.clone(), home_control.choose_mode(mode).await),
        Err(why) => (String::new(), Err(why.to_owned())),
    };
    match chosen {
        Ok(()) => tracing::info!(mode, "A mode was chosen by MQTT."),
        Err(why) => tracing::warn!(mode, why, "A mode was wished for by MQTT and not chosen."),
    }
}

/// Announces a device to Home Assistant, unless it was announced on this connection under this name. Clears
/// the retained messages of an earlier name.
pub(super) async fn announce(
    mqtt: &Mqtt,
    up: &LiveConnection,
    id: DeviceId,
    name: &str,
) -> Result<(), ConnectionLost> {
    // A test alert has no device.
    if id.0 == 0 {
        return Ok(());
    }
    let before = lock(&up.announced).get(&id).cloned();
    if before.as_deref() == Some(name) {
        return Ok(());
    }
    if let Some(topic) = mqtt.topics.discovery(Some(id)) {
        let dashboard = up.dashboard.as_deref();
        let device = discovery::device(&mqtt.topics, id, name, mqtt.off_delay, dashboard);
        up.line.publish(&topic, true, device.into_bytes()).await?;
        // If the queue is full, motion is not repeated for this device.
        let _ = up.announcements.try_send(Announced { device: id, name: name.to_owned() });
    }
    if let Some(before) = before {
        let (before, now) = (mqtt.topics.of_device(id, &before), mqtt.topics.of_device(id, name));
        if before != now {
            // Clears the retained messages of the old name: MQTT 3.1.1, section 3.3.1.3.
            retained_cleanup::clear(up, &before).await?;
        }
    }
    let mut announced = lock(&up.announced);
    if announced.len() < DEVICES_MAX && announced.insert(id, name.to_owned()).is_none() {
        up.announced_more.notify_one();
    }
    Ok(())
}
