//! Cuts an alert into messages within a service's limits: text, albums, documents. The same alert always gives the
//! same messages, because a delivery continues where it stopped.

use tipoff_model::{Alert, AlertMedia, MediaKind};

use crate::body::Piece;
use crate::wording::{self, Wording};
use crate::words;
use crate::{Abilities, Limits};

/// The name of the file that holds a text which is too long for a message.
pub const TEXT_FILE_NAME: &str = "message.txt";

/// One message. It is empty for a service that accepts the whole alert, which is in [`crate::Context::alert`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// The first line, to be emphasised; empty where there is no text.
    pub title: String,
    /// The text below the title.
    pub text: String,
    /// No file, one file, or an album: several pictures and videos, or several documents.
    pub files: Vec<Attachment>,
    /// Reference of the earlier message that this one replies to ([`tipoff_model::Receipt::reference`]).
    pub reply_to: Option<String>,
    /// Whether an earlier message of the same alert has the text. Such a message has no sound and no buttons.
    pub is_rest: bool,
}

impl Message {
    /// Title and text for a service that sends no message without a text. A title alone becomes the text, below
    /// `heading`; where both are missing, `words` are the text.
    pub(crate) fn title_and_text<'a>(
        &'a self,
        heading: &'a str,
        words: &'a str,
    ) -> (&'a str, &'a str) {
        match (self.title.as_str(), self.text.as_str()) {
            ("", "") => (heading, words),
            (title, "") => (heading, title),
            (title, text) => (title, text),
        }
    }
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// How it is to be shown.
    pub role: Role,
    /// Its bytes.
    pub source: Source,
}

/// How a file is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// As a picture.
    Picture,
    /// As a video.
    Video,
    /// As an animation without sound.
    Animation,
    /// As a file to open.
    Document,
}

/// Where a file's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the store.
    Stored(AlertMedia),
    /// The alert's text, which was too long for the message.
    Text(String),
}

impl Attachment {
    /// The stored file, where it is one.
    pub(crate) fn stored(&self) -> Option<&AlertMedia> {
        match &self.source {
            Source::Stored(stored) => Some(stored),
            Source::Text(_) => None,
        }
    }

    /// The name that it is sent with.
    pub fn name(&self) -> &str {
        match &self.source {
            Source::Stored(stored) => &stored.media.name,
            Source::Text(_) => TEXT_FILE_NAME,
        }
    }

    /// The content type that it is sent with.
    pub(crate) fn content_type(&self) -> &str {
        match &self.source {
            Source::Stored(stored) => &stored.media.content_type,
            Source::Text(_) => "text/plain; charset=utf-8",
        }
    }

    /// Its bytes, as a piece of a request body.
    pub(crate) fn piece(&self) -> Piece {
        match &self.source {
            Source::Stored(stored) => Piece::File(stored.clone()),
            Source::Text(text) => Piece::Bytes(text.clone().into_bytes()),
        }
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        match &self.source {
            Source::Stored(stored) => stored.media.size,
            Source::Text(text) => text.len() as u64,
        }
    }
}

/// The messages of `alert` for a service with these `abilities`, in order; at least one. Every file is in exactly one
/// of them, or a line of the text says why it is missing.
pub fn messages(alert: &Alert, abilities: &Abilities) -> Vec<Message> {
    let limits = match abilities {
        Abilities::AcceptsAlert => return vec![Message::default()],
        Abilities::Messages(limits) => limits,
    };
    let Sorted { shown, moving, mut documents, notes } = sort(alert, limits);
    let text_only = shown.is_empty() && moving.is_empty() && documents.is_empty();
    let max = if text_only { limits.text_utf16_max } else { limits.caption_utf16_max };
    let reply_to = alert.reply_to.as_ref().filter(|_| limits.replies);
    let (first, left_over) = Wording::of(alert, reply_to.is_some(), notes).fit(max);
    // The pages of a scan come before the log of the program that sent them.
    documents.sort_by_key(rank);
    if let Some(whole) = left_over {
        let words = Attachment { role: Role::Document, source: Source::Text(whole) };
        // If a message has one document, the text comes first, beside its own beginning; else after the files.
        let behind = documents.iter().filter(|file| rank(file) < RAW_RANK).count();
        documents.insert(if limits.documents_max > 1 { behind } else { 0 }, words);
    }

    let mut groups = albums(shown, limits.album_files_max, limits);
    groups.extend(moving.into_iter().map(|file| vec![file]));
    groups.extend(albums(documents, limits.documents_max, limits));
    if text_only {
        groups.insert(0, Vec::new());
    }
    let message =
        |files| Message { files, reply_to: reply_to.cloned(), is_rest: true, ..Message::default() };
    let mut messages: Vec<Message> = groups.into_iter().map(message).collect();
    if let Some(message) = messages.first_mut() {
        (message.title, message.text) = first;
        message.is_rest = false;
    }
    messages
}

/// The message with a line of text in place of each file; `why` is the reason.
pub(crate) fn without_files(message: &Message, alert: &Alert, max: usize, why: &str) -> Message {
    without(message, alert, max, why, &|_| true)
}

