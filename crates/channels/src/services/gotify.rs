//! Gotify (gotify.net/docs/pushmsg): messages on a server of one's own. It takes no files: a picture is
//! shown from this machine, by its link. It knows no replies, so what follows is quieter.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use tipoff_model::{Alert, Priority, Receipt, Verdict};

use crate::body::Body;
use crate::http::{self, Answer, Request, Secrets, repair, retry};
use crate::message_service::{
    AnswerMeaning, Extras, FilesRefused, HttpService, MessageChannel, MessageService, SendResult,
};
use crate::plan::Role;
use crate::settings::TIMEOUT_OF_WORDS;
use crate::settings_reader::SettingsReader;
use crate::{Built, Entry, Limits, Message};
use crate::{PictureLimits, Setting, Settings, Shape, sound};

/// What its apps know.
const PRIORITIES: std::ops::RangeInclusive<i64> = 0..=10;
/// What the Android app shows without a sound is below 4.
const QUIET: i64 = 3;
const NORMAL: i64 = 5;

/// Gotify has no limits of its own; what a phone shows has. A picture is a message of its own, because
/// a message shows one.
static LIMITS: Limits = Limits {
    service: "Gotify",
    text_utf16_max: 4000,
    caption_utf16_max: 4000,
    album_files_max: 1,
    documents_max: 1,
    album_bytes_max: u64::MAX,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif", "image/webp"],
        bytes_max: u64::MAX,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    },
    video_types: &["video/mp4"],
    animations: false,
    file_bytes_max: u64::MAX,
    replies: false,
};

/// What Gotify can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "gotify",
    summary: "An application on a Gotify server; pictures by link.",
    settings: &[
        Setting {
            key: "priority",
            shape: Shape::Integer,
            required: false,
            doc: "From 0 to 10; the app makes a sound from 4 on, and a louder one from 8 on. Without \
                  it: 5.",
            example: "8",
        },
        Setting {
            key: "server",
            shape: Shape::Text,
            required: true,
            doc: "The address of the server.",
            example: "\"https://gotify.example.org\"",
        },
        TIMEOUT_OF_WORDS,
        Setting {
            key: "token",
            shape: Shape::Secret,
            required: true,
            doc: "The token of an application: in Gotify, Apps, Create Application.",
            example: "\"AbCdEfGhIjKlMnO\"",
        },
    ],
    build,
};

struct Gotify {
    url: Url,
    token: HeaderValue,
    priority: Option<i64>,
    secrets: Secrets,
    time: Duration,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let mut secrets = Secrets::default();
    let url = reader.address("server", "", "/message");
    let token = settings.text("token").unwrap_or_default().trim();
    secrets.add(token);
    let header = http::secret_header(token).filter(|_| !token.is_empty());
    if header.is_none() {
        reader.fault("token", "must be the token of an application, as Gotify shows it");
    }
    let priority = reader.integer_in("priority", PRIORITIES);
    let time = settings.answer_time();
    reader.finish(|| {
        Some(MessageChannel(Gotify { url: url?, token: header?, priority, secrets, time }))
    })
}

/// What Gotify's apps understand of a priority.
fn number(priority: Priority) -> i64 {
    match priority {
        Priority::Lowest => 0,
        Priority::Low => 2,
        Priority::Normal => 5,
        Priority::High => 8,
        Priority::Urgent => 10,
    }
}

impl MessageService for Gotify {
    const LIMITS: &'static Limits = &LIMITS;
}

/// The address of a message's picture.
fn picture(message: &Message) -> Result<Option<&str>, FilesRefused> {
    let mut picture = None;
    for file in &message.files {
        let link = file.stored().and_then(|stored| stored.url.as_deref());
        if file.role != Role::Picture || link.is_none() {
            return Err(FilesRefused("Gotify takes no files".to_owned()));
        }
        picture = link;
    }
    Ok(picture)
}

impl HttpService for Gotify {
    const NAME: &'static str = "Gotify";

