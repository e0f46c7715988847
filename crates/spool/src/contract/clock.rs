//! What a spool makes of a wall clock that was wrong.

use std::sync::Arc;

use tipoff_model::DeviceId;

use super::uploads::{growth, upload};
use super::*;
use crate::DeviceChange;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    what_waits_is_due_soon_after_the_clock_is_set_back(&*fresh()).await;
    a_summary_made_by_a_clock_ahead_gathers_nothing(&*fresh()).await;
    what_grows_after_the_clock_is_set_back_is_told_again(&*fresh()).await;
    mutes_and_modes_last_no_longer_than_they_were_meant_to(&*fresh()).await;
    a_device_heard_by_a_clock_ahead_can_become_inactive(&*fresh()).await;
    what_is_pending_does_not_go_by_age(&*fresh()).await;
    what_came_in_this_run_does_not_go_by_the_wall_clock(&*fresh()).await;
    by_size_what_came_by_a_clock_behind_does_not_go_first(&*fresh()).await;
}

async fn what_waits_is_due_soon_after_the_clock_is_set_back(open: Open<'_>) {
    let spool = open();
    let failed = store(&*spool, "yard", NOW).await;
    let mut waits = arrival(&*spool, "door", NOW);
    waits.ready_at = seconds(30);
    spool.store(waits).await.unwrap();
    let first = due(&*spool, "phone", NOW).await.remove(0);
    assert_eq!(first.alert.incident, failed.incident);
    // It is tried again in 60 s.
    spool.record(ended(&first, DeliveryState::Pending)).await.unwrap();
    let behind = NOW.before(HOUR);
    assert!(due(&*spool, "hook", behind).await.is_empty());
    let newest = spool.newest().await.unwrap();
    assert_eq!(newest.recorded_at, Some(NOW));
    let channels = spool.clock_set_back(behind, HOUR, false).await.unwrap();
    assert_eq!(channels, ["hook", "phone"]);
    assert_eq!(due(&*spool, "hook", behind).await.len(), 1, "at once");
    let after = |seconds| behind.after(Duration::from_secs(seconds));
    assert!(due(&*spool, "phone", after(29)).await.is_empty());
    assert_eq!(due(&*spool, "phone", after(30)).await.len(), 1, "as long as it was meant to");
    assert_eq!(due(&*spool, "phone", after(60)).await.len(), 2);
    assert!(spool.clock_set_back(after(60), HOUR, false).await.unwrap().is_empty());
}

async fn a_summary_made_by_a_clock_ahead_gathers_nothing(open: Open<'_>) {
    let spool = open();
    spool.choose_mode("wild".to_owned(), NOW).await.unwrap();
    store(&*spool, "yard", NOW).await;
    let behind = NOW.before(HOUR);
    store(&*spool, "yard", behind).await;
    spool.clock_set_back(behind, HOUR, true).await.unwrap();
    let due = due(&*spool, "phone", behind.after(Duration::from_secs(600))).await;
    assert_eq!(due.iter().map(|it| it.alert.held).collect::<Vec<_>>(), [1, 1]);
}

async fn what_grows_after_the_clock_is_set_back_is_told_again(open: Open<'_>) {
    let spool = open();
    let part = upload(&*spool, "/x.mp4", NOW);
    let template = part.clone();
    let stored = spool.store(part).await.unwrap();
    let first = due(&*spool, "phone", NOW).await.remove(0);
    // It is under way when the clock is set back, and due later by the new one.
    let behind = NOW.before(HOUR);
    spool.grow(growth(&stored, &template, behind, behind)).await.unwrap();
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    let again = due(&*spool, "phone", seconds(9)).await;
    assert_eq!(again.iter().map(|it| it.alert.media[0].media.size).collect::<Vec<_>>(), [12]);
}

async fn mutes_and_modes_last_no_longer_than_they_were_meant_to(open: Open<'_>) {
    let spool = open();
    let ahead = NOW.after(40 * DAY);
    let incident = store(&*spool, "yard", NOW).await.incident;
    let yard = spool.incident(incident).await.unwrap().line.device_id;
    let mute = DeviceChange::MutedUntil(Some(ahead.after(HOUR)));
    assert!(spool.change_device(yard, mute).await.unwrap());
    spool.mute_until(ahead.after(HOUR), ahead).await.unwrap();
    spool.choose_mode("home".to_owned(), ahead).await.unwrap();
    spool.clock_set_back(NOW, 40 * DAY, true).await.unwrap();
    assert_eq!(spool.muted_until().await.unwrap(), Some(NOW.after(HOUR)));
    assert_eq!(spool.chosen_mode().await.unwrap(), Some(("home".to_owned(), NOW)));
    let device = spool.device(yard).await.unwrap().unwrap();
    assert_eq!(device.line.muted_until, Some(NOW.after(HOUR)));
    // What was chosen by the present clock stays.
    spool.mute_until(NOW.after(DAY), NOW).await.unwrap();
    spool.clock_set_back(NOW, 2 * DAY, true).await.unwrap();
    assert_eq!(spool.muted_until().await.unwrap(), Some(NOW.after(DAY)));
}

