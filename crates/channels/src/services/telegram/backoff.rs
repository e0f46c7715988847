//! The pauses after failures to get a bot's updates, and what the log says about them. Alerts do not depend on
//! updates, so that such a failure never delays one.

use std::time::Duration;

use tipoff_model::Verdict;

use super::answer::TelegramFailure;

/// The first pause after a failure; the pauses grow.
pub(super) const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest pause after a failure.
const PAUSE_MAX: Duration = Duration::from_secs(20);
/// The first pause if another program asks for the updates of this bot. Each request of one ends the request of
/// the other, so that the pauses are longer.
const CONFLICT_PAUSE_MIN: Duration = Duration::from_secs(30);
/// The longest pause then.
const CONFLICT_PAUSE_MAX: Duration = Duration::from_secs(10 * 60);

/// Consecutive failures to get updates: logged once, with growing pauses.
#[derive(Default)]
pub(super) struct UpdateBackoff {
    failures: u32,
    is_logged: bool,
}

impl UpdateBackoff {
    /// Updates arrive again.
    pub(super) fn reset(&mut self) {
        if self.is_logged {
            tracing::info!("Telegram's buttons and commands work again.");
        }
        *self = Self::default();
    }

    /// The pause after this failure.
    pub(super) fn next_pause(&mut self, problem: TelegramFailure) -> Duration {
        let (min, max, asked, error) = match problem {
            TelegramFailure::Conflict(said) => (
                CONFLICT_PAUSE_MIN,
                CONFLICT_PAUSE_MAX,
                None,
                format!("another program uses the bot ({said}): stop it, or give it its own bot"),
            ),
            TelegramFailure::Stop(Verdict::Retry { after, error, .. }) => {
                (PAUSE_MIN, PAUSE_MAX, after, error)
            }
            TelegramFailure::Stop(Verdict::Refused { error })
            | TelegramFailure::NotTaken(error) => (PAUSE_MIN, PAUSE_MAX, None, error),
            other => {
                (PAUSE_MIN, PAUSE_MAX, None, format!("Telegram's answer is not known: {other:?}"))
            }
        };
        if self.is_logged {
            tracing::debug!(error, "Telegram's buttons and commands still do not work.");
        } else {
            self.is_logged = true;
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
        let mut backoff = UpdateBackoff::default();
        let mut pause = |problem| backoff.next_pause(problem).as_secs();
        let failed = |after| {
            let error = "no".to_owned();
            TelegramFailure::Stop(Verdict::Retry {
                scope: tipoff_model::Scope::Channel,
                after,
                error,
            })
        };
        assert_eq!((pause(failed(None)), pause(failed(None))), (1, 2));
        assert_eq!(pause(failed(Some(Duration::from_secs(90)))), 90);
        assert_eq!(pause(TelegramFailure::NotTaken(String::new())), 8);
        for _ in 0..9 {
            pause(failed(None));
        }
        assert_eq!(pause(failed(None)), PAUSE_MAX.as_secs());
        backoff.reset();
        let mut pause = || backoff.next_pause(TelegramFailure::Conflict(String::new())).as_secs();
        assert_eq!((pause(), pause(), pause()), (30, 60, 120));
        let last = (0..9).map(|_| pause()).last();
        assert_eq!(last, Some(600));
    }
}
