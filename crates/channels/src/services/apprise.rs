//! Apprise API (github.com/caronc/apprise-api): a server that passes messages with their files on to the
//! services that are configured there under a key. Replies, sounds and priorities are not known to it.

mod apart;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use tipoff_model::{Alert, Outcome, Receipt, Scope, Verdict};

use crate::body::Body;
use crate::http::{Answer, Request, Secrets, repair, retry};
use crate::message_service::{self, AnswerMeaning, Extras, FilesRefused, HttpService, SendResult};
use crate::multipart::Form;
use crate::settings_reader::SettingsReader;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Limits, Message};
use crate::{PictureLimits, Setting, Settings, Shape};

/// Default time limit for an answer, which arrives when all services have answered.
const TIME: Duration = Duration::from_secs(60);
/// The tag of all services, whatever tags they have ("Tagging"). Without a tag a message goes only to those that
/// have none.
const ALL: &str = "all";
/// The rule of its addresses for keys.
const KEY_CHARS_MAX: usize = 128;

/// Of the server: 6 files in a message (`APPRISE_MAX_ATTACHMENTS`) of 200 MB (`APPRISE_ATTACH_SIZE`), if
/// its owner has not said otherwise. Texts it cuts itself, as each service wants them.
static LIMITS: Limits = Limits {
    service: "Apprise",
    text_utf16_max: 4000,
    caption_utf16_max: 4000,
    album_files_max: 6,
    documents_max: 6,
    album_bytes_max: 200_000_000,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif", "image/webp"],
        bytes_max: 200_000_000,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    },
    video_types: &["video/mp4"],
    animations: false,
    file_bytes_max: 200_000_000,
    replies: false,
};

/// What Apprise can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "apprise",
    summary: "An Apprise API server, and by it the hundred services that it knows.",
    settings: &[
        Setting {
            key: "key",
            shape: Shape::Secret,
            required: true,
            doc: "The key under which the services are configured in Apprise. Whoever knows it can \
                  write to them.",
            example: "\"house-2f9c81d44b\"",
        },
        Setting {
            key: "server",
            shape: Shape::Text,
            required: true,
            doc: "The address of the server.",
            example: "\"http://192.168.1.10:8000\"",
        },
        Setting {
            key: "tag",
            shape: Shape::Text,
            required: false,
            doc: "Only the services with this tag. Without it: all under the key.",
            example: "\"family\"",
        },
        Setting {
            key: "timeout",
            shape: Shape::Duration,
            required: false,
            doc: "How long an answer may take, besides 8 s for each MB that is sent. Without it: \
                  60 s.",
            example: "\"30 s\"",
        },
    ],
    build,
};

struct Apprise {
    url: Url,
    /// Of the services that are to get alerts; empty: all.
    tag: String,
    /// Whether the server has taken files one by one that it did not take together.
    takes_one: AtomicBool,
    secrets: Secrets,
    time: Duration,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let mut secrets = Secrets::default();
    let key = settings.text("key").unwrap_or_default();
    let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !key.bytes().all(is_of_key) {
        reader.fault("key", "must be of 1 to 128 letters, digits, - and _");
    }
    secrets.add_value(key);
    let url = reader.address("server", "", &format!("/notify/{key}"));
    url.iter().for_each(|url| secrets.add_url(url));
    reader.finish(|| {
        Some(Apprise {
            url: url?,
            tag: settings.text("tag").unwrap_or_default().trim().to_owned(),
            takes_one: AtomicBool::new(false),
            secrets,
            time: settings.duration("timeout").unwrap_or(TIME),
        })
    })
}

impl Channel for Apprise {
    fn abilities(&self) -> Abilities {
        Abilities::Messages(&LIMITS)
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        match message.files.len() {
            0 | 1 => message_service::send_or_without_files(self, &LIMITS, message, context),
            _ => Box::pin(self.send_files(message, context)),
        }
    }
}

impl HttpService for Apprise {
    const NAME: &'static str = "Apprise";

    fn request(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
    ) -> Result<Request<'_>, FilesRefused> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let (url, body) = (self.url.clone(), self.body(message, alert, extras));
        Ok(Request { url, headers, body, time: self.time, secrets: &self.secrets })
    }

    fn read_answer(
        &self,
        message: &Message,
        _: &Alert,
        _: &Extras,
        answer: &Answer,
    ) -> AnswerMeaning {
        let fault = Fault::of(answer);
        let is_about_tag = !self.tag.is_empty() && fault.is_about_tag(answer.status);
        AnswerMeaning {
            result: self.judge(answer, &fault, !message.files.is_empty()),
            said: answer.said(&fault.error, &self.secrets),
            doubtful_extras: if is_about_tag { vec!["tag"] } else { Vec::new() },
        }
    }
}

impl Apprise {
    fn body(&self, message: &Message, alert: &Alert, extras: &Extras) -> Body {
        // There is no message without a body, unless it has a file; some services show no file's name.
        let names: Vec<&str> = message.files.iter().map(|file| file.name()).collect();
        let names = names.join(", ");
        let (title, text) = match (message.title.as_str(), message.text.as_str()) {
            ("", "") => (alert.device.as_str(), names.as_str()),
            (title, "") => (alert.device.as_str(), title),
            (title, text) => (title, text),
        };
        let mut form = Form::new();
        form.field("title", title);
        form.field("body", text);
        form.field("format", "text");
        form.field("type", "info");
        let tag = if self.tag.is_empty() || !extras.has("tag") { ALL } else { &self.tag };
        form.field("tag", tag);
        for (number, file) in (1..).zip(&message.files) {
            form.attachment(&format!("attach{number}"), file);
        }
        form.into_body()
    }

    fn judge(&self, answer: &Answer, fault: &Fault, with_files: bool) -> SendResult {
        let said = answer.said(&fault.error, &self.secrets);
        let status = answer.status;
        Ok(match status {
            204 => repair(
                "Apprise has no services under this key: configure them there, or set \
                           `key`"
                    .to_owned(),
            ),
            200..=299 => Verdict::Delivered(Receipt::default()),
            400 | 413 | 431 if with_files => {
                return Err(FilesRefused(format!("not taken by Apprise ({said})")));
            }
            401 | 403 => {
                let error = format!(
                    "Apprise does not let us in ({said}): set user and password in `server`"
                );
                repair(error)
            }
            300..=399 | 404 | 405 => {
                repair(format!("this is no Apprise API ({status}, {said}): check `server`"))
            }
            // Which one, its log says. The others are told again with it.
            424 => Verdict::Retry {
                scope: Scope::Message,
                after: answer.retry_after,
                error: format!(
                    "a service behind Apprise did not take it, see Apprise's log: {said}"
                ),
            },
            408 | 429 => retry(answer.retry_after, format!("Apprise asks to wait: {said}")),
            500.. => {
                let error = format!("Apprise has a fault of its own ({status}): {said}");
                retry(answer.retry_after, error)
            }
            _ => Verdict::Refused { error: format!("Apprise answered {status}: {said}") },
        })
    }
}

/// The server's error format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    error: String,
    /// What the services logged; `None` from older servers.
    details: Option<Vec<Value>>,
}

impl Fault {
    fn of(answer: &Answer) -> Self {
        answer.json()
    }

    /// Whether no service has the tag: then nothing was tried, and nothing logged (`NotifyView`). Or the server does
    /// not understand it.
    fn is_about_tag(&self, status: u16) -> bool {
        match status {
            424 => self.details.as_ref().is_some_and(Vec::is_empty),
            400 => self.error.contains("tag definition"),
            _ => false,
        }
    }
}
