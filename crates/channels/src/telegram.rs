//! Telegram, through its Bot API (core.telegram.org/bots/api): a chat, group, topic or channel.
//! Sends each message, and repairs what it can at once; never waits and never tries again later.

mod answer;
mod api;
mod draft;
mod setup;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tipoff_model::{Outcome, Receipt, Scope, Verdict};

use crate::plan::Role;
use crate::{Abilities, BoxFuture, Built, Channel, Context, Entry, Files, Limits, Message, Pace};
use crate::{PictureLimits, Setting, SettingFault, Settings, Shape, sides};

use answer::Problem;
use api::Api;
use draft::Draft;
pub use setup::{BotInfo, Chat, Setup};

/// What everybody uses who runs no Bot API server of his own.
pub const DEFAULT_API: &str = "https://api.telegram.org";

/// How long an answer may take, where it is not set: Telegram converts a video meanwhile.
const TIME: Duration = Duration::from_secs(60);
/// How often a message is changed and sent again at once: a bound, for each repair is made once.
const REPAIRS_MAX: usize = 6;
/// What holds where a group has become a supergroup: the number set, and the one that it has now.
const CHAT_MEMORY: &str = "chat";

/// From the Bot API's documentation: sendMessage, sendPhoto, sendMediaGroup, "Sending files". Its
/// MB are of 1024 x 1024 bytes. A whole request may not be larger than a file.
static LIMITS: Limits = Limits {
    service: "Telegram",
    text_utf16_max: 4096,
    caption_utf16_max: 1024,
    album_files_max: 10,
    album_bytes_max: 50 << 20,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/webp"],
        bytes_max: 10 << 20,
        sides_px_max: 10_000,
        ratio_max: 20,
    },
    video_types: &["video/mp4"],
    animations: true,
    file_bytes_max: 50 << 20,
    replies: true,
};

/// What Telegram can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "telegram",
    summary: "A Telegram chat, group, topic or channel, through a bot.",
    settings: &[
        Setting {
            key: "api",
            shape: Shape::Text,
            required: false,
            doc: "The address of a Bot API server of your own. Without it: Telegram's.",
            example: "\"http://localhost:8081\"",
        },
        Setting {
            key: "chat",
            shape: Shape::Name,
            required: true,
            doc: "The number of a chat or group, or the @name of a channel. A group that becomes a \
                  supergroup, with another number, is followed.",
            example: "123456789",
        },
        Setting {
            key: "silent",
            shape: Shape::Flag,
            required: false,
            doc: "Whether alerts come without a sound. Without it: false.",
            example: "true",
        },
        Setting {
            key: "timeout",
            shape: Shape::Duration,
            required: false,
            doc: "How long an answer may take, besides 8 s for each MB that is sent. Without it: \
                  60 s.",
            example: "\"30 s\"",
        },
        Setting {
            key: "token",
            shape: Shape::Secret,
            required: true,
            doc: "The bot's token, from @BotFather.",
            example: "{ env = \"TELEGRAM_TOKEN\" }",
        },
        Setting {
            key: "topic",
            shape: Shape::Integer,
            required: false,
            doc: "The number of a topic in a group that has topics. Where the topic is closed or \
                  gone, alerts come into the group itself. Without it: no topic.",
            example: "4",
        },
    ],
    build,
};

struct Telegram {
    api: Api,
    chat: String,
    topic: Option<i64>,
    silent: bool,
    time: Duration,
}

fn build(settings: &Settings) -> Built {
    let mut faults = Vec::new();
    let mut fault = |key, message: &str| faults.push(SettingFault { key, message: message.into() });
    let chat = settings.text("chat").unwrap_or_default();
    if !is_chat(chat) {
        fault("chat", "must be a number, or the name of a channel beginning with @");
    }
    let topic = settings.integer("topic");
    if topic.is_some_and(|topic| topic < 1) {
        fault("topic", "must be a positive number");
    }
    let address = settings.text("api").unwrap_or(DEFAULT_API);
    let api = Api::new(address, settings.text("token").unwrap_or_default());
    match api {
        Ok(api) if faults.is_empty() => Ok(Box::new(Telegram {
            api,
            chat: chat.to_owned(),
            topic,
            silent: settings.flag("silent"),
            time: settings.duration("timeout").unwrap_or(TIME),
        })),
        Ok(_) => Err(faults),
        Err(more) => Err(faults.into_iter().chain(more).collect()),
    }
}

