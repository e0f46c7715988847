//! ntfy (docs.ntfy.sh/publish): a topic on ntfy.sh or on the owner's own server. A message has one file. There are no
//! replies, so that a follow-up is a message of its own, with a lower priority.

mod actions;
mod settings;
mod short_form;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Deserialize;
use tipoff_model::Priority;

use self::actions::ActionButtons;
use crate::body::{Body, Piece};
use crate::http::{self, Answer, Endpoint, Request, Secrets, repair};
use crate::message_plan::Source;
use crate::message_service::{
    AnswerMeaning, FilesRefused, HttpService, MessageChannel, MessageService, OutgoingMessage,
    SendResult, other_server, usual_result,
};
use crate::settings_reader::SettingsReader;
use crate::{Attachment, Built, Entry, Hint, Limits};
use crate::{Settings, sound};

/// The public server.
const SERVER: &str = "https://ntfy.sh";
/// Length limit of a topic, by the server's address patterns.
const TOPIC_CHARS_MAX: usize = 64;
/// Names that cannot be topics, because the server's own pages have them (`DefaultDisallowedTopics`).
const DISALLOWED_TOPICS: &[&str] =
    &["account", "app", "docs", "file", "login", "metrics", "settings", "signup", "static", "v1"];
/// The extras of a message, by the names of their settings. `click` leads to the incident if it is not set.
const EXTRAS: &[&str] = &["actions", "buttons", "click", "priority", "tags"];
/// The priorities, from "min" to "max". A message without one has 3.
const PRIORITIES: std::ops::RangeInclusive<i64> = 1..=5;
/// The highest priority without a sound.
const SILENT: i64 = 2;

/// ntfy's number of a route's priority.
fn number(priority: Priority) -> i64 {
    match priority {
        Priority::Lowest => 1,
        Priority::Low => 2,
        Priority::Normal => 3,
        Priority::High => 4,
        Priority::Urgent => 5,
    }
}

/// docs.ntfy.sh/publish, "Limitations": 4,096 bytes for a message; a longer one becomes a file. A UTF-16 unit has at
/// most 3 bytes. With a file, the message is in the address, of which proxies accept 8 KB, and a unit has at most 9
/// bytes there. By default a server accepts files of 15 MB. ntfy.sh accepts less without a subscription, and says so.
static LIMITS: Limits =
    Limits { caption_utf16_max: 600, file_bytes_max: 15 << 20, ..Limits::new("ntfy", 1300) };

/// What ntfy can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "ntfy",
    name: "ntfy",
    summary: "A topic of ntfy, on ntfy.sh or on a server of your own.",
    find: &[Hint {
        key: "topic",
        place: "Choose a long name that nobody guesses, then in the ntfy app: +, Subscribe to topic, and type the same name.",
    }],
    settings: settings::SETTINGS,
    build,
};

/// A topic on an ntfy server.
struct Ntfy {
    /// The topic's address, with the login in a header.
    endpoint: Endpoint,
    /// The priority of first alerts, if it is set.
    priority: Option<i64>,
    /// The tags, with commas in between.
    tags: String,
    actions: ActionButtons,
    /// The address that a tap opens, if it is set.
    click: Option<String>,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let mut secrets = Secrets::default();
    let topic = settings.text("topic").unwrap_or_default();
    let is_of_topic = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if topic.is_empty() || topic.len() > TOPIC_CHARS_MAX || !topic.bytes().all(is_of_topic) {
        reader.fault("topic", "must be of 1 to 64 letters, digits, - and _, without the server");
    }
    if DISALLOWED_TOPICS.contains(&topic) {
        let message = "is a page of the server's own, and no topic: choose another name";
        reader.fault("topic", message);
    }
    secrets.add_value(topic);
    let server = http::address(settings.text("server").unwrap_or(SERVER));
    let url = reader.check(
        "server",
        server.and_then(|server| {
            secrets.add_url(&server);
            let base = server.as_str().trim_end_matches('/');
            http::address(&format!("{base}/{topic}"))
        }),
    );
    let priority = reader.integer_in("priority", PRIORITIES);
    let click = settings.text("click").map(str::to_owned);
    if click.as_ref().is_some_and(|click| Url::parse(click).is_err()) {
        reader.fault("click", "must be an address, such as http://nas.lan:8080/");
    }
    let tags = settings.list("tags");
    if tags.iter().any(|tag| tag.is_empty() || tag.contains(',')) {
        reader.fault("tags", "a tag has no comma in it: write a list, [\"camera\", \"house\"]");
    }
    let actions = reader.check("actions", ActionButtons::read(settings, &mut secrets));
    let login = settings::login(settings, &mut secrets);
    let login = login.map_err(|(key, message)| reader.fault(key, message)).ok().flatten();
    let headers = login.map(|login| (AUTHORIZATION, login));
    let (headers, time) = (HeaderMap::from_iter(headers), settings.answer_time());
    reader.finish(|| {
        let endpoint = Endpoint { url: url?, headers, time, secrets };
        let (tags, actions) = (tags.join(","), actions?);
        Some(MessageChannel(Ntfy { endpoint, priority, tags, actions, click }))
    })
}

impl MessageService for Ntfy {
    /// No rate limit of Tipoff's own. By default a server accepts 60 messages at once and then one in 5 s. It answers
    /// 429 beyond, and the channel waits then.
    const LIMITS: &'static Limits = &LIMITS;
}

