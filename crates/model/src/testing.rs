//! Files, alerts and envelopes for the tests of this crate and of those above it. Part of no program: the feature `testing` is
//! for dev-dependencies.

use crate::{
    Alert, AlertKind, AlertManner, AlertMedia, ArrivalId, BlobName, DeliveryId, DeviceId, Encoding,
    Envelope, Event, IncidentId, LoginProof, Media, MediaKind, MediaPlace, Protocol, Timestamp,
};

/// A small file of this kind.
pub fn media(kind: MediaKind) -> Media {
    Media {
        name: "1".to_owned(),
        content_type: String::new(),
        kind,
        range: 0..1,
        encoding: Encoding::Identity,
        size: 1,
        whole: true,
        repeat: false,
        decoration: false,
    }
}

/// The same in an alert, with the address where it can be fetched.
pub fn file(kind: MediaKind, url: Option<&str>) -> AlertMedia {
    AlertMedia {
        media: media(kind),
        place: MediaPlace { arrival: ArrivalId(1), index: Some(0) },
        blob: BlobName(String::new()),
        url: url.map(str::to_owned),
        clip: None,
    }
}

/// The first alert of a motion, without files.
pub fn alert() -> Alert {
    Alert {
        language: crate::Language::default(),
        delivery: DeliveryId(1),
        idempotency_key: String::new(),
        incident: IncidentId(7),
        kind: AlertKind::First,
        device_id: DeviceId(4),
        device: "Yard".to_owned(),
        event: Event::Motion,
        subject: "Alarm".to_owned(),
        text: "Something moved.".to_owned(),
        events: Vec::new(),
        details: None,
        more: 0,
        late: None,
        received_at: Timestamp::default(),
        media: Vec::new(),
        raw: Vec::new(),
        mails: Vec::new(),
        torn: false,
        reply_to: None,
        link: None,
        held: 0,
        manner: AlertManner::default(),
        buttons: Vec::new(),
    }
}

/// The envelope of an arrival by this protocol, without a login.
pub fn envelope(protocol: Protocol) -> Envelope {
    Envelope {
        protocol,
        peer: [192, 168, 1, 9].into(),
        login: None,
        proof: LoginProof::default(),
        greeting: None,
        sender: String::new(),
        recipients: Vec::new(),
        tls: false,
        path: None,
    }
}
