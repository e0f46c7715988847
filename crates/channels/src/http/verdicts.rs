//! Verdicts that services return for what went wrong. They answer one question: does Tipoff try again, and if so,
//! does the failure concern one message or the whole channel? When the next attempt is made is decided in dispatch.

use std::time::Duration;

use tipoff_model::{Scope, Verdict};

/// The longest pause that a service may ask for. A longer one is cut: alerts of today are of no use next week.
pub(crate) const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause after a failure that the owner has to repair.
pub(crate) const REPAIR_PAUSE: Duration = Duration::from_secs(5 * 60);

/// The whole channel waits and is retried, not before `after` if the service named a time.
pub(crate) fn retry(after: Option<Duration>, error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Channel, after, error }
}

/// Only this message is retried; the alerts behind it are sent meanwhile.
pub(crate) fn retry_message(error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Message, after: None, error }
}

/// Only this message waits until the owner repairs something; the alerts behind it are sent meanwhile.
pub(crate) fn repair_message(error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Message, after: Some(REPAIR_PAUSE), error }
}

/// No answer came: the whole channel waits until the destination can be reached.
pub(crate) fn no_answer(error: String) -> Verdict {
    Verdict::Retry { scope: Scope::Unreachable, after: None, error }
}

/// The whole channel waits until the owner repairs something. No alert is lost meanwhile.
pub(crate) fn repair(error: String) -> Verdict {
    retry(Some(REPAIR_PAUSE), error)
}
