//! What is read of devices that no vendor's rule knows: common keys at any depth, then common words. A home-made
//! sender writes `title`, `text`, `event`, `image`, `camera` and `channel`, in the query, a form or JSON.

use tipoff_model::{Alarm, AlarmPhase, AlarmReading, AlarmReply, Event, MediaKind};

use super::bounds::{largest_first, multiline};
use super::codes::{
    by_object, guessed, identity, is_any, link, listed, object_class, phase, state,
};
use super::view::AlarmView;
use crate::camera::RecorderChannel;
use crate::{UploadedFile, upload, upload_vendor, words};

/// Longest text that is made of the values of an unknown document, in bytes.
const TEXT_BYTES_MAX: usize = 1024;
/// Longest value in it in characters. Longer ones without a space are data, not words.
const VALUE_CHARS_MAX: usize = 200;
/// Longest value that may be a code, in characters.
const CODE_CHARS_MAX: usize = 40;
/// Most values that are looked at.
const LEAVES_MAX: usize = 512;

const TITLES: &[&str] = &["title", "subject", "headline"];
#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "text", "message", "msg", "body", "description", "content", "caption", "summary", "memo",
];
#[rustfmt::skip]
const EVENTS: &[&str] = &[
    "event", "event_type", "eventtype", "event_name", "eventname", "alarm_type", "alarmtype",
    "alarm", "alert", "code", "type", "kind", "label", "class", "object_type", "objecttype",
    "object", "detection", "trigger", "reason", "category",
];
#[rustfmt::skip]
const PICTURES: &[&str] = &[
    "image", "picture", "snapshot", "image_url", "imageurl", "picture_url", "pictureurl",
    "snapshot_url", "snapshoturl", "thumbnail", "photo", "media", "attach", "attachment",
];
const STATES: &[&str] =
    &["state", "action", "phase", "event_state", "eventstate", "active", "status"];
const CAMERAS: &[&str] = &["camera", "camera_name", "cameraname", "cam"];
const CHANNELS: &[&str] = &["channel", "channel_id", "channelid", "ch"];
const MACS: &[&str] = &["mac", "macaddress", "mac_address"];
/// Parts of names whose values are never shown.
const SECRETS: &[&str] = &["auth", "key", "pass", "secret", "token"];

/// Codes of many vendors, and names of fields that are true: `{"motion": true}`.
const CODES: &[(&str, Event)] = &[
    ("animal", Event::Animal),
    ("audio", Event::Sound),
    ("doorbell", Event::Doorbell),
    ("face", Event::Person),
    ("fire", Event::Fire),
    ("human", Event::Person),
    ("humandetect", Event::Person),
    ("intrusion", Event::Zone),
    ("linecrossing", Event::Line),
    ("md", Event::Motion),
    ("motion", Event::Motion),
    ("motiondetect", Event::Motion),
    ("motiondetection", Event::Motion),
    ("movement", Event::Motion),
    ("occupancy", Event::Motion),
    ("people", Event::Person),
    ("person", Event::Person),
    ("pir", Event::Motion),
    ("ring", Event::Doorbell),
    ("smoke", Event::Fire),
    ("sound", Event::Sound),
    ("tamper", Event::Tamper),
    ("vehicle", Event::Vehicle),
    ("videomotion", Event::Motion),
    ("visitor", Event::Doorbell),
    ("vmd", Event::Motion),
];

/// A request as an alarm: always one, so that nothing is lost.
pub(super) fn read(view: &AlarmView<'_>) -> AlarmReading {
    let request = view.request;
    let leaves = leaves(view);
    let says_nothing = request.documents.is_empty() && request.media.is_empty();
    if says_nothing && !request.torn {
        return one(None, bare(view));
    }
    if leaves.is_empty() && !request.media.is_empty() && view.texts().next().is_none() {
        return files(view);
    }
    one(None, said(view, &leaves))
}

fn one(vendor: Option<&'static str>, alarm: Alarm) -> AlarmReading {
    AlarmReading { vendor, alarms: vec![alarm], reply: AlarmReply::Empty }
}

