//! ntfy (docs.ntfy.sh/publish): a topic on ntfy.sh or on a server of one's own. A message carries one
//! file; it has no replies, so what follows is a message of its own, and quieter.

mod actions;

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;
use tipoff_model::{Alert, Outcome, Priority, Receipt, Verdict};

use self::actions::Actions;
use crate::body::{Body, Piece};
use crate::buttons::BUTTONS;
use crate::fallback::{self, NoFiles, Post, Tried};
use crate::http::{self, Answer, Request, Secrets, repair, retry};
use crate::plan::Source;
use crate::settings::TIMEOUT;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Limits, Message};
use crate::{PictureLimits, Setting, SettingFault, Settings, Shape, sound, words};

/// Where everybody's topics are who runs no server of his own.
const SERVER: &str = "https://ntfy.sh";
/// The server's rule for topics.
const TOPIC_CHARS_MAX: usize = 64;
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
    settings: &[
        Setting {
            key: "actions",
            shape: Shape::List,
            required: false,
            doc: "Up to three buttons, each in ntfy's short form: what it does (`view`, `http`, \
                  `broadcast`, `copy`), its words, and an address or value. `{link}` is where the \
                  incident is shown. They come before those of `buttons`. Without it: none.",
            example: "[\"view, Look, {link}\", \"http, Light, http://nas.lan/light\"]",
        },
        BUTTONS,
        Setting {
            key: "click",
            shape: Shape::Text,
            required: false,
            doc: "The address that a tap on the message opens. Without it: the incident on the \
                  dashboard, where `public_url` in `[http]` is reached.",
            example: "\"http://nas.lan:8080/\"",
        },
        Setting {
            key: "priority",
            shape: Shape::Integer,
            required: false,
            doc: "How urgent the first alert of an incident is, from 1 (no sound) to 5 (rings on). \
                  What follows is at most 2, without a sound. Without it: 3.",
            example: "4",
        },
        Setting {
            key: "server",
            shape: Shape::Text,
            required: false,
            doc: "The address of the server. Without it: https://ntfy.sh.",
            example: "\"https://ntfy.example.org\"",
        },
        Setting {
            key: "tags",
            shape: Shape::List,
            required: false,
            doc: "Tags; those that are names of emojis stand before the title. Without it: none.",
            example: "[\"camera\"]",
        },
        TIMEOUT,
        Setting {
            key: "token",
            shape: Shape::Secret,
            required: false,
            doc: "An access token; with `user`: that user's password. Without it: no login.",
            example: "{ env = \"NTFY_TOKEN\" }",
        },
        Setting {
            key: "topic",
            shape: Shape::Name,
            required: true,
            doc: "The topic that the phone has subscribed to. On ntfy.sh whoever guesses it sees \
                  your pictures: make it long.",
            example: "\"house-2f9c81d44b\"",
        },
        Setting {
            key: "user",
            shape: Shape::Text,
            required: false,
            doc: "The user to log in as, with the password in `token`. Without it: `token` is an \
                  access token.",
            example: "\"tipoff\"",
        },
    ],
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
    let mut faults = Vec::new();
    let mut fault = |key, message: &str| faults.push(SettingFault { key, message: message.into() });
    let mut secrets = Secrets::default();
    let topic = settings.text("topic").unwrap_or_default();
    let is_of_topic = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if topic.is_empty() || topic.len() > TOPIC_CHARS_MAX || !topic.bytes().all(is_of_topic) {
        fault("topic", "must be of 1 to 64 letters, digits, - and _, without the server");
    }
    secrets.add_value(topic);
    let server = settings.text("server").unwrap_or(SERVER);
    let url = http::address(server).and_then(|server| {
        secrets.add_url(&server);
        let base = server.as_str().trim_end_matches('/');
        http::address(&format!("{base}/{topic}"))
    });
    if let Err(error) = &url {
        fault("server", error);
    }
    let priority = settings.integer("priority");
    if priority.is_some_and(|priority| !PRIORITIES.contains(&priority)) {
        fault("priority", "must be from 1 to 5");
    }
    if let Some(click) = settings.text("click")
        && Url::parse(click).is_err()
    {
        fault("click", "must be an address, such as http://nas.lan:8080/");
    }
    let tags = settings.list("tags");
    if tags.iter().any(|tag| tag.is_empty() || tag.contains(',')) {
        fault("tags", "a tag has no comma in it: write a list, [\"camera\", \"house\"]");
    }
    let actions = Actions::read(settings, &mut secrets);
    if let Err(message) = actions {
        fault("actions", message);
    }
    let login = match login(settings, &mut secrets) {
        Ok(login) => login,
        Err((key, message)) => {
            fault(key, message);
            None
        }
    };
    match (url, actions) {
        (Ok(url), Ok(actions)) if faults.is_empty() => Ok(Box::new(Ntfy {
            url,
            login,
            priority,
            tags: tags.join(","),
            actions,
            click: settings.text("click").map(str::to_owned),
            secrets,
            time: settings.answer_time(),
        })),
        _ => Err(faults),
    }
}

