//! A Bot API server (core.telegram.org/bots/api) with one bot: checks everything that is
//! documented, answers with Telegram's own errors, and records the messages that it took.

mod bot;
mod form;
mod html;
mod keyboard;
mod pace;
mod rules;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Multipart, Path, State};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use crate::standin::{Behaviour, Line, Log, Script, Server, answer};
pub use bot::{Answered, Edited};
use bot::{BESIDE, Bot, Held};
use form::Form;
use pace::Pace;

/// The bot's token.
pub const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
/// A private chat.
pub const CHAT: &str = "123456789";
/// A group.
pub const GROUP: &str = "-987654321";
/// A supergroup, with the topic [`TOPIC`].
pub const SUPERGROUP: &str = "-1001234567890";
/// A channel.
pub const CHANNEL: &str = "@yard";
/// The one topic that there is.
pub const TOPIC: i64 = 4;

/// How strict it is, and how much it does.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether pictures are decoded, not only looked at.
    pub decode: bool,
    /// Whether the bytes of files are kept.
    pub keep_bytes: bool,
    /// Whether too many messages are answered with 429.
    pub flood: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { decode: true, keep_bytes: true, flood: false }
    }
}

/// A message that was taken; an album is one.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The number of its first message.
    pub id: i64,
    /// The method called.
    pub method: String,
    /// Where it went.
    pub chat: String,
    /// The text or caption as people see it.
    pub text: String,
    /// The same as it was sent.
    pub html: String,
    /// Its files, in order.
    pub files: Vec<SentFile>,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// The topic.
    pub topic: Option<i64>,
    /// Whether it came without a sound.
    pub silent: bool,
    /// The buttons that it came with.
    pub keyboard: Option<Value>,
    /// When it was there to its end.
    pub at: Instant,
}

/// A file of a message.
#[derive(Clone, Debug, Default)]
pub struct SentFile {
    /// `photo`, `video`, `animation` or `document`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its content type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its bytes; empty where they are not kept.
    pub bytes: Vec<u8>,
    /// The fields about a video, if all were sent.
    pub clip: Option<SentClip>,
}

/// The fields by which a video plays in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentClip {
    /// How long it plays.
    pub duration_s: u32,
    /// How wide it is.
    pub width_px: u32,
    /// How high it is.
    pub height_px: u32,
    /// Whether a thumbnail came with it.
    pub thumbnail: bool,
}

/// An error of the Bot API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Its code, and the status of the answer.
    pub code: u16,
    /// In Telegram's words.
    pub description: String,
    /// The field `parameters`, such as `retry_after`.
    pub parameters: Value,
}

impl ApiError {
    /// An error without parameters.
    pub fn new(code: u16, description: &str) -> Self {
        Self { code, description: description.to_owned(), parameters: Value::Null }
    }

    /// Too many messages.
    pub fn flood(retry_after: u64) -> Self {
        let description = format!("Too Many Requests: retry after {retry_after}");
        let parameters = json!({ "retry_after": retry_after });
        Self { code: 429, description, parameters }
    }

    /// The user has blocked the bot.
    pub fn blocked() -> Self {
        Self::new(403, "Forbidden: bot was blocked by the user")
    }

    /// A wrong chat.
    pub fn chat_not_found() -> Self {
        Self::new(400, "Bad Request: chat not found")
    }

    /// The group has another number now.
    pub fn migrated(chat: i64) -> Self {
        let description = "Bad Request: group chat was upgraded to a supergroup chat".to_owned();
        Self { code: 400, description, parameters: json!({ "migrate_to_chat_id": chat }) }
    }

    fn json(&self) -> Value {
        let Self { code, description, parameters } = self;
        let mut json = json!({ "ok": false, "error_code": code, "description": description });
        if let (Some(json), false) = (json.as_object_mut(), parameters.is_null()) {
            json.insert("parameters".to_owned(), parameters.clone());
        }
        json
    }
}

impl From<ApiError> for Behaviour {
    fn from(error: ApiError) -> Self {
        Self::answer(error.code, &error.json().to_string())
    }
}

/// A running stand-in. Dropping it stops it.
pub struct Telegram {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    script: Script,
    log: Log<Sent>,
    errors: Log<ApiError>,
    pace: Pace,
    last_id: AtomicI64,
    beside: Script,
    bot: Bot,
}

