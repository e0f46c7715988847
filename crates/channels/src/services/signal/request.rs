//! A message as the JSON of "POST /v2/send", with its files in base64. What a camera writes is shown as it is, and
//! the name of a file stays a name: the server creates a file of that name on its disk.

use serde_json::{Map, Value};
use tipoff_model::AlertMedia;

use crate::body::{Body, Piece};
use crate::message_plan::{Role, Source};
use crate::{Attachment, Message, words};

/// Characters with a meaning in the server's text mode "styled".
const MARKUP: &str = "*|~`";
/// Length limit of a file's name, in characters. On the server's disk it may have 255 bytes, up to 4 per character.
const NAME_CHARS_MAX: usize = 60;
/// The extensions of files that apps show. signal-cli derives the content type from the extension.
const EXTENSIONS: &[(&str, &str)] = &[
    ("image/gif", "gif"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("video/mp4", "mp4"),
];

/// The body for a message. Its files are encoded while it is sent, and are never in memory as a whole.
pub(super) fn body(message: &Message, number: &str, recipients: &[String]) -> Body {
    let mut fields = Map::new();
    let mut set = |key: &str, value: Value| drop(fields.insert(key.to_owned(), value));
    set("number", number.into());
    set("recipients", recipients.into());
    set("message", styled(message).into());
    set("text_mode", "styled".into());
    if let Some((timestamp, title)) = message.reply_to.as_deref().and_then(quoted) {
        set("quote_timestamp", timestamp.into());
        set("quote_author", number.into());
        set("quote_message", title.into());
    }
    let mut head = Value::Object(fields).to_string();
    head.pop();
    head.push_str(",\"base64_attachments\":[");
    let mut pieces = vec![Piece::Bytes(head.into_bytes())];
    for (index, file) in message.files.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        pieces.push(Piece::Bytes(format!("{comma}\"{}", prefix(file)).into_bytes()));
        pieces.push(match &file.source {
            Source::Stored(stored) => Piece::Base64(stored.clone()),
            Source::Text(text) => Piece::Bytes(words::base64(text).into_bytes()),
        });
        pieces.push(Piece::Bytes(b"\"".to_vec()));
    }
    pieces.push(Piece::Bytes(b"]}".to_vec()));
    Body::new("application/json".to_owned(), pieces)
}

/// The time at which the first alert was sent, and its first line, from its receipt.
fn quoted(reference: &str) -> Option<(i64, &str)> {
    let (timestamp, title) = reference.split_once(' ')?;
    Some((timestamp.parse().ok()?, title))
}

/// `data:TYPE;filename=NAME;base64,` without characters that would end a part of it, or the JSON string.
fn prefix(file: &Attachment) -> String {
    let content_type = file.stored().map_or("text/plain", |stored| &stored.media.content_type);
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let is_of_type = |byte: u8| byte.is_ascii_alphanumeric() || b"/.+-_".contains(&byte);
    let essence = if !essence.is_empty() && essence.bytes().all(is_of_type) {
        essence
    } else {
        "application/octet-stream"
    };
    format!("data:{essence};filename={};base64,", file_name(file))
}

/// A file's name: harmless characters, and an extension by which signal-cli knows the content type.
fn file_name(file: &Attachment) -> String {
    let is_harmless = |it: char| it.is_alphanumeric() || "-_.() ".contains(it);
    let safe = |it: char| if is_harmless(it) { it } else { '_' };
    let name: String = file.name().chars().map(safe).collect();
    let name = name.trim_matches(['.', ' ']);
    let extension = file.stored().and_then(|stored| extension(stored, file.role));
    let is_right = |own: &str, right: &str| {
        own.eq_ignore_ascii_case(right) || right == "jpg" && own.eq_ignore_ascii_case("jpeg")
    };
    let (stem, extension) = match (name.rsplit_once('.'), extension) {
        (Some((stem, own)), Some(right)) if is_right(own, right) => (stem, right),
        (_, Some(right)) => (name, right),
        (Some((stem, own)), None) => (stem, own),
        (None, None) => (name, "bin"),
    };
    let stem: String = stem.chars().take(NAME_CHARS_MAX).collect();
    let stem = if stem.is_empty() { "file" } else { &stem };
    let extension: String = extension.chars().take(10).collect();
    format!("{stem}.{extension}")
}

/// The extension that a file needs so that apps show it. `None` if they show it as a document.
fn extension(stored: &AlertMedia, role: Role) -> Option<&'static str> {
    let content_type = stored.media.content_type.as_str();
    let known = EXTENSIONS.iter().find(|(kind, _)| *kind == content_type && role != Role::Document);
    known.map(|(_, extension)| *extension)
}

/// Title and text. The title is bold, unless it contains markup characters itself.
fn styled(message: &Message) -> String {
    let Message { title, text, .. } = message;
    let is_plain = !title.contains(|it| MARKUP.contains(it) || it == '\\');
    let title = match title.as_str() {
        "" => String::new(),
        title if is_plain => format!("**{title}**"),
        title => words::backslashed(title, MARKUP),
    };
    words::below(&title, "\n", &words::backslashed(text, MARKUP))
}
