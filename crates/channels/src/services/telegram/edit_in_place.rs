//! Follow-ups that edit the first message of their incident (`edit_in_place`). A new picture replaces the one
//! before, a video replaces the picture, and text is added below. What one message cannot contain is sent as a
//! reply: several files at once, documents, whatever follows a video.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tipoff_model::{AlertKind, Outcome, Receipt, Verdict};

use super::answer::TelegramFailure;
use super::message_form::{self, html_of};
use super::{LIMITS, Telegram, number_of, pictures_fit};
use crate::lock::lock;
use crate::message_plan::Role;
use crate::multipart::Form;
use crate::{Attachment, Context, Message, words};

/// Number of messages that are remembered over a restart. It may be small because an incident lasts minutes.
const SLOTS: i64 = 32;
/// Number of messages that are remembered while the program runs.
const MESSAGES_MAX: usize = 64;
/// Number of lines that are added to a message. Further follow-ups are replies.
const LINES_MAX: usize = 20;

/// What a message shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Shows {
    /// No file yet: a picture or video can be added.
    Text,
    /// The latest picture. A video can replace it.
    Picture,
    /// A video. Nothing replaces it.
    Video,
}

/// A message in its present form. Stored as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EditableMessage {
    chat: String,
    /// The message's number in its chat.
    number: i64,
    shows: Shows,
    title: String,
    text: String,
    /// The texts of follow-ups.
    lines: Vec<String>,
    /// A line about the files so far: "Latest of 3 pictures".
    files: String,
    /// Number of pictures so far, of which the latest is shown.
    pictures: u32,
    /// An edit without it would remove the buttons.
    keyboard: Option<Value>,
}

/// A message that one task at a time edits.
type Shared = Arc<tokio::sync::Mutex<EditableMessage>>;

/// The messages that follow-ups can edit, by reference. The oldest is forgotten first.
#[derive(Default)]
pub(super) struct EditableMessages(Mutex<VecDeque<(String, Shared)>>);

impl EditableMessages {
    /// Remembers a first alert. Returns the pair to store. `None` if follow-ups cannot edit it: an album, a
    /// document.
    pub(super) fn add(
        &self,
        message: &Message,
        chat: &str,
        result: &Value,
        keyboard: Option<&Value>,
    ) -> Option<(String, String)> {
        let shows = match message.files.as_slice() {
            [] => Shows::Text,
            [file] if file.role == Role::Picture => Shows::Picture,
            [file] if file.role == Role::Video => Shows::Video,
            _ => return None,
        };
        let grown = EditableMessage {
            chat: chat.to_owned(),
            number: number_of(result)?,
            shows,
            title: message.title.clone(),
            text: message.text.clone(),
            lines: Vec::new(),
            files: String::new(),
            pictures: u32::from(shows == Shows::Picture),
            keyboard: keyboard.cloned(),
        };
        let memory = grown.memory();
        self.insert(grown);
        Some(memory)
    }

    /// The message of a reference ("chat number"), from memory or from what was stored before a restart.
    fn get(&self, reference: &str, memory: &[(String, String)]) -> Option<Shared> {
        let known = |messages: &VecDeque<(String, Shared)>| {
            let found = messages.iter().find(|(key, _)| key == reference);
            found.map(|(_, shared)| Arc::clone(shared))
        };
        if let Some(shared) = known(&lock(&self.0)) {
            return Some(shared);
        }
        let number: i64 = reference.rsplit_once(' ')?.1.parse().ok()?;
        let (_, text) = memory.iter().find(|(key, _)| *key == slot(number))?;
        let grown: EditableMessage = serde_json::from_str(text).ok()?;
        (grown.reference() == reference).then(|| self.insert(grown))
    }

    /// Remembers a message in place of an older one with the same reference.
    fn insert(&self, grown: EditableMessage) -> Shared {
        let reference = grown.reference();
        let shared = Arc::new(tokio::sync::Mutex::new(grown));
        let mut messages = lock(&self.0);
        messages.retain(|(key, _)| *key != reference);
        messages.push_back((reference, Arc::clone(&shared)));
        if messages.len() > MESSAGES_MAX {
            messages.pop_front();
        }
        shared
    }

    /// The message has other buttons now, because somebody pressed one. Returns the pair to store.
    pub(super) async fn pressed(
        &self,
        chat: &str,
        number: i64,
        keyboard: &Value,
        memory: &[(String, String)],
    ) -> Option<(String, String)> {
        let shared = self.get(&format!("{chat} {number}"), memory)?;
        let mut grown = shared.lock().await;
        grown.keyboard = Some(keyboard.clone());
        Some(grown.memory())
    }
}

