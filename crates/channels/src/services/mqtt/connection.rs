//! The connection that a channel keeps while its background task runs. Alerts and the background task share
//! it, so that an alert need not connect first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tipoff_model::DeviceId;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::Mqtt;
use super::broker::MqttFailure;
use super::publisher::{ConnectionLost, Publisher};
use crate::lock::lock;

/// Limit of the devices that are remembered on a connection. Beyond it, a device is announced again with
/// each of its alerts.
pub(super) const DEVICES_MAX: usize = 2000;

/// An established connection, and the devices that were announced on it.
#[derive(Clone)]
pub(super) struct LiveConnection {
    /// Publishes on this connection.
    pub(super) line: Publisher,
    /// The announced devices with their names. Its address also tells two connections apart.
    pub(super) announced: Arc<Mutex<BTreeMap<DeviceId, String>>>,
    /// Wakes whoever compares the devices with those that exist: one more was announced.
    pub(super) announced_more: Arc<Notify>,
    /// Receives each announcement, to repeat motion.
    pub(super) announcements: mpsc::Sender<Announced>,
    /// Address of the dashboard.
    pub(super) dashboard: Option<Arc<str>>,
}

impl LiveConnection {
    /// Whether a device was announced on this connection.
    pub(super) fn has_announced(&self, device: DeviceId) -> bool {
        lock(&self.announced).contains_key(&device)
    }
}

/// The kept connection, if it is established.
#[derive(Default)]
pub(super) struct SharedConnection(Mutex<Option<LiveConnection>>);

impl SharedConnection {
    /// The connection, if there is one now.
    pub(super) fn up(&self) -> Option<LiveConnection> {
        lock(&self.0).clone()
    }

    /// Stops alerts from using this connection. A newer connection stays.
    pub(super) fn forget(&self, up: &LiveConnection) {
        lock(&self.0).take_if(|kept| Arc::ptr_eq(&kept.announced, &up.announced));
    }

    /// Lets alerts use this connection.
    pub(super) fn hold(&self, up: LiveConnection) -> ConnectionGuard<'_> {
        *lock(&self.0) = Some(up.clone());
        ConnectionGuard { kept: self, up }
    }
}

/// Alerts use the connection until this is dropped.
pub(super) struct ConnectionGuard<'a> {
    kept: &'a SharedConnection,
    up: LiveConnection,
}

impl Drop for ConnectionGuard<'_> {
    fn drop(&mut self) {
        self.kept.forget(&self.up);
    }
}

/// A device that was announced.
#[derive(Clone, Debug)]
pub(super) struct Announced {
    pub(super) device: DeviceId,
    pub(super) name: String,
}

/// Publishes a short retained text, and waits for the acknowledgement.
pub(super) async fn say(line: &Publisher, topic: &str, words: &str) -> Result<(), ConnectionLost> {
    line.publish(topic, true, words.as_bytes().to_vec()).await
}

/// Runs `doing` within the channel's time limit.
pub(super) async fn in_time<T>(
    mqtt: &Mqtt,
    doing: impl Future<Output = Result<T, ConnectionLost>>,
) -> Result<T, MqttFailure> {
    match timeout(mqtt.broker.time, doing).await {
        Ok(done) => done.map_err(|ConnectionLost| mqtt.broker.broken()),
        Err(_) => Err(mqtt.broker.late()),
    }
}
