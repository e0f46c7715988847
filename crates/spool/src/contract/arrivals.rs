//! Arrivals survive, join incidents, and are news or not.

use std::sync::Arc;

use tipoff_model::DeliveryState;

use super::{NOW, Open, arrival, bytes, due, ended, everything, picture, seconds, store};
use crate::{Digest, NewArrival, Spool, SpoolError};

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    what_is_stored_survives_a_new_start(&*fresh()).await;
    arrivals_join_and_open_incidents(&*fresh()).await;
    a_torn_picture_sent_again_is_not_news(&*fresh()).await;
    a_torn_picture_with_a_new_one_tells_the_new_one(&*fresh()).await;
    many_at_once_all_survive(&*fresh()).await;
}

async fn what_is_stored_survives_a_new_start(open: Open<'_>) {
    let spool = open();
    let identity = spool.identity().to_owned();
    let stored = store(&*spool, "yard", NOW).await;
    drop(spool);
    let spool = open();
    assert_eq!(spool.identity(), identity);
    let detail = spool.incident(stored.incident).await.unwrap();
    assert_eq!(detail.line.device, "yard");
    assert_eq!(detail.arrivals.len(), 1);
    let blob = &detail.arrivals[0].blob;
    assert_eq!(bytes(&*spool, blob).await.unwrap(), b"a picture");
    assert_eq!(due(&*spool, "phone", NOW).await.len(), 1);
    assert_eq!(due(&*spool, "hook", NOW).await.len(), 1);
}

async fn arrivals_join_and_open_incidents(open: Open<'_>) {
    let spool = open();
    let first = store(&*spool, "yard", NOW).await;
    let second = store(&*spool, "yard", seconds(20)).await;
    let other = store(&*spool, "door", seconds(20)).await;
    let later = store(&*spool, "yard", seconds(41)).await;
    assert!(!first.joined && second.joined && !other.joined && !later.joined);
    assert_eq!(first.incident, second.incident);
    assert_ne!(first.incident, later.incident);
    let lines = spool.incidents(&everything(), 2).await.unwrap();
    let ids: Vec<_> = lines.iter().map(|line| line.id).collect();
    assert_eq!(ids, [later.incident, other.incident]);
    assert_eq!(spool.incident(first.incident).await.unwrap().line.arrivals, 2);
    let missing = spool.incident(tipoff_model::IncidentId(99)).await.unwrap_err();
    assert!(matches!(missing, SpoolError::NoIncident(_)));
}

fn torn(spool: &dyn Spool, digest: Digest) -> NewArrival {
    let mut torn = arrival(spool, "yard", NOW);
    torn.torn = true;
    torn.unacknowledged = true;
    torn.digests = vec![Some(digest)];
    torn
}

async fn a_torn_picture_sent_again_is_not_news(open: Open<'_>) {
    let spool = open();
    assert!(!spool.has_torn("yard"));
    let first = spool.store(torn(&*spool, [1; 32])).await.unwrap();
    assert_eq!(first.channels, ["phone", "hook"]);
    assert!(spool.has_torn("yard"));
    drop(spool);
    // A crash in between changes nothing.
    let spool = open();
    assert!(spool.has_torn("yard"));
    // Long after the incident would be closed: cameras try again when they like.
    let mut again = arrival(&*spool, "yard", seconds(300));
    again.digests = vec![Some([1; 32])];
    let again = spool.store(again).await.unwrap();
    assert_eq!((again.incident, again.joined), (first.incident, true));
    assert!(again.channels.is_empty());
    let detail = spool.incident(first.incident).await.unwrap();
    assert!(detail.arrivals[0].torn && !detail.arrivals[1].torn);
    assert!(detail.arrivals[1].content.media[0].repeat);
    // Another device may send the same picture.
    let mut other = arrival(&*spool, "door", seconds(300));
    other.digests = vec![Some([1; 32])];
    assert_eq!(spool.store(other).await.unwrap().channels.len(), 2);
}

async fn a_torn_picture_with_a_new_one_tells_the_new_one(open: Open<'_>) {
    let spool = open();
    let first = spool.store(torn(&*spool, [1; 32])).await.unwrap();
    let mut both = arrival(&*spool, "yard", seconds(10));
    both.content.media.push(picture());
    both.digests = vec![Some([1; 32]), Some([2; 32])];
    let both = spool.store(both).await.unwrap();
    assert_eq!(both.incident, first.incident);
    let delivery = due(&*spool, "phone", seconds(10)).await.remove(0);
    spool.record(ended(&delivery, DeliveryState::Delivered)).await.unwrap();
    let news = due(&*spool, "phone", seconds(90)).await.remove(0);
    assert_eq!(news.alert.media.len(), 1);
    assert_eq!(news.alert.media[0].place.index, Some(1));
}

async fn many_at_once_all_survive(open: Open<'_>) {
    let spool = open();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..200_u64 {
        let spool = Arc::clone(&spool);
        tasks.spawn(async move {
            store(&*spool, &format!("camera {}", number % 7), seconds(number)).await.arrival
        });
    }
    let mut arrivals = tasks.join_all().await;
    arrivals.sort_unstable();
    arrivals.dedup();
    assert_eq!(arrivals.len(), 200);
    drop(spool);
    let spool = open();
    let lines = spool.incidents(&everything(), 1000).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.arrivals).sum::<u64>(), 200);
}
