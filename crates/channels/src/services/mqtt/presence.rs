//! Publishes, beside the alerts, whether Tipoff runs, the home mode and the devices; and applies the modes that are
//! requested at the broker. Keeps one connection for as long as it is polled.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use rumqttc::{LastWill, Publish, QoS};
use tipoff_model::DeviceId;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep};

use super::broker::{Broken, Trouble};
use super::connection::{Announced, DEVICES_MAX, Up, in_time, lock, say};
use super::motions;
use super::topics::Topics;
use super::{Mqtt, OFFLINE, ONLINE, discovery, sweep};
use crate::{HomeControl, HomeState, home_control};

/// The first pause between two connection attempts; the pauses grow.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause. Together with the connection's time limit, a broker that is back is found within 30 s.
const PAUSE_MAX: Duration = Duration::from_secs(20);
/// The pause before `online` is published again, after another client published something else.
const ONLINE_PAUSE: Duration = Duration::from_secs(1);
/// Length limit of a requested mode's name, in bytes.
const MODE_BYTES_MAX: usize = 200;

/// Keeps a connection; makes a new one, after a pause, when it breaks.
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
async fn stay(mqtt: &Mqtt, home_control: &dyn HomeControl) -> (bool, Trouble) {
    let will = LastWill::new(mqtt.topics.status(), OFFLINE, QoS::AtLeastOnce, true);
    let (line, mut wire) = match mqtt.broker.connect(Some(will)).await {
        Ok(connected) => connected,
        Err(trouble) => return (false, trouble),
    };
    tracing::info!(broker = %mqtt.broker, "Connected to the broker.");
    let (announcements, announced) = mpsc::channel(DEVICES_MAX);
    let dashboard = home_control.dashboard().map(Arc::from);
    let up = Up { line: line.clone(), announced: Arc::default(), announcements, dashboard };
    let _held = mqtt.kept.hold(up.clone());
    let ears = Ears::default();
    let trouble = tokio::select! {
        biased;
        error = wire.run(|publish| ears.hear(&mqtt.topics, publish)) => mqtt.broker.trouble(&error),
        trouble = present(mqtt, &up, &ears, announced, home_control) => trouble,
        () = line.given_up() => mqtt.broker.late(),
    };
    (true, trouble)
}

/// A requested mode, or the fault in the request.
type Wish = Result<String, &'static str>;

/// Messages that were received and not yet handled: the latest of each kind only.
#[derive(Default)]
struct Ears {
    /// The status topic holds something else than `online`.
    offline: Notify,
    /// The latest request for a mode.
    mode: watch::Sender<Option<Wish>>,
    /// Retained states of devices from before this connection.
    states: sweep::States,
}

impl Ears {
    fn hear(&self, topics: &Topics, publish: &Publish) {
        if publish.topic == topics.status() {
            // The last will of an older connection may be published after our `online`, such as after an edit of the settings.
            if publish.payload != ONLINE {
                self.offline.notify_one();
            }
        } else if publish.topic == topics.mode_set() {
            let chosen = match std::str::from_utf8(&publish.payload) {
                // It would come again with every connection, and undo what was chosen since.
                _ if publish.retain => Err("it is retained, and so no wish of now"),
                Ok(mode) if mode.len() <= MODE_BYTES_MAX => Ok(mode.to_owned()),
                _ => Err("it is no name of a mode"),
            };
            self.mode.send_replace(Some(chosen));
        } else if publish.retain {
            self.states.hear(topics, &String::from_utf8_lossy(&publish.topic));
        }
    }
}

/// Publishes everything, then every change. Returns why that ended.
async fn present(
    mqtt: &Mqtt,
    up: &Up,
    ears: &Ears,
    announced: mpsc::Receiver<Announced>,
    home_control: &dyn HomeControl,
) -> Trouble {
    let talk = async {
        for topic in [mqtt.topics.status(), mqtt.topics.mode_set()] {
            if !in_time(mqtt, up.line.subscribe(&topic)).await? {
                tracing::warn!(broker = %mqtt.broker, topic, "The broker lets nobody listen there.");
            }
        }
        in_time(mqtt, say(&up.line, &mqtt.topics.status(), ONLINE)).await?;
        tokio::try_join!(
            stay_online(mqtt, up, ears),
            show(mqtt, up, home_control),
            motions::repeat(mqtt, up, announced),
            sweep::sweep(mqtt, up, &ears.states, home_control),
            async { Ok(obey(ears, home_control).await) },
        )
    };
    match talk.await {
        Err(trouble) => trouble,
        Ok((never, ..)) => match never {},
    }
}

/// Publishes `online` again whenever the status topic holds something else.
async fn stay_online(mqtt: &Mqtt, up: &Up, ears: &Ears) -> Result<Infallible, Trouble> {
    loop {
        ears.offline.notified().await;
        in_time(mqtt, say(&up.line, &mqtt.topics.status(), ONLINE)).await?;
        sleep(ONLINE_PAUSE).await;
    }
}

/// Publishes the mode and the devices whenever they change.
async fn show(mqtt: &Mqtt, up: &Up, home_control: &dyn HomeControl) -> Result<Infallible, Trouble> {
    let mut known: Option<HomeState> = None;
    loop {
        let now = home_control.next_state(known.clone()).await;
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
            in_time(mqtt, sweep::forget(mqtt, up, id, &mqtt.topics.of_device(id, &name))).await?;
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
async fn obey(ears: &Ears, home_control: &dyn HomeControl) -> Infallible {
    let mut wishes = ears.mode.subscribe();
    loop {
        // The first may have come before anybody waited for it.
        let wish = wishes.borrow_and_update().clone();
        if let Some(wish) = wish {
            fulfil(wish, home_control).await;
        }
        if wishes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn fulfil(wish: Wish, home_control: &dyn HomeControl) {
    let (mode, chosen) = match wish {
        Ok(mode) => (mode.clone(), home_control.choose_mode(mode).await),
        Err(why) => (String::new(), Err(why.to_owned())),
    };
    match chosen {
        Ok(()) => tracing::info!(mode, "A mode was chosen by MQTT."),
        Err(why) => tracing::warn!(mode, why, "A mode was wished for by MQTT and not chosen."),
    }
}

/// Announces a device to Home Assistant, unless it was announced on this connection.
pub(super) async fn announce(mqtt: &Mqtt, up: &Up, id: DeviceId, name: &str) -> Result<(), Broken> {
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
            sweep::clear(up, &before).await?;
        }
    }
    let mut announced = lock(&up.announced);
    if announced.len() < DEVICES_MAX {
        announced.insert(id, name.to_owned());
    }
    Ok(())
}
