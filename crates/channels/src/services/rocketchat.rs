//! Rocket.Chat, through an incoming integration (docs.rocket.chat/docs/integrations). It takes no files:
//! pictures are shown by their link. A webhook cannot answer an earlier message, so what follows is a
//! message of its own.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tipoff_model::{Alert, Receipt, Scope, Verdict};

use crate::buttons::BUTTONS;
use crate::chat_hook::{self, Hook, Linked, PICTURE_TYPES, Sender};
use crate::http::{Answer, REPAIR_PAUSE, Request, repair, retry};
use crate::message_service::{
    AnswerMeaning, Extras, FilesRefused, HttpService, MessageChannel, MessageService,
};
use crate::settings::TIMEOUT_OF_WORDS;
use crate::{Built, Entry, Limits, Message};
use crate::{Setting, Settings, Shape};

/// "Maximum Allowed Characters Per Message" is 5,000 where the server's owner has not said otherwise;
/// each may need a second one here.
static LIMITS: Limits = chat_hook::limits("Rocket.Chat", 1900, PICTURE_TYPES);
/// What is left for the links of actions, in UTF-16 units.
const LINKS_UTF16_MAX: usize = 1100;

/// What Rocket.Chat can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "rocketchat",
    summary: "A channel of a Rocket.Chat server, through an incoming webhook; pictures by link.",
    settings: &[
        BUTTONS,
        chat_hook::CHANNEL,
        chat_hook::ICON,
        TIMEOUT_OF_WORDS,
        Setting {
            key: "url",
            shape: Shape::Secret,
            required: true,
            doc: "The webhook's address: in Rocket.Chat, Manage, Workspace, Integrations, New, \
                  Incoming. Whoever has it can write there.",
            example: "\"https://chat.example.org/hooks/ID/TOKEN\"",
        },
        chat_hook::USERNAME,
    ],
    build,
};

struct RocketChat {
    hook: Hook,
    sender: Sender,
}

fn build(settings: &Settings) -> Built {
    let names = ["channel", "avatar", "alias"];
    chat_hook::build(
        settings,
        2,
        "https://chat.example.org/hooks/ID/TOKEN",
        names,
        |hook, sender| MessageChannel(RocketChat { hook, sender }),
    )
}

impl MessageService for RocketChat {
    /// A server of one's own takes what its owner has set, and answers 429 beyond.
    const LIMITS: &'static Limits = &LIMITS;
}

impl HttpService for RocketChat {
    const NAME: &'static str = "Rocket.Chat";

    fn request(
        &self,
        message: &Message,
        alert: &Alert,
        extras: &Extras,
    ) -> Result<Request<'_>, FilesRefused> {
        Ok(self.hook.request(&self.payload(message, alert, extras)))
    }

    fn read_answer(&self, _: &Message, _: &Alert, _: &Extras, answer: &Answer) -> AnswerMeaning {
        let reply: Reply = answer.json();
        let verdict = self.judge(answer, &reply);
        // Such as "Not enough permission": whose user may not write under another name
        // (`message-impersonate`).
        let doubtful_extras = match &verdict {
            Verdict::Refused { .. } => self.sender.extras(),
            _ => Vec::new(),
        };
        AnswerMeaning {
            result: Ok(verdict),
            said: self.hook.said(answer, &reply.error),
            doubtful_extras,
        }
    }
}

impl RocketChat {
    fn payload(&self, message: &Message, alert: &Alert, extras: &Extras) -> Value {
        let Linked { words, pictures } = chat_hook::linked(message, alert, &LIMITS, |_| true);
        let mut payload = Map::new();
        let links = self.hook.links(message, alert);
        let text = chat_hook::markdown(&words, alert, "*", plain)
            + &chat_hook::markdown_links(&links, LINKS_UTF16_MAX, plain);
        payload.insert("text".to_owned(), text.into());
        // A preview of whatever a camera links to is no part of the alert.
        payload.insert("parseUrls".to_owned(), false.into());
        let pictures = pictures.iter().map(
            |picture| json!({ "title": picture.name, "title_link": picture.url, "image_url": picture.url }),
        );
        let pictures: Vec<Value> = pictures.collect();
        if !pictures.is_empty() {
            payload.insert("attachments".to_owned(), pictures.into());
        }
        self.sender.sign(&mut payload, extras);
        payload.into()
    }

    /// The errors are those of integrations/server/api/api.ts and processWebhookMessage.ts. An address
    /// that Rocket.Chat does not know is answered with its start page, and 200.
    fn judge(&self, answer: &Answer, reply: &Reply) -> Verdict {
        let (said, status) = (self.hook.said(answer, &reply.error), answer.status);
        match (status, reply.error.as_str()) {
            (200..=299, _) if reply.success => Verdict::Delivered(Receipt::default()),
            (408 | 429, _) => {
                let error = format!("Rocket.Chat asks to wait: {said}");
                retry(answer.retry_after, error)
            }
            (503, "Service Unavailable") => {
                repair("the integration is switched off in Rocket.Chat: enable it".to_owned())
            }
            (500.., _) => {
                let error = format!("Rocket.Chat has a fault of its own ({status}): {said}");
                retry(answer.retry_after, error)
            }
            (_, error) if error.starts_with("Invalid integration id or token") => {
                let error = format!(
                    "Rocket.Chat does not know this webhook ({said}): make another, set `url`"
                );
                repair(error)
            }
            (_, error) if is_about_channel(error) => repair(format!(
                "the webhook may not write to this channel ({said}): check `channel`, and the \
                 integration in Rocket.Chat"
            )),
            (_, "error-message-size-exceeded") => {
                let error = "the server takes shorter messages only: raise \"Maximum Allowed Characters \
                             Per Message\" in Rocket.Chat to 5,000";
                Verdict::Retry {
                    scope: Scope::Message,
                    after: Some(REPAIR_PAUSE),
                    error: error.to_owned(),
                }
            }
            (200..=399 | 401 | 403..=405, _) => {
                repair(format!("this is no Rocket.Chat webhook ({status}, {said}): check `url`"))
            }
            _ => Verdict::Refused { error: format!("Rocket.Chat answered {status}: {said}") },
        }
    }
}

fn is_about_channel(error: &str) -> bool {
    error.starts_with("overriding destination channel is disabled")
        || [
            "invalid-channel",
            "error-invalid-room",
            "error-not-allowed",
            "error-room-archived",
            "room_is_blocked",
            "You can't send messages because the room is readonly.",
        ]
        .contains(&error)
}

/// Rocket.Chat's answer format.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reply {
    success: bool,
    error: String,
}

/// `text` so that it mentions nobody and leads nowhere. Nothing can be escaped
/// (packages/message-parser/src/grammar.pegjs): a sign is parted from what would complete it.
fn plain(text: &str) -> String {
    chat_hook::spelled(text, str::to_owned, |sign, out| match sign {
        '@' | '#' | '<' | ']' => chat_hook::push_parted(sign, out),
        _ => out.push(sign),
    })
}
