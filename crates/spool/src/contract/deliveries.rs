//! Deliveries: what they gather, in which order they become due, and what is kept of their attempts.

use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{AlertKind, DeliveryState, Event, MediaPlace};

use super::{NOW, Open, arrival, due, ended, seconds, store};
use crate::Spool;

pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    an_alert_tells_everything(&*fresh()).await;
    a_burst_becomes_one_follow_up(&*fresh()).await;
    a_flood_becomes_follow_ups_of_bounded_size(&*fresh()).await;
    what_comes_during_an_attempt_is_told_later(&*fresh()).await;
    follow_ups_wait_for_the_first(&*fresh()).await;
    attempts_are_kept_and_memory_returned(&*fresh()).await;
    claimed_deliveries_are_passed_over(&*fresh()).await;
    retry_makes_the_undelivered_due_again(&*fresh()).await;
}

async fn an_alert_tells_everything(open: Open<'_>) {
    let spool = open();
    let mut unclear = arrival(&*spool, "yard", NOW);
    unclear.content.unclear = true;
    let stored = spool.store(unclear).await.unwrap();
    let delivery = due(&*spool, "phone", NOW).await.remove(0);
    let alert = &delivery.alert;
    assert_eq!(alert.idempotency_key, format!("{}-{}", spool.identity(), alert.delivery));
    assert_eq!(alert.incident, stored.incident);
    assert_eq!((alert.kind, alert.event), (AlertKind::First, Event::Motion));
    assert_eq!((&*alert.device, &*alert.subject), ("yard", "Motion"));
    assert_eq!(alert.text, "Something moved.");
    assert_eq!(alert.received_at, NOW);
    assert_eq!(alert.media.len(), 1);
    assert_eq!(alert.raw.len(), 1);
    assert_eq!(alert.raw[0].media.size, 9);
    for place in [alert.media[0].place, alert.raw[0].place] {
        assert_eq!(spool.media(place).await.unwrap().unwrap().place, place);
    }
    let missing = MediaPlace { index: Some(9), ..alert.media[0].place };
    assert_eq!(spool.media(missing).await.unwrap(), None);
}

async fn a_burst_becomes_one_follow_up(open: Open<'_>) {
    let spool = open();
    for second in 0..4 {
        store(&*spool, "yard", seconds(second)).await;
    }
    let first = due(&*spool, "phone", seconds(9)).await.remove(0);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    // Not before the settle time, which began with the first picture of the burst.
    let early = spool.due("phone", seconds(2), 10, &[]).await.unwrap();
    assert!(early.deliveries.is_empty());
    assert_eq!(early.next_due_at, Some(seconds(3)));
    let follow_ups = due(&*spool, "phone", seconds(3)).await;
    assert_eq!(follow_ups.len(), 1);
    let alert = &follow_ups[0].alert;
    assert_eq!(alert.kind, AlertKind::FollowUp);
    assert_eq!(alert.media.len(), 3);
    assert_eq!(alert.reply_to.as_deref(), Some("message 5"));
    assert_eq!(alert.text, "Something moved.", "the same text is told once");
}

async fn a_flood_becomes_follow_ups_of_bounded_size(open: Open<'_>) {
    let spool = open();
    for _ in 0..130 {
        store(&*spool, "yard", NOW).await;
    }
    let mut told = Vec::new();
    while let Some(next) = due(&*spool, "phone", seconds(9)).await.pop() {
        told.push(next.alert.media.len());
        spool.record(ended(&next, DeliveryState::Delivered)).await.unwrap();
    }
    assert_eq!(told, [1, 50, 50, 29]);
}

async fn what_comes_during_an_attempt_is_told_later(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    let first = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    store(&*spool, "yard", seconds(1)).await;
    let follow_up = due(&*spool, "phone", seconds(3)).await.remove(0);
    // Its attempt is under way when another picture comes.
    store(&*spool, "yard", seconds(3)).await;
    spool.record(ended(&follow_up, DeliveryState::Delivered)).await.unwrap();
    let later = due(&*spool, "phone", seconds(9)).await;
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].alert.media.len(), 1);
    assert!(later[0].covers > follow_up.covers);
}

async fn follow_ups_wait_for_the_first(open: Open<'_>) {
    let spool = open();
    store(&*spool, "yard", NOW).await;
    store(&*spool, "yard", seconds(1)).await;
    let ready = due(&*spool, "phone", seconds(60)).await;
    assert_eq!(ready.len(), 1);
    assert_eq!(ready[0].alert.kind, AlertKind::First);
    spool.record(ended(&ready[0], DeliveryState::Pending)).await.unwrap();
    assert!(due(&*spool, "phone", seconds(30)).await.is_empty(), "it waits for the pause");
    spool.record(ended(&ready[0], DeliveryState::Refused)).await.unwrap();
    assert_eq!(due(&*spool, "phone", seconds(60)).await[0].alert.kind, AlertKind::FollowUp);
    // The other channel is not concerned.
    assert_eq!(due(&*spool, "hook", seconds(60)).await[0].alert.kind, AlertKind::First);
}

async fn attempts_are_kept_and_memory_returned(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    let delivery = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&delivery, DeliveryState::Pending)).await.unwrap();
    let again = due(&*spool, "phone", seconds(60)).await.remove(0);
    assert_eq!((again.attempts, again.progress), (1, 1));
    assert_eq!(again.reference.as_deref(), Some("message 5"));
    spool.record(ended(&again, DeliveryState::Delivered)).await.unwrap();
    let detail = spool.incident(stored.incident).await.unwrap();
    let line = &detail.deliveries[0];
    assert_eq!((&*line.channel, line.state), ("phone", DeliveryState::Delivered));
    assert_eq!(line.attempts.len(), 2);
    assert_eq!(line.attempts[0].1, Duration::from_millis(30));
    assert_eq!(line.attempts[0].2.as_deref(), Some("the service said no"));
    assert_eq!(line.attempts[1].2, None);
    let memory = spool.memory("phone").await.unwrap();
    assert_eq!(memory, [("chat".to_owned(), "-100".to_owned())]);
    assert!(spool.memory("hook").await.unwrap().is_empty());
}

async fn claimed_deliveries_are_passed_over(open: Open<'_>) {
    let spool = open();
    for second in 0..3 {
        store(&*spool, "yard", seconds(second * 100)).await;
    }
    let all = due(&*spool, "phone", seconds(900)).await;
    assert_eq!(all.len(), 3);
    let claimed = [all[0].alert.delivery, all[1].alert.delivery];
    let rest = spool.due("phone", seconds(900), 1, &claimed).await.unwrap().deliveries;
    assert_eq!(rest[0].alert.delivery, all[2].alert.delivery);
}

async fn retry_makes_the_undelivered_due_again(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    let phone = due(&*spool, "phone", NOW).await.remove(0);
    let hook = due(&*spool, "hook", NOW).await.remove(0);
    spool.record(ended(&phone, DeliveryState::Refused)).await.unwrap();
    spool.record(ended(&hook, DeliveryState::Delivered)).await.unwrap();
    assert_eq!(spool.retry(stored.incident, None, seconds(500)).await.unwrap(), ["phone"]);
    let again = due(&*spool, "phone", seconds(500)).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].created_at, seconds(500), "it has its time anew");
    assert_eq!(again[0].progress, 0, "and nothing of it counts as sent");
    assert!(due(&*spool, "hook", seconds(500)).await.is_empty());
}
