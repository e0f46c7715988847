//! What is done by the clock, besides all that happens: old incidents go, and devices that have been
//! silent for too long are told of.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tipoff_model::{Event, Timestamp};
use tipoff_spool::{Keep, Notice, Spool, SpoolError};

use crate::config::Retention;
use crate::dispatch::Waker;
use crate::news::{Item, News};
use crate::shutdown::{Phase, Shutdown};
use crate::supervise::Supervisor;
use crate::web::Gallery;

/// How often retention is looked after.
const SWEEP_EVERY: Duration = Duration::from_secs(300);
/// How often silence is listened for, and for how long devices may make themselves heard after a
/// start first: it may be us who were away.
const LISTEN_EVERY: Duration = Duration::from_secs(60);
const LISTEN_AFTER: Duration = Duration::from_secs(600);

/// Keeps the spool within its limits, and an ear on the devices.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) retention: Arc<ArcSwap<Retention>>,
    pub(crate) gallery: Gallery,
    pub(crate) waker: Waker,
    pub(crate) news: News,
}

impl House {
    /// Starts its two tasks.
    pub(crate) fn start(self, supervisor: &Supervisor) {
        let (house, shutdown) = (self.clone(), supervisor.shutdown());
        supervisor.spawn("retention", move || {
            let (house, shutdown) = (house.clone(), shutdown.clone());
            async move {
                house.sweep(shutdown).await;
                Ok(())
            }
        });
        let (house, shutdown) = (self, supervisor.shutdown());
        supervisor.spawn("inactivity check", move || {
            let (house, shutdown) = (house.clone(), shutdown.clone());
            async move {
                house.listen(shutdown).await;
                Ok(())
            }
        });
    }

    /// Sweeps what an earlier run left, then keeps to the limits of retention.
    async fn sweep(self, mut shutdown: Shutdown) {
        match self.spool.sweep_orphans().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Files that were never acknowledged are removed."),
            Err(error) => {
                tracing::warn!(%error, "Files of an earlier run could not be looked after.");
            }
        }
        while shutdown.phase() == Phase::Running {
            self.sweep_once().await;
            tokio::select! {
                () = tokio::time::sleep(SWEEP_EVERY) => {}
                () = shutdown.reached(Phase::Ending) => {}
            }
        }
    }

    async fn sweep_once(&self) {
        let Retention { keep, max_size, .. } = **self.retention.load();
        let keep = Keep { age: keep, bytes_max: max_size };
        let swept = match self.spool.sweep(keep, SystemTime::now().into()).await {
            Ok(swept) => swept,
            Err(error) => return tracing::warn!(%error, "Old incidents could not be removed."),
        };
        if swept.incidents > 0 {
            tracing::info!(
                incidents = swept.incidents,
                bytes = swept.bytes,
                undelivered = swept.undelivered,
                "Old incidents are removed.",
            );
            let gallery = self.gallery.clone();
            let forgets = move || gallery.forget_before(swept.oldest);
            let _ = tokio::task::spawn_blocking(forgets).await;
        }
    }

    /// Tells of devices that are silent for longer than their owner wants.
    async fn listen(self, mut shutdown: Shutdown) {
        let mut rest = LISTEN_AFTER;
        loop {
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = shutdown.reached(Phase::Ending) => return,
            }
            if let Err(error) = self.tell_silence(SystemTime::now().into()).await {
                tracing::warn!(%error, "Whether a device is silent could not be looked up.");
            }
            rest = LISTEN_EVERY;
        }
    }

    async fn tell_silence(&self, now: Timestamp) -> Result<(), SpoolError> {
        for device in self.spool.gone_silent(now, true).await? {
            let since = device.last_at.map_or(Duration::ZERO, |last_at| now.since(last_at));
            let (name, minutes) = (&device.name, since.as_secs() / 60);
            tracing::warn!(device = name, minutes, "A device is silent for too long.");
            let notice = Notice {
                device: device.id,
                event: Event::Silence,
                subject: format!("{name} is silent for {}", spoken(minutes)),
                at: now,
            };
            let channels = self.spool.raise(notice).await?;
            self.waker.wake(&channels);
            self.news.tell(Item::Device);
        }
        Ok(())
    }
}

fn spoken(minutes: u64) -> String {
    match minutes {
        1 => "1 minute".to_owned(),
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::{DeliveryState, IncidentId};
    use tipoff_spool::DeviceChange;

    use super::*;
    use crate::testing::{MOTION, Stand};

    const HOOK: &str =
        "[[channel]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";

    fn house(stand: &Stand) -> House {
        let spool = Arc::clone(&stand.spool);
        House {
            spool: Arc::clone(&spool),
            retention: Arc::clone(&stand.retention),
            gallery: Gallery::new(stand.folder.path().join("thumbs"), spool, None),
            waker: stand.waker.clone(),
            news: stand.news.clone(),
        }
    }

    #[tokio::test]
    async fn a_silent_device_is_told_of_once_until_it_is_heard_again() {
        let stand = Stand::new(HOOK);
        let house = house(&stand);
        stand.mail("yard@example.com", MOTION).await;
        let spool = &stand.spool;
        let yard = spool.incident(IncidentId(1)).await.unwrap().line.device_id;
        let now = Timestamp::from(SystemTime::now());
        let in_minutes = |minutes: u64| now.after(Duration::from_secs(minutes * 60 + 5));
        let listen = async |minutes| house.tell_silence(in_minutes(minutes)).await.unwrap();
        listen(600).await;
        assert_eq!(stand.subjects().await, ["Motion"], "nobody wants to know");
        let after = DeviceChange::SilentAfter(Some(Duration::from_secs(3600)));
        spool.change_device(yard, after).await.unwrap();
        listen(59).await;
        assert_eq!(stand.subjects().await, ["Motion"], "it is not silent for long enough");
        listen(61).await;
        let told = ["yard is silent for 61 minutes", "Motion"];
        assert_eq!(stand.subjects().await, told);
        let alert = &spool.incident(IncidentId(2)).await.unwrap().deliveries;
        let alert: Vec<_> = alert.iter().map(|it| (it.channel.as_str(), it.state)).collect();
        assert_eq!(alert, [("hook", DeliveryState::Pending)], "somebody is to hear of it");
        listen(130).await;
        assert_eq!(stand.subjects().await, told, "once is enough");
        stand.mail("yard@example.com", MOTION).await;
        listen(300).await;
        let subjects = stand.subjects().await;
        assert_eq!(subjects.first().unwrap(), "yard is silent for 5 hours", "{subjects:?}");
    }

    #[test]
    fn times_are_spoken_as_people_do() {
        for (minutes, expected) in [
            (1, "1 minute"),
            (61, "61 minutes"),
            (119, "119 minutes"),
            (120, "2 hours"),
            (2879, "47 hours"),
            (2880, "2 days"),
        ] {
            assert_eq!(spoken(minutes), expected);
        }
    }
}
