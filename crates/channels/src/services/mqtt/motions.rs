//! Repeats motion that Home Assistant may have missed. It subscribes to a device's topics about 600 ms after the
//! device is announced, and events are not retained. So the motion of a device that was just announced is published
//! again while it lasts.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tipoff_model::{Alert, DeviceId};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::broker::Trouble;
use super::connection::{Announced, DEVICES_MAX, Up, in_time};
use super::{Mqtt, telling};

/// Times of the repetitions after the announcement: one for a fast machine, one for a slow or busy one.
const REPEATS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

/// The current motions by device: since when, and the message that repeats it.
#[derive(Default)]
pub(super) struct Motions(Mutex<BTreeMap<DeviceId, (Instant, String)>>);

impl Motions {
    /// Records whether an alert begins or ends motion.
    pub(super) fn note(&self, alert: &Alert) {
        let mut motions = self.lock();
        match telling::motion(alert) {
            Some(true) => {
                if motions.len() >= DEVICES_MAX {
                    motions.pop_first();
                }
                motions.insert(alert.device_id, (Instant::now(), telling::repeated(alert)));
            }
            Some(false) => drop(motions.remove(&alert.device_id)),
            None => {}
        }
    }

    /// The message that repeats a device's motion, if it began less than `off_delay` ago.
    fn of(&self, device: DeviceId, off_delay: Duration) -> Option<String> {
        let motions = self.lock();
        let (since, said) = motions.get(&device)?;
        (since.elapsed() < off_delay).then(|| said.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, (Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes the motion of announced devices again.
pub(super) async fn repeat(
    mqtt: &Mqtt,
    up: &Up,
    mut announcements: mpsc::Receiver<Announced>,
) -> Result<Infallible, Trouble> {
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
