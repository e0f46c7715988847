//! Mattermost, through an incoming webhook (docs.mattermost.com/developers/integrate/webhooks/incoming). It accepts
//! no files: pictures are shown by their link. A webhook cannot reply to an earlier message, so that a follow-up is a
//! message of its own. It is a silent notification, if the server supports that.

use serde::Deserialize;
use serde_json::{Value, json};
use tipoff_model::{Priority, Receipt, Verdict};

use crate::abilities::PICTURE_TYPES;
use crate::chat_webhook::{self, ChatWebhook, Markdown, SenderFields};
use crate::http::{Answer, Request, repair};
use crate::message_service::{
    AnswerMeaning, FilesRefused, HttpService, MessageChannel, MessageService, OutgoingMessage,
    asks_to_wait, internal_error, other_server,
};
use crate::{Built, Entry, Hint, Limits};
use crate::{Settings, sound};

/// Mattermost's markup characters.
const MARKUP: &str = "\\*_~`|>#[]<!";

/// A post has 16,383 characters, and each may need a backslash here. The server splits longer posts in two ("Tips and
/// best practices" of incoming webhooks).
static LIMITS: Limits = chat_webhook::limits("Mattermost", 7400, PICTURE_TYPES);
/// The links have the room that twice the text leaves in a post.
static MARKDOWN: Markdown = Markdown { bold: "**", links_utf16_max: 1500, plain };

/// What Mattermost can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "mattermost",
    name: "Mattermost",
    summary: "A channel of a Mattermost server, through an incoming webhook; pictures by link.",
    find: &[Hint {
        key: "url",
        place: "In Mattermost: the product menu, Integrations, Incoming Webhooks, Add Incoming Webhook; choose the channel and copy the address.",
    }],
    settings: &chat_webhook::settings(
        "The webhook's address: in Mattermost, Integrations, Incoming Webhooks. Whoever has \
                  it can write there.",
        "\"https://chat.example.org/hooks/KEY\"",
    ),
    build,
};

/// A webhook of a Mattermost channel.
struct Mattermost {
    hook: ChatWebhook,
    sender: SenderFields,
}

fn build(settings: &Settings) -> Built {
    let names = ["channel", "icon_url", "username"];
    chat_webhook::build(settings, 1, "https://chat.example.org/hooks/KEY", names, |hook, sender| {
        MessageChannel(Mattermost { hook, sender })
    })
}

impl MessageService for Mattermost {
    /// No rate limit of Tipoff's own: the owner of the server sets one, and the server answers 429 beyond it.
    const LIMITS: &'static Limits = &LIMITS;
}

impl HttpService for Mattermost {
    const NAME: &'static str = "Mattermost";

    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused> {
        Ok(self.hook.request(&self.payload(outgoing)))
    }

    fn read_answer(&self, outgoing: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning {
        let fault: MattermostError = answer.json();
        AnswerMeaning {
            result: Ok(self.judge(answer, &fault)),
            said: self.hook.said(answer, &fault.message),
            doubtful_extras: self.doubtful(priority(outgoing).is_some(), answer, &fault),
        }
    }
}

impl Mattermost {
    /// Extras of a message that the server may have refused. It names none.
    fn doubtful(
        &self,
        has_priority: bool,
        answer: &Answer,
        fault: &MattermostError,
    ) -> Vec<&'static str> {
        match (answer.status, fault.webhook_error()) {
            // A server that knows no priorities may refuse them in whatever way: the alert is worth more.
            (400..=428 | 430.., _) if has_priority => vec!["priority"],
            (400, None | Some("parse" | "text")) => self.sender.extras(),
            _ => Vec::new(),
        }
    }

    /// The message as JSON. A silent post has no priority.
    fn payload(&self, outgoing: &OutgoingMessage<'_>) -> Value {
        let mut payload = self.hook.markdown_payload(outgoing, &LIMITS, &MARKDOWN, |picture| {
            let (name, url) = (plain(picture.name), picture.url);
            json!({ "fallback": name, "title": name, "title_link": url, "image_url": url })
        });
        if sound::is_silent(outgoing.message, outgoing.alert) {
            // Servers without silent posts ignore the field.
            payload.insert("silent".to_owned(), true.into());
        } else if let Some(priority) = priority(outgoing) {
            payload.insert("priority".to_owned(), json!({ "priority": priority }));
        }
        self.sender.sign(&mut payload, outgoing.extras);
        payload.into()
    }

    /// What an answer means. Errors have an `id` (model/utils.go, AppError); those of webhooks are in app/webhook.go.
    fn judge(&self, answer: &Answer, fault: &MattermostError) -> Verdict {
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
                other_server("Mattermost webhook", "url", answer, &said)
            }
            (408 | 429, _) => asks_to_wait(Self::NAME, answer, &said),
            (500.., _) => internal_error(Self::NAME, answer, &said),
            _ => Verdict::Refused { error: format!("Mattermost answered {status}: {said}") },
        }
    }
}

/// The priority that a message is sent with.
fn priority(outgoing: &OutgoingMessage<'_>) -> Option<&'static str> {
    let OutgoingMessage { message, alert, extras } = *outgoing;
    let is_there = extras.has("priority") && !sound::is_silent(message, alert);
    alert.manner.priority.and_then(name).filter(|_| is_there)
}

/// Mattermost's name of a route's priority ("Use message priority"). It has only two above the usual one.
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
struct MattermostError {
    /// Identifies the error, such as `web.incoming_webhook.disabled.app_error`.
    id: String,
    /// A sentence for people.
    message: String,
}

impl MattermostError {
    /// The middle of `web.incoming_webhook.….app_error`.
    fn webhook_error(&self) -> Option<&str> {
        self.id.strip_prefix("web.incoming_webhook.")?.strip_suffix(".app_error")
    }
}

/// `text` so that it is shown as it is and mentions nobody.
fn plain(text: &str) -> String {
    chat_webhook::spelled(text, str::to_owned, |sign, out| match sign {
        '@' => chat_webhook::push_parted(sign, out),
        sign => {
            if MARKUP.contains(sign) {
                out.push('\\');
            }
            out.push(sign);
        }
    })
}
