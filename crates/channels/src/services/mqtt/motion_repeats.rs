//! Repeats motion that Home Assistant may have missed. It subscribes to a device's topics about 600 ms after the
//! device is announced, and events are not retained. So the motion of a device that was just announced is published
//! again while it lasts.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use tipoff_model::{Alert, DeviceId};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::broker::MqttFailure;
use super::connection::{Announced, DEVICES_MAX, LiveConnection, in_time};
use super::{Mqtt, publications};
use crate::lock::lock;

/// Times of the repetitions after the announcement: one for a fast machine, one for a slow or busy one.
const REPEATS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

/// The current motions by device: since when, and the message that repeats it.
#[derive(Default)]
pub(super) struct MotionMemory(Mutex<BTreeMap<DeviceId, (Instant, String)>>);

impl MotionMemory {
    /// Records whether an alert begins or ends motion.
    pub(super) fn note(&self, alert: &Alert) {
        let mut motions = lock(&self.0);
        match publications::motion(alert) {
            Some(true) => {
                // Beyond the limit, the motion of one device is forgotten: it is only not repeated.
                if motions.len() >= DEVICES_MAX {
                    motions.pop_first();
                }
                motions.insert(alert.device_id, (Instant::now(), publications::repeated(alert)));
            }
            Some(false) => drop(motions.remove(&alert.device_id)),
            None => {}
        }
    }

    /// The message that repeats a device's motion, if it began less than `off_delay` ago. Older motion would
    /// be shown longer than Home Assistant shows it by itself.
    fn of(&self, device: DeviceId, off_delay: Duration) -> Option<String> {
        let motions = lock(&self.0);
        let (since, said) = motions.get(&device)?;
        (since.elapsed() < off_delay).then(|| said.clone())
    }
}

/// Publishes the motion of announced devices again, at the times of [`REPEATS`]. The repetitions of one
/// connection end with it: the next connection announces all devices anew.
pub(super) async fn repeat(
    mqtt: &Mqtt,
    up: &LiveConnection,
    mut announcements: mpsc::Receiver<Announced>,
) -> Result<Infallible, MqttFailure> {
    // The number keeps apart what is due at the same instant.
    let mut due: BTreeMap<(Instant, u64), Announced> = BTreeMap::new();
    let mut count = 0;
    loop {
        let next = due.keys().next().map(|(at, _)| *at);
        let wait = async {
            match next {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(announced) = announcements.recv() => {
                let has_room = due.len() < DEVICES_MAX * REPEATS.len();
                for delay in REPEATS.into_iter().filter(|_| has_room) {
                    count += 1;
                    due.insert((Instant::now() + delay, count), announced.clone());
                }
            }
            () = wait => {
                let Some((_, Announced { device, name })) = due.pop_first() else {
                    continue;
                };
                if let Some(said) = mqtt.motions.of(device, mqtt.off_delay) {
                    let topic = mqtt.topics.of_device(device, &name).event;
                    in_time(mqtt, up.line.publish(&topic, false, said.into_bytes())).await?;
                }
            }
        }
    }
}
