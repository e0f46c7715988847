//! Uploads that a crash interrupted, as their devices see them. They are not stored as arrivals yet; in place of an
//! arrival's number they have a negative one.

use tipoff_ftp::UploadedFile;
use tipoff_model::{AlertMedia, ArrivalId, Encoding, Media, MediaKind, MediaPlace};
use tipoff_spool::Unfinished;

/// The number of an unfinished upload; `None` if it is an arrival.
pub(super) fn number(arrival: ArrivalId) -> Option<i64> {
    arrival.0.checked_neg().filter(|number| *number > 0)
}

/// The file that the device sees.
pub(super) fn file(unfinished: &Unfinished) -> UploadedFile {
    UploadedFile {
        arrival: ArrivalId(-unfinished.number),
        size: unfinished.size,
        modified: unfinished.received_at,
        may_grow: false,
    }
}

/// Where its bytes are stored.
pub(super) fn media(arrival: ArrivalId, unfinished: Unfinished) -> AlertMedia {
    let media = Media {
        name: String::new(),
        content_type: String::new(),
        kind: MediaKind::File,
        range: 0..unfinished.size,
        encoding: Encoding::Identity,
        size: unfinished.size,
        whole: false,
        repeat: false,
        decoration: false,
    };
    let place = MediaPlace { arrival, index: None };
    AlertMedia { media, place, blob: unfinished.blob, url: None, clip: None }
}
