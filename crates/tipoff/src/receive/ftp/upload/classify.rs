//! What an upload is and what it means, by its content and its path, and what its alert waits for.

use tipoff_mail::label;
use tipoff_model::{Content, Encoding, Media, MediaKind, file_type};
use tipoff_vendors::Meaning;

use super::file_inspector::FileInspector;

/// What is known of an uploaded file.
pub(super) struct Classified {
    pub(super) content: Content,
    pub(super) meaning: Meaning,
    /// The vendor whose devices name files so.
    pub(super) vendor: Option<&'static str>,
    /// What its alert waits for.
    pub(super) awaits: Awaits,
}

/// What the alert of an upload waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaits {
    Nothing,
    /// Its lasting name: it is whole, but has a temporary name such as `upload.tmp`.
    Name,
    /// Its rest, or a sign of what it is.
    Rest,
}

/// Classifies an upload by its content and its path.
pub(super) fn classify(inspector: &FileInspector, path: &str, size: u64, torn: bool) -> Classified {
    let by_content = inspector.file_type();
    let file_type = by_content.or_else(|| file_type::by_name(tipoff_vendors::lasting_name(path)));
    let kind = file_type.map_or(MediaKind::File, |file_type| file_type.kind);
    let complete = inspector.is_complete();
    let is_whole = match complete {
        complete if torn => complete == Some(true),
        // A picture without its end is shown as far as it goes; a video without its end does not play.
        Some(false) => kind == MediaKind::Picture,
        _ => true,
    };
    let lasting = tipoff_vendors::lasting_name(path);
    let is_named = lasting.len() == path.len() || file_type::by_name(lasting).is_some();
    let awaits = match (by_content, is_named) {
        _ if torn => Awaits::Nothing,
        _ if complete == Some(false) => Awaits::Rest,
        (None, _) if lasting.len() < path.len() => Awaits::Rest,
        (_, true) => Awaits::Nothing,
        (_, false) => Awaits::Name,
    };
    let media = Media {
        name: name_of(path, kind, file_type),
        content_type: file_type
            .map_or("application/octet-stream", |file_type| file_type.content_type)
            .to_owned(),
        kind,
        range: 0..size,
        encoding: Encoding::Identity,
        size,
        whole: is_whole,
        repeat: false,
        decoration: false,
    };
    let upload = tipoff_vendors::UploadedFile { path, kind, size };
    Classified {
        content: Content { media: vec![media], ..Content::default() },
        meaning: tipoff_vendors::upload(&upload),
        vendor: tipoff_vendors::upload_vendor(&upload),
        awaits,
    }
}

/// The name that people see.
pub(super) fn name_of(
    path: &str,
    kind: MediaKind,
    file_type: Option<&file_type::FileType>,
) -> String {
    let name = tipoff_vendors::lasting_name(path);
    label::label(name, file_type).unwrap_or_else(|| label::default_label(kind, file_type, 1))
}

/// What the path says about the event.
pub(super) fn meaning(path: &str, kind: MediaKind, size: u64) -> Meaning {
    tipoff_vendors::upload(&tipoff_vendors::UploadedFile { path, kind, size })
}
