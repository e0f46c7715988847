//! Asking Telegram for what people press and write: by long polling, or by a webhook that Telegram
//! calls. One request waits at Telegram all the time, so nothing is done while nothing happens.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;
use tipoff_model::Verdict;
use tokio::time::{Instant, sleep};

use super::answer::Problem;
use super::api::{ANSWER_BYTES_MAX, Api};
use super::bot::Bot;
use super::hook;
use super::update::{ALLOWED_UPDATES, Update};
use crate::HomeControl;
use crate::multipart::Form;

/// How long Telegram holds a request while nothing happens.
const POLL_S: u64 = 50;
/// How long an answer may take besides.
const TIME: Duration = Duration::from_secs(15);
/// How many updates come at once: each is done before the next ones are asked for.
const UPDATES_MAX: u32 = 20;
/// How large an answer with updates may be, in bytes. The largest message is of about 100 KB.
pub(super) const UPDATES_BYTES_MAX: usize = 4 << 20;
/// The pauses after a failure grow from here …
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// … to here.
const PAUSE_MAX: Duration = Duration::from_secs(20);
/// The same where another program asks for the updates of this bot: each request of ours cuts its
/// request off.
const CONFLICT_PAUSE_MIN: Duration = Duration::from_secs(30);
const CONFLICT_PAUSE_MAX: Duration = Duration::from_secs(10 * 60);

/// Asks for updates for as long as it is polled. One is confirmed, with the next request, when its
/// channel has done what it asks for; until then it comes again after any restart.
pub(super) async fn poll(api: &Api, bot: &Bot, home_control: &dyn HomeControl) -> Infallible {
    let (mut offset, mut count) = (None, UPDATES_MAX);
    let mut trouble = Trouble::default();
    hook::retire(api, home_control).await;
    loop {
        let asked = Instant::now();
        let pause = match updates(api, offset, count).await {
            Ok(updates) => {
                trouble.over();
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
                trouble.pause(problem)
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
    let time = TIME + Duration::from_secs(POLL_S);
    match api.ask("getUpdates", form, time, UPDATES_BYTES_MAX).await? {
        Value::Array(updates) => Ok(updates),
        _ => Ok(Vec::new()),
    }
}

/// Has Telegram call us, for as long as it is polled.
pub(super) async fn hook(api: &Api, home_control: &dyn HomeControl) -> Infallible {
    let Some(url) = home_control.hook_url() else {
        tracing::error!(
            "`updates = \"webhook\"` needs `http.public_url` with https://. Buttons and commands do \
             not work; alerts are not affected.",
        );
        return std::future::pending().await;
    };
    let mut trouble = Trouble::default();
    loop {
        match hook::set(api, home_control, &url).await {
            Ok(()) => {
                trouble.over();
                tracing::info!("Telegram calls us for what people press and write.");
                return std::future::pending().await;
            }
            Err(problem) => sleep(trouble.pause(problem)).await,
        }
    }
}

/// Calls a method that answers with little, outside of an alert.
pub(super) async fn ask(api: &Api, method: &str, form: Form) -> Result<Value, Problem> {
    api.ask(method, form, TIME, ANSWER_BYTES_MAX).await
}

/// Failures in a row: logged once, with growing pauses.
#[derive(Default)]
pub(super) struct Trouble {
    failures: u32,
    told: bool,
}

impl Trouble {
    /// It works again.
    pub(super) fn over(&mut self) {
        if self.told {
            tracing::info!("Telegram's buttons and commands work again.");
        }
        *self = Self::default();
    }

    /// How long to wait after this.
    pub(super) fn pause(&mut self, problem: Problem) -> Duration {
        let (min, max, asked, error) = match problem {
            Problem::Conflict(said) => (
                CONFLICT_PAUSE_MIN,
                CONFLICT_PAUSE_MAX,
                None,
                format!("another program uses the bot ({said}): stop it, or give it its own bot"),
            ),
            Problem::Stop(Verdict::Retry { after, error, .. }) => {
                (PAUSE_MIN, PAUSE_MAX, after, error)
            }
            Problem::Stop(Verdict::Refused { error }) | Problem::NotTaken(error) => {
                (PAUSE_MIN, PAUSE_MAX, None, error)
            }
            other => {
                (PAUSE_MIN, PAUSE_MAX, None, format!("Telegram's answer is not known: {other:?}"))
            }
        };
        if self.told {
            tracing::debug!(error, "Telegram's buttons and commands still do not work.");
        } else {
            self.told = true;
            tracing::warn!(
                error,
                "Telegram's buttons and commands do not work for now; alerts are not affected. They \
                 are tried again; `updates = \"off\"` turns them off.",
            );
        }
        let grown = min.saturating_mul(1 << self.failures.min(10)).min(max);
        self.failures = self.failures.saturating_add(1);
        asked.map_or(grown, |asked| asked.max(grown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_what_telegram_asks_for_is_obeyed() {
        let mut trouble = Trouble::default();
        let mut pause = |problem| trouble.pause(problem).as_secs();
        let failed = |after| {
            let error = "no".to_owned();
            Problem::Stop(Verdict::Retry { scope: tipoff_model::Scope::Channel, after, error })
        };
        assert_eq!((pause(failed(None)), pause(failed(None))), (1, 2));
        assert_eq!(pause(failed(Some(Duration::from_secs(90)))), 90);
        assert_eq!(pause(Problem::NotTaken(String::new())), 8);
        for _ in 0..9 {
            pause(failed(None));
        }
        assert_eq!(pause(failed(None)), PAUSE_MAX.as_secs());
        trouble.over();
        let mut pause = || trouble.pause(Problem::Conflict(String::new())).as_secs();
        assert_eq!((pause(), pause(), pause()), (30, 60, 120));
        let last = (0..9).map(|_| pause()).last();
        assert_eq!(last, Some(600));
    }
}
