//! Long polling: asks Telegram for the buttons that people press and the commands that they write. One
//! request waits at Telegram all the time.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::answer::Problem;
use super::api::{ASK_TIME, Api};
use super::backoff::{PAUSE_MIN, UpdateBackoff};
use super::bot::Bot;
use super::update::{ALLOWED_UPDATES, Update};
use crate::multipart::Form;

/// How long Telegram holds a request while nothing happens.
const POLL_S: u64 = 50;
/// How many updates come at once: each is done before the next ones are asked for.
const UPDATES_MAX: u32 = 20;
/// How large an answer with updates may be, in bytes. The largest message is of about 100 KB.
pub(super) const UPDATES_BYTES_MAX: usize = 4 << 20;
/// Asks for updates for as long as it is polled. One is confirmed, with the next request, when its
/// channel has done what it asks for; until then it comes again after any restart.
pub(super) async fn poll(api: &Api, bot: &Bot) -> Infallible {
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
                // A server that does not hold requests is not asked without end.
                let is_idle = offset == before && asked.elapsed() < PAUSE_MIN;
                if is_idle { PAUSE_MIN } else { Duration::ZERO }
            }
            Err(problem) => {
                // An answer that is too large to be read is asked for in pieces.
                count = 1;
                backoff.next_pause(problem)
            }
        };
        sleep(pause).await;
    }
}

async fn updates(api: &Api, offset: Option<i64>, count: u32) -> Result<Vec<Value>, Problem> {
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