impl EditableMessage {
    /// The reference that receipts have.
    fn reference(&self) -> String {
        format!("{} {}", self.chat, self.number)
    }

    /// The pair to store.
    fn memory(&self) -> (String, String) {
        (slot(self.number), json!(self).to_string())
    }

    /// The message with a follow-up in it. `None` if one message cannot contain it, or has no room for its text.
    fn with(&self, message: &Message, has_own_title: bool) -> Option<Self> {
        let mut grown = self.clone();
        let said = |parts: [&str; 2]| -> String {
            let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            parts.join("\n")
        };
        let title = if has_own_title { message.title.as_str() } else { "" };
        let line = said([title, &message.text]);
        // A camera that says the same again adds no line.
        if !line.is_empty() && !grown.lines.contains(&line) {
            grown.lines.push(line);
        }
        match (message.files.as_slice(), self.shows) {
            ([], _) => {}
            ([file], Shows::Text | Shows::Picture) if file.role == Role::Picture => {
                grown.shows = Shows::Picture;
                grown.pictures = grown.pictures.saturating_add(1);
                grown.files = match grown.pictures {
                    1 => String::new(),
                    pictures => format!("Latest of {pictures} pictures"),
                };
            }
            ([file], Shows::Text | Shows::Picture) if file.role == Role::Video => {
                grown.shows = Shows::Video;
                grown.files = if has_own_title { String::new() } else { message.title.clone() };
            }
            _ => return None,
        }
        let max = match grown.shows {
            Shows::Text => LIMITS.text_utf16_max,
            Shows::Picture | Shows::Video => LIMITS.caption_utf16_max,
        };
        let length = words::utf16_len(&grown.title) + 1 + words::utf16_len(&grown.body());
        (length <= max && grown.lines.len() <= LINES_MAX).then_some(grown)
    }

    /// The text below the title.
    fn body(&self) -> String {
        let parts = std::iter::once(&self.text).chain(&self.lines).chain([&self.files]);
        let parts: Vec<&str> = parts.map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join("\n")
    }

    /// The method that edits the message, and its form. `file` is the new file, if there is one.
    fn form(&self, file: Option<&Attachment>) -> (&'static str, Form) {
        let mut form = Form::new();
        form.field("chat_id", self.chat.as_str());
        form.field("message_id", self.number.to_string());
        if let Some(keyboard) = &self.keyboard {
            form.json("reply_markup", keyboard.to_string());
        }
        let html = html_of(&self.title, &self.body());
        let method = match (file, self.shows) {
            (Some(file), _) => {
                let mut entry = message_form::entry(file, 0);
                message_form::set(&mut entry, "caption", html);
                message_form::set(&mut entry, "parse_mode", "HTML");
                form.json("media", entry.to_string());
                message_form::attach(&mut form, file, 0);
                "editMessageMedia"
            }
            (None, Shows::Text) => {
                form.field("text", html);
                form.field("parse_mode", "HTML");
                form.json("link_preview_options", json!({ "is_disabled": true }).to_string());
                "editMessageText"
            }
            (None, Shows::Picture | Shows::Video) => {
                form.field("caption", html);
                form.field("parse_mode", "HTML");
                "editMessageCaption"
            }
        };
        (method, form)
    }
}

impl Telegram {
    /// Edits the first message of the incident so that it contains `message` too. `None` if that is not possible:
    /// then the message is sent as a reply.
    pub(super) async fn grow(&self, message: &Message, context: &Context<'_>) -> Option<Outcome> {
        let alert = context.alert;
        if !self.edit_in_place || alert.kind != AlertKind::FollowUp {
            return None;
        }
        let shared = self.growing.get(message.reply_to.as_deref()?, context.memory)?;
        // One edit of a message at a time: a second one would lose what the first one adds.
        let mut grown = shared.lock().await;
        let has_own_title = !alert.events.is_empty() || alert.manner.title.is_some();
        let new = grown.with(message, has_own_title)?;
        if !pictures_fit(message, context.files).await {
            return None;
        }
        let (method, form) = new.form(message.files.first());
        match self.api.call(method, form, self.time, context.files).await {
            Ok(_) => {}
            Err(TelegramFailure::NotTaken(said)) if said.contains("message is not modified") => {}
            Err(TelegramFailure::Stop(verdict)) => return Some(verdict.into()),
            Err(problem) => {
                tracing::debug!(?problem, "The message cannot be edited: a reply follows.");
                return None;
            }
        }
        *grown = new;
        let verdict = Verdict::Delivered(Receipt::default());
        Some(Outcome { verdict, remember: vec![grown.memory()] })
    }
}

/// The memory key of a message. Keys are used again, so that the stored data stays small.
fn slot(number: i64) -> String {
    format!("message {}", number.rem_euclid(SLOTS))
}
