//! ntfy (docs.ntfy.sh/publish): a topic on ntfy.sh or on a server of one's own. A message carries one
//! file; it has no replies, so what follows is a message of its own, and quieter.

mod actions;
mod setup;
mod short_form;

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;
use tipoff_model::{Alert, Priority, Receipt, Verdict};

use self::actions::Actions;
use crate::body::{Body, Piece};
use crate::http::{self, Answer, Request, Secrets, repair, retry};
use crate::message_service::{
    AnswerMeaning, Extras, FilesRefused, HttpService, MessageChannel, MessageService, SendResult,
};
use crate::plan::Source;
use crate::settings_reader::SettingsReader;
use crate::{Built, Entry, Limits, Message};
use crate::{PictureLimits, Settings, sound};

/// Where everybody's topics are who runs no server of his own.
const SERVER: &str = "https://ntfy.sh";
/// The server's rule for topics.
const TOPIC_CHARS_MAX: usize = 64;
/// Names that are no topics (`DefaultDisallowedTopics` of the server): its own pages have them.
const DISALLOWED_TOPICS: &[&str] =
    &["account", "app", "docs", "file", "login", "metrics", "settings", "signup", "static", "v1"];
/// What a message can have besides its words, as its settings are called; `click` is the incident where it
/// is not set.
const EXTRAS: &[&str] = &["actions", "buttons", "click", "priority", "tags"];
/// From "min" to "max"; 3 is what a message has without one.
const PRIORITIES: std::ops::RangeInclusive<i64> = 1..=5;
/// The highest of them without a sound.
const SILENT: i64 = 2;

/// What ntfy calls a priority.
fn number(priority: Priority) -> i64 {
    match priority {
        Priority::Lowest => 1,
        Priority::Low => 2,
        Priority::Normal => 3,
        Priority::High => 4,
        Priority::Urgent => 5,
    }
}

/// docs.ntfy.sh/publish, "Limitations": 4,096 bytes for a message, which becomes a file beyond; a
/// UTF-16 unit is at most 3 of them. With a file the message is in the address, of which proxies take
/// 8 KB, and a unit is at most 9 bytes there. A file has 15 MB at most where the server's owner has
/// not said otherwise; ntfy.sh takes less without a subscription and says so.
static LIMITS: Limits = Limits {
    service: "ntfy",
    text_utf16_max: 1300,
    caption_utf16_max: 600,
    album_files_max: 1,
    documents_max: 1,
    album_bytes_max: 15 << 20,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif", "image/webp"],
        bytes_max: 15 << 20,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    },
    video_types: &["video/mp4"],
    animations: false,
    file_bytes_max: 15 << 20,
    replies: false,
};

/// What ntfy can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "ntfy",
    summary: "A topic of ntfy, on ntfy.sh or on a server of your own.",
    settings: setup::SETTINGS,
    build,
};

struct Ntfy {
    url: Url,
    login: Option<HeaderValue>,
    priority: Option<i64>,
    tags: String,
    actions: Actions,
    click: Option<String>,
    secrets: Secrets,
    time: Duration,
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
    let actions = reader.check("actions", Actions::read(settings, &mut secrets));
    let login = setup::login(settings, &mut secrets);
    let login = login.map_err(|(key, message)| reader.fault(key, message)).ok().flatten();
    reader.finish(|| {
        Some(MessageChannel(Ntfy {
            url: url?,
            login,
            priority,
            tags: tags.join(","),
            actions: actions?,
            click,
            secrets,
            time: settings.answer_time(),
        }))
    })
}

impl MessageService for Ntfy {
    /// A server gives 60 messages at once and then one in 5 s, unless its owner says otherwise, and answers
    /// 429 beyond: that is obeyed, and nothing is held back before.
    const LIMITS: &'static Limits = &LIMITS;
}

impl HttpService for Ntfy {
    const NAME: &'static str = "ntfy";

    fn request(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
    ) -> Result<Request<'_>, FilesRefused> {
        let mut headers = HeaderMap::new();
        if let Some(login) = &self.login {
            headers.insert(AUTHORIZATION, login.clone());
        }
        let (url, body) = self.address_and_body(message, alert, extras);
        Ok(Request { url, headers, body, time: self.time, secrets: &self.secrets })
    }

    fn read_answer(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
        answer: &Answer,
    ) -> AnswerMeaning {
        let fault = Fault::of(answer);
        AnswerMeaning {
            result: self.judge(answer, &fault, !message.files.is_empty()),
            said: answer.said(&fault.error, &self.secrets),
            doubtful_extras: self.doubtful(message, alert, extras, answer, fault.code),
        }
    }
}

