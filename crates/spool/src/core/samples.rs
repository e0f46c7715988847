//! Values that tests of decisions begin with.

use std::net::{IpAddr, Ipv4Addr};

use tipoff_model::testing::envelope;
use tipoff_model::{
    BlobName, Content, Device, Encoding, Envelope, Event, Media, MediaKind, Protocol, Timestamp,
};

use crate::{DedupPolicy, NewArrival, StoredBlob};

/// A whole mail without words and media.
pub(crate) fn arrival() -> NewArrival {
    NewArrival {
        device: Device::default(),
        envelope: Envelope {
            peer: IpAddr::V4(Ipv4Addr::new(192, 168, 1, 50)),
            ..envelope(Protocol::Smtp)
        },
        content: Content::default(),
        event: Event::Other,
        housekeeping: false,
        vendor: None,
        blob: StoredBlob { name: BlobName("2026/1.eml".to_owned()), size: 1 },
        began_at: Timestamp::default(),
        received_at: Timestamp::default(),
        ready_at: Timestamp::default(),
        torn: false,
        unacknowledged: false,
        digest: None,
        same_as: None,
        digests: Vec::new(),
        again: DedupPolicy::AfterTorn,
        tree: None,
    }
}

/// The same as an upload.
pub(crate) fn upload(arrival: NewArrival) -> NewArrival {
    let path = Some("/1.jpg".to_owned());
    NewArrival { envelope: Envelope { path, ..arrival.envelope }, ..arrival }
}

/// A whole file of nine bytes.
pub(crate) fn media(kind: MediaKind) -> Media {
    Media {
        name: "1".to_owned(),
        content_type: String::new(),
        kind,
        range: 0..9,
        encoding: Encoding::Identity,
        size: 9,
        whole: true,
        repeat: false,
        decoration: false,
    }
}
