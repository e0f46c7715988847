//! What rules ask of a spool, and what they have it keep.

use std::sync::Arc;

use super::*;

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    why_nobody_is_told_stays_until_somebody_is(&*fresh()).await;
    what_is_chosen_for_the_house_is_remembered(&*fresh()).await;
    an_added_configuration_is_replaced_by_who_knows_it(&*fresh()).await;
    what_is_held_back_is_told_as_a_count(&*fresh()).await;
    follow_ups_count_apart_from_incidents(&*fresh()).await;
    a_channel_is_told_once_of_what_is_news_to_it(&*fresh()).await;
}

async fn why_nobody_is_told_stays_until_somebody_is(open: Open<'_>) {
    let spool = open();
    spool.choose_mode("home".to_owned(), NOW).await.unwrap();
    let incident = store(&*spool, "Yard", NOW).await.incident;
    drop(spool);
    let spool = open();
    let suppressed_reason =
        async |spool: &dyn Spool| spool.incident(incident).await.unwrap().line.suppressed_reason;
    assert_eq!(suppressed_reason(&*spool).await.as_deref(), Some("somebody is at home"));
    assert!(due(&*spool, "phone", NOW).await.is_empty());
    spool.choose_mode("away".to_owned(), seconds(1)).await.unwrap();
    assert_eq!(store(&*spool, "Yard", seconds(2)).await.incident, incident);
    assert_eq!(suppressed_reason(&*spool).await, None, "somebody is told of it now");
    let first = due(&*spool, "phone", seconds(2)).await.remove(0);
    assert_eq!(first.route.as_deref(), Some("away"), "by the route that the rules named");
    spool.choose_mode("home".to_owned(), seconds(3)).await.unwrap();
    store(&*spool, "Yard", seconds(4)).await;
    assert_eq!(suppressed_reason(&*spool).await, None, "what nobody hears of is not all of it");
}

async fn what_is_chosen_for_the_house_is_remembered(open: Open<'_>) {
    let spool = open();
    assert_eq!(spool.chosen_mode().await.unwrap(), None);
    assert_eq!(spool.muted_until().await.unwrap(), None);
    spool.choose_mode("home".to_owned(), NOW).await.unwrap();
    spool.choose_mode("away".to_owned(), seconds(1)).await.unwrap();
    spool.mute_until(seconds(60), seconds(1)).await.unwrap();
    drop(spool);
    let spool = open();
    assert_eq!(spool.chosen_mode().await.unwrap(), Some(("away".to_owned(), seconds(1))));
    assert_eq!(spool.muted_until().await.unwrap(), Some(seconds(60)));
    store(&*spool, "Yard", seconds(59)).await;
    assert!(due(&*spool, "phone", seconds(59)).await.is_empty(), "all is muted");
    store(&*spool, "Door", seconds(60)).await;
    assert_eq!(due(&*spool, "phone", seconds(60)).await.len(), 1, "it is over");
}

async fn an_added_configuration_is_replaced_by_who_knows_it(open: Open<'_>) {
    let spool = open();
    let added =
        |version, document: &str| AddedConfiguration { version, document: document.to_owned() };
    assert_eq!(spool.added_configuration().await.unwrap(), AddedConfiguration::default());
    let replace =
        |document: &str, replaced| spool.replace_added_configuration(document.to_owned(), replaced);
    assert!(!replace("early", 1).await.unwrap(), "nothing has this version");
    let (one, other) = tokio::join!(replace("one", 0), replace("other", 0));
    assert!(one.unwrap() ^ other.unwrap(), "one of two replaces the same version");
    assert!(replace("two 2 'é€𝄞'\n", 1).await.unwrap());
    assert!(!replace("late", 1).await.unwrap());
    let (one, other) = tokio::join!(replace("three", 2), replace("three", 2));
    assert!(one.unwrap() ^ other.unwrap(), "also of two who write the same");
    assert!(replace("two 2 'é€𝄞'\n", 3).await.unwrap());
    drop(spool);
    let spool = open();
    let kept = spool.added_configuration().await.unwrap();
    assert_eq!(kept, added(4, "two 2 'é€𝄞'\n"));
    assert!(!format!("{kept:?}").contains("two"), "the document holds secrets");
}

