//! A bot in a Slack channel. Text is sent by chat.postMessage. Files are uploaded one by one and shared together by
//! files.completeUploadExternal, which makes one message of them and their text. Its answer may not name that
//! message yet, so that the message is looked for afterwards: follow-ups need its `ts` for their thread.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tipoff_model::{Alert, Receipt, Verdict};
use tokio::time::{Instant, sleep};

use super::answer::{self, SlackFailure};
use super::api::{SlackApi, UrlEncodedForm};
use super::wording;
use crate::buttons::{self, BUTTONS};
use crate::message_plan;
use crate::message_service::{MessageChannel, MessageSender, MessageService, SendResult};
use crate::settings_reader::SettingsReader;
use crate::{BoxFuture, Built, Context, Files, Limits, Message, Pace, Settings};

/// The pause before Slack is asked the first time whether it shows a message. Each pause is twice as long as the one
/// before.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// The longest of these pauses.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(4);

/// "Truncating really long messages": 4,000 characters are recommended, 40,000 are kept; a character
/// may need five here. "Add files to Slack" in Slack's help: ten files at once, of 1 GB each.
static LIMITS: Limits = Limits {
    album_files_max: 10,
    documents_max: 10,
    video_types: &["video/mp4", "video/quicktime", "video/webm"],
    file_bytes_max: 1 << 30,
    replies: true,
    ..Limits::new("Slack", 3000)
};

/// A bot and the channel that it writes to.
struct SlackBot {
    api: SlackApi,
    /// The channel's ID.
    channel: String,
    /// Whether first alerts have links that carry out actions.
    buttons: bool,
}

/// Makes a channel of `token` and `channel`.
pub(super) fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let api = SlackApi::read(&mut reader);
    let channel = settings.text("channel").unwrap_or_default().to_owned();
    if !is_channel(&channel) {
        let message = "must be the channel's id, such as C0123456789, not its name";
        reader.fault("channel", message);
    }
    let buttons = settings.flag_or(BUTTONS.key, true);
    reader.finish(|| Some(MessageChannel(SlackBot { api: api?, channel, buttons })))
}

/// Whether this is a channel's ID: C, G, D or Z, and at least eight capital letters and digits. This is what
/// files.completeUploadExternal accepts as `channel_id`, by its own error text.
fn is_channel(id: &str) -> bool {
    id.strip_prefix(['C', 'G', 'D', 'Z']).is_some_and(|rest| {
        rest.len() >= 8 && rest.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
    })
}

impl MessageService for SlackBot {
    const LIMITS: &'static Limits = &LIMITS;

    /// "Rate limits": one message a second to a channel, with short bursts. Uploads may be more than a hundred a
    /// minute; 429 names the pause.
    fn paces(&self) -> Vec<Pace> {
        vec![super::pace(&self.channel)]
    }
}

impl MessageSender for SlackBot {
    fn send_once<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, SendResult> {
        Box::pin(async move {
            let thread = message.reply_to.as_deref();
            let mut taken = self.put(message, thread, context).await;
            if thread.is_some() && matches!(taken, Err(SlackFailure::NoThread)) {
                taken = self.put(message, None, context).await;
            }
            match taken {
                Ok(reference) => {
                    Ok(Verdict::Delivered(Receipt { reference, ..Receipt::default() }))
                }
                Err(problem) => problem.into_result(!message.files.is_empty()),
            }
        })
    }
}

/// Whether Slack shows a message that it accepted.
enum Shown {
    /// It does, and this is its `ts`.
    At(String),
    /// It does not.
    Nowhere,
    /// Slack does not say.
    Unknown,
}

/// The files of a message, once they are at Slack.
struct Uploaded {
    /// Their IDs.
    ids: Vec<String>,
    /// The argument of files.completeUploadExternal.
    files: Vec<Value>,
    /// The message's text, with lines for the files that Slack refused.
    words: Message,
}

