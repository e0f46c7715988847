//! A bot in a Slack channel. Text goes by chat.postMessage. Files are uploaded one by one and shared
//! together by files.completeUploadExternal, which makes one message of them and their words.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tipoff_model::{Alert, Receipt, Verdict};
use tokio::time::{Instant, sleep};

use super::answer::{self, Problem};
use super::api::{Api, Form};
use super::wording;
use crate::buttons::{self, BUTTONS};
use crate::message_service::{MessageChannel, MessageSender, MessageService, SendResult};
use crate::plan;
use crate::settings_reader::SettingsReader;
use crate::{BoxFuture, Built, Context, Files, Limits, Message, Pace};
use crate::{PictureLimits, Settings};

/// The pause before Slack is asked the first time whether it shows a message; each is twice as long
/// as the one before.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// The longest of these pauses.
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(4);

/// "Truncating really long messages": 4,000 characters are recommended, 40,000 are kept; a character
/// may need five here. "Add files to Slack" in Slack's help: ten files at once, of 1 GB each.
static LIMITS: Limits = Limits {
    service: "Slack",
    text_utf16_max: 3000,
    caption_utf16_max: 3000,
    album_files_max: 10,
    documents_max: 10,
    album_bytes_max: u64::MAX,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif", "image/webp"],
        bytes_max: 1 << 30,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    },
    video_types: &["video/mp4", "video/quicktime", "video/webm"],
    animations: false,
    file_bytes_max: 1 << 30,
    replies: true,
};

struct Bot {
    api: Api,
    channel: String,
    buttons: bool,
}

/// Makes a channel of `token` and `channel`.
pub(super) fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let api = Api::read(&mut reader);
    let channel = settings.text("channel").unwrap_or_default().to_owned();
    if !is_channel(&channel) {
        let message = "must be the channel's id, such as C0123456789, not its name";
        reader.fault("channel", message);
    }
    let buttons = settings.flag_or(BUTTONS.key, true);
    reader.finish(|| Some(MessageChannel(Bot { api: api?, channel, buttons })))
}

/// What files.completeUploadExternal takes as a `channel_id`, as it says when it refuses another: C, G, D or
/// Z, and eight capital letters and digits or more.
fn is_channel(id: &str) -> bool {
    id.strip_prefix(['C', 'G', 'D', 'Z']).is_some_and(|rest| {
        rest.len() >= 8 && rest.bytes().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit())
    })
}

impl MessageService for Bot {
    const LIMITS: &'static Limits = &LIMITS;

    /// "Rate limits": one message a second to a channel, with short bursts. Uploads have more than a
    /// hundred a minute; 429 says what holds.
    fn paces(&self) -> Vec<Pace> {
        vec![super::pace(&self.channel)]
    }
}

impl MessageSender for Bot {
    fn send_once<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, SendResult> {
        Box::pin(async move {
            let thread = message.reply_to.as_deref();
            let mut taken = self.put(message, thread, context).await;
            if thread.is_some() && matches!(taken, Err(Problem::NoThread)) {
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

/// Whether a message that Slack took is there.
enum Shown {
    /// With this `ts`.
    At(String),
    /// It is not.
    Nowhere,
    /// Slack does not say.
    Unknown,
}

/// The files of a message, once they are at Slack.
struct Uploaded {
    /// Their numbers.
    ids: Vec<String>,
    /// As files.completeUploadExternal wants them.
    files: Vec<Value>,
    /// The message's words, and of files that Slack does not take.
    words: Message,
}

impl Bot {
    /// Puts a message into the channel, or into a thread there: its `ts`, where it is known.
    async fn put(
        &self,
        message: &Message,
        thread: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Option<String>, Problem> {
        let mut form = Form::default();
        if let Some(thread) = thread {
            form.field("thread_ts", thread);
        }
        if message.files.is_empty() {
            form.field("channel", self.channel.as_str());
            form.field("text", self.text(message, context.alert));
            // Replies stay in their thread, and previews of what a camera links to are no part of it.
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
            // Seen to happen: its words shall be there at least.
            Shown::Nowhere => {
                Err(Problem::NotTaken("Slack took it and does not show it".to_owned()))
            }
        }
    }

    /// What Slack shows.
    fn text(&self, message: &Message, alert: &Alert) -> String {
        let links = if self.buttons { buttons::action_links(message, alert) } else { Vec::new() };
        wording::text(message, alert, &links)
    }

    /// Uploads a message's files. Those that Slack does not take become words, unless it takes none.
    async fn upload(&self, message: &Message, context: &Context<'_>) -> Result<Uploaded, Problem> {
        let (mut ids, mut files) = (Vec::new(), Vec::new());
        let (mut left, mut reason) = (Vec::new(), String::new());
        for file in &message.files {
            match self.api.upload(file, context.files).await {
                Ok(id) => {
                    files.push(json!({ "id": id, "title": file.name() }));
                    ids.push(id);
                }
                Err(Problem::NotTaken(why)) => {
                    left.push(file.clone());
                    reason = why;
                }
                Err(problem) => return Err(problem),
            }
        }
        if files.is_empty() {
            return Err(Problem::NotTaken(reason));
        }
        let all = left.is_empty();
        let words = Message { files: left, ..message.clone() };
        let words = if all {
            words
        } else {
            plan::without_files(&words, context.alert, LIMITS.caption_utf16_max, &reason)
        };
        Ok(Uploaded { ids, files, words })
    }

    /// Looks until Slack shows the message that a file is in: it takes a moment, and its answer to
    /// files.completeUploadExternal is older (issues 1277 and 1329 of Slack's SDK for Python).
    async fn look(&self, id: &str, files: &Arc<dyn Files>) -> Shown {
        let deadline = Instant::now() + self.api.time();
        let mut pause = LOOK_PAUSE;
        loop {
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LOOK_PAUSE_MAX);
            let mut form = Form::default();
            form.field("file", id);
            let shown = match self.api.call("files.info", form, files).await {
                Ok(answer) => answer
                    .get("file")
                    .and_then(|file| self.timestamp(file))
                    .map_or(Shown::Nowhere, Shown::At),
                Err(Problem::NoScope(scope)) => {
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
