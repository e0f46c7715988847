//! Requests to Telegram while a channel is set up (`tipoff init`): the bot's name, and the chats that
//! write to it. Sends no message.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tipoff_model::Verdict;
use tokio::time::Instant;

use super::answer::TelegramFailure;
use super::api::BotApi;
use super::poll::UPDATES_BYTES_MAX;
use crate::multipart::Form;

/// How long an answer may take.
const TIME: Duration = Duration::from_secs(20);
/// How long Telegram holds a request until somebody writes, in seconds.
const POLL_S: u64 = 25;
/// The pause before the next request, after an answer that says to ask again.
const PAUSE: Duration = Duration::from_secs(1);

/// A bot that is being set up.
pub struct Setup {
    api: BotApi,
    /// Updates before this number were seen.
    offset: AtomicI64,
}

/// What Telegram shows of a bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotInfo {
    /// Its name, without the @.
    pub username: String,
    /// Its display name in chats.
    pub name: String,
}

/// A chat that a bot can write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    /// The value of `chat`.
    pub id: i64,
    /// The title of a group or channel, or a person's name.
    pub title: String,
    /// The value of `topic`, if the message was in a topic.
    pub topic: Option<i64>,
}

impl Setup {
    /// A bot at a Bot API server, such as [`super::DEFAULT_API`].
    ///
    /// # Errors
    /// The faults of address and token, each with its key.
    pub fn new(api: &str, token: &str) -> Result<Self, String> {
        let api = BotApi::new(api, token).map_err(|faults| {
            let faults: Vec<String> =
                faults.iter().map(|fault| format!("`{}` {}", fault.key, fault.message)).collect();
            faults.join("; ")
        })?;
        Ok(Self { api, offset: AtomicI64::new(0) })
    }

    /// Asks for the bot's names (getMe), which also checks the token.
    pub async fn bot(&self) -> Result<BotInfo, String> {
        let bot = self.call("getMe", Form::new(), TIME).await.map_err(words)?;
        let username = text(&bot, "username").ok_or("Telegram did not say who the bot is")?;
        let name = text(&bot, "first_name").unwrap_or(username);
        Ok(BotInfo { username: username.to_owned(), name: name.to_owned() })
    }

    /// Waits until somebody writes to the bot or adds it to a group or channel, and returns the latest such chat.
    /// Called again, it waits for the next one.
    pub async fn wait_for_chat(&self, patience: Duration) -> Result<Chat, String> {
        let nobody = || format!("nobody wrote to the bot within {} s", patience.as_secs());
        self.look_for_chat(patience).await?.ok_or_else(nobody)
    }

    /// The same; `None` if nobody does within this time.
    pub async fn look_for_chat(&self, patience: Duration) -> Result<Option<Chat>, String> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let poll_s = left.as_secs().min(POLL_S);
            match self.updates(poll_s).await {
                Ok(updates) => {
                    if let Some(chat) = updates.iter().rev().find_map(chat) {
                        return Ok(Some(chat));
                    }
                }
                // A running Tipoff with this bot asks, too: it pauses after the conflict.
                Err(
                    TelegramFailure::Conflict(_)
                    | TelegramFailure::Stop(Verdict::Retry { after: None, .. }),
                ) => {
                    tokio::time::sleep(PAUSE.min(left)).await;
                }
                Err(problem) => return Err(words(problem)),
            }
        }
    }

    /// Asks for updates after those that were seen.
    async fn updates(&self, poll_s: u64) -> Result<Vec<Value>, TelegramFailure> {
        let mut form = Form::new();
        form.field("offset", self.offset.load(Ordering::Relaxed).to_string());
        form.field("timeout", poll_s.to_string());
        form.json("allowed_updates", r#"["message","channel_post","my_chat_member"]"#.to_owned());
        let time = TIME + Duration::from_secs(poll_s);
        let updates = match self.call("getUpdates", form, time).await? {
            Value::Array(updates) => updates,
            _ => Vec::new(),
        };
        let last = updates.iter().filter_map(|update| update.get("update_id")?.as_i64()).max();
        if let Some(last) = last {
            self.offset.store(last.saturating_add(1), Ordering::Relaxed);
        }
        Ok(updates)
    }

    async fn call(
        &self,
        method: &str,
        form: Form,
        time: Duration,
    ) -> Result<Value, TelegramFailure> {
        self.api.ask_reading(method, form, time, UPDATES_BYTES_MAX).await
    }
}

/// A failure in plain words.
fn words(problem: TelegramFailure) -> String {
    match problem {
        TelegramFailure::Stop(Verdict::Retry { error, .. } | Verdict::Refused { error })
        | TelegramFailure::NotTaken(error)
        | TelegramFailure::Conflict(error) => error,
        other => format!("Telegram gave an answer that does not belong here: {other:?}"),
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// The chat of an update: of a message, a channel's post, or the bot's own new membership.
fn chat(update: &Value) -> Option<Chat> {
    let joined = |update: &Value| {
        let status = update.pointer("/new_chat_member/status").and_then(Value::as_str);
        matches!(status, Some("member" | "administrator"))
    };
    let message = update
        .get("message")
        .or_else(|| update.get("channel_post"))
        .or_else(|| update.get("my_chat_member").filter(|update| joined(update)))?;
    let chat = message.get("chat")?;
    let id = chat.get("id")?.as_i64()?;
    let title = text(chat, "title").map(str::to_owned).unwrap_or_else(|| {
        let names = ["first_name", "last_name"].map(|key| text(chat, key).unwrap_or_default());
        names.join(" ").trim().to_owned()
    });
    let in_topic = message.get("is_topic_message").and_then(Value::as_bool) == Some(true);
    let topic = message.get("message_thread_id").and_then(Value::as_i64).filter(|_| in_topic);
    Some(Chat { id, title, topic })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn chats_are_found_in_every_kind_of_update() {
        let ann = json!({ "id": 7, "first_name": "Ann", "last_name": "Lee", "type": "private" });
        let yard = json!({ "id": -1005, "title": "Yard", "type": "supergroup" });
        let found = |id, title: &str, topic| Some(Chat { id, title: title.to_owned(), topic });
        let thread = json!({ "chat": yard, "message_thread_id": 4, "is_topic_message": true });
        let reply = json!({ "chat": yard, "message_thread_id": 9 });
        let member = |status| json!({ "chat": yard, "new_chat_member": { "status": status } });
        for (update, expected) in [
            (json!({ "message": { "chat": ann } }), found(7, "Ann Lee", None)),
            (json!({ "channel_post": { "chat": yard } }), found(-1005, "Yard", None)),
            (json!({ "message": thread }), found(-1005, "Yard", Some(4))),
            (json!({ "message": reply }), found(-1005, "Yard", None)),
            (json!({ "my_chat_member": member("member") }), found(-1005, "Yard", None)),
            (json!({ "my_chat_member": member("kicked") }), None),
            (json!({ "poll": {} }), None),
            (json!(3), None),
        ] {
            assert_eq!(chat(&update), expected, "{update}");
        }
    }
}
