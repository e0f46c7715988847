//! Long polling (getUpdates): asks Telegram for the buttons that people press and the commands that they write. One
//! request waits at Telegram all the time. It needs no public address, unlike the webhook.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::answer::TelegramFailure;
use super::api::{ASK_TIME, BotApi};
use super::backoff::{PAUSE_MIN, UpdateBackoff};
use super::bot::Bot;
use super::update::{ALLOWED_UPDATES, Update};
use crate::multipart::Form;

/// How long Telegram holds a request while nothing happens, in seconds.
const POLL_S: u64 = 50;
/// Number of updates in an answer. All are handled before the next ones are requested.
const UPDATES_MAX: u32 = 20;
/// Size limit of an answer with updates, in bytes. The largest message has about 100 KB.
pub(super) const UPDATES_BYTES_MAX: usize = 4 << 20;

/// Asks for updates for as long as it is polled. The next request confirms an update, after its channel handled
/// it. Until then, Telegram sends it again after a restart.
pub(super) async fn poll(api: &BotApi, bot: &Bot) -> Infallible {
    let (mut offset, mut count) = (None, UPDATES_MAX);
    let mut backoff = UpdateBackoff::default();
    loop {
        let asked = Instant::now();
        let pause = match updates(api, offset, count).await {
            Ok(updates) => {
                backoff.reset();
                let before = offset;
                for update in updates.iter().filter_map(Update::read) {
                    offset = Some(update.update_id.saturating_add(1));
                    bot.deliver(update).await;
                }
                count = UPDATES_MAX;
                // Protects a server that answers at once instead of holding the request.
                let is_idle = offset == before && asked.elapsed() < PAUSE_MIN;
                if is_idle { PAUSE_MIN } else { Duration::ZERO }
            }
            Err(problem) => {
                // The answer may be too large: ask for one update at a time.
                count = 1;
                backoff.next_pause(problem)
            }
        };
        sleep(pause).await;
    }
}

/// Requests the updates from `offset` on, at most `count`.
async fn updates(
    api: &BotApi,
    offset: Option<i64>,
    count: u32,
) -> Result<Vec<Value>, TelegramFailure> {
    let mut form = Form::new();
    if let Some(offset) = offset {
        form.field("offset", offset.to_string());
    }
    form.field("limit", count.to_string());
    form.field("timeout", POLL_S.to_string());
    form.json("allowed_updates", ALLOWED_UPDATES.to_owned());
    let time = ASK_TIME + Duration::from_secs(POLL_S);
    match api.ask_reading("getUpdates", form, time, UPDATES_BYTES_MAX).await? {
        Value::Array(updates) => Ok(updates),
        _ => Ok(Vec::new()),
    }
}
