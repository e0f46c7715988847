//! What an upload is and what it means, by its content and its path, and what its alert waits for.
//!
//! The content decides where it shows a type; the name only where it does not. What a vendor's names mean is in
//! `tipoff_vendors`. Pure.

use tipoff_model::label;
use tipoff_model::{Content, Media, MediaKind, file_type};
use tipoff_vendors::Meaning;

use super::file_inspector::FileInspector;
use crate::media::whole_file;

/// What is known of an uploaded file.
pub(super) struct Classified {
    /// The one file, as the arrival's content.
    pub(super) content: Content,
    /// The event that the path names, and whether it is a housekeeping file.
    pub(super) meaning: Meaning,
    /// The vendor whose devices name files so.
    pub(super) vendor: Option<&'static str>,
    /// What its alert waits for.
    pub(super) awaits: Awaits,
}

/// What the alert of an upload waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awaits {
    /// It is alerted at once.
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
    let content_type = file_type.map_or("application/octet-stream", |it| it.content_type);
    let file = whole_file(name_of(path, kind, file_type), content_type, kind, size);
    let media = Media { whole: is_whole, ..file };
    let upload = tipoff_vendors::UploadedFile { path, kind, size };
    Classified {
        content: Content { media: vec![media], ..Content::default() },
        meaning: tipoff_vendors::upload(&upload),
        vendor: tipoff_vendors::upload_vendor(&upload),
        awaits,
    }
}

/// The name that people see: the last part of the path without a temporary ending, made safe to show; for a path
/// without one, a name by the type.
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