impl Telegram {
    /// Starts one that checks all it can but the rate of messages.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts one.
    pub async fn start_with(options: Options) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            options,
            script: Script::default(),
            log: Log::default(),
            errors: Log::default(),
            pace: Pace::default(),
            last_id: AtomicI64::new(100),
            beside: Script::default(),
            bot: Bot::default(),
        });
        let router = Router::new()
            .route("/{bot}/{method}", post(call))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        Ok(Self { server: Server::start(router).await?, shared })
    }

    /// The value of `api`.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// How requests are met.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// The messages that were taken.
    pub fn log(&self) -> &Log<Sent> {
        &self.shared.log
    }

    /// The errors that were found, without those of the script.
    pub fn errors(&self) -> &Log<ApiError> {
        &self.shared.errors
    }

    /// Something that happened, such as `{"message": {…}}`; its number is added.
    pub fn update(&self, update: Value) {
        self.shared.bot.update(update);
    }

    /// How requests are met that send no message: updates, answers to presses, edits of buttons.
    pub fn beside(&self) -> &Script {
        &self.shared.beside
    }

    fn bot(&self) -> &Bot {
        &self.shared.bot
    }
}

async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path((bot, method)): Path<(String, String)>,
    multipart: Multipart,
) -> Response {
    let form = Form::read(multipart, &shared.options).await;
    let is_beside = BESIDE.contains(&method.as_str());
    let script = if is_beside { &shared.beside } else { &shared.script };
    if let Some(response) = script.meet(&line).await {
        return response;
    }
    match shared.serve(&bot, &method, form).await {
        Ok(result) => answer(200, &[], json!({ "ok": true, "result": result }).to_string()),
        Err(error) => {
            let body = error.json().to_string();
            let code = error.code;
            shared.errors.push(error);
            answer(code, &[], body)
        }
    }
}

impl Shared {
    async fn serve(
        &self,
        bot: &str,
        method: &str,
        form: Result<Form, ApiError>,
    ) -> Result<Value, ApiError> {
        if bot.strip_prefix("bot") != Some(TOKEN) {
            return Err(ApiError::new(401, "Unauthorized"));
        }
        let form = form?;
        match method {
            "getMe" => {
                let (id, name, username) = (110_201_543, "Tip", "tip_bot");
                Ok(json!({ "id": id, "is_bot": true, "first_name": name, "username": username }))
            }
            "sendMessage" | "sendPhoto" | "sendVideo" | "sendAnimation" | "sendDocument"
            | "sendMediaGroup" => self.send(method, form),
            "editMessageReplyMarkup"
            | "editMessageCaption"
            | "editMessageText"
            | "editMessageMedia" => {
                if self.options.flood {
                    let chat = form.field("chat_id").unwrap_or_default();
                    self.pace.take(chat, Instant::now()).map_err(ApiError::flood)?;
                }
                self.bot.serve(method, &form).await
            }
            _ => self.bot.serve(method, &form).await,
        }
    }

    fn send(&self, method: &str, form: Form) -> Result<Value, ApiError> {
        let known = |id: i64| self.log.any(|sent| sent.id == id) || self.bot.is_of_people(id);
        let draft = rules::check(method, form, &self.options, &known)?;
        if self.options.flood {
            self.pace.take(&draft.chat, Instant::now()).map_err(ApiError::flood)?;
        }
        let count = i64::try_from(draft.files.len().max(1)).unwrap_or(1);
        let id = self.last_id.fetch_add(count, Ordering::Relaxed) + 1;
        let chat = json!({ "id": draft.chat.parse::<i64>().unwrap_or(-1) });
        for (place, number) in (id..id + count).enumerate() {
            let first = place == 0;
            self.bot.hold(
                number,
                Held {
                    chat: draft.chat.clone(),
                    kind: draft
                        .files
                        .get(place)
                        .map_or("text".to_owned(), |file| file.kind.clone()),
                    album: method == "sendMediaGroup",
                    html: if first { draft.html.clone() } else { String::new() },
                    keyboard: draft.keyboard.clone(),
                },
            );
        }
        self.log.push(Sent { id, ..draft });
        let message = |id: i64| json!({ "message_id": id, "date": 0, "chat": chat });
        Ok(match method {
            "sendMediaGroup" => (id..id + count).map(message).collect(),
            _ => message(id),
        })
    }
}