/// The message with a line of text in place of each file that `leave_out` selects.
pub(crate) fn without(
    message: &Message,
    alert: &Alert,
    max: usize,
    why: &str,
    leave_out: &dyn Fn(&Attachment) -> bool,
) -> Message {
    let (left_out, files): (Vec<_>, Vec<_>) =
        message.files.iter().cloned().partition(|file| leave_out(file));
    let notes: Vec<String> = left_out.iter().map(|file| note(file, why, alert)).collect();
    let wording = Wording {
        title: if message.title.is_empty() {
            wording::title(alert, message.reply_to.is_some())
        } else {
            message.title.clone()
        },
        body: message.text.clone(),
        notes: notes.join("\n"),
    };
    let ((title, text), _) = wording.fit(max);
    Message { title, text, files, reply_to: message.reply_to.clone(), is_rest: message.is_rest }
}

/// The line for a file that is not sent: the reason, and the file's link.
pub(crate) fn note(file: &Attachment, why: &str, alert: &Alert) -> String {
    let texts = wording::texts(alert);
    let place = match file.stored().and_then(|stored| stored.url.as_deref()) {
        Some(url) => texts.with("alert-file-linked", &[("link", url.into())]),
        None => texts.text("alert-file-kept"),
    };
    let (name, size) = (words::clean(file.name()), words::size(file.size()));
    let (name, size) = (("name", (&*name).into()), ("size", (&size).into()));
    texts.with("alert-file", &[name, size, ("why", why.into()), ("place", (&place).into())])
}

/// The files of an alert by the way they are sent, and the lines for those that are not sent.
struct Sorted {
    /// Pictures and videos, which can share an album.
    shown: Vec<Attachment>,
    /// Animations, each in a message of its own.
    moving: Vec<Attachment>,
    /// Everything else, as files to open.
    documents: Vec<Attachment>,
    /// Lines about files that are missing or damaged.
    notes: String,
}

/// Sorts the files of an alert: as a picture or video, as an animation, as a document, or as a note if it cannot be
/// sent.
fn sort(alert: &Alert, limits: &Limits) -> Sorted {
    let mut sorted = Sorted {
        shown: Vec::new(),
        moving: Vec::new(),
        documents: Vec::new(),
        notes: String::new(),
    };
    let (mut notes, texts) = (Vec::new(), wording::texts(alert));
    if alert.torn {
        notes.push(texts.text("alert-torn"));
    }
    let named = |key: &str, file: &Attachment| {
        texts.with(key, &[("name", (&*words::clean(file.name())).into())])
    };
    let media = alert.media.iter().map(|stored| (stored, role(stored, limits)));
    let raw = alert.raw.iter().map(|stored| (stored, Role::Document));
    for (stored, role) in media.chain(raw) {
        let file = Attachment { role, source: Source::Stored(stored.clone()) };
        if stored.media.kind == MediaKind::Video && !stored.media.whole && !alert.torn {
            // It has no end or no index, and is sent as a document.
            notes.push(named("alert-file-incomplete", &file));
        }
        if file.size() > limits.file_bytes_max {
            let limit = words::size(limits.file_bytes_max);
            let limit = [("service", limits.service.into()), ("limit", (&limit).into())];
            notes.push(note(&file, &texts.with("alert-file-too-big", &limit), alert));
        } else if file.size() == 0 {
            // Services refuse a file without a byte in it.
            notes.push(named("alert-file-empty", &file));
        } else {
            match role {
                Role::Picture | Role::Video => sorted.shown.push(file),
                Role::Animation => sorted.moving.push(file),
                Role::Document => sorted.documents.push(file),
            }
        }
    }
    sorted.notes = notes.join("\n");
    sorted
}

/// How a service shows a file. What it cannot show is a document.
fn role(stored: &AlertMedia, limits: &Limits) -> Role {
    let media = &stored.media;
    let of = |types: &[&str]| types.contains(&media.content_type.as_str());
    match media.kind {
        // Services convert what they show, and fail with a file that ends in the middle.
        _ if !media.whole => Role::Document,
        MediaKind::Picture
            if of(limits.picture.types) && media.size <= limits.picture.bytes_max =>
        {
            Role::Picture
        }
        MediaKind::Video if of(limits.video_types) => Role::Video,
        MediaKind::Animation if limits.animations => Role::Animation,
        _ => Role::Document,
    }
}

/// The rank of the raw mail.
const RAW_RANK: u8 = 2;

/// The order of documents: files, then logs and other text, then the raw mail.
fn rank(file: &Attachment) -> u8 {
    let Some(stored) = file.stored() else {
        return 0;
    };
    let media = &stored.media;
    match media.content_type.as_str() {
        _ if stored.place.index.is_none() => RAW_RANK,
        "application/json" => 1,
        kind if kind.starts_with("text/") || has_log_name(&media.name) => 1,
        _ => 0,
    }
}

/// Whether a file has the name of a log, whatever content type it declares. `XST` is the job log that a Xerox uploads
/// with the pages of a scan.
fn has_log_name(name: &str) -> bool {
    /// Extensions of logs and of other text that programs write.
    const ENDS: &[&str] = &["log", "txt", "csv", "xml", "json", "ini", "xst"];
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    ENDS.iter().any(|known| end.eq_ignore_ascii_case(known))
}

/// Distributes files over messages, in order: at most `files_max` in each, and within the limit of bytes.
fn albums(files: Vec<Attachment>, files_max: usize, limits: &Limits) -> Vec<Vec<Attachment>> {
    let mut albums: Vec<Vec<Attachment>> = Vec::new();
    let mut bytes = 0_u64;
    for file in files {
        let size = file.size();
        bytes = bytes.saturating_add(size);
        match albums.last_mut() {
            Some(album) if album.len() < files_max && bytes <= limits.album_bytes_max => {
                album.push(file);
            }
            _ => {
                albums.push(vec![file]);
                bytes = size;
            }
        }
    }
    albums
}
