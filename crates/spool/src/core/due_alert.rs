//! The alert of a delivery that is due, made of its row and of what it covers. Pure.

use tipoff_model::{
    Alert, AlertKind, AlertManner, AlertMedia, ArrivalId, DeliveryId, DeviceId, Event, IncidentId,
    Language, MediaPlace, Timestamp,
};

use super::alert::{self, Composed, Words};
use super::covered::Covered;
use crate::{DueDelivery, Share};

/// Number of earlier arrivals of an incident that are looked up, so that a follow-up does not repeat their words and
/// pictures; the latest ones.
pub(crate) const EARLIER_MAX: u32 = 100;

/// A due delivery with its incident and device, as they are stored.
#[derive(Clone, Debug)]
pub(crate) struct DueRow {
    pub(crate) delivery: DeliveryId,
    pub(crate) kind: AlertKind,
    pub(crate) created_at: Timestamp,
    /// Number of attempts that ended.
    pub(crate) attempts: u32,
    /// Number of its messages that the service has accepted.
    pub(crate) progress: u32,
    /// The service's reference of the first message.
    pub(crate) reference: Option<String>,
    pub(crate) route: Option<String>,
    /// Number of arrivals that a summary stands for.
    pub(crate) held: u64,
    /// Where it stands in the queue: an address, or a known device.
    pub(crate) place: String,
    /// Whether a summary stands for all discovered devices at the address.
    pub(crate) of_address: bool,
    pub(crate) incident: IncidentId,
    /// The name of the incident's event.
    pub(crate) event: String,
    pub(crate) subject: String,
    /// Text of an incident that no arrival opened.
    pub(crate) note: Option<String>,
    pub(crate) began_at: Timestamp,
    pub(crate) device: DeviceId,
    pub(crate) device_name: String,
    /// The name that somebody gave the device.
    pub(crate) device_label: Option<String>,
}

/// What is looked up besides the row and the covered arrivals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// The words of the incident's arrivals before the covered ones.
    pub(crate) earlier: Vec<Words>,
    /// What the channel answered to the incident's first alert.
    pub(crate) first_reference: Option<String>,
    /// As in [`DueDelivery::maybe_repeated`].
    pub(crate) maybe_repeated: Vec<(MediaPlace, AlertMedia)>,
}

/// Whether a delivery needs [`Context::first_reference`]: it is sent as a reply to the first alert.
pub(crate) fn is_reply(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::FollowUp | AlertKind::Summary)
}

/// The first and the latest covered arrival of a delivery that needs [`Context::earlier`] and
/// [`Context::maybe_repeated`]: a follow-up repeats nothing. `None`: it needs neither.
pub(crate) fn adds_to(kind: AlertKind, covered: &Covered) -> Option<(ArrivalId, ArrivalId)> {
    covered.span.filter(|_| kind == AlertKind::FollowUp)
}

/// The alert. `identity` is the random name of the spool: numbers of deliveries begin anew in another one.
pub(crate) fn compose(
    identity: &str,
    row: DueRow,
    covered: Covered,
    context: Context,
) -> DueDelivery {
    let covered = if row.kind == AlertKind::Report { covered.of_report() } else { covered };
    let composed = words(&row, &covered, &context.earlier);
    let alert = Alert {
        delivery: row.delivery,
        language: Language::default(),
        idempotency_key: format!("{identity}-{}", row.delivery),
        incident: row.incident,
        kind: row.kind,
        device_id: row.device,
        device: name(&row),
        event: composed.event,
        events: composed.events,
        subject: composed.subject,
        text: composed.text,
        details: composed.details,
        more: composed.more,
        late: None,
        received_at: covered.received_at.unwrap_or(row.began_at),
        media: covered.media,
        raw: covered.raw,
        mails: covered.mails,
        torn: covered.torn,
        reply_to: context.first_reference,
        link: None,
        held: row.held,
        manner: AlertManner::default(),
        buttons: Vec::new(),
    };
    DueDelivery {
        alert,
        progress: row.progress,
        attempts: row.attempts,
        created_at: row.created_at,
        reference: row.reference,
        covers: covered.span.map_or(ArrivalId(0), |(_, last)| last),
        maybe_repeated: context.maybe_repeated,
        route: row.route,
        share: Share::of_place(row.place),
    }
}

/// What people call the device, or all discovered devices of an address.
fn name(row: &DueRow) -> String {
    match &row.device_label {
        _ if row.of_address => format!("devices at {}", row.place),
        Some(label) => label.clone(),
        None => row.device_name.clone(),
    }
}