/// All texts of the documents that have names; queries and forms come before bodies only if they are written so.
fn leaves<'a>(view: &AlarmView<'a>) -> Vec<(&'a str, &'a str)> {
    let documents = view.request.documents.iter();
    let leaves = documents.flat_map(|document| document.root.leaves());
    leaves.filter(|(name, text)| !name.is_empty() && !text.is_empty()).take(LEAVES_MAX).collect()
}

/// The first text of the first of these names.
fn first<'a>(leaves: &[(&'a str, &'a str)], names: &[&str]) -> Option<&'a str> {
    let of = |name: &&str| leaves.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    names.iter().find_map(of).map(|(_, text)| *text)
}

/// A request without anything in it: the words of its path, `/h/SECRET/motion`. Without any it is what a test
/// button, or
/// an owner with a browser, sends.
fn bare(view: &AlarmView<'_>) -> Alarm {
    let path = view.request.path.trim_matches('/');
    let alarm = by_path(path);
    let is_nothing = path.is_empty() && !view.request.has_body;
    let is_test = is_nothing || is_any(&["test"], path);
    if is_test { Alarm { kind: "test".to_owned(), event: Event::Test, ..alarm } } else { alarm }
}

fn event_of(code: &str) -> Option<Event> {
    let by_our_name = || Event::from_name(&code.to_lowercase()).filter(|it| *it != Event::Other);
    listed(CODES, code).or_else(by_our_name).or_else(|| guessed(code))
}

fn is_test_word(code: &str) -> bool {
    is_any(&["test", "testing", "test_event"], code)
}

/// What the words of a path say.
pub(super) fn by_path(path: &str) -> Alarm {
    let steps = || path.split('/').filter(|step| !step.is_empty());
    let event = steps().find_map(event_of);
    let phase =
        steps().next_back().filter(|_| steps().count() > 1).and_then(phase).unwrap_or_default();
    let subject = if event.is_none() { path.replace(['/', '_'], " ") } else { String::new() };
    let kind = event.map_or_else(|| path.to_owned(), |event| event.as_str().to_owned());
    Alarm { kind, event: event.unwrap_or_default(), phase, subject, ..Alarm::default() }
}

/// Files without a word: their names may say what has happened, as they do for uploads.
fn files(view: &AlarmView<'_>) -> AlarmReading {
    let media = &view.request.media;
    let uploads: Vec<UploadedFile<'_>> = media
        .iter()
        .map(|it| UploadedFile { path: &it.name, kind: it.kind, size: it.size })
        .collect();
    let by_name = uploads.iter().map(|it| upload(it).event).reduce(Event::or_more_important);
    let by_path = by_path(view.request.path.trim_matches('/'));
    let event = match by_name.unwrap_or_default() {
        // A file is pushed because something has happened, and not by a schedule that nobody knows.
        Event::Other | Event::Periodic => by_path.event,
        event => event,
    };
    let order = largest_first(media, (0..media.len()).collect());
    let is_picture = media.iter().any(|it| it.kind != MediaKind::File);
    let kind = if is_picture { "picture" } else { "file" }.to_owned();
    one(uploads.iter().find_map(upload_vendor), Alarm { event, kind, media: order, ..by_path })
}

