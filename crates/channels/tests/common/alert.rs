//! The alert that the tests of this crate start from, inside the crate and outside of it.

use tipoff_model::{
    Alert, AlertKind, AlertManner, DeliveryId, DeviceId, Event, IncidentId, Timestamp,
};

/// The first alert of an incident: motion, without words, files, buttons and a link.
pub(crate) fn alert() -> Alert {
    Alert {
        language: tipoff_model::Language::default(),
        delivery: DeliveryId(7),
        idempotency_key: "key-7".to_owned(),
        incident: IncidentId(3),
        kind: AlertKind::First,
        device_id: DeviceId(4),
        device: "Front yard".to_owned(),
        event: Event::Motion,
        subject: String::new(),
        text: String::new(),
        events: Vec::new(),
        details: None,
        more: 0,
        late: None,
        received_at: Timestamp::from_ms(1_767_225_600_120),
        media: Vec::new(),
        raw: Vec::new(),
        mails: Vec::new(),
        torn: false,
        held: 0,
        manner: AlertManner::default(),
        buttons: Vec::new(),
        reply_to: None,
        link: None,
    }
}
