//! Inactivity alerts: for each device that has sent nothing for longer than its owner wants, once.
//!
//! Which devices are inactive decides the spool (`core/devices.rs`). A jump of the clock makes none of them inactive.

use std::time::Duration;
use tipoff_language::Texts;
use tipoff_model::Language;

use tipoff_model::{Event, Timestamp};
use tipoff_spool::{DeviceLine, Notice, SpoolError};

use super::Maintenance;
use crate::runtime::events::LiveEvent;
use crate::runtime::shutdown::{Phase, Shutdown};

/// Pause between two checks for inactive devices.
const CHECK_EVERY: Duration = Duration::from_secs(60);
/// Time from the start to the first check: devices may seem inactive because Tipoff did not run.
const FIRST_CHECK_AFTER: Duration = Duration::from_secs(600);
/// A clock that is set by this much makes no device inactive: only the time since then counts.
const SET_MIN: Duration = Duration::from_secs(60);

impl Maintenance {
    /// Raises an alert for each device that is inactive for longer than its owner wants.
    pub(super) async fn check_inactivity(self, mut shutdown: Shutdown) {
        let mut rest = FIRST_CHECK_AFTER;
        loop {
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = shutdown.reached(Phase::Ending) => return,
            }
            if let Err(error) = self.alert_inactive(self.clock.now()).await {
                tracing::warn!(%error, "Inactive devices could not be read.");
            }
            rest = CHECK_EVERY;
        }
    }

    /// Whether the device may be inactive only because the clock was set since.
    fn may_have_sent(&self, device: &DeviceLine, now: Timestamp) -> bool {
        let (jump, after) = (self.clock.last_jump(SET_MIN), device.silent_after);
        jump.is_some_and(|jump| after.is_some_and(|after| now.since(jump.wall) < after))
    }

    /// Stores a notice for each inactive device. The spool returns each silence of a device once.
    async fn alert_inactive(&self, now: Timestamp) -> Result<(), SpoolError> {
        for device in self.spool.inactive_devices(now, true).await? {
            if self.may_have_sent(&device, now) {
                continue;
            }
            let since = device.last_at.map_or(Duration::ZERO, |last_at| now.since(last_at));
            let (name, minutes) = (&device.name, since.as_secs() / 60);
            tracing::warn!(device = name, minutes, "A device is inactive for too long.");
            let notice = Notice {
                device: device.id,
                event: Event::Silence,
                subject: inactive_for(name, minutes, self.rules.now().language),
                at: now,
            };
            let channels = self.spool.create_notice(notice).await?;
            self.notifier.wake(&channels);
            self.events.publish(LiveEvent::Device);
        }
        Ok(())
    }
}

/// How long a device has sent nothing, in the largest unit of which it has at least two, cut: "119 minutes", "2 hours".
fn inactive_for(device: &str, minutes: u64, language: Language) -> String {
    let (key, count) = match minutes {
        0..120 => ("inactive-minutes", minutes),
        120..2880 => ("inactive-hours", minutes / 60),
        _ => ("inactive-days", minutes / 1440),
    };
    Texts::of(language).with(key, &[("device", device.into()), ("count", count.into())])
}

#[cfg(test)]
mod tests {
    use tipoff_model::{DeliveryState, IncidentId};
    use tipoff_spool::DeviceChange;

    use super::super::tests::{HOOK, maintenance, now};
    use super::*;
    use crate::runtime::clock::tests::{DAY, HOUR, Hands};
    use crate::testing::{MOTION, TestServer};

    #[tokio::test]
    async fn a_jump_of_the_clock_makes_no_device_inactive() {
        let server = TestServer::new(HOOK);
        server.mail("yard@example.com", MOTION).await;
        let yard = server.spool.incident(IncidentId(1)).await.unwrap().line.device_id;
        let after = DeviceChange::SilentAfter(Some(HOUR));
        server.spool.change_device(yard, after).await.unwrap();
        let (hands, clock) = Hands::at(now());
        let maintenance = Maintenance::of(&server, clock.clone());
        hands.set(now().after(DAY));
        maintenance.alert_inactive(clock.now()).await.unwrap();
        assert_eq!(server.subjects().await.len(), 1);
        hands.pass(HOUR);
        maintenance.alert_inactive(clock.now()).await.unwrap();
        assert_eq!(server.subjects().await.len(), 2);
    }

    #[tokio::test]
    async fn a_silent_device_is_told_of_once_until_it_is_heard_again() {
        let server = TestServer::new(HOOK);
        let maintenance = maintenance(&server);
        server.mail("yard@example.com", MOTION).await;
        let spool = &server.spool;
        let yard = spool.incident(IncidentId(1)).await.unwrap().line.device_id;
        let now = now();
        let in_minutes = |minutes: u64| now.after(Duration::from_secs(minutes * 60 + 5));
        let listen = async |minutes| maintenance.alert_inactive(in_minutes(minutes)).await.unwrap();
        listen(600).await;
        assert_eq!(server.subjects().await, ["Motion"], "nobody wants to know");
        let after = DeviceChange::SilentAfter(Some(Duration::from_secs(3600)));
        spool.change_device(yard, after).await.unwrap();
        listen(59).await;
        assert_eq!(server.subjects().await, ["Motion"], "it is not silent for long enough");
        listen(61).await;
        let told = ["yard has sent nothing for 61 minutes", "Motion"];
        assert_eq!(server.subjects().await, told);
        let alert = &spool.incident(IncidentId(2)).await.unwrap().deliveries;
        let alert: Vec<_> = alert.iter().map(|it| (it.channel.as_str(), it.state)).collect();
        assert_eq!(alert, [("hook", DeliveryState::Pending)], "somebody is to hear of it");
        listen(130).await;
        assert_eq!(server.subjects().await, told, "once is enough");
        server.mail("yard@example.com", MOTION).await;
        listen(300).await;
        let subjects = server.subjects().await;
        assert_eq!(subjects.first().unwrap(), "yard has sent nothing for 5 hours", "{subjects:?}");
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
            let words = inactive_for("Yard", minutes, Language::English);
            assert_eq!(words, format!("Yard has sent nothing for {expected}"));
        }
    }
}
