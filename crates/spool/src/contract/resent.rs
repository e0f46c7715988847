//! Mails that a device sends again because it was not told that they are stored.

use std::sync::Arc;

use tipoff_model::IncidentId;

use super::*;
use crate::MailDigest;

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    the_same_mail_again_is_kept_and_not_alerted(&*fresh()).await;
    mails_without_a_message_id_are_the_same_only_if_the_first_was_not_acknowledged(&*fresh()).await;
    a_torn_text_is_alerted_once_and_late(&*fresh()).await;
    a_torn_text_that_comes_whole_is_not_alerted_itself(&*fresh()).await;
    what_a_lost_connection_left_is_not_alerted_behind_the_whole_mail(&*fresh()).await;
    a_second_torn_try_without_a_new_picture_is_no_news(&*fresh()).await;
}

/// A mail; the same as one before it, if the spool knows that.
fn mail(spool: &dyn Spool, device: &str, at: Timestamp, has_message_id: bool) -> NewArrival {
    let digest = MailDigest { digest: [7; 16], has_message_id };
    let same_as = spool.known_mail(&digest, at).map(|(arrival, _)| arrival);
    NewArrival { digest: Some(digest), same_as, ..arrival(spool, device, at) }
}

async fn the_same_mail_again_is_kept_and_not_alerted(open: Open<'_>) {
    let spool = open();
    let now = Timestamp::from(std::time::SystemTime::now());
    let after = |seconds| now.after(Duration::from_secs(seconds));
    let first = spool.store(mail(&*spool, "yard", now, true)).await.unwrap();
    drop(spool);
    // Also after a crash: that may be why the device was not told.
    let spool = open();
    let again = spool.store(mail(&*spool, "yard", after(890), true)).await.unwrap();
    assert_eq!((again.incident, again.channels.len()), (first.incident, 0));
    let detail = spool.incident(first.incident).await.unwrap();
    assert_eq!(detail.arrivals.len(), 2);
    assert!(detail.arrivals[1].content.media[0].repeat);
    let other = spool.store(mail(&*spool, "door", after(890), true)).await.unwrap();
    assert_eq!(other.channels.len(), 2, "another device may send the same");
    spool.sweep(keep_all(), after(895)).await.unwrap();
    let late = spool.store(mail(&*spool, "yard", after(1801), true)).await.unwrap();
    assert_eq!(late.channels.len(), 2, "no device tries for so long");
}

fn keep_all() -> RetentionLimits {
    let age = Duration::from_secs(1_000_000);
    RetentionLimits { age, bytes_max: u64::MAX, guard: AgeGuard::default() }
}

async fn mails_without_a_message_id_are_the_same_only_if_the_first_was_not_acknowledged(
    open: Open<'_>,
) {
    let spool = open();
    spool.store(mail(&*spool, "yard", NOW, false)).await.unwrap();
    let second = spool.store(mail(&*spool, "yard", seconds(60), false)).await.unwrap();
    assert_eq!(second.channels.len(), 2, "all mails of this device are alike");
    let mut unacknowledged = mail(&*spool, "yard", seconds(120), false);
    unacknowledged.unacknowledged = true;
    let first = spool.store(unacknowledged).await.unwrap();
    assert_eq!(first.channels.len(), 2);
    let again = spool.store(mail(&*spool, "yard", seconds(180), false)).await.unwrap();
    assert_eq!((again.incident, again.channels.len()), (first.incident, 0));
    let later = spool.store(mail(&*spool, "yard", seconds(500), false)).await.unwrap();
    assert_eq!(later.channels.len(), 2);
}

/// A torn text that arrived at `at`, whose alert waits until `ready_at`.
fn torn_text(spool: &dyn Spool, text: &str, at: Timestamp, ready_at: Timestamp) -> NewArrival {
    let mut torn = text_mail(spool, text, at);
    (torn.torn, torn.unacknowledged, torn.ready_at) = (true, true, ready_at);
    torn
}

fn text_mail(spool: &dyn Spool, text: &str, at: Timestamp) -> NewArrival {
    let mut mail = arrival(spool, "ups", at);
    mail.content.media.clear();
    mail.content.text = text.to_owned();
    mail
}

