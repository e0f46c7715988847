//! The connection that a channel keeps while its background task runs. Alerts and the background task share it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tipoff_model::DeviceId;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Mqtt;
use super::broker::{Broken, Line, Trouble};

/// How many devices are known by name.
pub(super) const DEVICES_MAX: usize = 2000;

/// An established connection, and the devices that were announced on it.
#[derive(Clone)]
pub(super) struct Up {
    pub(super) line: Line,
    pub(super) announced: Arc<Mutex<BTreeMap<DeviceId, String>>>,
    /// Receives each announcement, to repeat motion.
    pub(super) announcements: mpsc::Sender<Announced>,
    /// Address of the dashboard.
    pub(super) dashboard: Option<Arc<str>>,
}

impl Up {
    /// Whether a device was announced on this connection.
    pub(super) fn has_announced(&self, device: DeviceId) -> bool {
        lock(&self.announced).contains_key(&device)
    }
}

/// The kept connection, if it is established.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<Up>>);

impl Kept {
    pub(super) fn up(&self) -> Option<Up> {
        lock(&self.0).clone()
    }

    /// Stops alerts from using this connection.
    pub(super) fn forget(&self, up: &Up) {
        lock(&self.0).take_if(|kept| Arc::ptr_eq(&kept.announced, &up.announced));
    }

    pub(super) fn hold(&self, up: Up) -> Held<'_> {
        *lock(&self.0) = Some(up.clone());
        Held { kept: self, up }
    }
}

/// Alerts use the connection until this is dropped.
pub(super) struct Held<'a> {
    kept: &'a Kept,
    up: Up,
}

impl Drop for Held<'_> {
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

/// Publishes a short retained text.
pub(super) async fn say(line: &Line, topic: &str, words: &str) -> Result<(), Broken> {
    line.publish(topic, true, words.as_bytes().to_vec()).await
}

/// Runs `doing` within the channel's time limit.
pub(super) async fn in_time<T>(
    mqtt: &Mqtt,
    doing: impl Future<Output = Result<T, Broken>>,
) -> Result<T, Trouble> {
    match timeout(mqtt.broker.time, doing).await {
        Ok(done) => done.map_err(|Broken| mqtt.broker.broken()),
        Err(_) => Err(mqtt.broker.late()),
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
