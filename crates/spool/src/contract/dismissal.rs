//! Incidents that somebody marked as not interesting.

use std::sync::Arc;

use tipoff_model::IncidentId;

use super::*;

/// All checks of this file, on one engine.
pub(super) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    no_more_alerts_of_a_dismissed_incident_are_due_but_to_archives(&*fresh()).await;
    an_alert_under_way_when_its_incident_is_dismissed_is_not_tried_again(&*fresh()).await;
    what_was_withdrawn_is_due_again_when_the_incident_is_restored(&*fresh()).await;
    who_dismissed_an_incident_first_is_kept(&*fresh()).await;
    a_channel_remembers_outside_of_attempts(&*fresh()).await;
}

async fn dismiss(spool: &dyn Spool, incident: IncidentId, by: &str) {
    spool.dismiss(incident, by.to_owned(), seconds(3)).await.unwrap();
}

async fn states(spool: &dyn Spool, incident: IncidentId) -> Vec<(String, DeliveryState)> {
    let detail = spool.incident(incident).await.unwrap();
    detail.deliveries.into_iter().map(|it| (it.channel, it.state)).collect()
}

async fn no_more_alerts_of_a_dismissed_incident_are_due_but_to_archives(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, "yard", NOW).await.incident;
    let first = due(&*spool, "phone", NOW).await.remove(0);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    store(&*spool, "yard", seconds(1)).await;
    dismiss(&*spool, incident, "Ann (me)").await;
    let later = store(&*spool, "yard", seconds(5)).await;
    assert_eq!((later.incident, later.channels), (incident, vec!["hook".to_owned()]));
    drop(spool);
    let spool = open();
    assert!(due(&*spool, "phone", seconds(60)).await.is_empty());
    assert_eq!(due(&*spool, "hook", seconds(60)).await.len(), 1, "the first goes before the rest");
    let phone = states(&*spool, incident).await;
    let phone: Vec<_> = phone.iter().filter(|(channel, _)| channel == "phone").collect();
    assert_eq!(phone[0].1, DeliveryState::Delivered);
    assert_eq!((phone[1].1, phone.len()), (DeliveryState::Withdrawn, 2));
    let line = spool.incident(incident).await.unwrap().line;
    let dismissal = line.dismissed.unwrap();
    assert_eq!((dismissal.by.as_str(), dismissal.at), ("Ann (me)", seconds(3)));
    let next = store(&*spool, "yard", seconds(100)).await;
    assert_eq!(next.channels, ["phone", "hook"], "the next incident is alerted");
}

async fn an_alert_under_way_when_its_incident_is_dismissed_is_not_tried_again(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, "yard", NOW).await.incident;
    let first = due(&*spool, "phone", NOW).await.remove(0);
    dismiss(&*spool, incident, "Ann (me)").await;
    spool.record(ended(&first, DeliveryState::Pending)).await.unwrap();
    assert_eq!(states(&*spool, incident).await[0].1, DeliveryState::Withdrawn);
    spool.record(ended(&first, DeliveryState::Delivered)).await.unwrap();
    assert_eq!(states(&*spool, incident).await[0].1, DeliveryState::Delivered, "it was sent");
}

async fn what_was_withdrawn_is_due_again_when_the_incident_is_restored(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, "yard", NOW).await.incident;
    dismiss(&*spool, incident, "Ann (me)").await;
    assert_eq!(spool.restore(incident, seconds(50)).await.unwrap(), ["phone"]);
    let again = due(&*spool, "phone", seconds(50)).await.remove(0);
    assert_eq!((again.alert.incident, again.created_at), (incident, seconds(50)));
    assert_eq!(spool.incident(incident).await.unwrap().line.dismissed, None);
    assert!(spool.restore(incident, seconds(51)).await.unwrap().is_empty());
}

async fn who_dismissed_an_incident_first_is_kept(open: Open<'_>) {
    let spool = open();
    let incident = store(&*spool, "yard", NOW).await.incident;
    dismiss(&*spool, incident, "Ann (me)").await;
    spool.dismiss(incident, "Ben (me)".to_owned(), seconds(9)).await.unwrap();
    let dismissal = spool.incident(incident).await.unwrap().line.dismissed.unwrap();
    assert_eq!((dismissal.by.as_str(), dismissal.at), ("Ann (me)", seconds(3)));
    let missing = spool.dismiss(IncidentId(99), String::new(), NOW).await.unwrap_err();
    assert!(matches!(missing, SpoolError::NoIncident(_)));
}

async fn a_channel_remembers_outside_of_attempts(open: Open<'_>) {
    let spool = open();
    let pair = |value: &str| vec![("offset".to_owned(), value.to_owned())];
    spool.remember("phone", pair("1"), None).await.unwrap();
    spool.remember("phone", pair("2"), None).await.unwrap();
    drop(spool);
    assert_eq!(open().memory("phone").await.unwrap(), pair("2"));
}