async fn suppressed_reason(spool: &dyn Spool, incident: IncidentId) -> Option<String> {
    spool.incident(incident).await.unwrap().line.suppressed_reason
}

async fn a_torn_text_is_alerted_once_and_late(open: Open<'_>) {
    let spool = open();
    let words = "The UPS is on battery, and it will last for";
    spool.store(torn_text(&*spool, words, NOW, seconds(300))).await.unwrap();
    // The second try breaks off earlier, the third goes on.
    let shorter = torn_text(&*spool, &words[..30], seconds(60), seconds(360));
    assert!(spool.store(shorter).await.unwrap().channels.is_empty());
    let words = format!("{words} about twenty more minutes.");
    spool.store(torn_text(&*spool, &words, seconds(120), seconds(420))).await.unwrap();
    let whole = arrival(&*spool, "ups", seconds(121));
    assert!(!spool.store(whole).await.unwrap().joined, "nothing waits with it");
    let alerts = due(&*spool, "phone", seconds(299)).await;
    assert_eq!(alerts.len(), 1, "only the picture");
    spool.record(ended(&alerts[0], DeliveryState::Delivered)).await.unwrap();
    let alerts = due(&*spool, "phone", seconds(300)).await;
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].alert.text.as_str(), alerts[0].alert.torn), (words.as_str(), true));
    assert_eq!(due(&*spool, "hook", seconds(500)).await.len(), 3, "an archive gets everything");
}

async fn a_torn_text_that_comes_whole_is_not_alerted_itself(open: Open<'_>) {
    let spool = open();
    let words = "The UPS is on battery, and it will last for";
    let torn = spool.store(torn_text(&*spool, words, NOW, seconds(300))).await.unwrap();
    let other = text_mail(&*spool, "The UPS is back on line power.", seconds(20));
    assert_eq!(spool.store(other).await.unwrap().channels.len(), 2);
    assert_eq!(suppressed_reason(&*spool, torn.incident).await, None);
    let whole = text_mail(&*spool, &format!("{words} about twenty more minutes."), seconds(200));
    assert_eq!(spool.store(whole).await.unwrap().channels.len(), 2);
    assert!(suppressed_reason(&*spool, torn.incident).await.is_some());
    let due = due(&*spool, "phone", seconds(1000)).await;
    assert!(due.iter().all(|it| it.alert.incident != torn.incident), "{due:?}");
}

async fn what_a_lost_connection_left_is_not_alerted_behind_the_whole_mail(open: Open<'_>) {
    let spool = open();
    let whole = spool.store(arrival(&*spool, "yard", seconds(60))).await.unwrap();
    // It began before, and its connection is given up long after.
    let torn = |began_at: Timestamp, size: u64| {
        let mut torn = arrival(&*spool, "yard", seconds(300));
        (torn.torn, torn.unacknowledged, torn.began_at) = (true, true, began_at);
        torn.content.media[0].size = size;
        torn
    };
    let late = spool.store(torn(NOW, 9)).await.unwrap();
    assert_eq!((late.incident, late.channels.len()), (whole.incident, 0));
    let other = spool.store(torn(NOW, 8)).await.unwrap();
    assert_eq!(other.channels.len(), 2, "that is another picture");
    let next = spool.store(torn(seconds(200), 9)).await.unwrap();
    assert_eq!(next.channels.len(), 2, "the device began it after the other one");
}

async fn a_second_torn_try_without_a_new_picture_is_no_news(open: Open<'_>) {
    let spool = open();
    let cut = || Media { whole: false, name: "n.jpg".to_owned(), ..picture() };
    let torn = |at: Timestamp| {
        let mut torn = arrival(&*spool, "yard", at);
        (torn.torn, torn.unacknowledged) = (true, true);
        torn.content.media.push(cut());
        torn.digests = vec![Some([1; 32]), None];
        torn
    };
    assert_eq!(spool.store(torn(NOW)).await.unwrap().channels.len(), 2);
    assert!(spool.store(torn(seconds(60))).await.unwrap().channels.is_empty());
}
