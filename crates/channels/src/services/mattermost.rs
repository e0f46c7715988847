//! Mattermost, through an incoming webhook (docs.mattermost.com/developers/integrate/webhooks/incoming).
//! It takes no files: pictures are shown by their link. A webhook cannot answer an earlier message, so
//! what follows is a message of its own, and silent where the server knows that.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tipoff_model::{Alert, Priority, Receipt, Verdict};

use crate::buttons::BUTTONS;
use crate::chat_hook::{self, Hook, Linked, PICTURE_TYPES, Sender};
use crate::http::{Answer, Request, repair, retry};
use crate::message_service::{
    AnswerMeaning, Extras, FilesRefused, HttpService, MessageChannel, MessageService,
};
use crate::settings::TIMEOUT_OF_WORDS;
use crate::{Built, Entry, Limits, Message};
use crate::{Setting, Settings, Shape, sound};

/// Mattermost's markup characters.
const MARKUP: &str = "\\*_~`|>#[]<!";

/// A post has 16,383 characters, of which each may need a second one here; longer ones are cut in two
/// ("Tips and best practices" of incoming webhooks).
static LIMITS: Limits = chat_hook::limits("Mattermost", 7400, PICTURE_TYPES);
/// What is left for the links of actions, in UTF-16 units.
const LINKS_UTF16_MAX: usize = 1500;

/// What Mattermost can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "mattermost",
    summary: "A channel of a Mattermost server, through an incoming webhook; pictures by link.",
    settings: &[
        BUTTONS,
        chat_hook::CHANNEL,
        chat_hook::ICON,
        TIMEOUT_OF_WORDS,
        Setting {
            key: "url",
            shape: Shape::Secret,
            required: true,
            doc: "The webhook's address: in Mattermost, Integrations, Incoming Webhooks. Whoever has \
                  it can write there.",
            example: "\"https://chat.example.org/hooks/KEY\"",
        },
        chat_hook::USERNAME,
    ],
    build,
};

struct Mattermost {
    hook: Hook,
    sender: Sender,
}

fn build(settings: &Settings) -> Built {
    let names = ["channel", "icon_url", "username"];
    chat_hook::build(settings, 1, "https://chat.example.org/hooks/KEY", names, |hook, sender| {
        MessageChannel(Mattermost { hook, sender })
    })
}

impl MessageService for Mattermost {
    /// A server of one's own takes what it can; where its owner has set a rate, it says so.
    const LIMITS: &'static Limits = &LIMITS;
}

impl HttpService for Mattermost {
    const NAME: &'static str = "Mattermost";

    fn request(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
    ) -> Result<Request<'_>, FilesRefused> {
        Ok(self.hook.request(&self.payload(message, alert, extras)))
    }

    fn read_answer(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
        answer: &Answer,
    ) -> AnswerMeaning {
        let fault = Fault::of(answer);
        let has_priority = priority(message, alert, extras).is_some();
        AnswerMeaning {
            result: Ok(self.judge(answer, &fault)),
            said: self.hook.said(answer, &fault.message),
            doubtful_extras: self.doubtful(has_priority, answer, &fault),
        }
    }
}

impl Mattermost {
    /// What of a message's extras the server may not have taken: it names none.
    fn doubtful(&self, has_priority: bool, answer: &Answer, fault: &Fault) -> Vec<&'static str> {
        match (answer.status, fault.webhook_error()) {
            // A server that knows no priorities may refuse them in whatever way: the alert is worth more.
            (400..=428 | 430.., _) if has_priority => vec!["priority"],
            (400, None | Some("parse" | "text")) => self.sender.extras(),
            _ => Vec::new(),
        }
    }

    fn payload(&self, message: &Message, alert: &Alert, extras: &Extras) -> Value {
        let Linked { words, pictures } = chat_hook::linked(message, alert, &LIMITS, |_| true);
        let mut payload = Map::new();
        let links = self.hook.links(message, alert);
        let text = chat_hook::markdown(&words, alert, "**", plain)
            + &chat_hook::markdown_links(&links, LINKS_UTF16_MAX, plain);
        payload.insert("text".to_owned(), text.into());
        let pictures = pictures.iter().map(|picture| {
            let (name, url) = (plain(picture.name), picture.url);
            json!({ "fallback": name, "title": name, "title_link": url, "image_url": url })
        });
        let pictures: Vec<Value> = pictures.collect();
        if !pictures.is_empty() {
            payload.insert("attachments".to_owned(), pictures.into());
        }
        if sound::is_silent(message, alert) {
            // Servers from before it know it overlook it.
            payload.insert("silent".to_owned(), true.into());
        } else if let Some(priority) = priority(message, alert, extras) {
            payload.insert("priority".to_owned(), json!({ "priority": priority }));
        }
        self.sender.sign(&mut payload, extras);
        payload.into()
    }

    /// Errors have an `id` (model/utils.go, AppError); those of webhooks are in app/webhook.go.
    fn judge(&self, answer: &Answer, fault: &Fault) -> Verdict {
        let said = self.hook.said(answer, &fault.message);
        let status = answer.status;
        match (status, fault.webhook_error()) {
            (200..=299, _) if answer.body.trim_ascii() == b"ok" => {
                Verdict::Delivered(Receipt::default())
            }
            (_, Some("disabled")) => repair(format!(
                "this server takes no incoming webhooks ({said}): have them enabled"
            )),
            (_, Some("invalid")) => repair(format!(
                "Mattermost does not know this webhook ({said}): make another, set `url`"
            )),
            (_, Some("channel" | "channel_locked" | "permissions" | "user")) => repair(format!(
                "the webhook may not write to this channel ({said}): check `channel`, and the webhook \
                 in Mattermost"
            )),
            (200..=399 | 401 | 403..=405, _) => {
                repair(format!("this is no Mattermost webhook ({status}, {said}): check `url`"))
            }
            (408 | 429, _) => retry(answer.retry_after, format!("Mattermost asks to wait: {said}")),
            (500.., _) => retry(
                answer.retry_after,
                format!("Mattermost has a fault of its own ({status}): {said}"),
            ),
            _ => Verdict::Refused { error: format!("Mattermost answered {status}: {said}") },
        }
    }
}

/// The priority that a message is sent with.
fn priority(message: &Message, alert: &Alert, extras: &Extras) -> Option<&'static str> {
    let is_there = extras.has("priority") && !sound::is_silent(message, alert);
    alert.manner.priority.and_then(name).filter(|_| is_there)
}

/// "Use message priority" in Mattermost's documentation: it knows two that are above others.
fn name(priority: Priority) -> Option<&'static str> {
    match priority {
        Priority::Lowest | Priority::Low | Priority::Normal => None,
        Priority::High => Some("important"),
        Priority::Urgent => Some("urgent"),
    }
}

/// Mattermost's error format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fault {
    id: String,
    message: String,
}

impl Fault {
    fn of(answer: &Answer) -> Self {
        answer.json()
    }

    /// Of `web.incoming_webhook.….app_error`.
    fn webhook_error(&self) -> Option<&str> {
        self.id.strip_prefix("web.incoming_webhook.")?.strip_suffix(".app_error")
    }
}

/// `text` so that it is shown as it is and mentions nobody.
fn plain(text: &str) -> String {
    chat_hook::spelled(text, str::to_owned, |sign, out| match sign {
        '@' => chat_hook::push_parted(sign, out),
        sign => {
            if MARKUP.contains(sign) {
                out.push('\\');
            }
            out.push(sign);
        }
    })
}
