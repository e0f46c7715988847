//! Discord, through a webhook of a channel (docs.discord.com/developers/resources/webhook). A webhook cannot reply to
//! an earlier message, so that a follow-up is a message of its own, and a silent notification. In a forum channel,
//! each alert begins a thread. Words in quotation marks below are from Discord's documentation.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tipoff_model::Alert;

use crate::body::Body;
use crate::buttons::{self, BUTTONS, Link};
use crate::http::{self, Answer, Endpoint, Failure, RETRY_AFTER_MAX, Secrets, repair, retry};
use crate::message_service::{
    Extras, FilesRefused, MessageChannel, MessageSender, MessageService, SendResult, usual_result,
};
use crate::multipart::Form;
use crate::settings::TIMEOUT;
use crate::settings_reader::SettingsReader;
use crate::{BoxFuture, Built, Context, Entry, Hint, Limits, Message, Pace};
use crate::{Setting, Settings, Shape, sound, words};

/// Length limit of the name that a webhook writes under, in characters.
const USERNAME_CHARS_MAX: usize = 80;
/// The message flag SUPPRESS_NOTIFICATIONS.
const NO_NOTIFICATION: u32 = 1 << 12;
/// "Invalid form body": Discord refuses a field of the message.
const INVALID_FORM: u32 = 50035;
/// "Unknown channel", "Cannot message this thread until …", "Thread is archived", "Thread is locked". All of these
/// concern the thread: an unknown webhook has another code.
const NO_THREAD: &[u32] = &[10003, 40058, 50083, 160005];
/// "Webhooks posted to forum channels must have a thread_name or thread_id".
const FORUM: u32 = 220001;
/// Length limit of a thread's name, in characters.
const THREAD_NAME_CHARS_MAX: usize = 100;
/// Words that Discord refuses in the name of a webhook ("Usernames and Nicknames").
const FORBIDDEN_NAMES: &[&str] = &["clyde", "discord"];
/// The extras of a message, by the names of their settings.
const EXTRAS: &[&str] = &["buttons", "thread", "username"];
/// Number of buttons in a row ("Action Row").
const ROW_BUTTONS_MAX: usize = 5;
/// Number of rows in a message.
const ROWS_MAX: usize = 5;
/// Length limit of a button's label, in characters ("Button").
const BUTTON_LABEL_CHARS_MAX: usize = 80;
/// Length limit of a button's address, in characters.
const BUTTON_URL_CHARS_MAX: usize = 512;
/// Discord's markup characters.
const MARKUP: &str = "\\*_~`|>#[]<";

/// "Execute Webhook", "Embed Limits" and "Uploading Files" in Discord's documentation: 4,096
/// characters for an embed's description, of which each may need a backslash here; ten files of
/// 10 MiB, and 25 MiB for a request.
static LIMITS: Limits = Limits {
    album_files_max: 10,
    documents_max: 10,
    album_bytes_max: 24 << 20,
    file_bytes_max: 10 << 20,
    ..Limits::new("Discord", 2000)
};

/// What Discord can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "discord",
    name: "Discord",
    summary: "A channel of a Discord server, through a webhook.",
    find: &[Hint {
        key: "url",
        place: "In Discord: edit the channel (gear beside its name), Integrations, Webhooks, New Webhook, Copy Webhook URL.",
    }],
    settings: &[
        BUTTONS,
        Setting {
            key: "silent",
            shape: Shape::Flag,
            required: false,
            doc: "Whether first alerts, too, come without a notification. Without it: false.",
            example: "true",
        },
        Setting {
            key: "thread",
            shape: Shape::Name,
            required: false,
            doc: "The number of a thread in the channel. Without it: the channel itself.",
            example: "1234567890123456789",
        },
        TIMEOUT,
        Setting {
            key: "url",
            shape: Shape::Secret,
            required: true,
            doc: "The webhook's address: in Discord, edit the channel, Integrations, Webhooks. \
                  Whoever has it can write there.",
            example: "\"https://discord.com/api/webhooks/1234567890/TOKEN\"",
        },
        Setting {
            key: "username",
            shape: Shape::Text,
            required: false,
            doc: "The name that alerts stand under. Without it: the webhook's own.",
            example: "\"Cameras\"",
        },
    ],
    build,
};