type LoginFault = (&'static str, &'static str);

/// The header that logs in: docs.ntfy.sh/publish, "Authentication".
fn login(settings: &Settings, secrets: &mut Secrets) -> Result<Option<HeaderValue>, LoginFault> {
    let header = match (settings.text("user"), settings.text("token")) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(("user", "`token` is missing: the user's password")),
        (None, Some(token)) => {
            secrets.add(token);
            format!("Bearer {token}")
        }
        (Some(user), Some(password)) => {
            let pair = words::base64(&format!("{user}:{password}"));
            secrets.add(password);
            secrets.add(&pair);
            format!("Basic {pair}")
        }
    };
    let mut header = HeaderValue::try_from(header)
        .map_err(|_| ("token", "has characters that it cannot be sent with"))?;
    header.set_sensitive(true);
    Ok(Some(header))
}

impl Channel for Ntfy {
    /// A server gives 60 messages at once and then one in 5 s, unless its owner says otherwise, and answers
    /// 429 beyond: that is obeyed, and nothing is held back before.
    fn abilities(&self) -> Abilities {
        Abilities::Messages(&LIMITS)
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        fallback::send(self, &LIMITS, message, context)
    }
}

impl Post for Ntfy {
    fn post<'a>(&'a self, message: &'a Message, context: &'a Context<'a>) -> BoxFuture<'a, Tried> {
        Box::pin(async move {
            let mut headers = HeaderMap::new();
            if let Some(login) = &self.login {
                headers.insert(AUTHORIZATION, login.clone());
            }
            let (url, body) = self.request(message, context.alert);
            let request = Request { url, headers, body, time: self.time, secrets: &self.secrets };
            match http::post(request, context.files).await {
                Ok(answer) => self.judge(&answer, !message.files.is_empty()),
                Err(failure) => Ok(failure.into()),
            }
        })
    }
}

impl Ntfy {
    /// What describes a message goes as parameters of the address, which may hold any character,
    /// unlike headers. The body is the file, or the text.
    fn request(&self, message: &Message, alert: &Alert) -> (Url, Body) {
        let Message { title, text, files, .. } = message;
        // A message without a text would say that it was "triggered".
        let (title, text) =
            if text.is_empty() { ("", title.as_str()) } else { (title.as_str(), text.as_str()) };
        let priority = alert.manner.priority.map(number).or(self.priority);
        let priority = match sound::is_silent(message, alert) {
            false => priority,
            true => Some(priority.unwrap_or(SILENT).min(SILENT)),
        };
        let priority = priority.map(|priority| priority.to_string()).unwrap_or_default();
        let file = files.first();
        let actions = self.actions.of(message, alert);
        let click = self.click.as_deref().or(alert.link.as_deref());
        let parameters = [
            ("title", title),
            ("message", if file.is_some() { text } else { "" }),
            ("filename", file.map_or("", |file| file.name())),
            ("priority", &priority),
            ("tags", &self.tags),
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
    fn judge(&self, answer: &Answer, with_file: bool) -> Tried {
        let fault: Fault = serde_json::from_slice(&answer.body).unwrap_or_default();
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
            (413, _) if with_file => {
                return Err(NoFiles("too big for this ntfy server".to_owned()));
            }
            (429, 42905) if with_file => {
                return Err(NoFiles("ntfy takes no more files today".to_owned()));
            }
            (408 | 429, _) => retry(answer.retry_after, format!("ntfy asks to wait: {said}")),
            (500.., _) => {
                retry(answer.retry_after, format!("ntfy has a fault of its own ({status}): {said}"))
            }
            _ if with_file => return Err(NoFiles(format!("not taken by ntfy ({said})"))),
            _ => Verdict::Refused { error: format!("ntfy answered {status}: {said}") },
        })
    }
}

/// How the server tells what is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    code: u32,
    error: String,
}
