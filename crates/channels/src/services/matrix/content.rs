//! A message as the content of an event: "m.room.message" in the specification. What a camera writes is shown as it
//! is and mentions nobody. Pure.

use serde_json::{Map, Value, json};
use tipoff_model::{Alert, AlertMedia, Media, Priority};

use crate::buttons::{self, Link};
use crate::message_plan::Role;
use crate::{Attachment, Message, sound, words};

/// Length limit of a file's name in an event, in UTF-16 units: an event has 64 KiB in total.
const NAME_UTF16_MAX: usize = 200;

/// Room for the links of actions, in UTF-16 units: see the limits of a message.
const LINKS_UTF16_MAX: usize = 2000;

/// A file that was uploaded.
pub(super) struct UploadedFile {
    /// Its address: `mxc://…`.
    pub(super) url: String,
    /// Width and height of a picture, if they are known.
    pub(super) sides_px: Option<(usize, usize)>,
    /// The poster of a video.
    pub(super) poster: Option<Poster>,
}

/// The uploaded picture that a video shows until it plays.
pub(super) struct Poster {
    /// Its address: `mxc://…`.
    pub(super) url: String,
    /// Width and height, if they are known.
    pub(super) sides_px: Option<(usize, usize)>,
    /// Its content type and size.
    pub(super) media: Media,
}

/// The event that a message refers to, by its ID.
pub(super) enum Relation {
    /// The message is in the thread that this event begins.
    Thread(String),
    /// The message replies to this event.
    Reply(String),
}

impl Relation {
    /// The value of `m.relates_to`. Clients without threads show a thread's events as replies.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Reply(event) => json!({ "m.in_reply_to": { "event_id": event } }),
            Self::Thread(event) => json!({
                "rel_type": "m.thread",
                "event_id": event,
                "is_falling_back": true,
                "m.in_reply_to": { "event_id": event },
            }),
        }
    }
}

/// The poster of a file that is shown as a video.
pub(super) fn poster(file: &Attachment) -> Option<&AlertMedia> {
    let video = file.stored().filter(|_| file.role == Role::Video)?;
    video.clip.as_ref()?.poster.as_deref()
}

/// The content of a message's event. `links` are below its text, and `sent` is its uploaded file.
pub(super) fn content(
    message: &Message,
    alert: &Alert,
    links: &[Link<'_>],
    sent: Option<&UploadedFile>,
) -> Value {
    let priority = alert.manner.priority;
    let is_quiet = sound::is_silent(message, alert)
        || matches!(priority, Some(Priority::Lowest | Priority::Low));
    let is_urgent = !is_quiet && matches!(priority, Some(Priority::High | Priority::Urgent));
    let mut content = Map::new();
    let mut set = |key: &str, value: Value| drop(content.insert(key.to_owned(), value));
    // The push rule ".m.rule.suppress_notices" keeps notices silent; ".m.rule.is_room_mention" rings even
    // where only mentions do. Without the field, old clients look for names in what a camera wrote.
    set("msgtype", if is_quiet { "m.notice" } else { "m.text" }.into());
    set("m.mentions", if is_urgent { json!({ "room": true }) } else { json!({}) });
    let body = plain(message);
    if !body.is_empty() {
        set("body", body.as_str().into());
        set("format", "org.matrix.custom.html".into());
        set("formatted_body", html(message, alert.link.as_deref(), links).into());
    }
    if let (Some(file), Some(sent)) = (message.files.first(), sent) {
        let name = words::cut(file.name(), NAME_UTF16_MAX);
        set("msgtype", kind(file.role).into());
        set("url", sent.url.as_str().into());
        set("info", info(file, sent));
        // A body that is the name is no caption: "Media captions".
        if body.is_empty() {
            set("body", name.as_str().into());
        }
        set("filename", name.into());
    }
    Value::Object(content)
}

/// The `msgtype` of a file.
const fn kind(role: Role) -> &'static str {
    match role {
        Role::Picture | Role::Animation => "m.image",
        Role::Video => "m.video",
        Role::Document => "m.file",
    }
}

/// The `info` of a file: what a client needs to lay it out before it is loaded.
fn info(file: &Attachment, sent: &UploadedFile) -> Value {
    let content_type = file.stored().map_or("text/plain", |stored| &stored.media.content_type);
    let mut info = described(content_type, file.size(), sent.sides_px);
    let clip = file.stored().filter(|_| file.role == Role::Video).and_then(|it| it.clip.as_ref());
    if let Some(clip) = clip {
        let duration_ms = u64::try_from(clip.duration.as_millis()).unwrap_or_default();
        info.insert("w".to_owned(), clip.width_px.into());
        info.insert("h".to_owned(), clip.height_px.into());
        info.insert("duration".to_owned(), duration_ms.into());
    }
    if let Some(Poster { url, sides_px, media }) = &sent.poster {
        let thumbnail = described(&media.content_type, media.size, *sides_px);
        info.insert("thumbnail_url".to_owned(), url.as_str().into());
        info.insert("thumbnail_info".to_owned(), thumbnail.into());
    }
    info.into()
}

/// The fields that the `info` of a file and of its thumbnail share.
fn described(
    content_type: &str,
    size: u64,
    sides_px: Option<(usize, usize)>,
) -> Map<String, Value> {
    let mut info = Map::new();
    info.insert("mimetype".to_owned(), content_type.into());
    info.insert("size".to_owned(), size.into());
    if let Some((width, height)) = sides_px {
        info.insert("w".to_owned(), width.into());
        info.insert("h".to_owned(), height.into());
    }
    info
}

/// Title and text as plain text, which notifications show.
fn plain(message: &Message) -> String {
    words::below(&message.title, "\n", &message.text)
}

/// Title, text and links as HTML. The title leads to the incident. Only the HTML has the links of actions, so that
/// notifications do not show their addresses.
fn html(message: &Message, link: Option<&str>, links: &[Link<'_>]) -> String {
    let Message { title, text, .. } = message;
    let title = match (escaped(title), link) {
        (title, _) if title.is_empty() => title,
        (title, Some(link)) => format!("<a href=\"{}\"><b>{title}</b></a>", escaped(link)),
        (title, None) => format!("<b>{title}</b>"),
    };
    let text = words::below(&title, "<br>", &escaped(text).replace('\n', "<br>"));
    let write =
        |link: &Link<'_>| format!("<a href=\"{}\">{}</a>", escaped(link.url), escaped(link.label));
    let links = buttons::line(links, LINKS_UTF16_MAX, write);
    let between = if links.is_empty() { "" } else { "<br>" };
    format!("{text}{between}{links}")
}

/// Text in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
