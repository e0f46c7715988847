//! Uploads that a crash interrupted, as their devices see them. They are not stored as arrivals yet; in place of an
//! arrival's number they have a negative one.
//!
//! A device that resumes (REST, APPE) continues such a file where the crash cut it off.

use tipoff_ftp::UploadedFile;
use tipoff_model::{AlertMedia, ArrivalId, Media, MediaKind, MediaPlace};
use tipoff_spool::Unfinished;

use crate::media::whole_file;

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
    let file = whole_file(String::new(), "", MediaKind::File, unfinished.size);
    let media = Media { whole: false, ..file };
    let place = MediaPlace { arrival, index: None };
    AlertMedia { media, place, blob: unfinished.blob, url: None, clip: None }
}