impl SlackBot {
    /// Sends a message to the channel, or into a thread there. Returns its `ts`, if that is known.
    async fn put(
        &self,
        message: &Message,
        thread: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Option<String>, SlackFailure> {
        let mut form = UrlEncodedForm::default();
        if let Some(thread) = thread {
            form.field("thread_ts", thread);
        }
        if message.files.is_empty() {
            form.field("channel", self.channel.as_str());
            form.field("text", self.text(message, context.alert));
            // A reply is shown in its thread only. A preview of what a camera links to is no part of the alert.
            for name in ["reply_broadcast", "unfurl_links", "unfurl_media"] {
                form.field(name, "false");
            }
            let answer = self.api.call("chat.postMessage", form, context.files).await?;
            return Ok(answer.get("ts").and_then(Value::as_str).map(str::to_owned));
        }
        let Uploaded { ids, files, words } = self.upload(message, context).await?;
        form.field("channel_id", self.channel.as_str());
        form.field("files", Value::from(files).to_string());
        let text = self.text(&words, context.alert);
        if !text.is_empty() {
            form.field("initial_comment", text);
        }
        let answer = self.api.call("files.completeUploadExternal", form, context.files).await?;
        let first = answer.pointer("/files/0").and_then(|file| self.timestamp(file));
        let shown = match (first, ids.first()) {
            (Some(ts), _) => Shown::At(ts),
            (None, Some(id)) => self.look(id, context.files).await,
            (None, None) => Shown::Unknown,
        };
        match shown {
            Shown::At(ts) => Ok(Some(ts)),
            Shown::Unknown => Ok(None),
            // This was observed: then at least the text is sent.
            Shown::Nowhere => {
                Err(SlackFailure::NotTaken("Slack took it and does not show it".to_owned()))
            }
        }
    }

    /// The text of a message in Slack's markup.
    fn text(&self, message: &Message, alert: &Alert) -> String {
        let links = if self.buttons { buttons::action_links(message, alert) } else { Vec::new() };
        wording::text(message, alert, &links)
    }

    /// Uploads a message's files. A file that Slack refuses becomes a line of text. If it refuses all, the message
    /// fails.
    async fn upload(
        &self,
        message: &Message,
        context: &Context<'_>,
    ) -> Result<Uploaded, SlackFailure> {
        let (mut ids, mut files) = (Vec::new(), Vec::new());
        let (mut left, mut reason) = (Vec::new(), String::new());
        for file in &message.files {
            match self.api.upload(file, context.files).await {
                Ok(id) => {
                    files.push(json!({ "id": id, "title": file.name() }));
                    ids.push(id);
                }
                Err(SlackFailure::NotTaken(why)) => {
                    left.push(file.clone());
                    reason = why;
                }
                Err(problem) => return Err(problem),
            }
        }
        if files.is_empty() {
            return Err(SlackFailure::NotTaken(reason));
        }
        let all = left.is_empty();
        let words = Message { files: left, ..message.clone() };
        let words = if all {
            words
        } else {
            message_plan::without_files(&words, context.alert, LIMITS.caption_utf16_max, &reason)
        };
        Ok(Uploaded { ids, files, words })
    }

    /// Asks until Slack shows the message with a file, at most for the channel's time limit. Slack takes a moment,
    /// and its answer to files.completeUploadExternal is from before (issues 1277 and 1329 of Slack's SDK for
    /// Python).
    async fn look(&self, id: &str, files: &Arc<dyn Files>) -> Shown {
        let deadline = Instant::now() + self.api.time();
        let mut pause = LOOK_PAUSE;
        loop {
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LOOK_PAUSE_MAX);
            let mut form = UrlEncodedForm::default();
            form.field("file", id);
            let shown = match self.api.call("files.info", form, files).await {
                Ok(answer) => answer
                    .get("file")
                    .and_then(|file| self.timestamp(file))
                    .map_or(Shown::Nowhere, Shown::At),
                Err(SlackFailure::NoScope(scope)) => {
                    let error = answer::no_scope(&scope);
                    tracing::warn!("replies cannot go into threads: {error}");
                    return Shown::Unknown;
                }
                Err(_) => Shown::Unknown,
            };
            if matches!(shown, Shown::At(_)) || Instant::now() + pause > deadline {
                return shown;
            }
        }
    }

    /// The `ts` of the message that shows a file, of its `shares`: "public" and "private", and in them
    /// lists by channel.
    fn timestamp(&self, file: &Value) -> Option<String> {
        let mut kinds = file.get("shares")?.as_object()?.values();
        kinds.find_map(|channels| {
            let ts = channels.get(&self.channel)?.get(0)?.get("ts")?.as_str()?;
            Some(ts.to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_channel;

    #[test]
    fn channels_are_ids() {
        for (id, right) in [
            ("C0123456789", true),
            ("G0123456", false),
            ("G01234567", true),
            ("D0123456789", true),
            ("U0123456789", false),
            ("#cameras", false),
            ("C0123456789x", false),
            ("C", false),
            ("", false),
        ] {
            assert_eq!(is_channel(id), right, "{id:?}");
        }
    }
}
