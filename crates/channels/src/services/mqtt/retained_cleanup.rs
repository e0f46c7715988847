//! Clears retained messages of renamed and removed devices. A broker keeps a retained message for ever, and Home
//! Assistant would show a device that no longer exists. Such messages are found by their retained states, so that
//! this also works after a change while Tipoff was not running.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;

use tipoff_model::DeviceId;
use tokio::sync::Notify;

use super::Mqtt;
use super::broker::MqttFailure;
use super::connection::{DEVICES_MAX, LiveConnection, in_time, say};
use super::publisher::ConnectionLost;
use super::topics::{DeviceTopics, Topics};
use crate::lock::lock;
use crate::{HomeControl, home_control};

/// Retained states from before this connection, by topic.
#[derive(Default)]
pub(super) struct RetainedStates {
    /// Not handled yet. At most [`DEVICES_MAX`]: what is left out is found at the next connection.
    seen: Mutex<BTreeMap<String, (DeviceId, DeviceTopics)>>,
    /// Wakes [`sweep`].
    grown: Notify,
}

impl RetainedStates {
    /// Notes the device of a retained message, if the topic is a device's state.
    pub(super) fn receive(&self, topics: &Topics, topic: &str) {
        let Some(found) = topics.of_state(topic) else {
            return;
        };
        let mut seen = lock(&self.seen);
        if seen.len() < DEVICES_MAX {
            seen.insert(topic.to_owned(), found);
            self.grown.notify_one();
        }
    }

    /// Takes the states that were not handled yet.
    fn take(&self) -> BTreeMap<String, (DeviceId, DeviceTopics)> {
        std::mem::take(&mut *lock(&self.seen))
    }
}

/// Clears the retained messages of devices that no longer exist or have another name.
pub(super) async fn sweep(
    mqtt: &Mqtt,
    up: &LiveConnection,
    states: &RetainedStates,
    home_control: &dyn HomeControl,
) -> Result<Infallible, MqttFailure> {
    // If the broker refuses this subscription, its retained messages stay.
    in_time(mqtt, up.line.subscribe(&mqtt.topics.states())).await?;
    loop {
        states.grown.notified().await;
        let now = home_control.next_state(None).await;
        let knows_all = now.devices.len() < home_control::DEVICES_MAX;
        for (_, (id, there)) in states.take() {
            let name = now.devices.iter().find(|(other, _)| *other == id).map(|(_, name)| name);
            match name {
                Some(name) if mqtt.topics.of_device(id, name) == there => {}
                Some(_) => in_time(mqtt, clear(up, &there)).await?,
                // Of a test alert, of a device that may exist beyond the limit of the list, or of one that
                // sent something meanwhile.
                None if id.0 == 0 || !knows_all || up.has_announced(id) => {}
                None => in_time(mqtt, forget(mqtt, up, id, &there)).await?,
            }
        }
    }
}

/// Clears everything of a removed device, also in Home Assistant.
pub(super) async fn forget(
    mqtt: &Mqtt,
    up: &LiveConnection,
    device: DeviceId,
    topics: &DeviceTopics,
) -> Result<(), ConnectionLost> {
    if let Some(topic) = mqtt.topics.discovery(Some(device)) {
        say(&up.line, &topic, "").await?;
    }
    clear(up, topics).await
}

/// Clears the state and the picture at these topics. An empty retained message clears the one before it (MQTT
/// 3.1.1, section 3.3.1.3).
pub(super) async fn clear(
    up: &LiveConnection,
    topics: &DeviceTopics,
) -> Result<(), ConnectionLost> {
    say(&up.line, &topics.state, "").await?;
    say(&up.line, &topics.picture, "").await
}
