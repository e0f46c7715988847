//! Updates from Telegram: messages with commands, pressed buttons. The fields are those of "Available types" in the
//! Bot API's documentation. Anybody can write to a bot, and a press may contain any data: nothing here is trusted.

use serde::Deserialize;
use serde_json::Value;

use crate::words;

/// The updates that are asked for (getUpdates, setWebhook: `allowed_updates`).
pub(super) const ALLOWED_UPDATES: &str = r#"["message","callback_query"]"#;

/// An event at Telegram. Of kinds that are not requested, only the number.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Update {
    /// Numbers grow. Asking with a higher `offset` confirms an update.
    pub(super) update_id: i64,
    pub(super) message: Option<ChatMessage>,
    pub(super) callback_query: Option<CallbackQuery>,
}

/// A message. Of one that is too old, only the number and the chat (InaccessibleMessage).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ChatMessage {
    pub(super) message_id: i64,
    pub(super) chat: ChatInfo,
    pub(super) from: Option<User>,
    pub(super) text: Option<String>,
    pub(super) message_thread_id: Option<i64>,
    #[serde(default)]
    pub(super) is_topic_message: bool,
    /// The keyboard that the message has now.
    pub(super) reply_markup: Option<Value>,
}

/// The chat of a message.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ChatInfo {
    pub(super) id: i64,
    /// `private`, `group`, `supergroup` or `channel`.
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    pub(super) username: Option<String>,
}

impl ChatInfo {
    /// Whether anybody can join it: a group or channel with a public name. People have public names, too.
    pub(super) fn is_public(&self) -> bool {
        self.kind != "private" && self.username.is_some()
    }
}

/// A person who wrote or pressed.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    #[serde(default)]
    pub(super) first_name: String,
    #[serde(default)]
    pub(super) last_name: String,
    pub(super) username: Option<String>,
}

impl User {
    /// First and last name on one line, or the user name if both are missing.
    pub(super) fn name(&self) -> String {
        let name = words::clean(&format!("{} {}", self.first_name, self.last_name));
        let name = name.trim().replace('\n', " ");
        match &self.username {
            Some(username) if name.is_empty() => username.clone(),
            _ => name,
        }
    }
}

/// A pressed button.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CallbackQuery {
    pub(super) id: String,
    pub(super) from: User,
    /// Missing if the button is below a message that the bot did not send itself.
    pub(super) message: Option<ChatMessage>,
    pub(super) data: Option<String>,
}

impl Update {
    /// Reads an update, or only its number if the rest is not readable: it still has to be confirmed. `None`
    /// without a number.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let update_id = value.get("update_id")?.as_i64()?;
        let empty = Self { update_id, message: None, callback_query: None };
        Some(Self::deserialize(value).unwrap_or(empty))
    }

    /// The chat in which it happened.
    pub(super) fn chat(&self) -> Option<&ChatInfo> {
        let message = self.message.as_ref();
        let pressed = || self.callback_query.as_ref()?.message.as_ref();
        message.or_else(pressed).map(|message| &message.chat)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_read_still_has_its_number() {
        let update = Update::read(&json!({ "update_id": 7, "message": { "message_id": "x" } }));
        assert_eq!(update.map(|it| (it.update_id, it.message.is_none())), Some((7, true)));
        assert!(Update::read(&json!({ "update_id": "7" })).is_none());
        assert!(Update::read(&json!(3)).is_none());
    }

    #[test]
    fn people_have_names_and_public_chats_too() {
        let user = |value| serde_json::from_value::<User>(value).unwrap().name();
        assert_eq!(
            user(json!({ "first_name": "Ann", "last_name": "Lee", "username": "a" })),
            "Ann Lee"
        );
        assert_eq!(user(json!({ "first_name": "", "username": "ann" })), "ann");
        let chat = |value| serde_json::from_value::<ChatInfo>(value).unwrap().is_public();
        assert!(!chat(json!({ "id": 5, "type": "private", "username": "ann" })));
        assert!(!chat(json!({ "id": -5, "type": "supergroup" })));
        assert!(chat(json!({ "id": -5, "type": "channel", "username": "yard" })));
    }
}
