//! The words of a message: the title, the text below it, and both cut to a service's limits. A route may replace
//! title and text by its own. If an alert's text is cut, the whole text is sent as a file
//! ([`crate::TEXT_FILE_NAME`]). Pure.

use std::time::Duration;

use tipoff_language::{Argument, Texts};
use tipoff_model::{Alert, AlertKind, Event, MediaKind};

use crate::words;

/// Length limit of a title, in UTF-16 units: it is shown above the text on a phone's screen.
const TITLE_UTF16_MAX: usize = 200;

/// The icon of a report.
const REPORT_ICON: &str = "📋";

/// The words of an alert before they are cut.
pub(crate) struct Wording {
    /// One line.
    pub(crate) title: String,
    /// The text below the title.
    pub(crate) body: String,
    /// Lines about files and arrivals that are left out. They are cut last.
    pub(crate) notes: String,
}

impl Wording {
    /// The words of `alert`, with `notes` below them. In a reply the title need not name the device.
    pub(crate) fn of(alert: &Alert, is_reply: bool, notes: String) -> Self {
        let left_out = left_out(alert);
        let notes: Vec<&str> =
            [notes.as_str(), &left_out].into_iter().filter(|it| !it.is_empty()).collect();
        let notes = notes.join("\n");
        let body = match &alert.manner.text {
            Some(text) => words::clean(text).trim().to_owned(),
            None => body(alert),
        };
        Self { title: title(alert, is_reply), body, notes }
    }

    /// Body and notes, with an empty line in between.
    fn below_title(&self) -> String {
        match (self.body.as_str(), self.notes.as_str()) {
            (body, "") => body.to_owned(),
            ("", notes) => notes.to_owned(),
            (body, notes) => format!("{body}\n\n{notes}"),
        }
    }

    /// Title and text within `max` UTF-16 units, including the line break between them. If something was cut, also
    /// the whole text. The notes are cut last, because they say where the rest is.
    pub(crate) fn fit(&self, max: usize) -> ((String, String), Option<String>) {
        let title = words::cut(&self.title, TITLE_UTF16_MAX.min(max / 2));
        let text = self.below_title();
        let room = max.saturating_sub(words::utf16_len(&title) + 1);
        if title == self.title && words::utf16_len(&text) <= room {
            return ((title, text), None);
        }
        let whole = format!("{}\n{text}\n", self.title);
        let notes = words::cut(&self.notes, room / 2);
        let body_room = room.saturating_sub(words::utf16_len(&notes) + "\n\n".len());
        let body = words::cut(&self.body, body_room);
        let cut = Self { title, body, notes };
        let text = cut.below_title();
        ((cut.title, text), Some(whole))
    }
}

/// The first line of an alert: `🚶 Front door · Person`, and the time of the event if the alert is late. A reply is
/// shown with the first alert, so it names only what is new: `4 more pictures`.
pub(crate) fn title(alert: &Alert, is_reply: bool) -> String {
    let title = match &alert.manner.title {
        Some(title) => words::clean(title),
        None => usual_title(alert, is_reply),
    };
    match &alert.late {
        Some(late) => format!("{title} · {late}"),
        None => title,
    }
}

/// The title without a route's own words.
fn usual_title(alert: &Alert, is_reply: bool) -> String {
    let device = one_line(&alert.device);
    if alert.event == Event::Test && alert.kind == AlertKind::First {
        let works = texts(alert).with("alert-works", &[("device", (&device).into())]);
        return format!("{} {works}", Event::Test.icon());
    }
    let events = events(alert);
    let icon = match (alert.kind, events.first()) {
        (AlertKind::Report, _) => REPORT_ICON,
        (_, Some(event)) => event.icon(),
        (AlertKind::FollowUp, None) => "",
        (_, None) if !titled_by_subject(alert) && !alert.media.is_empty() => "📷",
        (_, None) => Event::Other.icon(),
    };
    let what = match events.as_slice() {
        [] if titled_by_subject(alert) => one_line(&alert.subject),
        [] => contents(alert),
        events => event_names(events, texts(alert)),
    };
    let device = if is_reply || device.is_empty() { what } else { format!("{device} · {what}") };
    format!("{icon} {device}").trim_start().to_owned()
}

/// The events that the title names.
fn events(alert: &Alert) -> Vec<Event> {
    let all = match (alert.events.as_slice(), alert.kind) {
        ([], AlertKind::FollowUp) => Vec::new(),
        ([], _) => vec![alert.event],
        (events, _) => events.to_vec(),
    };
    all.into_iter().filter(|event| event.title().is_some()).collect()
}

/// `Person, vehicle`.
fn event_names(events: &[Event], texts: Texts) -> String {
    let name = |(index, event): (usize, &Event)| match index {
        0 => texts.event(*event),
        _ => texts.event_inside(*event),
    };
    events.iter().enumerate().filter_map(name).collect::<Vec<_>>().join(", ")
}