    fn request(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
    ) -> Result<Request<'_>, FilesRefused> {
        let picture = picture(message)?;
        let mut headers = HeaderMap::new();
        headers.insert("x-gotify-key", self.token.clone());
        let (url, body) = (self.url.clone(), self.body(message, alert, picture, extras));
        Ok(Request { url, headers, body, time: self.time, secrets: &self.secrets })
    }

    fn read_answer(
        &self,
        message: &Message,
        alert: &Alert,
        _: &Extras,
        answer: &Answer,
    ) -> AnswerMeaning {
        let picture = picture(message).unwrap_or_default();
        let fault: Fault = answer.json();
        let said = answer.said(&fault.description, &self.secrets);
        let result = self.judge(answer, &said, picture.is_some());
        AnswerMeaning { result, said, doubtful_extras: self.doubtful(alert, picture, answer) }
    }
}

impl Gotify {
    /// What of a message's extras the server may not have taken: it names none.
    fn doubtful(&self, alert: &Alert, picture: Option<&str>, answer: &Answer) -> Vec<&'static str> {
        let has_priority = self.priority.is_some() || alert.manner.priority.is_some();
        // What a tap opens stands where a picture does: without it, that is words.
        let has_click = picture.is_none() && alert.link.is_some();
        let there = [("priority", has_priority), ("public_url", has_click)];
        let there = there.into_iter().filter(|(_, is_there)| *is_there).map(|(key, _)| key);
        if matches!(answer.status, 400 | 422) { there.collect() } else { Vec::new() }
    }

    fn body(
        &self,
        message: &Message,
        alert: &Alert,
        picture: Option<&str>,
        extras: &Extras,
    ) -> Body {
        let name = message.files.first().map_or("", |file| file.name());
        // There is no message without a text.
        let (title, text) = match (message.title.as_str(), message.text.as_str()) {
            ("", "") => (alert.device.as_str(), name),
            (title, "") => (alert.device.as_str(), title),
            (title, text) => (title, text),
        };
        let priority = alert.manner.priority.map(number).or(self.priority);
        let mut priority = priority.filter(|_| extras.has("priority")).unwrap_or(NORMAL);
        if sound::is_silent(message, alert) {
            priority = priority.min(QUIET);
        }
        // "Message extras": what a camera writes is shown as it is.
        let mut more = json!({ "client::display": { "contentType": "text/plain" } });
        let link = alert.link.as_deref().or(picture).filter(|_| extras.has("public_url"));
        let shown = match (picture, link) {
            (Some(picture), Some(link)) => {
                Some(json!({ "bigImageUrl": picture, "click": { "url": link } }))
            }
            (None, Some(link)) => Some(json!({ "click": { "url": link } })),
            _ => None,
        };
        if let (Some(shown), Value::Object(more)) = (shown, &mut more) {
            more.insert("client::notification".to_owned(), shown);
        }
        let body = json!({ "title": title, "message": text, "priority": priority, "extras": more });
        Body::json(&body)
    }

    fn judge(&self, answer: &Answer, said: &str, with_picture: bool) -> SendResult {
        let status = answer.status;
        Ok(match status {
            200..=299 => Verdict::Delivered(Receipt::default()),
            401 | 403 => repair(format!("Gotify does not know this token ({said}): set `token`")),
            300..=399 | 404 | 405 => {
                repair(format!("this is no Gotify server ({status}, {said}): check `server`"))
            }
            408 | 429 => retry(answer.retry_after, format!("Gotify asks to wait: {said}")),
            500.. => retry(
                answer.retry_after,
                format!("Gotify has a fault of its own ({status}): {said}"),
            ),
            _ if with_picture => return Err(FilesRefused(format!("not taken by Gotify ({said})"))),
            _ => Verdict::Refused { error: format!("Gotify answered {status}: {said}") },
        })
    }
}

/// Gotify's error format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    #[serde(rename = "errorDescription")]
    description: String,
}