fn is_chat(chat: &str) -> bool {
    match chat.strip_prefix('@') {
        Some(name) => {
            let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !name.is_empty() && name.bytes().all(word)
        }
        None => chat.parse::<i64>().is_ok_and(|number| number != 0),
    }
}

impl Channel for Telegram {
    fn abilities(&self) -> Abilities {
        Abilities::Messages(&LIMITS)
    }

    /// "My bot is hitting limits" in Telegram's bot FAQ: about a message a second to a chat, with
    /// short bursts tolerated, 20 a minute to a group, 30 a second in all.
    fn paces(&self, memory: &[(String, String)]) -> Vec<Pace> {
        let bot = format!("telegram:{}", self.api.bot());
        let chat = self.current_chat(memory);
        let key = format!("{bot}:{chat}");
        let seconds = Duration::from_secs;
        let mut paces = vec![
            Pace { key: bot, count: 30, per: seconds(1) },
            Pace { key: key.clone(), count: 3, per: seconds(3) },
        ];
        // Groups and channels have negative numbers; @names are channels.
        if chat.starts_with(['-', '@']) {
            paces.push(Pace { key, count: 20, per: seconds(60) });
        }
        paces
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.deliver(message, context))
    }
}

impl Telegram {
    /// The chat that is set, or what became of it. A number remembered for another chat, from
    /// before the configuration was changed, is of no use.
    fn current_chat<'a>(&'a self, memory: &'a [(String, String)]) -> &'a str {
        memory
            .iter()
            .filter(|(key, _)| key == CHAT_MEMORY)
            .find_map(|(_, value)| value.strip_prefix(&self.chat)?.strip_prefix(' '))
            .unwrap_or(&self.chat)
    }

    async fn deliver(&self, message: &Message, context: &Context<'_>) -> Outcome {
        let chat = self.current_chat(context.memory).to_owned();
        let silent = self.silent || context.alert.manner.silent;
        let mut draft = Draft::new(message, chat, self.topic, silent);
        if !pictures_fit(message, context.files).await {
            draft.send_documents();
        }
        let mut remember = Vec::new();
        for _ in 0..REPAIRS_MAX {
            let (method, form) = draft.form();
            let answer = self.api.call(method, form, self.time, context.files).await;
            let repaired = match answer {
                Ok(result) => Err(Verdict::Delivered(draft.receipt(&result))),
                Err(problem) => {
                    if let Problem::Migrated(number) = problem {
                        remember =
                            vec![(CHAT_MEMORY.to_owned(), format!("{} {number}", self.chat))];
                    }
                    draft.repair(problem, context.alert, &LIMITS)
                }
            };
            if let Err(verdict) = repaired {
                return Outcome { verdict, remember };
            }
        }
        let error = "Telegram asked for one change after the other".to_owned();
        Outcome { verdict: Verdict::Retry { scope: Scope::Message, after: None, error }, remember }
    }
}

/// Whether Telegram takes all the message's pictures as pictures. Of a picture whose sides cannot
/// be found Telegram is asked.
async fn pictures_fit(message: &Message, files: &Arc<dyn Files>) -> bool {
    let pictures = message.files.iter().filter(|file| file.role == Role::Picture);
    for picture in pictures.filter_map(|file| file.stored()) {
        let sides = sides::of(picture, files).await;
        if sides.is_some_and(|(width, height)| !LIMITS.picture.takes(width, height)) {
            return false;
        }
    }
    true
}

fn receipt(chat: &str, result: &Value) -> Receipt {
    // An album's answer is a list of messages; replies go to its first.
    let message = result.get(0).unwrap_or(result);
    let number = message.get("message_id").and_then(Value::as_i64);
    Receipt { reference: number.map(|number| format!("{chat} {number}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chats_are_numbers_or_names() {
        for (chat, right) in [
            ("123456789", true),
            ("-1001234567890", true),
            ("@yard", true),
            ("@", false),
            ("@a b", false),
            ("yard", false),
            ("", false),
            ("0", false),
            ("12x", false),
        ] {
            assert_eq!(is_chat(chat), right, "{chat:?}");
        }
    }
}