/// The words of the arrivals; of an incident without arrivals, its own.
fn words(row: &DueRow, covered: &Covered, earlier: &[Words]) -> Composed {
    if !covered.words.is_empty() {
        return alert::compose(
            &covered.words,
            (row.kind == AlertKind::FollowUp).then_some(earlier),
        );
    }
    Composed {
        event: Event::from_name(&row.event).unwrap_or_default(),
        subject: row.subject.clone(),
        text: row.note.clone().unwrap_or_default(),
        ..Composed::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::covered::CoveredArrival;
    use crate::core::samples;
    use tipoff_model::{BlobName, Content, MediaKind};

    fn row(kind: AlertKind) -> DueRow {
        DueRow {
            delivery: DeliveryId(7),
            kind,
            created_at: Timestamp(1),
            attempts: 2,
            progress: 3,
            reference: Some("own".to_owned()),
            route: Some("night".to_owned()),
            held: 4,
            place: "10.0.0.9".to_owned(),
            of_address: false,
            incident: IncidentId(5),
            event: "fault".to_owned(),
            subject: "Daily report".to_owned(),
            note: Some("Three incidents".to_owned()),
            began_at: Timestamp(6),
            device: DeviceId(8),
            device_name: "10.0.0.9 cam".to_owned(),
            device_label: None,
        }
    }

    fn covered() -> Covered {
        Covered::gather(vec![CoveredArrival {
            id: ArrivalId(3),
            received_at: Timestamp(30),
            torn: true,
            event: "motion".to_owned(),
            blob: BlobName("3.eml".to_owned()),
            bytes: 100,
            content: Content {
                subject: "Motion".to_owned(),
                text: "Channel 1".to_owned(),
                media: vec![samples::media(MediaKind::Picture)],
                ..Content::default()
            },
            protocol: "smtp".to_owned(),
        }])
    }

    fn context() -> Context {
        let text = "Channel 1".to_owned();
        let earlier = Words { event: Event::Motion, text, ..Words::default() };
        Context {
            earlier: vec![earlier],
            first_reference: Some("first".to_owned()),
            maybe_repeated: Vec::new(),
        }
    }

    #[test]
    fn an_alert_is_made_of_its_row_and_of_what_it_covers() {
        let due = compose("spool", row(AlertKind::First), covered(), Context::default());
        let alert = &due.alert;
        assert_eq!(alert.idempotency_key, "spool-7");
        assert_eq!((alert.incident, alert.device_id), (IncidentId(5), DeviceId(8)));
        assert_eq!((alert.event, alert.subject.as_str()), (Event::Motion, "Motion"));
        assert_eq!((alert.text.as_str(), alert.received_at), ("Channel 1", Timestamp(30)));
        assert_eq!((alert.media.len(), alert.mails.len(), alert.torn), (1, 1, true));
        assert_eq!((alert.held, alert.reply_to.as_ref()), (4, None));
        assert_eq!((due.progress, due.attempts, due.created_at), (3, 2, Timestamp(1)));
        assert_eq!((due.reference.as_deref(), due.route.as_deref()), (Some("own"), Some("night")));
        assert_eq!(due.covers, ArrivalId(3));
        assert_eq!(due.share, Share::Address("10.0.0.9".to_owned()));
    }

    #[test]
    fn only_a_follow_up_leaves_out_what_was_sent_before() {
        let details = |kind| compose("", row(kind), covered(), context()).alert.details.unwrap();
        assert_eq!(details(AlertKind::FollowUp), "");
        assert_eq!(details(AlertKind::First), "Channel 1");
        assert_eq!(details(AlertKind::Summary), "Channel 1");
    }

    #[test]
    fn an_incident_without_arrivals_has_its_own_words() {
        for covered in [Covered::default(), covered()] {
            let due = compose("", row(AlertKind::Report), covered.clone(), Context::default());
            let alert = due.alert;
            assert_eq!((alert.event, alert.subject.as_str()), (Event::Fault, "Daily report"));
            assert_eq!((alert.text.as_str(), alert.received_at), ("Three incidents", Timestamp(6)));
            assert_eq!((alert.media.len(), alert.torn), (covered.media.len(), false));
            assert_eq!(due.covers.0, covered.span.map_or(0, |(_, last)| last.0));
        }
        let silent = DueRow { note: None, ..row(AlertKind::First) };
        let due = compose("", silent, Covered::default(), Context::default());
        assert_eq!(due.alert.text, "");
    }

    #[test]
    fn a_device_has_the_name_that_people_gave_it() {
        let of = |row| compose("", row, Covered::default(), Context::default()).alert.device;
        assert_eq!(of(row(AlertKind::First)), "10.0.0.9 cam");
        let named = DueRow { device_label: Some("Yard".to_owned()), ..row(AlertKind::First) };
        assert_eq!(of(named.clone()), "Yard");
        assert_eq!(of(DueRow { of_address: true, ..named }), "devices at 10.0.0.9");
    }

    #[test]
    fn follow_ups_and_summaries_reply_to_the_first_alert() {
        for (kind, replies, adds) in [
            (AlertKind::First, false, false),
            (AlertKind::FollowUp, true, true),
            (AlertKind::Summary, true, false),
            (AlertKind::Report, false, false),
        ] {
            assert_eq!(is_reply(kind), replies);
            assert_eq!(adds_to(kind, &covered()).is_some(), adds);
        }
        assert_eq!(adds_to(AlertKind::FollowUp, &Covered::default()), None);
        let due = compose("", row(AlertKind::FollowUp), covered(), context());
        assert_eq!(due.alert.reply_to.as_deref(), Some("first"));
    }
}