/// A webhook of a Discord channel.
struct Discord {
    /// The webhook's address.
    endpoint: Endpoint,
    /// The webhook's number, which is no secret.
    id: String,
    /// The name that alerts have. `None` for the webhook's own.
    username: Option<String>,
    /// The number of a thread in the channel.
    thread: Option<String>,
    /// Whether first alerts, too, are silent notifications.
    silent: bool,
    /// Whether first alerts have buttons.
    buttons: bool,
}

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let url = http::address(settings.text("url").unwrap_or_default()).ok();
    let id = url.as_ref().and_then(webhook_id).filter(|id| is_number(id)).map(str::to_owned);
    if id.is_none() {
        reader.fault("url", "must be like https://discord.com/api/webhooks/NUMBER/TOKEN");
    }
    let thread = settings.text("thread").map(str::to_owned);
    if thread.as_ref().is_some_and(|thread| !is_number(thread)) {
        let message = "must be a number: switch on the developer mode, then \"Copy Thread ID\"";
        reader.fault("thread", message);
    }
    let username = settings.text("username").map(str::to_owned);
    let is_length = |name: &String| (1..=USERNAME_CHARS_MAX).contains(&name.chars().count());
    if username.as_ref().is_some_and(|name| !is_length(name)) {
        reader.fault("username", "must be of 1 to 80 characters");
    }
    let has = |word: &&str| username.as_ref().is_some_and(|it| it.to_lowercase().contains(*word));
    if FORBIDDEN_NAMES.iter().any(has) {
        let message = "must not have \"clyde\" or \"discord\" in it: Discord refuses that";
        reader.fault("username", message);
    }
    reader.finish(|| {
        let mut url = url?;
        let mut secrets = Secrets::default();
        secrets.add_url(&url);
        // Without it, Discord answers before it knows whether it accepts the message.
        url.query_pairs_mut().append_pair("wait", "true");
        let endpoint =
            Endpoint { url, headers: HeaderMap::new(), time: settings.answer_time(), secrets };
        Some(MessageChannel(Discord {
            endpoint,
            id: id?,
            username,
            thread,
            silent: settings.flag("silent"),
            buttons: settings.flag_or(BUTTONS.key, true),
        }))
    })
}

/// The number in `…/webhooks/NUMBER/TOKEN`.
fn webhook_id(url: &Url) -> Option<&str> {
    let (_, rest) = url.path().split_once("/webhooks/")?;
    rest.split_once('/').filter(|(_, token)| !token.is_empty()).map(|(id, _)| id)
}

impl MessageService for Discord {
    const LIMITS: &'static Limits = &LIMITS;

    /// Five requests in two seconds, and thirty messages a minute. These are the observed limits of webhooks, which
    /// Discord does not document; 429 names the pause.
    fn paces(&self) -> Vec<Pace> {
        let key = format!("discord:{}", self.id);
        let seconds = Duration::from_secs;
        vec![
            Pace { key: key.clone(), count: 5, per: seconds(2) },
            Pace { key, count: 30, per: seconds(60) },
        ]
    }
}

impl MessageSender for Discord {
    fn send_once<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, SendResult> {
        Box::pin(async move {
            let rows = if self.buttons { rows(message, context.alert) } else { Vec::new() };
            let mut post = PostOptions { rows, extras: Extras::default(), is_forum: false };
            loop {
                let answer = match self.put(message, &post, context).await {
                    Ok(answer) => answer,
                    Err(failure) => return Ok(failure.into()),
                };
                let fault: DiscordError = answer.json();
                if fault.code == FORUM && !post.is_forum {
                    post.is_forum = true;
                    continue;
                }
                let doubtful_extras = self.doubtful(&post, &answer, &fault);
                let said = self.endpoint.said(&answer, &fault.message);
                if !post.extras.leave_out(&doubtful_extras, &said) {
                    let result = judge(&answer, &fault, &said, !message.files.is_empty());
                    return result.map(|verdict| post.extras.into_verdict("Discord", verdict));
                }
            }
        })
    }
}

/// How a message is posted, besides its words and files.
struct PostOptions {
    /// The rows of its buttons.
    rows: Vec<Value>,
    /// What is left out after a refusal.
    extras: Extras,
    /// Whether the channel is a forum, where each alert is a thread.
    is_forum: bool,
}

/// The buttons of a message in rows ("Action Row", "Button"). A webhook that belongs to no app can only have buttons
/// that open an address.
fn rows(message: &Message, alert: &Alert) -> Vec<Value> {
    let is_good = |link: &Link<'_>| {
        let is_short = link.url.chars().count() <= BUTTON_URL_CHARS_MAX;
        is_short && (link.url.starts_with("http://") || link.url.starts_with("https://"))
    };
    let mut links = buttons::links(message, alert);
    links.retain(is_good);
    let links = buttons::best(links, ROW_BUTTONS_MAX * ROWS_MAX);
    let button = |link: &Link<'_>| {
        let label = words::cut(link.label, BUTTON_LABEL_CHARS_MAX);
        json!({ "type": 2, "style": 5, "label": label, "url": link.url })
    };
    let row = |links: &[Link<'_>]| {
        let buttons: Vec<Value> = links.iter().map(button).collect();
        json!({ "type": 1, "components": buttons })
    };
    links.chunks(ROW_BUTTONS_MAX).map(row).collect()
}

impl Discord {
    /// Sends a message with these options.
    async fn put(
        &self,
        message: &Message,
        post: &PostOptions,
        context: &Context<'_>,
    ) -> Result<Answer, Failure> {
        let mut url = self.endpoint.url.clone();
        if let Some(thread) = self.thread.as_ref().filter(|_| post.extras.has("thread")) {
            url.query_pairs_mut().append_pair("thread_id", thread);
        }
        if !post.rows.is_empty() && post.extras.has("buttons") {
            url.query_pairs_mut().append_pair("with_components", "true");
        }
        let body = self.body(message, post, context.alert);
        http::post(self.endpoint.request_to(url, body), context.files).await
    }

