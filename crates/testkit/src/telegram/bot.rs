//! A bot's other half: updates by long polling or webhook, presses and their answers, edits. Presses
//! and messages of people are made by the test.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::form::Form;
use super::{ApiError, SentFile, Telegram, html, keyboard, rules};
use crate::standin::{Log, lock};

/// The methods that have nothing to do with a new alert: they have a script of their own.
pub(super) const BESIDE: &[&str] = &[
    "getUpdates",
    "answerCallbackQuery",
    "editMessageReplyMarkup",
    "setMyCommands",
    "setWebhook",
    "deleteWebhook",
    "getWebhookInfo",
];

/// A press that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The number of the press.
    pub query: String,
    /// What the person is shown.
    pub text: String,
    /// Whether they have to close it.
    pub alert: bool,
}

/// A message that was edited.
#[derive(Clone, Debug)]
pub struct Edited {
    /// The method called.
    pub method: String,
    /// The message.
    pub id: i64,
    /// Its text or caption from now on, as people see it; none: as it was.
    pub text: Option<String>,
    /// Its file from now on; none: as it was.
    pub file: Option<SentFile>,
    /// Its buttons from now on.
    pub keyboard: Option<Value>,
    /// When.
    pub at: Instant,
}

/// A message of the bot as it is now.
pub(super) struct Held {
    pub(super) chat: String,
    /// `text`, `photo`, `video`, `animation` or `document`.
    pub(super) kind: String,
    /// Whether it belongs to an album.
    pub(super) album: bool,
    pub(super) html: String,
    pub(super) keyboard: Option<Value>,
}

/// What is known of a bot besides the messages that it sent.
#[derive(Default)]
pub(super) struct Bot {
    state: Mutex<State>,
    updated: Notify,
    polls: AtomicUsize,
    pub(super) answers: Log<Answered>,
    pub(super) edits: Log<Edited>,
    pub(super) commands: Log<Value>,
}

#[derive(Default)]
struct State {
    updates: Vec<Value>,
    last_update: i64,
    webhook: Option<(String, String)>,
    messages: BTreeMap<i64, Held>,
    of_people: BTreeSet<i64>,
    queries: BTreeSet<String>,
}

impl Bot {
    /// Something that happened; its number is added.
    pub(super) fn update(&self, mut update: Value) {
        let mut state = lock(&self.state);
        state.last_update += 1;
        if let Some(update) = update.as_object_mut() {
            update.insert("update_id".to_owned(), json!(1000 + state.last_update));
        }
        state.updates.push(update);
        drop(state);
        self.updated.notify_waiters();
    }

    /// Whether a person wrote this message.
    pub(super) fn is_of_people(&self, message: i64) -> bool {
        lock(&self.state).of_people.contains(&message)
    }

    /// A message of the bot was taken.
    pub(super) fn hold(&self, id: i64, held: Held) {
        lock(&self.state).messages.insert(id, held);
    }

    pub(super) async fn serve(&self, method: &str, form: &Form) -> Result<Value, ApiError> {
        match method {
            "getUpdates" => self.updates(form).await,
            "answerCallbackQuery" => self.answer(form),
            "editMessageReplyMarkup"
            | "editMessageCaption"
            | "editMessageText"
            | "editMessageMedia" => self.edit(method, form),
            "setMyCommands" => self.set_commands(form),
            "setWebhook" => self.set_webhook(form),
            "deleteWebhook" => {
                lock(&self.state).webhook = None;
                Ok(json!(true))
            }
            "getWebhookInfo" => {
                let url = lock(&self.state).webhook.clone().map(|(url, _)| url);
                Ok(json!({ "url": url.unwrap_or_default(), "pending_update_count": 0 }))
            }
            _ => Err(ApiError::new(404, "Not Found")),
        }
    }

    /// "An update is considered confirmed as soon as getUpdates is called with an offset higher than
    /// its update_id." A newer call ends one that waits.
    async fn updates(&self, form: &Form) -> Result<Value, ApiError> {
        let call = self.polls.fetch_add(1, Ordering::SeqCst) + 1;
        self.updated.notify_waiters();
        let number = |key, without: i64| match form.field(key).map(str::parse::<i64>) {
            None => Ok(without),
            Some(Ok(number)) => Ok(number),
            Some(Err(_)) => Err(wrong(&format!("{key} is no number"))),
        };
        let (offset, limit) = (number("offset", 0)?, number("limit", 100)?);
        if !(1..=100).contains(&limit) {
            return Err(wrong("limit is from 1 to 100"));
        }
        allowed_updates(form)?;
        {
            let mut state = lock(&self.state);
            if state.webhook.is_some() {
                let why = "Conflict: can't use getUpdates method while webhook is active; use \
                           deleteWebhook to delete the webhook first";
                return Err(ApiError::new(409, why));
            }
            state
                .updates
                .retain(|update| update.get("update_id").and_then(Value::as_i64) >= Some(offset));
        }
        let limit = usize::try_from(limit).unwrap_or(1);
        let found =
            || -> Vec<Value> { lock(&self.state).updates.iter().take(limit).cloned().collect() };
        let waiting = async {
            loop {
                let updated = self.updated.notified();
                tokio::pin!(updated);
                updated.as_mut().enable();
                if !found().is_empty() || self.polls.load(Ordering::SeqCst) != call {
                    return;
                }
                updated.await;
            }
        };
        let timeout = Duration::from_secs(number("timeout", 0)?.unsigned_abs());
        let _ = tokio::time::timeout(timeout, waiting).await;
        if self.polls.load(Ordering::SeqCst) != call {
            let why = "Conflict: terminated by other getUpdates request; make sure that only one bot \
                       instance is running";
            return Err(ApiError::new(409, why));
        }
        Ok(Value::Array(found()))
    }

