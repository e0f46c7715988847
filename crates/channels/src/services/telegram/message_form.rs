//! A message on its way into a chat: the form that sends it, and the corrections after Telegram refuses it. Each
//! correction is made once at most, and none loses text: a file becomes a document, a document becomes a line of
//! text.

use serde_json::{Value, json};
use tipoff_model::{Alert, Clip, Verdict};

use super::answer::{TelegramFailure, is_about_buttons, is_about_markup, is_about_rights};
use super::interaction::LateKeyboard;
use super::{number_of, receipt};
use crate::http::repair;
use crate::message_plan::{self, Role};
use crate::message_service::{Extras, not_taken};
use crate::multipart::Form;
use crate::{Attachment, Limits, Message, words};

/// A message, and where it goes.
pub(super) struct Draft {
    message: Message,
    /// The chat's number or @name.
    chat: String,
    /// `None` without a topic, and after Telegram refused it.
    topic: Option<i64>,
    /// The number of the message that it replies to.
    reply_to: Option<i64>,
    /// Whether it is delivered without a sound.
    silent: bool,
    /// The buttons below it.
    keyboard: Option<Value>,
    /// Whether its text is sent without markup, because Telegram could not parse it.
    is_plain: bool,
    /// What was left out after a refusal.
    extras: Extras,
}

impl Draft {
    /// A message for a chat, before its first attempt.
    pub(super) fn new(
        message: &Message,
        chat: String,
        topic: Option<i64>,
        silent: bool,
        keyboard: Option<Value>,
    ) -> Self {
        // The reference contains the chat: in another chat, the number means another message.
        let reply_to = message
            .reply_to
            .as_deref()
            .and_then(|reference| reference.strip_prefix(chat.as_str())?.trim().parse().ok());
        let (message, is_plain, extras) = (message.clone(), false, Extras::default());
        Self { message, chat, topic, reply_to, silent, keyboard, is_plain, extras }
    }

    /// Sends all files as documents, which Telegram does not convert.
    pub(super) fn send_documents(&mut self) {
        for file in &mut self.message.files {
            file.role = Role::Document;
        }
    }

    /// The verdict after Telegram accepted it.
    pub(super) fn into_verdict(self, result: &Value) -> Verdict {
        let verdict = Verdict::Delivered(receipt(&self.chat, result));
        self.extras.into_verdict("Telegram", verdict)
    }

    /// The accepted message, its chat and its buttons.
    pub(super) fn sent(&self) -> (&Message, &str, Option<&Value>) {
        (&self.message, &self.chat, self.keyboard.as_ref())
    }

    /// The buttons of an album, for a message below it.
    pub(super) fn late_keyboard(&self, result: &Value) -> Option<LateKeyboard> {
        if self.message.files.len() < 2 {
            return None;
        }
        Some(LateKeyboard {
            chat: self.chat.clone(),
            topic: self.topic,
            reply_to: number_of(result),
            text: self.message.title.clone(),
            keyboard: self.keyboard.clone()?,
        })
    }

    /// Corrects the message after a refusal, so that Telegram may accept it.
    ///
    /// # Errors
    /// The verdict, if no correction is left.
    pub(super) fn repair(
        &mut self,
        problem: TelegramFailure,
        alert: &Alert,
        limits: &Limits,
    ) -> Result<(), Verdict> {
        match problem {
            TelegramFailure::Migrated(number) => {
                self.chat = number.to_string();
                self.reply_to = None;
            }
            TelegramFailure::NotTaken(said)
                if self.keyboard.is_some() && is_about_buttons(&said) =>
            {
                self.extras.leave_out(&["buttons"], &said);
                self.keyboard = None;
            }
            TelegramFailure::NotTaken(said) if !self.is_plain && is_about_markup(&said) => {
                self.is_plain = true;
            }
            TelegramFailure::NoTopic if self.topic.is_some() => {
                self.extras.leave_out(&["topic"], "the topic is closed or gone");
                self.topic = None;
            }
            TelegramFailure::NoReply if self.reply_to.is_some() => self.reply_to = None,
            // The closed topic is "General", the group itself.
            TelegramFailure::NoTopic => {
                let error = "the topic is closed in Telegram: reopen it, or set another `topic`";
                return Err(repair(error.to_owned()));
            }
            TelegramFailure::NoReply => self.simplify("no such message", alert, limits)?,
            TelegramFailure::TooBig => self.use_words("too big for Telegram", alert, limits)?,
            TelegramFailure::NotTaken(said) | TelegramFailure::Conflict(said) => {
                self.simplify(&said, alert, limits)?
            }
            TelegramFailure::Stop(verdict) => return Err(verdict),
        }
        Ok(())
    }

    /// Sends files as documents; if they are documents already, as lines of text.
    fn simplify(&mut self, said: &str, alert: &Alert, limits: &Limits) -> Result<(), Verdict> {
        if self.message.files.iter().all(|file| file.role == Role::Document) {
            return self.use_words(&not_taken("Telegram", said), alert, limits);
        }
        self.send_documents();
        Ok(())
    }

    /// Replaces files by lines of text with the reason. If there are no files, Telegram refuses the text itself.
    fn use_words(&mut self, why: &str, alert: &Alert, limits: &Limits) -> Result<(), Verdict> {
        if self.message.files.is_empty() {
            let error = why.to_owned();
            return Err(if is_about_rights(why) {
                repair(error)
            } else {
                Verdict::Refused { error }
            });
        }
        self.message =
            message_plan::without_files(&self.message, alert, limits.text_utf16_max, why);
        Ok(())
    }

