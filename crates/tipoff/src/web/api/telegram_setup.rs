//! The steps of a Telegram bot: its name, and the chat that writes to it. Nothing is stored.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_channels::telegram::{Chat, DEFAULT_API, Setup};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::channel_draft::{fault, refused};
use super::super::error_responses::ChannelFailed;
use super::super::extract::Json;
use super::super::problem::Problem;
use super::super::qr_code::qr_code;
use crate::runtime::shutdown::Phase;

/// How long one request waits for a message to the bot. The page asks again.
const WAIT: Duration = Duration::from_secs(15);

/// A bot.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct TelegramBot {
    /// Its token, from @BotFather.
    token: String,
    /// Another Bot API server than Telegram's.
    #[serde(default)]
    api: Option<String>,
}

impl TelegramBot {
    fn setup(&self) -> Result<Setup, Problem> {
        let api = self.api.as_deref().map(str::trim).filter(|api| !api.is_empty());
        let setup = Setup::new(api.unwrap_or(DEFAULT_API), self.token.trim());
        setup.map_err(|message| {
            let field = if message.starts_with("`api`") { "api" } else { "token" };
            refused(vec![fault(field, &message)])
        })
    }
}

/// The name of a bot.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct TelegramBotName {
    /// The name that people write to, without the @.
    username: String,
    /// The link that opens a chat with it.
    link: String,
    /// The link as a QR code: a `data:` URL of an SVG picture.
    qr: String,
}

/// The name of a Telegram bot, which also checks its token.
#[utoipa::path(
    post, path = "/api/v1/telegram/bot", tag = "channels", request_body = TelegramBot,
    responses(
        (status = 200, body = TelegramBotName),
        ChannelFailed,
    ),
)]
pub(in super::super) async fn bot(
    Json(bot): Json<TelegramBot>,
) -> Result<Json<TelegramBotName>, Problem> {
    let bot = bot.setup()?.bot().await.map_err(failed)?;
    let link = format!("https://t.me/{}", bot.username);
    Ok(Json(TelegramBotName { username: bot.username, qr: qr_code(&link), link }))
}

/// A chat that a bot can write to.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct TelegramChat {
    /// The value of the setting `chat`. Null if nobody wrote to the bot while this waited.
    chat: Option<String>,
    /// The title of the group or channel, or the person's name.
    title: Option<String>,
    /// The value of the setting `topic`, if the message was in a topic.
    topic: Option<i64>,
}

/// Waits up to 15 seconds until somebody writes to the bot, or adds it to a group.
#[utoipa::path(
    post, path = "/api/v1/telegram/chat", tag = "channels", request_body = TelegramBot,
    responses(
        (status = 200, body = TelegramChat),
        ChannelFailed,
    ),
)]
pub(in super::super) async fn chat(
    State(state): State<AppState>,
    Json(bot): Json<TelegramBot>,
) -> Result<Json<TelegramChat>, Problem> {
    let setup = bot.setup()?;
    let mut shutdown = state.supervisor.shutdown();
    let found = tokio::select! {
        found = setup.look_for_chat(WAIT) => found.map_err(failed)?,
        () = shutdown.reached(Phase::Ending) => None,
    };
    Ok(Json(match found {
        Some(Chat { id, title, topic }) => {
            TelegramChat { chat: Some(id.to_string()), title: Some(title), topic }
        }
        None => TelegramChat { chat: None, title: None, topic: None },
    }))
}

fn failed(error: String) -> Problem {
    Problem::new(StatusCode::FAILED_DEPENDENCY, error)
}