    fn answer(&self, form: &Form) -> Result<Value, ApiError> {
        let query = form.field("callback_query_id").unwrap_or_default().to_owned();
        if !lock(&self.state).queries.remove(&query) {
            return Err(wrong(
                "query is too old and response timeout expired or query ID is invalid",
            ));
        }
        let text = form.field("text").unwrap_or_default().to_owned();
        if text.chars().count() > 200 {
            return Err(wrong("MESSAGE_TOO_LONG"));
        }
        let alert = form.field("show_alert") == Some("true");
        self.answers.push(Answered { query, text, alert });
        Ok(json!(true))
    }

    fn edit(&self, method: &str, form: &Form) -> Result<Value, ApiError> {
        let id = form.field("message_id").and_then(|id| id.parse::<i64>().ok()).unwrap_or(0);
        let given = form.field("reply_markup").map(keyboard::check).transpose()?;
        let mut state = lock(&self.state);
        let held = state.messages.get_mut(&id).filter(|it| form.field("chat_id") == Some(&it.chat));
        let held = held.ok_or_else(|| wrong("message to edit not found"))?;
        let (new_html, new_file) = rules::edited(method, form, held)?;
        let text = match (&new_html, form.field("parse_mode")) {
            (None, _) => None,
            (Some(text), Some("HTML")) => Some(html::plain(text)?),
            (Some(text), None) if method == "editMessageMedia" => Some(html::plain(text)?),
            (Some(text), None) => Some(text.trim().to_owned()),
            _ => return Err(wrong("unsupported parse_mode")),
        };
        let is_same = new_file.is_none()
            && new_html.as_ref().is_none_or(|new| *new == held.html)
            && given == held.keyboard;
        if is_same {
            return Err(wrong(
                "message is not modified: specified new message content and reply markup are exactly \
                 the same as a current content and reply markup of the message",
            ));
        }
        held.html = new_html.unwrap_or_else(|| held.html.clone());
        if let Some(file) = &new_file {
            held.kind.clone_from(&file.kind);
        }
        // Every edit sets the keyboard: one that is not given is removed.
        held.keyboard.clone_from(&given);
        let chat = json!({ "id": held.chat.parse::<i64>().unwrap_or(-1) });
        let (method, at) = (method.to_owned(), Instant::now());
        self.edits.push(Edited { method, id, text, file: new_file, keyboard: given, at });
        Ok(json!({ "message_id": id, "date": 0, "edit_date": 1, "chat": chat }))
    }

    fn set_commands(&self, form: &Form) -> Result<Value, ApiError> {
        let read = |key| serde_json::from_str::<Value>(form.field(key).unwrap_or_default()).ok();
        let commands = read("commands").ok_or_else(|| wrong("can't parse commands JSON"))?;
        let named = |command: &Value| {
            let text = |key| command.get(key).and_then(Value::as_str).unwrap_or_default();
            let (name, description) = (text("command"), text("description"));
            let letters = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
            (1..=32).contains(&name.len())
                && name.chars().all(letters)
                && (1..=256).contains(&description.chars().count())
        };
        let commands = commands.as_array().filter(|it| it.len() <= 100 && it.iter().all(named));
        let commands = commands.ok_or_else(|| wrong("BOT_COMMAND_INVALID"))?.clone();
        let scope = read("scope").ok_or_else(|| wrong("can't parse scope JSON"))?;
        self.commands.push(json!({ "scope": scope, "commands": commands }));
        Ok(json!(true))
    }

    fn set_webhook(&self, form: &Form) -> Result<Value, ApiError> {
        let url = form.field("url").unwrap_or_default();
        if !url.starts_with("https://") {
            return Err(wrong("bad webhook: An HTTPS URL must be provided for webhook"));
        }
        let secret = form.field("secret_token").unwrap_or_default();
        let word = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
        if secret.len() > 256 || !secret.chars().all(word) {
            return Err(wrong("secret token contains unallowed characters"));
        }
        let connections = form.field("max_connections").map(str::parse::<u32>);
        if connections.is_some_and(|it| !it.is_ok_and(|it| (1..=100).contains(&it))) {
            return Err(wrong("max_connections is from 1 to 100"));
        }
        allowed_updates(form)?;
        lock(&self.state).webhook = Some((url.to_owned(), secret.to_owned()));
        self.updated.notify_waiters();
        Ok(json!(true))
    }
}

