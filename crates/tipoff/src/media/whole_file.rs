//! The description of a file whose bytes are stored, or made, without an encoding.

use tipoff_model::{Encoding, Media, MediaKind};

/// A complete file that is all of its blob; `size` is in bytes.
pub(crate) fn whole_file(name: String, content_type: &str, kind: MediaKind, size: u64) -> Media {
    Media {
        name,
        content_type: content_type.to_owned(),
        kind,
        range: 0..size,
        encoding: Encoding::Identity,
        size,
        whole: true,
        repeat: false,
        decoration: false,
    }
}
