//! Old incidents and files without incidents are removed.

use std::sync::Arc;
use std::time::Duration;

use tipoff_model::DeliveryState;

use super::{NOW, Open, before_run, bytes, deliver, due, ended, seconds, store};
use crate::{AgeGuard, RetentionLimits, Spool};

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    age_removes_incidents_with_their_files(&*fresh()).await;
    size_removes_the_oldest_and_the_delivered_first(&*fresh()).await;
    orphans_of_an_earlier_run_are_swept(&*fresh()).await;
}

async fn age_removes_incidents_with_their_files(open: Open<'_>) {
    let spool = open();
    let old = store(&*spool, "yard", NOW).await.incident;
    deliver(&*spool, old).await;
    let young = store(&*spool, "yard", seconds(100)).await;
    let blob = spool.incident(old).await.unwrap().arrivals.remove(0).blob;
    let guard = before_run(&*spool).await;
    let keep = RetentionLimits { age: Duration::from_secs(50), bytes_max: u64::MAX, guard };
    let swept = spool.sweep(keep, seconds(120)).await.unwrap();
    assert_eq!((swept.incidents, swept.bytes, swept.undelivered), (1, 9, 0));
    assert!(bytes(&*spool, &blob).await.is_none());
    assert!(spool.incident(old).await.is_err());
    assert!(spool.incident(young.incident).await.is_ok());
    assert_eq!(due(&*spool, "phone", seconds(120)).await.len(), 1);
    assert_eq!(spool.stats().await.unwrap().blob_bytes, 9);
    // A number is never given twice.
    let next = store(&*spool, "yard", seconds(500)).await;
    assert!(next.incident > young.incident);
}

async fn size_removes_the_oldest_and_the_delivered_first(open: Open<'_>) {
    let spool = open();
    let waiting = store(&*spool, "yard", NOW).await;
    let mut told = Vec::new();
    for second in [100, 200] {
        let stored = store(&*spool, "yard", seconds(second)).await;
        for channel in ["phone", "hook"] {
            let delivery = due(&*spool, channel, seconds(second)).await.remove(0);
            assert_eq!(delivery.alert.incident, stored.incident);
            spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
        }
        told.push(stored);
    }
    let (age, guard) = (Duration::from_secs(1_000_000), AgeGuard::default());
    let keep = |bytes_max| RetentionLimits { age, bytes_max, guard };
    let each = spool.usage().await.unwrap().bytes / 3;
    let swept = spool.sweep(keep(2 * each), seconds(300)).await.unwrap();
    assert_eq!((swept.incidents, swept.undelivered), (1, 0));
    assert!(spool.incident(told[0].incident).await.is_err());
    assert!(spool.incident(waiting.incident).await.is_ok());
    let swept = spool.sweep(keep(each - 1), seconds(300)).await.unwrap();
    assert_eq!((swept.incidents, swept.undelivered), (2, 2), "and it says what goes undelivered");
}

async fn orphans_of_an_earlier_run_are_swept(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    // A crash between docs/spool.md, A2 and A3.
    let mut writer = spool.blobs().begin(NOW, "eml").unwrap();
    writer.write(b"half").unwrap();
    let orphan = writer.finish().unwrap();
    assert_eq!(spool.sweep_orphans().await.unwrap(), 0, "of this run nothing is an orphan");
    drop(spool);
    let spool = open();
    let kept = spool.incident(stored.incident).await.unwrap().arrivals.remove(0).blob;
    // In a shared store it may be on its way to a commit of another node.
    let is_shared = spool.blobs().are_remote();
    assert_eq!(spool.sweep_orphans().await.unwrap(), u64::from(!is_shared));
    assert_eq!(bytes(&*spool, &orphan).await.is_some(), is_shared);
    assert!(bytes(&*spool, &kept).await.is_some());
}
