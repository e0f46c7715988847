//! What devices have left at the broker under names that they no longer have, or that are no more: found by their
//! retained states, so that it goes away also where a name was changed while the program was not there.

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

/// States that were there before us, by their topic.
#[derive(Default)]
pub(super) struct States {
    heard: Mutex<BTreeMap<String, (DeviceId, DeviceTopics)>>,
    grown: Notify,
}

impl States {
    /// A retained message came.
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

/// Looks through what is there, and takes away what belongs to nobody.
pub(super) async fn sweep(
    mqtt: &Mqtt,
    up: &Up,
    states: &States,
    home_control: &dyn HomeControl,
) -> Result<Infallible, Trouble> {
    // A broker that lets nobody listen there keeps what it has.
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

/// Takes away all that is there of a device that is no more, in Home Assistant as well.
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

/// MQTT 3.1.1, section 3.3.1.3: an empty message takes the retained one away.
pub(super) async fn clear(up: &Up, topics: &DeviceTopics) -> Result<(), Broken> {
    say(&up.line, &topics.state, "").await?;
    say(&up.line, &topics.picture, "").await
}
