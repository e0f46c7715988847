//! Rocket.Chat, through an incoming integration (docs.rocket.chat/docs/integrations). It accepts no files: pictures
//! are shown by their link. A webhook cannot reply to an earlier message, so that a follow-up is a message of its
//! own.

use serde::Deserialize;
use serde_json::{Value, json};
use tipoff_model::{Receipt, Verdict};

use crate::Settings;
use crate::abilities::PICTURE_TYPES;
use crate::chat_webhook::{self, ChatWebhook, Markdown, SenderFields};
use crate::http::{Answer, Request, repair, repair_message};
use crate::message_service::{
    AnswerMeaning, FilesRefused, HttpService, MessageChannel, MessageService, OutgoingMessage,
    asks_to_wait, internal_error, other_server,
};
use crate::{Built, Entry, Hint, Limits};

/// "Maximum Allowed Characters Per Message" is 5,000 by default, and each may need a second one here.
static LIMITS: Limits = chat_webhook::limits("Rocket.Chat", 1900, PICTURE_TYPES);
/// The links have the room that twice the text leaves in a message.
static MARKDOWN: Markdown = Markdown { bold: "*", links_utf16_max: 1100, plain };

/// What Rocket.Chat can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "rocketchat",
    name: "Rocket.Chat",
    summary: "A channel of a Rocket.Chat server, through an incoming webhook; pictures by link.",
    find: &[Hint {
        key: "url",
        place: "In Rocket.Chat: Manage, Workspace, Integrations, New, Incoming; enable it, choose channel and user, save, and copy the Webhook URL.",
    }],
    settings: &chat_webhook::settings(
        "The webhook's address: in Rocket.Chat, Manage, Workspace, Integrations, New, \
                  Incoming. Whoever has it can write there.",
        "\"https://chat.example.org/hooks/ID/TOKEN\"",
    ),
    build,
};

/// An incoming integration of a Rocket.Chat server.
struct RocketChat {
    hook: ChatWebhook,
    sender: SenderFields,
}

fn build(settings: &Settings) -> Built {
    let names = ["channel", "avatar", "alias"];
    chat_webhook::build(
        settings,
        2,
        "https://chat.example.org/hooks/ID/TOKEN",
        names,
        |hook, sender| MessageChannel(RocketChat { hook, sender }),
    )
}

impl MessageService for RocketChat {
    /// No rate limit of Tipoff's own: the owner of the server sets one, and the server answers 429 beyond it.
    const LIMITS: &'static Limits = &LIMITS;
}

impl HttpService for RocketChat {
    const NAME: &'static str = "Rocket.Chat";

    fn request(&self, outgoing: &OutgoingMessage<'_>) -> Result<Request<'_>, FilesRefused> {
        Ok(self.hook.request(&self.payload(outgoing)))
    }

    fn read_answer(&self, _: &OutgoingMessage<'_>, answer: &Answer) -> AnswerMeaning {
        let reply: RocketChatReply = answer.json();
        let verdict = self.judge(answer, &reply);
        // Such as "Not enough permission": the integration's user may not write under another name
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
    /// The message as JSON.
    fn payload(&self, outgoing: &OutgoingMessage<'_>) -> Value {
        let mut payload = self.hook.markdown_payload(outgoing, &LIMITS, &MARKDOWN, |picture| {
            let (name, url) = (picture.name, picture.url);
            json!({ "title": name, "title_link": url, "image_url": url })
        });
        // A preview of whatever a camera links to is no part of the alert.
        payload.insert("parseUrls".to_owned(), false.into());
        self.sender.sign(&mut payload, outgoing.extras);
        payload.into()
    }

    /// What an answer means. The errors are those of integrations/server/api/api.ts and processWebhookMessage.ts. To
    /// an address that it does not know, Rocket.Chat answers 200 with its start page.
    fn judge(&self, answer: &Answer, reply: &RocketChatReply) -> Verdict {
        let (said, status) = (self.hook.said(answer, &reply.error), answer.status);
        match (status, reply.error.as_str()) {
            (200..=299, _) if reply.success => Verdict::Delivered(Receipt::default()),
            (408 | 429, _) => asks_to_wait(Self::NAME, answer, &said),
            (503, "Service Unavailable") => {
                repair("the integration is switched off in Rocket.Chat: enable it".to_owned())
            }
            (500.., _) => internal_error(Self::NAME, answer, &said),
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
            (_, "error-message-size-exceeded") => repair_message(
                "the server takes shorter messages only: raise \"Maximum Allowed Characters Per Message\" \
                 in Rocket.Chat to 5,000"
                    .to_owned(),
            ),
            (200..=399 | 401 | 403..=405, _) => {
                other_server("Rocket.Chat webhook", "url", answer, &said)
            }
            _ => Verdict::Refused { error: format!("Rocket.Chat answered {status}: {said}") },
        }
    }
}

/// Whether an error concerns the channel or the right to write there.
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
struct RocketChatReply {
    success: bool,
    /// A code or a sentence: Rocket.Chat has no fixed form.
    error: String,
}

/// `text` so that it mentions nobody and links to nothing. Rocket.Chat has no escapes
/// (packages/message-parser/src/grammar.pegjs): a character is separated from what would complete it.
fn plain(text: &str) -> String {
    chat_webhook::spelled(text, str::to_owned, |sign, out| match sign {
        '@' | '#' | '<' | ']' => chat_webhook::push_parted(sign, out),
        _ => out.push(sign),
    })
}
