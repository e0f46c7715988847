//! Motion that Home Assistant may have missed. It subscribes to a device's topics some 600 ms after it was told of
//! the device, and events are not retained: so the motion of a device that was just announced, under a new name or
//! at all, is said again while it lasts.

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

/// When it is said again, from the announcement on: a fast machine, and one that is slow or busy.
const REPEATS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(10)];

/// What moves: by device, since when, and how that is said again.
#[derive(Default)]
pub(super) struct Motions(Mutex<BTreeMap<DeviceId, (Instant, String)>>);

impl Motions {
    /// Notes what an event said of motion.
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

    /// What is said again of a device: motion that began less than `off_delay` ago.
    fn of(&self, device: DeviceId, off_delay: Duration) -> Option<String> {
        let motions = self.lock();
        let (since, said) = motions.get(&device)?;
        (since.elapsed() < off_delay).then(|| said.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DeviceId, (Instant, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says the motion of devices again that were announced.
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
