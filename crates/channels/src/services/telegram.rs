//! Telegram, through its Bot API (core.telegram.org/bots/api): a chat, group, topic or channel. It sends each
//! message, and corrects at once what Telegram refuses (`message_form`). It never waits and never tries again later:
//! that is dispatch's task. Beside the alerts, the background task handles pressed buttons and commands
//! (`interaction`).

mod answer;
mod api;
mod backoff;
mod bot;
mod command;
mod edit_in_place;
mod interaction;
mod keyboard;
mod message_form;
mod poll;
mod settings;
mod setup;
mod update;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tipoff_model::{AlertKind, Outcome, Receipt};
use tokio::sync::{Mutex, OnceCell, mpsc};
use tokio::time::timeout;

use crate::http::retry_message;
use crate::message_plan::Role;
use crate::settings_reader::SettingsReader;
use crate::sound;
use crate::{
    Abilities, BoxFuture, Built, Channel, Context, Entry, Files, HomeControl, HookFault,
    HookRequest, Limits, Message, Pace, PictureLimits, Settings, sides,
};

use answer::TelegramFailure;
use api::BotApi;
use bot::{Access, Bot, Membership};
use edit_in_place::EditableMessages;
use interaction::LateKeyboard;
use message_form::Draft;
use settings::{FIND, SETTINGS};
pub use setup::{BotInfo, Chat, Setup};

/// Telegram's own Bot API server.
pub const DEFAULT_API: &str = "https://api.telegram.org";

/// Time limit for an answer if `timeout` is not set. Telegram converts a video before it answers.
const TIME: Duration = Duration::from_secs(60);
/// Number of attempts for a message, each with another correction. A safety bound: each correction is made once.
const REPAIRS_MAX: usize = 8;
/// Number of keyboards of albums that wait to be sent.
const KEYBOARDS_MAX: usize = 32;
/// Time limit for handling a request of Telegram's webhook. How long Telegram waits before it sends the request
/// again is not documented.
const HOOK_TIME: Duration = Duration::from_secs(25);
/// Memory key of a group that became a supergroup: its configured number, and the one that it has now.
const CHAT_MEMORY: &str = "chat";

/// From the Bot API's documentation: sendMessage, sendPhoto, sendMediaGroup, "Sending files". Its
/// MB are of 1024 x 1024 bytes. sendMediaGroup: "Documents and audio files can be only grouped in an album with
/// messages of the same type", two to ten of them. A whole request may not be larger than a file.
static LIMITS: Limits = Limits {
    caption_utf16_max: 1024,
    album_files_max: 10,
    documents_max: 10,
    album_bytes_max: 50 << 20,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/webp"],
        bytes_max: 10 << 20,
        sides_px_max: 10_000,
        ratio_max: 20,
    },
    animations: true,
    file_bytes_max: 50 << 20,
    replies: true,
    ..Limits::new("Telegram", 4096)
};

/// What Telegram can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "telegram",
    name: "Telegram",
    summary: "A Telegram chat, group, topic or channel, through a bot.",
    find: FIND,
    settings: SETTINGS,
    build,
};

/// A bot and a chat that it writes to.
struct Telegram {
    api: BotApi,
    /// The configured chat: a number or an @name.
    chat: String,
    /// The number of a topic in the group.
    topic: Option<i64>,
    /// Whether all alerts are silent notifications.
    silent: bool,
    /// Time limit for an answer, without the time that the files need.
    time: Duration,
    /// Whether first alerts have buttons.
    buttons: bool,
    /// Whether commands are answered.
    commands: bool,
    /// Whether a follow-up edits the first message instead of replying to it.
    edit_in_place: bool,
    /// First messages that follow-ups can edit.
    growing: EditableMessages,
    updates: Updates,
    /// The mode that `/arm` sets, if it is not "away".
    arm_mode: Option<String>,
    /// The mode that `/disarm` sets, if it is not "home".
    disarm_mode: Option<String>,
    /// Further chats in which people may press buttons and write commands.
    allowed_chats: Vec<String>,
    /// The chats whose presses and commands are accepted.
    access: Arc<Access>,
    /// The bot's name without the @, once Telegram was asked for it.
    username: OnceCell<String>,
    /// Hands keyboards of albums to the background task, which holds the other end while it runs.
    late: mpsc::Sender<LateKeyboard>,
    keyboards: Mutex<mpsc::Receiver<LateKeyboard>>,
}

