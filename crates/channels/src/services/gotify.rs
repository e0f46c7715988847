//! Gotify (gotify.net/docs/pushmsg): messages on the owner's own server. It accepts no files: its app loads a
//! picture from Tipoff, by its link, so that pictures need `http.public_url`. It has no replies, so that a
//! follow-up is a message of its own, with a lower priority.

use reqwest::header::{HeaderMap, HeaderName};
use serde::Deserialize;
use serde_json::{Value, json};
use tipoff_model::{Alert, Priority};

use crate::body::Body;
use crate::http::{self, Answer, Endpoint, Request, Secrets, repair};
use crate::message_plan::Role;
use crate::message_service::{
    AnswerMeaning, FilesRefused, HttpService, MessageChannel, MessageService, OutgoingMessage,
    SendResult, other_server, usual_result,
};
use crate::settings::TIMEOUT_OF_WORDS;
use crate::settings_reader::SettingsReader;
use crate::{Built, Entry, Hint, Limits, Message};
use crate::{Setting, Settings, Shape, sound};

/// The header with an application's token ("Authentication").
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-gotify-key");
/// The priorities that its apps distinguish.
const PRIORITIES: std::ops::RangeInclusive<i64> = 0..=10;
/// The highest priority without a sound: the Android app makes one from 4 on.
const QUIET: i64 = 3;
/// The priority of a first alert if none is set.
const NORMAL: i64 = 5;

/// Gotify documents no limits: the text is limited to what a phone shows. Each picture is a message of its own,
/// because a message shows one (`bigImageUrl`).
static LIMITS: Limits = Limits::new("Gotify", 4000);

/// What Gotify can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "gotify",
    name: "Gotify",
    summary: "An application on a Gotify server; pictures by link.",
    find: &[
        Hint { key: "server", place: "The address at which you open Gotify in a browser." },
        Hint {
            key: "token",
            place: "In Gotify: Apps, Create Application, then the eye beside its token.",
        },
    ],
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

/// An application on a Gotify server.
struct Gotify {
    /// With the application's token in a header.
    endpoint: Endpoint,
    /// The priority of first alerts, if it is set.
    priority: Option<i64>,
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
        let headers = HeaderMap::from_iter([(TOKEN_HEADER, header?)]);
        let endpoint = Endpoint { url: url?, headers, time, secrets };
        Some(MessageChannel(Gotify { endpoint, priority }))
    })
}

/// Gotify's number of a route's priority.
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

/// The address of a message's picture. `None` if the message has no files.
///
/// # Errors
/// A file is no picture, or has no address.
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

    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused> {
        let picture = picture(outgoing.message)?;
        Ok(self.endpoint.request(self.body(outgoing, picture)))
    }

    fn read_answer(&self, outgoing: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning {
        let picture = picture(outgoing.message).unwrap_or_default();
        let fault: GotifyError = answer.json();
        let said = self.endpoint.said(answer, &fault.description);
        let result = judge(answer, &said, picture.is_some());
        let doubtful_extras = self.doubtful(outgoing.alert, picture, answer);
        AnswerMeaning { result, said, doubtful_extras }
    }
}

impl Gotify {
    /// Extras of a message that the server may have refused. It names none.
    fn doubtful(&self, alert: &Alert, picture: Option<&str>, answer: &Answer) -> Vec<&'static str> {
        let has_priority = self.priority.is_some() || alert.manner.priority.is_some();
        // In a message with a picture, the link belongs to the picture: that becomes text after a refusal.
        let has_click = picture.is_none() && alert.link.is_some();
        let there = [("priority", has_priority), ("public_url", has_click)];
        let there = there.into_iter().filter(|(_, is_there)| *is_there).map(|(key, _)| key);
        if matches!(answer.status, 400 | 422) { there.collect() } else { Vec::new() }
    }

    /// The message as JSON. Gotify accepts none without a text.
    fn body(&self, outgoing: &OutgoingMessage<'_>, picture: Option<&str>) -> Body {
        let OutgoingMessage { message, alert, extras } = *outgoing;
        let name = message.files.first().map_or("", |file| file.name());
        let (title, text) = message.title_and_text(&alert.device, name);
        let priority = alert.manner.priority.map(number).or(self.priority);
        let mut priority = priority.filter(|_| extras.has("priority")).unwrap_or(NORMAL);
        if sound::is_silent(message, alert) {
            priority = priority.min(QUIET);
        }
        // "Message extras": as plain text, what a camera writes is shown as it is.
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
}

/// What an answer means.
fn judge(answer: &Answer, said: &str, with_picture: bool) -> SendResult {
    match answer.status {
        401 | 403 => Ok(repair(format!("Gotify does not know this token ({said}): set `token`"))),
        300..=399 | 404 | 405 => Ok(other_server("Gotify server", "server", answer, said)),
        200..=299 if answer.is_web_page() => {
            Ok(other_server("Gotify server", "server", answer, said))
        }
        _ => usual_result(Gotify::NAME, answer, said, with_picture),
    }
}

/// Gotify's error format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct GotifyError {
    #[serde(rename = "errorDescription")]
    description: String,
}
