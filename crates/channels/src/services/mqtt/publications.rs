//! The messages that publish an alert: the event, the state and the picture. Their fields are a contract
//! with subscribers (docs/channels/mqtt.md). Pure.

use serde_json::{Value, json};
use tipoff_model::{Alert, AlertKind, AlertMedia, Event, MediaKind};

use super::topics::DeviceTopics;
use crate::abilities::PICTURE_TYPES;
use crate::message_plan::{self, Attachment, Role, Source};
use crate::{alert_json, words};

/// Length limit of an event's text, in UTF-16 units: brokers limit a message (EMQX: 1 MB), and a mail's text
/// may have 64 KB.
const EVENT_TEXT_UTF16_MAX: usize = 16_000;
/// Number of files that an event names. The rest is a count (`more_files`).
const EVENT_FILES_MAX: usize = 100;
/// Length limit of a state's text, in UTF-16 units: it becomes attributes in Home Assistant, whose recorder
/// drops all of them beyond 16,384 bytes (`MAX_STATE_ATTRS_BYTES`).
const STATE_TEXT_UTF16_MAX: usize = 2000;
/// Length limit of a state's subject, in UTF-16 units.
const STATE_SUBJECT_UTF16_MAX: usize = 250;

/// The picture of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AlertPicture {
    /// The alert has none.
    None,
    /// This one.
    Sent(Box<AlertMedia>),
    /// It has one that is not published. Holds the reason and the link.
    Left(String),
}

/// The first whole picture of at most `bytes_max` bytes, or why the alert's picture is not published.
pub(super) fn picture(alert: &Alert, bytes_max: u64) -> AlertPicture {
    let shown = |stored: &&AlertMedia| {
        let media = &stored.media;
        let is_shown = PICTURE_TYPES.contains(&media.content_type.as_str());
        media.kind == MediaKind::Picture && media.whole && media.size > 0 && is_shown
    };
    let mut pictures = alert.media.iter().filter(shown).peekable();
    let Some(first) = pictures.peek().copied() else {
        return AlertPicture::None;
    };
    let fits = pictures.find(|stored| stored.media.size <= bytes_max);
    match fits {
        Some(stored) => AlertPicture::Sent(Box::new(stored.clone())),
        None => {
            left(alert, first, &format!("too big for `picture_kb` ({})", words::size(bytes_max)))
        }
    }
}

/// A picture that is not published, with the reason and its link.
pub(super) fn left(alert: &Alert, stored: &AlertMedia, why: &str) -> AlertPicture {
    let file = Attachment { role: Role::Picture, source: Source::Stored(stored.clone()) };
    AlertPicture::Left(message_plan::note(&file, why, alert))
}

/// The JSON of a webhook without the files' bytes, and fields for subscribers.
pub(super) fn event(alert: &Alert, topics: &DeviceTopics, picture: &AlertPicture) -> String {
    let count = alert_json::files(alert).count();
    let files: Vec<String> = alert_json::files(alert).take(EVENT_FILES_MAX).map(file).collect();
    let mut more = json!({ "idempotency_key": alert.idempotency_key });
    set(&mut more, "motion", motion(alert).map(|on| if on { "ON" } else { "OFF" }));
    set(&mut more, "more_files", count.checked_sub(EVENT_FILES_MAX).filter(|more| *more > 0));
    set_picture(&mut more, topics, picture);
    let more = more.to_string();
    let bounded = Alert {
        text: words::cut(&words::clean(&alert.text), EVENT_TEXT_UTF16_MAX),
        media: Vec::new(),
        ..alert.clone()
    };
    let more = more.strip_prefix('{').unwrap_or("}");
    format!("{}{}],{more}", alert_json::head(&bounded), files.join(","))
}

/// An entry of the list of files, with the file's address if it has one.
fn file(stored: &AlertMedia) -> String {
    let url = stored.url.as_deref().map(|url| format!(",\"url\":{}", alert_json::string(url)));
    format!("{}{}}}", alert_json::media(stored), url.unwrap_or_default())
}

/// The device's last event, retained for later subscribers.
pub(super) fn state(alert: &Alert, topics: &DeviceTopics, picture: &AlertPicture) -> String {
    let count = |kinds: &[MediaKind]| {
        alert.media.iter().filter(|stored| kinds.contains(&stored.media.kind)).count()
    };
    let short = |text: &str, max| words::cut(&words::clean(text), max);
    let mut state = json!({
        "device": alert.device,
        "event": alert.event.as_str(),
        "received_at": alert_json::rfc3339(alert.received_at),
        "incident": alert.incident.0,
        "kind": alert.kind.as_str(),
        "subject": short(&alert.subject, STATE_SUBJECT_UTF16_MAX),
        "text": short(&alert_json::text(alert), STATE_TEXT_UTF16_MAX),
        "pictures": count(&[MediaKind::Picture, MediaKind::Animation]),
        "videos": count(&[MediaKind::Video]),
        "files": count(&[MediaKind::File]) + alert.raw.len(),
    });
    set(&mut state, "link", alert.link.as_deref());
    set(&mut state, "held", (alert.kind == AlertKind::Summary).then_some(alert.held));
    set_picture(&mut state, topics, picture);
    state.to_string()
}

/// Says at which topic the picture is, or why it is missing.
fn set_picture(json: &mut Value, topics: &DeviceTopics, picture: &AlertPicture) {
    match picture {
        AlertPicture::None => {}
        AlertPicture::Sent(_) => set(json, "picture", Some(topics.picture.as_str())),
        AlertPicture::Left(note) => set(json, "picture_missing", Some(note.as_str())),
    }
}

/// Sets a field, if there is a value.
fn set<T: Into<Value>>(json: &mut Value, key: &str, value: Option<T>) {
    if let (Some(fields), Some(value)) = (json.as_object_mut(), value) {
        fields.insert(key.to_owned(), value.into());
    }
}

/// Repeats the motion of an event for late subscribers. It is no alert.
pub(super) fn repeated(alert: &Alert) -> String {
    json!({
        "device": alert.device,
        "kind": "repeated",
        "idempotency_key": alert.idempotency_key,
        "motion": "ON",
    })
    .to_string()
}

/// Whether motion begins (`true`) or ends (`false`). `None` if the alert does not say.
pub(super) fn motion(alert: &Alert) -> Option<bool> {
    // A report shows motion that was published when it happened.
    if alert.kind == AlertKind::Report {
        return None;
    }
    let seen = |stored: &AlertMedia| stored.media.kind != MediaKind::File;
    match alert.event {
        Event::Motion | Event::Person | Event::Vehicle | Event::Animal | Event::Doorbell => {
            Some(true)
        }
        Event::Line | Event::Zone | Event::Input => Some(true),
        // A camera whose words are not known sends a picture because something moved. A printer sends no
        // picture.
        Event::Other => alert.media.iter().any(seen).then_some(true),
        Event::End => Some(false),
        Event::Sound | Event::Tamper | Event::Fault | Event::Fire => None,
        Event::Periodic | Event::Test | Event::Silence => None,
    }
}