    /// Extras of a message that Discord may have refused. If Discord names one, that one. If it names none, the
    /// extras of an invalid form one after the other; for an unknown error, all of them.
    fn doubtful(
        &self,
        post: &PostOptions,
        answer: &Answer,
        fault: &DiscordError,
    ) -> Vec<&'static str> {
        let there = post.extras.present(EXTRAS, |key| match key {
            "buttons" => !post.rows.is_empty(),
            "thread" => self.thread.is_some(),
            _ => self.username.is_some(),
        });
        let named =
            |names: &[&str]| there.iter().copied().filter(|key| names.contains(key)).collect();
        match (answer.status, fault.code) {
            (_, code) if NO_THREAD.contains(&code) => named(&["thread"]),
            (400, INVALID_FORM) if fault.names("username") => named(&["username"]),
            (400, INVALID_FORM) if fault.names("components") => named(&["buttons"]),
            // Such as an address that Discord considers invalid. The alert matters more than its extras.
            (400, INVALID_FORM) => {
                there.into_iter().filter(|key| *key != "thread").take(1).collect()
            }
            (400, 40005) => Vec::new(),
            (400, _) => there,
            _ => Vec::new(),
        }
    }

    /// The form of a message. The title is the message itself, which a phone's notification shows; the text is an
    /// embed below it, which has more room.
    fn body(&self, message: &Message, post: &PostOptions, alert: &Alert) -> Body {
        let silent = self.silent || sound::is_silent(message, alert);
        let mut payload = json!({
            // What a camera writes mentions nobody.
            "allowed_mentions": { "parse": [] },
            "flags": if silent { NO_NOTIFICATION } else { 0 },
        });
        let mut set = |key: &str, value: Value| {
            if let Some(payload) = payload.as_object_mut() {
                payload.insert(key.to_owned(), value);
            }
        };
        if !message.title.is_empty() {
            set("content", format!("**{}**", plain(&message.title)).into());
        }
        if !message.text.is_empty() {
            set("embeds", json!([{ "description": plain(&message.text) }]));
        }
        if !post.rows.is_empty() && post.extras.has("buttons") {
            set("components", post.rows.as_slice().into());
        }
        if let Some(username) = self.username.as_ref().filter(|_| post.extras.has("username")) {
            set("username", username.as_str().into());
        }
        if post.is_forum {
            let name = if message.title.is_empty() { &alert.device } else { &message.title };
            set("thread_name", words::cut(name, THREAD_NAME_CHARS_MAX).into());
        }
        let mut form = Form::new();
        form.json("payload_json", payload.to_string());
        for (index, file) in message.files.iter().enumerate() {
            form.attachment(&format!("files[{index}]"), file);
        }
        form.into_body()
    }
}

/// The codes are those of "Opcodes and Status Codes" in Discord's documentation.
fn judge(answer: &Answer, fault: &DiscordError, said: &str, with_files: bool) -> SendResult {
    Ok(match (answer.status, fault.code) {
        (300..=399 | 401 | 403 | 404 | 405, _) => {
            repair(format!("Discord does not know this webhook ({said}): make another, set `url`"))
        }
        (413, _) | (400, 40005) if with_files => {
            return Err(FilesRefused("too big for this Discord channel".to_owned()));
        }
        (408 | 429, _) => {
            let asked = fault.retry_after.map(|seconds| seconds.clamp(0.0, 1e6));
            let asked = asked.map(Duration::from_secs_f64).or(answer.retry_after);
            let asked = asked.map(|pause| pause.min(RETRY_AFTER_MAX));
            retry(asked, format!("Discord asks to wait: {said}"))
        }
        _ => return usual_result("Discord", answer, said, with_files),
    })
}

/// Discord's error format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct DiscordError {
    /// See "JSON Error Codes". 0 if there is none.
    code: u32,
    message: String,
    /// In seconds.
    retry_after: Option<f64>,
    /// The faults of an invalid form, by the names of its fields.
    errors: Value,
}

impl DiscordError {
    /// Whether a field of the form is named as wrong.
    fn names(&self, field: &str) -> bool {
        self.errors.get(field).is_some()
    }
}

/// `text` so that it is shown as it is. Addresses are not escaped: a backslash in them would lead elsewhere.
fn plain(text: &str) -> String {
    let escaped = |word: &str| -> String {
        if word.starts_with("http://") || word.starts_with("https://") {
            return word.to_owned();
        }
        words::backslashed(word, MARKUP)
    };
    text.split_inclusive(char::is_whitespace).map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn markup_is_shown_and_addresses_stay() {
        for (text, expected) in [
            ("a_b *c* 10 %", "a\\_b \\*c\\* 10 %"),
            ("# Yard\n> x", "\\# Yard\n\\> x"),
            ("<@123> [x](y)", "\\<@123\\> \\[x\\](y)"),
            ("open http://h/a_b_c_d now", "open http://h/a_b_c_d now"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