/// Whether the subject is the title: nothing else says what happened.
fn titled_by_subject(alert: &Alert) -> bool {
    alert.kind != AlertKind::FollowUp
        && events(alert).is_empty()
        && !alert.subject.trim().is_empty()
}

/// The files of an alert in words: `4 more pictures, video 0:08`.
fn contents(alert: &Alert) -> String {
    let is_follow_up = alert.kind == AlertKind::FollowUp;
    let count = |kinds: &[MediaKind]| {
        alert.media.iter().filter(|file| kinds.contains(&file.media.kind)).count()
    };
    let pictures = count(&[MediaKind::Picture, MediaKind::Animation]);
    let (videos, files) = (count(&[MediaKind::Video]), count(&[MediaKind::File]));
    let length = alert.media.iter().find_map(|file| file.clip.as_ref()).map(|clip| clip.duration);
    let texts = texts(alert);
    let counted = |count: usize, key: &str, key_of_more: &str| {
        let key = if is_follow_up { key_of_more } else { key };
        (count > 0).then(|| texts.count(key, count as u64))
    };
    let of_length =
        |key: &str, length: String| Some(texts.with(key, &[("length", (&length).into())]));
    let video = match (videos, length.map(clock)) {
        (1, Some(length)) if pictures + files == 0 => of_length("alert-video-alone", length),
        (1, Some(length)) => of_length("alert-video-length", length),
        (1, None) => Some(texts.count("alert-videos", 1)),
        (videos, _) => counted(videos, "alert-videos", "alert-more-videos"),
    };
    let pictures = counted(pictures, "alert-pictures", "alert-more-pictures");
    let files = counted(files, "alert-files", "alert-more-files");
    let parts: Vec<String> = [pictures, video, files].into_iter().flatten().collect();
    match parts.is_empty() {
        true if is_follow_up && alert.details.as_deref() == Some("") => again(alert),
        true if is_follow_up => texts.text("alert-more"),
        true => texts.text("alert-plain"),
        false => capitalized(&parts.join(", ")),
    }
}

/// A follow-up without files and new words: `Motion again`.
fn again(alert: &Alert) -> String {
    let (subject, texts) = (one_line(&alert.subject), texts(alert));
    match texts.event(alert.event).or(Some(subject).filter(|subject| !subject.is_empty())) {
        Some(what) => texts.with("alert-again", &[("what", (&what).into())]),
        None => texts.text("alert-more"),
    }
}

/// `0:08`.
fn clock(length: Duration) -> String {
    let seconds = length.as_millis().div_ceil(1000);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// `text` with its first letter in upper case.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The text below the title.
fn body(alert: &Alert) -> String {
    let words = match &alert.details {
        Some(details) => below_subject(alert, words::clean(details).trim()).to_owned(),
        None => subject_and_text(alert),
    };
    if alert.event != Event::Test || alert.kind != AlertKind::First {
        return words;
    }
    let has_picture = alert.media.iter().any(|file| file.media.kind != MediaKind::File);
    let texts = texts(alert);
    let verdict = match has_picture {
        true => texts.text("alert-test-with-picture"),
        false => texts.text("alert-test-without-picture"),
    };
    if words.is_empty() { verdict } else { format!("{verdict}\n{words}") }
}

/// The details without their first line, if the title already has it.
fn below_subject<'a>(alert: &Alert, details: &'a str) -> &'a str {
    let (first, rest) = details.split_once('\n').unwrap_or((details, ""));
    let is_said = titled_by_subject(alert)
        && !first.is_empty()
        && alert.subject.to_lowercase().contains(&first.trim().to_lowercase());
    if is_said { rest.trim_start() } else { details }
}

/// Subject and text, without repeating what the title has.
fn subject_and_text(alert: &Alert) -> String {
    let subject = if titled_by_subject(alert) { String::new() } else { one_line(&alert.subject) };
    let text = words::clean(&alert.text).trim().to_owned();
    match (subject.as_str(), text.as_str()) {
        (subject, text) if subject.is_empty() || subject == text => text.to_owned(),
        (subject, "") => subject.to_owned(),
        (subject, text) => format!("{subject}\n{text}"),
    }
}

/// The line about arrivals that are not in the text because of a limit. Empty if there are none.
pub(crate) fn left_out(alert: &Alert) -> String {
    let more = ("count", Argument::Number(alert.more.into()));
    match (alert.more, &alert.link) {
        (0, _) => String::new(),
        (_, Some(link)) => {
            texts(alert).with("alert-left-out-linked", &[more, ("link", link.into())])
        }
        (_, None) => texts(alert).with("alert-left-out", &[more]),
    }
}

/// The texts in the language of an alert.
pub(crate) fn texts(alert: &Alert) -> Texts {
    Texts::of(alert.language)
}

/// `text` on one line, without control characters.
fn one_line(text: &str) -> String {
    words::clean(text).trim().replace('\n', " ")
}
