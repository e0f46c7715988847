//! Clears retained messages of renamed and removed devices. They are found by their retained states, so that this also
//! works after a change while Tipoff was not running.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};

use tipoff_model::DeviceId;
use tokio::sync::Notify;

use super::Mqtt;
use super::broker::{Broken, Trouble};
use super::connection::{DEVICES_MAX, Up, in_time, say};
use super::topics::{DeviceTopics, Topics};
use crate::{HomeControl, home_control};

/// Retained states from before this connection, by topic.
#[derive(Default)]
pub(super) struct States {
    heard: Mutex<BTreeMap<String, (DeviceId, DeviceTopics)>>,
    grown: Notify,
}

impl States {
    /// Handles a retained message.
    pub(super) fn hear(&self, topics: &Topics, topic: &str) {
        let Some(found) = topics.of_state(topic) else {
            return;
        };
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() < DEVICES_MAX {
            heard.insert(topic.to_owned(), found);
            self.grown.notify_one();
        }
    }

    fn take(&self) -> BTreeMap<String, (DeviceId, DeviceTopics)> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Clears the states that belong to no current device.
pub(super) async fn sweep(
    mqtt: &Mqtt,
    up: &Up,
    states: &States,
    home_control: &dyn HomeControl,
) -> Result<Infallible, Trouble> {
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
                // A test's, or of one that has sent something since.
                None if id.0 == 0 || !knows_all || up.has_announced(id) => {}
                None => in_time(mqtt, forget(mqtt, up, id, &there)).await?,
            }
        }
    }
}

/// Clears everything of a removed device, also in Home Assistant.
pub(super) async fn forget(
    mqtt: &Mqtt,
    up: &Up,
    device: DeviceId,
    topics: &DeviceTopics,
) -> Result<(), Broken> {
    if let Some(topic) = mqtt.topics.discovery(Some(device)) {
        say(&up.line, &topic, "").await?;
    }
    clear(up, topics).await
}

/// MQTT 3.1.1, section 3.3.1.3: an empty message clears the retained one.
pub(super) async fn clear(up: &Up, topics: &DeviceTopics) -> Result<(), Broken> {
    say(&up.line, &topics.state, "").await?;
    say(&up.line, &topics.picture, "").await
}
