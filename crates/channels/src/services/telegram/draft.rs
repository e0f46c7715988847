//! A message on its way into a chat: as a form, and changed where Telegram does not take it.
//! Every change is made once at most, and none loses a word.

use serde_json::{Value, json};
use tipoff_model::{Alert, Clip, Verdict};

use super::answer::{Problem, is_about_buttons, is_about_markup, is_about_rights};
use super::attend::LateKeyboard;
use super::{number_of, receipt};
use crate::http::repair;
use crate::message_service::Extras;
use crate::multipart::Form;
use crate::plan::{self, Role};
use crate::{Attachment, Limits, Message};

/// A message, and where it goes.
pub(super) struct Draft {
    message: Message,
    chat: String,
    topic: Option<i64>,
    /// The number of the message that it answers.
    reply_to: Option<i64>,
    silent: bool,
    /// The buttons below it.
    keyboard: Option<Value>,
    /// Whether its words go without markup.
    is_plain: bool,
    extras: Extras,
}

impl Draft {
    pub(super) fn new(
        message: &Message,
        chat: String,
        topic: Option<i64>,
        silent: bool,
        keyboard: Option<Value>,
    ) -> Self {
        // In another chat the number names another message.
        let reply_to = message
            .reply_to
            .as_deref()
            .and_then(|reference| reference.strip_prefix(chat.as_str())?.trim().parse().ok());
        let (message, is_plain, extras) = (message.clone(), false, Extras::default());
        Self { message, chat, topic, reply_to, silent, keyboard, is_plain, extras }
    }

    /// Sends files as they are instead of having them shown.
    pub(super) fn send_documents(&mut self) {
        for file in &mut self.message.files {
            file.role = Role::Document;
        }
    }

    /// What became of it, once it was taken.
    pub(super) fn into_verdict(self, result: &Value) -> Verdict {
        let verdict = Verdict::Delivered(receipt(&self.chat, result));
        self.extras.into_verdict("Telegram", verdict)
    }

    /// The message as it was taken, the chat that it is in and its buttons.
    pub(super) fn sent(&self) -> (&Message, &str, Option<&Value>) {
        (&self.message, &self.chat, self.keyboard.as_ref())
    }

    /// The buttons that the message cannot carry itself, for a message below it.
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

    /// Changes the message so that it may be taken, or gives up.
    pub(super) fn repair(
        &mut self,
        problem: Problem,
        alert: &Alert,
        limits: &Limits,
    ) -> Result<(), Verdict> {
        match problem {
            Problem::Migrated(number) => {
                self.chat = number.to_string();
                self.reply_to = None;
            }
            Problem::NotTaken(said) if self.keyboard.is_some() && is_about_buttons(&said) => {
                self.extras.leave_out(&["buttons"], &said);
                self.keyboard = None;
            }
            Problem::NotTaken(said) if !self.is_plain && is_about_markup(&said) => {
                self.is_plain = true;
            }
            Problem::NoTopic if self.topic.is_some() => {
                self.extras.leave_out(&["topic"], "the topic is closed or gone");
                self.topic = None;
            }
            Problem::NoReply if self.reply_to.is_some() => self.reply_to = None,
            // Of a group whose "General" is closed.
            Problem::NoTopic => {
                let error = "the topic is closed in Telegram: reopen it, or set another `topic`";
                return Err(repair(error.to_owned()));
            }
            Problem::NoReply => self.simplify("no such message", alert, limits)?,
            Problem::TooBig => self.use_words("too big for Telegram", alert, limits)?,
            Problem::NotTaken(said) | Problem::Conflict(said) => {
                self.simplify(&said, alert, limits)?
            }
            Problem::Stop(verdict) => return Err(verdict),
        }
        Ok(())
    }

    /// What is not shown goes as a document; what is no document goes as words.
    fn simplify(&mut self, said: &str, alert: &Alert, limits: &Limits) -> Result<(), Verdict> {
        if self.message.files.iter().all(|file| file.role == Role::Document) {
            return self.use_words(&format!("not taken by Telegram ({said})"), alert, limits);
        }
        self.send_documents();
        Ok(())
    }

    /// Says why there are no files; where there were none, the words themselves are not taken.
    fn use_words(&mut self, why: &str, alert: &Alert, limits: &Limits) -> Result<(), Verdict> {
        if self.message.files.is_empty() {
            let error = why.to_owned();
            return Err(if is_about_rights(why) {
                repair(error)
            } else {
                Verdict::Refused { error }
            });
        }
        self.message = plan::without_files(&self.message, alert, limits.text_utf16_max, why);
        Ok(())
    }

    /// The method to call, and what with.
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

    fn text(&self, form: &mut Form) -> &'static str {
        form.field("text", self.words());
        if !self.is_plain {
            form.field("parse_mode", "HTML");
        }
        // A preview of whatever a camera links to is no part of the alert.
        form.json("link_preview_options", json!({ "is_disabled": true }).to_string());
        "sendMessage"
    }

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
                // Or a GIF would be shown moving again.
                form.field("disable_content_type_detection", "true");
                ("sendDocument", "document")
            }
        };
        form.attachment(field, file);
        method
    }

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

    fn words(&self) -> String {
        let Message { title, text, .. } = &self.message;
        match (self.is_plain, title.is_empty() || text.is_empty()) {
            (false, _) => html_of(title, text),
            (true, true) => format!("{title}{text}"),
            (true, false) => format!("{title}\n{text}"),
        }
    }
}

/// Title and text; the tags do not count towards the limits.
pub(super) fn html_of(title: &str, text: &str) -> String {
    let parted = if title.is_empty() || text.is_empty() { "" } else { "\n" };
    let title = if title.is_empty() { String::new() } else { format!("<b>{}</b>", escaped(title)) };
    format!("{title}{parted}{}", escaped(text))
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

/// The bytes of [`entry`].
pub(super) fn attach(form: &mut Form, file: &Attachment, index: usize) {
    form.attachment(&format!("f{index}"), file);
    if let Some(poster) = shown_clip(file).and_then(|clip| clip.poster.as_ref()) {
        form.stored(&format!("t{index}"), poster);
    }
}

pub(super) fn set(entry: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(entry) = entry.as_object_mut() {
        entry.insert(key.to_owned(), value.into());
    }
}

/// What is known of a file that goes as a video.
fn shown_clip(file: &Attachment) -> Option<&Clip> {
    file.stored().filter(|_| file.role == Role::Video)?.clip.as_ref()
}

/// Seconds, width and height, as sendVideo and InputMediaVideo want them. A second is the least
/// that is shown.
fn numbers(clip: &Clip) -> (u64, u32, u32) {
    let seconds = clip.duration.as_millis().div_ceil(1000);
    (u64::try_from(seconds).unwrap_or(u64::MAX).max(1), clip.width_px, clip.height_px)
}

/// The `type` of an album's entry. Animations cannot be in albums and are never planned so.
const fn kind(role: Role) -> &'static str {
    match role {
        Role::Picture => "photo",
        Role::Video => "video",
        Role::Animation | Role::Document => "document",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