    /// The method to call, and its form.
    pub(super) fn form(&self) -> (&'static str, Form) {
        let mut form = Form::new();
        form.field("chat_id", self.chat.as_str());
        if let Some(topic) = self.topic {
            form.field("message_thread_id", topic.to_string());
        }
        if self.silent {
            form.field("disable_notification", "true");
        }
        if let Some(number) = self.reply_to {
            let reply = json!({ "message_id": number, "allow_sending_without_reply": true });
            form.json("reply_parameters", reply.to_string());
        }
        let method = match self.message.files.as_slice() {
            [] => self.text(&mut form),
            [_] => self.file(&mut form),
            _ => self.album(&mut form),
        };
        if let Some(keyboard) = self.keyboard.as_ref().filter(|_| self.message.files.len() < 2) {
            form.json("reply_markup", keyboard.to_string());
        }
        (method, form)
    }

    /// A message without files.
    fn text(&self, form: &mut Form) -> &'static str {
        form.field("text", self.words());
        if !self.is_plain {
            form.field("parse_mode", "HTML");
        }
        // A preview of whatever a camera links to is no part of the alert.
        form.json("link_preview_options", json!({ "is_disabled": true }).to_string());
        "sendMessage"
    }

    /// A message with one file.
    fn file(&self, form: &mut Form) -> &'static str {
        let Some(file) = self.message.files.first() else {
            return "sendDocument";
        };
        let caption = self.words();
        if !caption.is_empty() {
            form.field("caption", caption);
            if !self.is_plain {
                form.field("parse_mode", "HTML");
            }
        }
        let (method, field) = match file.role {
            Role::Picture => ("sendPhoto", "photo"),
            Role::Video => {
                form.field("supports_streaming", "true");
                if let Some(clip) = shown_clip(file) {
                    let (duration, width, height) = numbers(clip);
                    form.field("duration", duration.to_string());
                    form.field("width", width.to_string());
                    form.field("height", height.to_string());
                    if let Some(poster) = &clip.poster {
                        form.stored("thumbnail", poster);
                    }
                }
                ("sendVideo", "video")
            }
            Role::Animation => ("sendAnimation", "animation"),
            Role::Document => {
                // Otherwise a GIF would be shown as an animation again.
                form.field("disable_content_type_detection", "true");
                ("sendDocument", "document")
            }
        };
        form.attachment(field, file);
        method
    }

    /// A message with several files: the caption belongs to the first.
    fn album(&self, form: &mut Form) -> &'static str {
        let media = self.message.files.iter().enumerate().map(|(index, file)| {
            let mut entry = entry(file, index);
            if index == 0 {
                set(&mut entry, "caption", self.words());
                if !self.is_plain {
                    set(&mut entry, "parse_mode", "HTML");
                }
            }
            entry
        });
        form.json("media", Value::from_iter(media).to_string());
        for (index, file) in self.message.files.iter().enumerate() {
            attach(form, file, index);
        }
        "sendMediaGroup"
    }

    /// Title and text, with or without markup.
    fn words(&self) -> String {
        let Message { title, text, .. } = &self.message;
        match self.is_plain {
            false => html_of(title, text),
            true => words::below(title, "\n", text),
        }
    }
}

/// Title and text as HTML. Tags do not count towards the limits ("after entities parsing").
pub(super) fn html_of(title: &str, text: &str) -> String {
    let title = if title.is_empty() { String::new() } else { format!("<b>{}</b>", escaped(title)) };
    words::below(&title, "\n", &escaped(text))
}

/// A file of an album or an edit (InputMedia), whose bytes are attached by [`attach`].
pub(super) fn entry(file: &Attachment, index: usize) -> Value {
    let mut entry = json!({ "type": kind(file.role), "media": format!("attach://f{index}") });
    if let Some(clip) = shown_clip(file) {
        let (duration, width, height) = numbers(clip);
        set(&mut entry, "supports_streaming", true);
        set(&mut entry, "duration", duration);
        set(&mut entry, "width", width);
        set(&mut entry, "height", height);
        if clip.poster.is_some() {
            set(&mut entry, "thumbnail", format!("attach://t{index}"));
        }
    }
    entry
}

/// Adds the bytes of the file of an [`entry`], and those of its poster.
pub(super) fn attach(form: &mut Form, file: &Attachment, index: usize) {
    form.attachment(&format!("f{index}"), file);
    if let Some(poster) = shown_clip(file).and_then(|clip| clip.poster.as_ref()) {
        form.stored(&format!("t{index}"), poster);
    }
}

/// Sets a field of a JSON object.
pub(super) fn set(entry: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(entry) = entry.as_object_mut() {
        entry.insert(key.to_owned(), value.into());
    }
}

/// What is known of a file that is sent as a video.
fn shown_clip(file: &Attachment) -> Option<&Clip> {
    file.stored().filter(|_| file.role == Role::Video)?.clip.as_ref()
}

/// Seconds, width and height for sendVideo and InputMediaVideo. At least one second.
fn numbers(clip: &Clip) -> (u64, u32, u32) {
    let seconds = clip.duration.as_millis().div_ceil(1000);
    (u64::try_from(seconds).unwrap_or(u64::MAX).max(1), clip.width_px, clip.height_px)
}

/// The `type` of an album's entry. Albums cannot contain animations, and the plan puts none into one.
const fn kind(role: Role) -> &'static str {
    match role {
        Role::Picture => "photo",
        Role::Video => "video",
        Role::Animation | Role::Document => "document",
    }
}

/// Text in Telegram's HTML ("HTML style").
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