impl Ntfy {
    /// What of a message's extras the server may not have taken: the one that its code names, or all that are
    /// there, where it names nothing.
    fn doubtful(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
        answer: &Answer,
        code: u32,
    ) -> Vec<&'static str> {
        let is_there = |key: &&&'static str| match **key {
            "actions" => self.actions.has_own(message, alert),
            "buttons" => self.actions.has_buttons(message, alert),
            "click" => self.click.is_some() || alert.link.is_some(),
            "priority" => self.priority.is_some() || alert.manner.priority.is_some(),
            _ => !self.tags.is_empty(),
        };
        let there: Vec<&'static str> =
            EXTRAS.iter().filter(is_there).copied().filter(|key| extras.has(key)).collect();
        let named = |names: &[&str]| {
            there.iter().copied().filter(|key| names.contains(key)).take(1).collect::<Vec<_>>()
        };
        match (answer.status, code) {
            (_, 40007) => named(&["priority"]),
            // Buttons of the owner's are named first: those of ours are made as the server wants them.
            (_, 40018) => named(&["actions", "buttons"]),
            // Of the topic, the words or the file.
            (_, 40009..=40011 | 40013..=40015) => Vec::new(),
            (400 | 414 | 422 | 431, _) => there,
            _ => Vec::new(),
        }
    }

    /// What describes a message goes as parameters of the address, which may hold any character,
    /// unlike headers. The body is the file, or the text.
    fn address_and_body(&self, message: &Message, alert: &Alert, extras: &Extras) -> (Url, Body) {
        let Message { title, text, files, .. } = message;
        // A message without a text would say that it was "triggered".
        let (title, text) =
            if text.is_empty() { ("", title.as_str()) } else { (title.as_str(), text.as_str()) };
        let priority = alert.manner.priority.map(number).or(self.priority);
        let priority = priority.filter(|_| extras.has("priority"));
        let priority = match sound::is_silent(message, alert) {
            false => priority,
            true => Some(priority.unwrap_or(SILENT).min(SILENT)),
        };
        let priority = priority.map(|priority| priority.to_string()).unwrap_or_default();
        let file = files.first();
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
        let mut url = self.url.clone();
        for (name, value) in parameters.into_iter().filter(|(_, value)| !value.is_empty()) {
            url.query_pairs_mut().append_pair(name, value);
        }
        let (content_type, piece) = match file.map(|file| &file.source) {
            Some(Source::Stored(stored)) => {
                ("application/octet-stream", Piece::File(stored.clone()))
            }
            Some(Source::Text(text)) => ("text/plain", Piece::Bytes(text.clone().into_bytes())),
            None => ("text/plain", Piece::Bytes(text.as_bytes().to_vec())),
        };
        (url, Body::new(content_type.to_owned(), vec![piece]))
    }

    /// The codes are those of the server's own list of errors.
    fn judge(&self, answer: &Answer, fault: &Fault, with_file: bool) -> SendResult {
        let said = answer.said(&fault.error, &self.secrets);
        let status = answer.status;
        Ok(match (status, fault.code) {
            (200..=299, _) => Verdict::Delivered(Receipt::default()),
            (300..=399, _) => repair(format!(
                "the server answered {status}, a redirect: set its new address in `server`"
            )),
            (401 | 403, _) => {
                repair(format!("ntfy does not let us write to this topic ({said}): set `token`"))
            }
            (404 | 405, _) => {
                repair(format!("this is no ntfy server ({status}, {said}): check `server`"))
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
            (408 | 429, _) => retry(answer.retry_after, format!("ntfy asks to wait: {said}")),
            (500.., _) => {
                retry(answer.retry_after, format!("ntfy has a fault of its own ({status}): {said}"))
            }
            _ if with_file => return Err(FilesRefused(format!("not taken by ntfy ({said})"))),
            _ => Verdict::Refused { error: format!("ntfy answered {status}: {said}") },
        })
    }
}

/// The server's error format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    code: u32,
    error: String,
}

impl Fault {
    fn of(answer: &Answer) -> Self {
        answer.json()
    }
}

/// Of a text that stands in a parameter, the server makes a line break of each backslash with an n behind it
/// (`parsePublishParams`), as in `C:\new`: something unseen parts them.
fn without_breaks(text: &str) -> String {
    text.replace("\\n", "\\\u{200b}n")
}