/// How presses and commands reach Tipoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Updates {
    /// Tipoff asks Telegram (getUpdates).
    Poll,
    /// Telegram sends them to `http.public_url` (setWebhook).
    Webhook,
    /// Not at all.
    Off,
}

/// The values of the setting `updates`.
const UPDATES: &[(&str, Updates)] =
    &[("poll", Updates::Poll), ("webhook", Updates::Webhook), ("off", Updates::Off)];

fn build(settings: &Settings) -> Built {
    let mut reader = SettingsReader::new(settings);
    let chat = settings.text("chat").unwrap_or_default();
    if !is_chat(chat) {
        reader.fault("chat", "must be a number, or the name of a channel beginning with @");
    }
    let topic = settings.integer("topic");
    if topic.is_some_and(|topic| topic < 1) {
        reader.fault("topic", "must be a positive number");
    }
    let allowed_chats = settings.list("allowed_chats").to_vec();
    if !allowed_chats.iter().all(|chat| is_chat(chat)) {
        let message = "must be numbers of chats, or names of chats beginning with @";
        reader.fault("allowed_chats", message);
    }
    let updates = reader.choice("updates", Updates::Poll, UPDATES);
    let (buttons, commands) =
        (settings.flag_or("buttons", true), settings.flag_or("commands", true));
    // Without buttons and commands, no update is of use.
    let updates = if buttons || commands { updates } else { Updates::Off };
    let (late, keyboards) = mpsc::channel(KEYBOARDS_MAX);
    let address = settings.text("api").unwrap_or(DEFAULT_API);
    let api = BotApi::new(address, settings.text("token").unwrap_or_default());
    let api = reader.check_all(api);
    reader.finish(|| {
        Some(Telegram {
            api: api?,
            chat: chat.to_owned(),
            topic,
            silent: settings.flag("silent"),
            time: settings.answer_time_or(TIME),
            buttons,
            commands,
            edit_in_place: settings.flag("edit_in_place"),
            growing: EditableMessages::default(),
            updates,
            arm_mode: settings.text("arm_mode").map(str::to_owned),
            disarm_mode: settings.text("disarm_mode").map(str::to_owned),
            access: Arc::new(Access::new(chat, allowed_chats.clone())),
            allowed_chats,
            username: OnceCell::new(),
            late,
            keyboards: Mutex::new(keyboards),
        })
    })
}

/// Whether this is the number of a chat, or the @name of a channel or public group.
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

    /// "My bot is hitting limits" in Telegram's bot FAQ: about one message a second to a chat, with short bursts
    /// tolerated, 20 a minute to a group, and 30 a second in total.
    fn paces(&self, memory: &[(String, String)]) -> Vec<Pace> {
        self.paces_of(self.current_chat(memory))
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.deliver(message, context))
    }

    fn run_background<'a>(
        &'a self,
        home_control: &'a dyn HomeControl,
    ) -> Option<BoxFuture<'a, ()>> {
        Some(Box::pin(self.stay_in_touch(home_control)))
    }

    fn needs_public_https(&self) -> bool {
        self.updates == Updates::Webhook
    }

    fn receive(&self, request: HookRequest) -> Option<BoxFuture<'_, Result<(), HookFault>>> {
        if self.updates != Updates::Webhook {
            return None;
        }
        Some(Box::pin(async move {
            let update = webhook::read(&self.api, &request)?;
            let bot = Bot::of(&self.api.identity());
            if !bot.has_members() {
                return Err(HookFault::Later);
            }
            timeout(HOOK_TIME, bot.deliver(update)).await.map_err(|_| HookFault::Later)
        }))
    }
}

impl Telegram {
    /// The configured chat, or the supergroup that it became. A stored number of another configured chat is
    /// ignored: the configuration was changed since.
    fn current_chat<'a>(&'a self, memory: &'a [(String, String)]) -> &'a str {
        memory
            .iter()
            .filter(|(key, _)| key == CHAT_MEMORY)
            .find_map(|(_, value)| value.strip_prefix(&self.chat)?.strip_prefix(' '))
            .unwrap_or(&self.chat)
    }

    /// Key of the bot's own rate limit.
    fn bot_key(&self) -> String {
        format!("telegram:{}", self.api.bot())
    }

