//! Apprise API (github.com/caronc/apprise-api): a server that passes messages with their files on to the services
//! that are configured there under a key. It has no replies, sounds and priorities. If the server refuses several
//! files together, they are sent one by one ([`one_by_one`]).

mod one_by_one;

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::Value;
use tipoff_model::{Outcome, Scope, Verdict};

use crate::body::Body;
use crate::http::{Answer, Endpoint, Request, Secrets, repair};
use crate::message_service::{
    self, AnswerMeaning, FilesRefused, HttpService, OutgoingMessage, SendResult, not_taken,
    other_server, usual_result,
};
use crate::multipart::Form;
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Hint, Limits, Message};
use crate::{Setting, Settings, Shape};

/// Time limit for an answer if `timeout` is not set. The answer arrives when all services have answered.
const TIME: Duration = Duration::from_secs(60);
/// The tag that selects all services, whatever tags they have ("Tagging"). Without a tag, a message goes only to
/// services that have none.
const ALL: &str = "all";
/// Length limit of a key, by the server's address patterns.
const KEY_CHARS_MAX: usize = 128;

/// The server's defaults: 6 files in a message (`APPRISE_MAX_ATTACHMENTS`) of 200 MB (`APPRISE_ATTACH_SIZE`). It
/// cuts texts itself, to each service's limit.
static LIMITS: Limits = Limits {
    album_files_max: 6,
    documents_max: 6,
    album_bytes_max: 200_000_000,
    file_bytes_max: 200_000_000,
    ..Limits::new("Apprise", 4000)
};

/// What Apprise can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "apprise",
    name: "Apprise",
    summary: "An Apprise API server, and by it the hundred services that it knows.",
    find: &[
        Hint {
            key: "server",
            place: "The address at which you open Apprise API in a browser, without a path behind the port.",
        },
        Hint {
            key: "key",
            place: "In Apprise API's own page, the key under which you saved your services: it is the end of the page's address.",
        },
    ],
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
            doc: "How long an answer may take, besides 8 s for each MB that is sent. Without it: \
                  60 s.",
            example: "\"30 s\"",
            ..TIMEOUT
        },
    ],
    build,
};

/// A key on an Apprise API server.
struct Apprise {
    /// The address of the key.
    endpoint: Endpoint,
    /// The tag of the services that get alerts; empty for all.
    tag: String,
    /// Whether the server accepted files one by one after it had refused them together.
    takes_one: AtomicBool,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let mut secrets = Secrets::default();
    let key = settings.text("key").unwrap_or_default();
    let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if key.is_empty() || key.len() > KEY_CHARS_MAX || !key.bytes().all(is_of_key) {
        reader.fault("key", "must be of 1 to 128 letters, digits, - and _");
    }
    // Whoever knows the key can write to the services.
    secrets.add_value(key);
    let url = reader.address("server", "", &format!("/notify/{key}"));
    url.iter().for_each(|url| secrets.add_url(url));
    let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
    let time = settings.answer_time_or(TIME);
    let tag = settings.text("tag").unwrap_or_default().trim().to_owned();
    reader.finish(|| {
        let endpoint = Endpoint { url: url?, headers, time, secrets };
        Some(Apprise { endpoint, tag, takes_one: AtomicBool::new(false) })
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

    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused> {
        Ok(self.endpoint.request(self.body(outgoing)))
    }

    fn read_answer(&self, outgoing: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning {
        let fault: AppriseError = answer.json();
        let said = self.endpoint.said(answer, &fault.error);
        let is_about_tag = !self.tag.is_empty() && fault.is_about_tag(answer.status);
        AnswerMeaning {
            result: judge(answer, &said, outgoing.has_files()),
            said,
            doubtful_extras: if is_about_tag { vec!["tag"] } else { Vec::new() },
        }
    }
}

impl Apprise {
    /// The form of a message. The server accepts no message without a body or a file.
    fn body(&self, outgoing: &OutgoingMessage<'_>) -> Body {
        let OutgoingMessage { message, alert, extras } = *outgoing;
        // Some of the services behind Apprise do not show the names of files.
        let names: Vec<&str> = message.files.iter().map(|file| file.name()).collect();
        let names = names.join(", ");
        let (title, text) = message.title_and_text(&alert.device, &names);
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
}

/// What an answer means.
fn judge(answer: &Answer, said: &str, with_files: bool) -> SendResult {
    Ok(match answer.status {
        204 => repair(
            "Apprise has no services under this key: configure them there, or set `key`".to_owned(),
        ),
        400 | 413 | 431 if with_files => {
            return Err(FilesRefused(not_taken(Apprise::NAME, said)));
        }
        401 | 403 => {
            repair(format!("Apprise refuses the login ({said}): set user and password in `server`"))
        }
        300..=399 | 404 | 405 => other_server("Apprise API", "server", answer, said),
        200..=299 if answer.is_web_page() => other_server("Apprise API", "server", answer, said),
        // Its log says which service. The others get the alert again.
        424 => Verdict::Retry {
            scope: Scope::Message,
            after: answer.retry_after,
            error: format!("a service behind Apprise did not take it, see Apprise's log: {said}"),
        },
        _ => return usual_result(Apprise::NAME, answer, said, false),
    })
}

/// The server's error format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AppriseError {
    /// The error text.
    error: String,
    /// Log lines of the services. `None` from older servers.
    details: Option<Vec<Value>>,
}

impl AppriseError {
    /// Whether the tag is wrong: no service has it, so that nothing was tried and nothing logged (`NotifyView`), or
    /// the server cannot parse it.
    fn is_about_tag(&self, status: u16) -> bool {
        match status {
            424 => self.details.as_ref().is_some_and(Vec::is_empty),
            400 => self.error.contains("tag definition"),
            _ => false,
        }
    }
}