async fn what_is_held_back_is_told_as_a_count(open: Open<'_>) {
    let spool = open();
    let told = store(&*spool, "Yard", NOW).await;
    let first = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    spool.choose_mode("wild".to_owned(), NOW).await.unwrap();
    let same = store(&*spool, "Yard", seconds(10)).await;
    assert_eq!(same.incident, told.incident);
    for after in [100, 200, 300] {
        store(&*spool, "Yard", seconds(after)).await;
    }
    let latest = store(&*spool, "Yard", seconds(600)).await;
    store(&*spool, "Door", seconds(600)).await;
    drop(spool);
    let spool = open();
    assert!(due(&*spool, "phone", seconds(609)).await.is_empty());
    let mut summaries = due(&*spool, "phone", seconds(610)).await;
    assert_eq!(summaries.len(), 1, "each device has its own");
    let summary = summaries.remove(0);
    assert_eq!((summary.alert.kind, summary.alert.held), (AlertKind::Summary, 5));
    assert_eq!(summary.alert.received_at, seconds(10));
    assert_eq!((summary.alert.media.len(), summary.covers), (2, latest.arrival));
    // What comes while it is told is counted anew.
    let during = store(&*spool, "Yard", seconds(611)).await;
    spool.record(ended(&summary, DeliveryState::Delivered)).await.unwrap();
    assert!(due(&*spool, "phone", seconds(1_200)).await.iter().all(|it| it.alert.device == "Door"));
    let next = due(&*spool, "phone", seconds(1_211)).await;
    let next = next.iter().find(|it| it.alert.device == "Yard").unwrap();
    assert_eq!((next.alert.held, next.covers), (1, during.arrival));
    let line = spool.incident(during.incident).await.unwrap().line;
    assert_eq!(line.suppressed_reason.as_deref(), Some("too much"));
    spool.choose_mode("away".to_owned(), seconds(1_211)).await.unwrap();
    let calm = store(&*spool, "Yard", seconds(2_000)).await;
    assert_eq!(calm.channels, ["phone", "hook"]);
}

/// What `Plain` was told of the past in the mode "asked".
async fn follow_ups_count_apart_from_incidents(open: Open<'_>) {
    let spool = open();
    for after in 0..4 {
        store(&*spool, "Yard", seconds(after)).await;
        for due in due(&*spool, "phone", seconds(after + 2)).await {
            spool.record(ended(&due, DeliveryState::Delivered)).await.unwrap();
        }
    }
    let why = async |after| {
        let asked = store(&*spool, "Yard", seconds(after)).await;
        spool.incident(asked.incident).await.unwrap().line.suppressed_reason
    };
    spool.choose_mode("asked".to_owned(), seconds(30)).await.unwrap();
    assert_eq!(why(30).await.as_deref(), Some("1 alert, 3 follow-ups; gathering: none, none"));
    // A count of what follows is none of incidents, until it takes one in.
    spool.choose_mode("away".to_owned(), seconds(60)).await.unwrap();
    store(&*spool, "Yard", seconds(60)).await;
    spool.choose_mode("wild".to_owned(), seconds(60)).await.unwrap();
    store(&*spool, "Yard", seconds(61)).await;
    store(&*spool, "Yard", seconds(62)).await;
    spool.choose_mode("asked".to_owned(), seconds(90)).await.unwrap();
    assert_eq!(why(90).await.as_deref(), Some("2 alerts, 3 follow-ups; gathering: none, 2"));
    spool.choose_mode("wild".to_owned(), seconds(120)).await.unwrap();
    store(&*spool, "Yard", seconds(120)).await;
    spool.choose_mode("asked".to_owned(), seconds(150)).await.unwrap();
    assert_eq!(why(150).await.as_deref(), Some("2 alerts, 3 follow-ups; gathering: 1, 2"));
}

async fn a_channel_is_told_once_of_what_is_news_to_it(open: Open<'_>) {
    let spool = open();
    spool.choose_mode("phone only".to_owned(), NOW).await.unwrap();
    let incident = store(&*spool, "Yard", NOW).await;
    assert_eq!(incident.channels, ["phone"]);
    spool.choose_mode("away".to_owned(), NOW).await.unwrap();
    let more = store(&*spool, "Yard", seconds(5)).await;
    assert_eq!((more.incident, more.joined), (incident.incident, true));
    let kind = |due: Vec<DueDelivery>| due.first().map(|it| it.alert.kind);
    assert_eq!(kind(due(&*spool, "hook", seconds(5)).await), Some(AlertKind::First));
    let first = due(&*spool, "phone", seconds(5)).await.remove(0);
    assert_eq!(first.alert.kind, AlertKind::First);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    assert_eq!(kind(due(&*spool, "phone", seconds(7)).await), Some(AlertKind::FollowUp));
}