fn wrong(what: &str) -> ApiError {
    ApiError::new(400, &format!("Bad Request: {what}"))
}

fn allowed_updates(form: &Form) -> Result<(), ApiError> {
    let Some(text) = form.field("allowed_updates") else {
        return Ok(());
    };
    let kinds: Vec<String> =
        serde_json::from_str(text).map_err(|_| wrong("can't parse allowed_updates JSON"))?;
    let known = ["message", "channel_post", "my_chat_member", "callback_query"];
    match kinds.iter().all(|kind| known.contains(&kind.as_str())) {
        true => Ok(()),
        false => Err(wrong("an update type is not known")),
    }
}

/// What a test does as a person in a chat, and sees there.
impl Telegram {
    /// Presses the button with this label below a message of the bot, as it is now; the number of the
    /// press, or the keyboard where there is no such button.
    pub fn press(&self, message: i64, label: &str, person: &str) -> Result<String, Value> {
        let (chat, keyboard) = {
            let state = lock(&self.bot().state);
            let held = state.messages.get(&message).ok_or(Value::Null)?;
            (held.chat.clone(), held.keyboard.clone().unwrap_or_default())
        };
        let button = keyboard::buttons(&keyboard).find(|button| button["text"] == label);
        let data = button.and_then(|button| button.get("callback_data")?.as_str());
        let data = data.ok_or_else(|| keyboard.clone())?.to_owned();
        let chat = chat_json(&chat);
        let message = json!({
            "message_id": message, "date": 1, "chat": chat, "reply_markup": keyboard,
        });
        Ok(self.forge_press(message, &data, person))
    }

    /// A press with any data below any message, as a client can make it.
    pub fn forge_press(&self, message: Value, data: &str, person: &str) -> String {
        let query = {
            let mut state = lock(&self.bot().state);
            let query = format!("query-{}", state.last_update + 1);
            state.queries.insert(query.clone());
            query
        };
        self.bot().update(json!({ "callback_query": {
            "id": query, "chat_instance": "1", "data": data, "message": message,
            "from": { "id": 7, "is_bot": false, "first_name": person },
        } }));
        query
    }

    /// Writes into a chat; the number of the message.
    pub fn write(&self, chat: &str, text: &str, person: &str) -> i64 {
        let number = {
            let mut state = lock(&self.bot().state);
            let number = 90_000 + state.last_update;
            state.of_people.insert(number);
            number
        };
        self.bot().update(json!({ "message": {
            "message_id": number, "date": 1, "chat": chat_json(chat), "text": text,
            "from": { "id": 7, "is_bot": false, "first_name": person },
        } }));
        number
    }

    /// The labels of the buttons below a message, row by row.
    pub fn labels(&self, message: i64) -> Vec<Vec<String>> {
        let state = lock(&self.bot().state);
        let keyboard = state.messages.get(&message).and_then(|held| held.keyboard.as_ref());
        let rows = keyboard.and_then(|it| it["inline_keyboard"].as_array());
        let label = |button: &Value| button["text"].as_str().unwrap_or_default().to_owned();
        let labels = |row: &Value| row.as_array().into_iter().flatten().map(label).collect();
        rows.into_iter().flatten().map(labels).collect()
    }

    /// From now on no press can be answered any more: they are too old.
    pub fn expire_presses(&self) {
        lock(&self.bot().state).queries.clear();
    }

    /// Updates that no getUpdates has confirmed.
    pub fn unconfirmed(&self) -> usize {
        lock(&self.bot().state).updates.len()
    }

    /// How often updates were asked for.
    pub fn polls(&self) -> usize {
        self.bot().polls.load(Ordering::SeqCst)
    }

    /// The address and the secret of the webhook, where one is set.
    pub fn webhook(&self) -> Option<(String, String)> {
        lock(&self.bot().state).webhook.clone()
    }

    /// The presses that were answered.
    pub fn answers(&self) -> &Log<Answered> {
        &self.bot().answers
    }

    /// The messages that were edited.
    pub fn edits(&self) -> &Log<Edited> {
        &self.bot().edits
    }

    /// The lists of commands that were set.
    pub fn commands(&self) -> &Log<Value> {
        &self.bot().commands
    }
}

fn chat_json(chat: &str) -> Value {
    match chat.parse::<i64>() {
        Ok(id) if id > 0 => json!({ "id": id, "type": "private", "first_name": "Ann" }),
        Ok(id) => json!({ "id": id, "type": "supergroup", "title": "Yard" }),
        Err(_) => {
            let name = chat.trim_start_matches('@');
            json!({ "id": -1009, "type": "channel", "title": "Yard", "username": name })
        }
    }
}