/// An alarm by its keys and words.
fn said(view: &AlarmView<'_>, leaves: &[(&str, &str)]) -> Alarm {
    let title = first(leaves, TITLES);
    let text = first(leaves, TEXTS).or_else(|| view.texts().find(|text| !text.is_empty()));
    let codes: Vec<&str> = leaves
        .iter()
        .filter(|(name, _)| is_any(EVENTS, name))
        .map(|(_, text)| text.trim())
        .filter(|text| text.chars().count() <= CODE_CHARS_MAX && state(text).is_none())
        .collect();
    let is_test = codes.iter().any(|code| is_test_word(code));
    let by_code = codes
        .iter()
        .filter_map(|code| Some((*code, event_of(code)?)))
        .reduce(|a, b| if b.1.importance() > a.1.importance() { b } else { a });
    let by_words = || [title, text].into_iter().flatten().find_map(words::subject);
    let event = match by_code {
        _ if is_test => Some(Event::Test),
        Some((_, event)) => Some(event),
        None => by_words().or_else(|| by_leaves(leaves)).or_else(|| {
            let by_path = by_path(view.request.path.trim_matches('/')).event;
            (by_path != Event::Other).then_some(by_path)
        }),
    };
    let says_more = !codes.is_empty() || title.is_some() || text.is_some();
    let ended = if says_more { None } else { by_false(leaves) };
    let phase = match event {
        Some(Event::Test) => AlarmPhase::Pulse,
        Some(Event::End) => AlarmPhase::Stop,
        None if ended.is_some() => AlarmPhase::Stop,
        _ => first(leaves, STATES).and_then(phase).unwrap_or_default(),
    };
    let event = event.or(ended);
    let code = by_code.map(|(code, _)| code).or_else(|| codes.first().copied());
    let kind = code.unwrap_or(event.unwrap_or_default().as_str()).to_lowercase();
    let unnamed = code.filter(|_| event.is_none()).unwrap_or_default();
    let text = match text {
        Some(text) if title.is_none() || title != Some(text) => text.to_owned(),
        Some(_) => String::new(),
        None => readable(leaves, title.unwrap_or(unnamed)),
    };
    let name = first(leaves, CAMERAS);
    let number = first(leaves, CHANNELS);
    Alarm {
        kind,
        event: event.unwrap_or_default(),
        phase,
        camera: RecorderChannel { number, name, of_recorder: false }.camera(),
        subject: title.unwrap_or(unnamed).to_owned(),
        text: multiline(&text, TEXT_BYTES_MAX),
        media: largest_first(&view.request.media, (0..view.request.media.len()).collect()),
        picture: first_link(leaves),
        identity: identity(first(leaves, MACS), None),
        ..Alarm::default()
    }
}

/// The event by values that are a known code or class, or by a field of such a name that is true.
fn by_leaves(leaves: &[(&str, &str)]) -> Option<Event> {
    let of_leaf = |(name, text): &(&str, &str)| match state(text) {
        Some(true) => listed(CODES, name),
        Some(false) => None,
        None => by_object(listed(CODES, text), object_class(text)),
    };
    leaves.iter().filter_map(of_leaf).reduce(Event::or_more_important)
}

/// The event of a field of such a name that is false: `{"motion": false}` is an end.
fn by_false(leaves: &[(&str, &str)]) -> Option<Event> {
    let is_false = leaves.iter().filter(|(_, text)| state(text) == Some(false));
    is_false.filter_map(|(name, _)| listed(CODES, name)).reduce(Event::or_more_important)
}

fn first_link(leaves: &[(&str, &str)]) -> Option<String> {
    let pictures = leaves.iter().filter(|(name, _)| is_any(PICTURES, name));
    pictures.filter_map(|(_, text)| link(text)).next()
}

/// The values of an unknown document as lines for people: no data, no secrets, no addresses of pictures.
fn readable(leaves: &[(&str, &str)], title: &str) -> String {
    let is_shown = |(name, text): &&(&str, &str)| {
        let lower = name.to_lowercase();
        let is_data = text.chars().count() > VALUE_CHARS_MAX && !text.contains(' ');
        let is_secret = SECRETS.iter().any(|part| lower.contains(part));
        let is_event = is_any(EVENTS, name) && (is_test_word(text) || event_of(text).is_some());
        let is_known = is_any(PICTURES, name)
            || is_any(CAMERAS, name)
            || is_any(STATES, name)
            || is_any(MACS, name)
            || is_event
            || title == *text;
        !is_data && !is_secret && !is_known && !text.starts_with("data:")
    };
    let line = |(name, text): &(&str, &str)| {
        let text: String = text.chars().take(VALUE_CHARS_MAX).collect();
        format!("{name}: {}", text.replace(['\n', '\r'], " "))
    };
    let lines: Vec<String> = leaves.iter().filter(is_shown).map(line).collect();
    lines.join("\n")
}