    /// The rate limits for a chat: see [`Channel::paces`].
    fn paces_of(&self, chat: &str) -> Vec<Pace> {
        let bot = self.bot_key();
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

    /// Handles presses and commands. Of the channels with the same bot, one at a time asks Telegram.
    async fn stay_in_touch(&self, home_control: &dyn HomeControl) {
        if self.updates == Updates::Off {
            return webhook::retire(&self.api, home_control).await;
        }
        let memory = home_control.memory().await.unwrap_or_default();
        self.access.follow(self.current_chat(&memory));
        let bot = Bot::of(&self.api.identity());
        let Membership { jobs, .. } = &mut bot.clone().join(Arc::clone(&self.access));
        let mut keyboards = self.keyboards.lock().await;
        let lead = async {
            let _leading = bot.leading.lock().await;
            match self.updates {
                Updates::Webhook => webhook::keep(&self.api, home_control).await,
                Updates::Poll | Updates::Off => {
                    webhook::retire(&self.api, home_control).await;
                    poll::poll(&self.api, &bot).await
                }
            }
        };
        tokio::select! {
            never = lead => match never {},
            never = self.serve(jobs, &mut keyboards, home_control) => match never {},
        }
    }

    /// The keyboard below a message. Only the first message of a first alert has one.
    fn keyboard(&self, message: &Message, chat: &str, context: &Context<'_>) -> Option<Value> {
        let is_first = !message.title.is_empty() && message.reply_to.is_none();
        if !self.buttons || !is_first {
            return None;
        }
        let presses = self.updates != Updates::Off && self.access.offers_presses(chat);
        keyboard::of_alert(&context.alert.buttons, presses)
    }

    /// Sends a message, or edits the first message of the incident. After a refusal, the message is corrected and
    /// sent again at once.
    async fn deliver(&self, message: &Message, context: &Context<'_>) -> Outcome {
        if let Some(outcome) = self.grow(message, context).await {
            return outcome;
        }
        let chat = self.current_chat(context.memory).to_owned();
        let silent = self.silent || sound::is_silent(message, context.alert);
        let keyboard = self.keyboard(message, &chat, context);
        let mut draft = Draft::new(message, chat, self.topic, silent, keyboard);
        if !pictures_fit(message, context.files).await {
            draft.send_documents();
        }
        let mut remember = Vec::new();
        for _ in 0..REPAIRS_MAX {
            let (method, form) = draft.form();
            let answer = self.api.call(method, form, self.time, context.files).await;
            let problem = match answer {
                Ok(result) => {
                    self.send_later(draft.late_keyboard(&result));
                    remember.extend(self.remember_growing(&draft, &result, context));
                    let verdict = draft.into_verdict(&result);
                    return Outcome { verdict, remember };
                }
                Err(problem) => problem,
            };
            if let TelegramFailure::Migrated(number) = problem {
                self.access.follow(&number.to_string());
                remember = vec![(CHAT_MEMORY.to_owned(), format!("{} {number}", self.chat))];
            }
            if let Err(verdict) = draft.repair(problem, context.alert, &LIMITS) {
                return Outcome { verdict, remember };
            }
        }
        let error = "Telegram asked for one change after the other".to_owned();
        Outcome { verdict: retry_message(error), remember }
    }

    /// Stores a first alert that follow-ups can edit. Returns the pair to remember.
    fn remember_growing(
        &self,
        draft: &Draft,
        result: &Value,
        context: &Context<'_>,
    ) -> Option<(String, String)> {
        let (message, chat, keyboard) = draft.sent();
        let is_first = context.alert.kind == AlertKind::First && !message.title.is_empty();
        let may_grow = self.edit_in_place && is_first;
        may_grow.then(|| self.growing.add(message, chat, result, keyboard))?
    }

    /// Leaves an album's buttons to the background task: an album cannot have any, so they follow below it,
    /// without a sound, when no alert waits.
    fn send_later(&self, late: Option<LateKeyboard>) {
        if let Some(late) = late.filter(|_| self.updates != Updates::Off)
            && self.late.try_send(late).is_err()
        {
            tracing::warn!("An album has no buttons: too many wait to be sent.");
        }
    }
}

/// Whether Telegram accepts all of the message's pictures as pictures. If the sides of a picture cannot be
/// found, Telegram decides.
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

/// The receipt of a message: its chat and number, for replies and edits.
fn receipt(chat: &str, result: &Value) -> Receipt {
    let reference = number_of(result).map(|number| format!("{chat} {number}"));
    Receipt { reference, ..Receipt::default() }
}

/// The number of the message that was sent. The answer to an album is a list of messages: replies go to the
/// first.
fn number_of(result: &Value) -> Option<i64> {
    let message = result.get(0).unwrap_or(result);
    message.get("message_id").and_then(Value::as_i64)
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