async fn a_device_heard_by_a_clock_ahead_can_become_inactive(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW.after(40 * DAY)).await;
    let after = DeviceChange::SilentAfter(Some(HOUR));
    assert!(spool.change_device(DeviceId(1), after).await.unwrap());
    let last_at = async || spool.device(DeviceId(1)).await.unwrap().unwrap().line.last_at;
    assert_eq!(last_at().await, Some(NOW.after(40 * DAY)));
    spool.clock_set_back(NOW, 40 * DAY, true).await.unwrap();
    assert_eq!(last_at().await, Some(NOW));
    assert_eq!(spool.inactive_devices(NOW.after(2 * HOUR), true).await.unwrap().len(), 1);
    // Also without that, what it sends next counts.
    store(&*spool, "door", NOW.after(40 * DAY)).await;
    store(&*spool, "door", seconds(10)).await;
    let door = spool.device(DeviceId(2)).await.unwrap().unwrap().line.last_at;
    assert_eq!(door, Some(seconds(10)));
}

fn by_age(guard: AgeGuard) -> RetentionLimits {
    RetentionLimits { age: 30 * DAY, bytes_max: u64::MAX, guard }
}

async fn what_is_pending_does_not_go_by_age(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, "yard", NOW).await.incident;
    let (guard, ahead) = (before_run(&*spool).await, NOW.after(40 * DAY));
    assert_eq!(spool.sweep(by_age(guard), ahead).await.unwrap().incidents, 0);
    let phone = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&phone, DeliveryState::Delivered)).await.unwrap();
    assert_eq!(spool.sweep(by_age(guard), ahead).await.unwrap().incidents, 0, "the hook waits");
    assert_eq!(due(&*spool, "hook", NOW).await.len(), 1);
    // For 30 days by a clock that cannot be set, nobody took it.
    let counted = AgeGuard { counted: guard.before_run, ..guard };
    let swept = spool.sweep(by_age(counted), ahead).await.unwrap();
    assert_eq!((swept.incidents, swept.undelivered), (1, 1));
    assert!(spool.incident(incident).await.is_err());
}

async fn what_came_in_this_run_does_not_go_by_the_wall_clock(open: Open<'_>) {
    let deliver_all = async |spool: &dyn Spool| {
        for channel in ["phone", "hook"] {
            while let Some(delivery) = due(spool, channel, seconds(900)).await.pop() {
                spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
            }
        }
    };
    let spool = open();
    let old = store(&*spool, "yard", NOW).await.incident;
    let joined = store(&*spool, "door", NOW).await.incident;
    deliver_all(&*spool).await;
    drop(spool);
    let spool = open();
    let guard = before_run(&*spool).await;
    let new = store(&*spool, "yard", seconds(100)).await.incident;
    assert_eq!(store(&*spool, "door", seconds(10)).await.incident, joined);
    deliver_all(&*spool).await;
    let ahead = NOW.after(40 * DAY);
    assert_eq!(spool.sweep(by_age(AgeGuard::default()), ahead).await.unwrap().incidents, 0);
    assert_eq!(spool.sweep(by_age(guard), ahead).await.unwrap().incidents, 1);
    assert!(spool.incident(old).await.is_err());
    assert!(spool.incident(new).await.is_ok() && spool.incident(joined).await.is_ok());
    let counted = Some(spool.newest().await.unwrap());
    let swept = spool.sweep(by_age(AgeGuard { counted, ..guard }), ahead).await.unwrap();
    assert_eq!(swept.incidents, 2);
}

async fn by_size_what_came_by_a_clock_behind_does_not_go_first(open: Open<'_>) {
    let spool = open();
    let old = store(&*spool, "yard", NOW).await.incident;
    deliver(&*spool, old).await;
    let behind = NOW.before(40 * DAY);
    let new = store(&*spool, "yard", behind).await.incident;
    assert_ne!(new, old);
    for channel in ["phone", "hook"] {
        let delivery = due(&*spool, channel, seconds(9)).await.remove(0);
        spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
    }
    let bytes_max = spool.usage().await.unwrap().bytes / 2;
    let keep = RetentionLimits { age: 30 * DAY, bytes_max, guard: AgeGuard::default() };
    assert_eq!(spool.sweep(keep, behind).await.unwrap().incidents, 1);
    assert!(spool.incident(new).await.is_ok());
}