impl HttpService for Ntfy {
    const NAME: &'static str = "ntfy";

    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused> {
        let (url, body) = self.address_and_body(outgoing);
        Ok(self.endpoint.request_to(url, body))
    }

    fn read_answer(&self, outgoing: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning {
        let fault: NtfyError = answer.json();
        let said = self.endpoint.said(answer, &fault.error);
        let result = judge(answer, fault.code, &said, outgoing.has_files());
        AnswerMeaning { result, said, doubtful_extras: self.doubtful(outgoing, answer, fault.code) }
    }
}

impl Ntfy {
    /// Extras of a message that the server may have refused: the one that its code names, or all that the message has
    /// if the code names none.
    fn doubtful(
        &self,
        outgoing: &OutgoingMessage<'_>,
        answer: &Answer,
        code: u32,
    ) -> Vec<&'static str> {
        let OutgoingMessage { message, alert, extras } = *outgoing;
        let there = extras.present(EXTRAS, |key| match key {
            "actions" => self.actions.has_own(message, alert),
            "buttons" => self.actions.has_buttons(message, alert),
            "click" => self.click.is_some() || alert.link.is_some(),
            "priority" => self.priority.is_some() || alert.manner.priority.is_some(),
            _ => !self.tags.is_empty(),
        });
        let named = |names: &[&str]| {
            there.iter().copied().filter(|key| names.contains(key)).take(1).collect::<Vec<_>>()
        };
        match (answer.status, code) {
            (_, 40007) => named(&["priority"]),
            // The owner's buttons are named first: Tipoff's own have the form that the server wants.
            (_, 40018) => named(&["actions", "buttons"]),
            // About the topic, the words or the file.
            (_, 40009..=40011 | 40013..=40015) => Vec::new(),
            (400 | 414 | 422 | 431, _) => there,
            _ => Vec::new(),
        }
    }

    /// The address and the body of a message. Everything but the file is in parameters of the address, which may
    /// contain any character, unlike headers. The body is the file, or the text if there is no file.
    fn address_and_body(&self, outgoing: &OutgoingMessage<'_>) -> (Url, Body) {
        let OutgoingMessage { message, alert, extras } = *outgoing;
        // ntfy shows a message without a text as "triggered".
        let (title, text) = message.title_and_text("", "");
        let priority = alert.manner.priority.map(number).or(self.priority);
        let priority = priority.filter(|_| extras.has("priority"));
        let priority = match sound::is_silent(message, alert) {
            false => priority,
            true => Some(priority.unwrap_or(SILENT).min(SILENT)),
        };
        let priority = priority.map(|priority| priority.to_string()).unwrap_or_default();
        let file = message.files.first();
        let actions = self.actions.of(message, alert, extras);
        let click = self.click.as_deref().or(alert.link.as_deref());
        let click = click.filter(|_| extras.has("click"));
        let tags = if extras.has("tags") { self.tags.as_str() } else { "" };
        let below = if file.is_some() { without_breaks(text) } else { String::new() };
        let parameters = [
            ("title", title),
            ("message", below.as_str()),
            ("filename", file.map_or("", |file| file.name())),
            ("priority", &priority),
            ("tags", tags),
            ("click", click.unwrap_or_default()),
            ("actions", &actions),
        ];
        let mut url = self.endpoint.url.clone();
        for (name, value) in parameters.into_iter().filter(|(_, value)| !value.is_empty()) {
            url.query_pairs_mut().append_pair(name, value);
        }
        let content_type = match file.map(|file| &file.source) {
            Some(Source::Stored(_)) => "application/octet-stream",
            Some(Source::Text(_)) | None => "text/plain",
        };
        let piece = file.map_or_else(|| Piece::Bytes(text.as_bytes().to_vec()), Attachment::piece);
        (url, Body::new(content_type.to_owned(), vec![piece]))
    }
}

/// The codes are those of the server's own list of errors (`errHTTP…` in server/errors.go).
fn judge(answer: &Answer, code: u32, said: &str, with_file: bool) -> SendResult {
    Ok(match (answer.status, code) {
        (300..=399, _) => repair(format!(
            "the server answered {}, a redirect: set its new address in `server`",
            answer.status
        )),
        (401 | 403, _) => {
            repair(format!("ntfy does not let us write to this topic ({said}): set `token`"))
        }
        (404 | 405, _) => other_server("ntfy server", "server", answer, said),
        (200..=299, _) if answer.is_web_page() => {
            other_server("ntfy server", "server", answer, said)
        }
        (400, 40009 | 40010) => {
            repair(format!("the server has no such topic ({said}): set another `topic`"))
        }
        (413, _) if with_file => {
            return Err(FilesRefused("too big for this ntfy server".to_owned()));
        }
        (429, 42905) if with_file => {
            return Err(FilesRefused("ntfy takes no more files today".to_owned()));
        }
        _ => return usual_result(Ntfy::NAME, answer, said, with_file),
    })
}

/// The server's error format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct NtfyError {
    /// The status with two more digits, such as 40009. 0 if there is none.
    code: u32,
    error: String,
}

/// `text` for a parameter. The server turns a backslash and an n there into a line break (`parsePublishParams`), as
/// in `C:\new`: a zero-width space keeps them apart.
fn without_breaks(text: &str) -> String {
    text.replace("\\n", "\\\u{200b}n")
}
