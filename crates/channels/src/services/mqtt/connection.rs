//! The connection that a channel keeps while it is attended: alerts go by it, and what the broker shows
//! of the household. Knows nothing of what is published.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tipoff_model::DeviceId;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Mqtt;
use super::broker::{Broken, Line, Trouble};

/// How many devices are known by name.
pub(super) const DEVICES_MAX: usize = 2000;

/// A connection that is up, and the devices that were announced on it.
#[derive(Clone)]
pub(super) struct Up {
    pub(super) line: Line,
    pub(super) announced: Arc<Mutex<BTreeMap<DeviceId, String>>>,
    /// Takes what was announced, for [`super::motions::repeat`].
    pub(super) announcements: mpsc::Sender<Announced>,
    /// Where people look at devices.
    pub(super) dashboard: Option<Arc<str>>,
}

impl Up {
    /// Whether a device was announced on this connection.
    pub(super) fn has_announced(&self, device: DeviceId) -> bool {
        lock(&self.announced).contains_key(&device)
    }
}

/// The connection that is kept, where it is up: alerts go by it.
#[derive(Default)]
pub(super) struct Kept(Mutex<Option<Up>>);

impl Kept {
    pub(super) fn up(&self) -> Option<Up> {
        lock(&self.0).clone()
    }

    /// No alert goes by this connection any more.
    pub(super) fn forget(&self, up: &Up) {
        lock(&self.0).take_if(|kept| Arc::ptr_eq(&kept.announced, &up.announced));
    }

    pub(super) fn hold(&self, up: Up) -> Held<'_> {
        *lock(&self.0) = Some(up.clone());
        Held { kept: self, up }
    }
}

/// Alerts go by the connection for as long as this lives.
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

/// Publishes a few words, retained.
pub(super) async fn say(line: &Line, topic: &str, words: &str) -> Result<(), Broken> {
    line.publish(topic, true, words.as_bytes().to_vec()).await
}

/// Within the channel's time limit.
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
