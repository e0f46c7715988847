//! The state of a delivery, and the outcome of an attempt.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The state of a delivery (docs/spool.md, A4 and A5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// To be attempted, for the first time or again.
    Pending,
    /// The service took it.
    Delivered,
    /// The service will never take it.
    Refused,
    /// It could not be delivered in time.
    Expired,
    /// It was withdrawn before it was delivered: somebody wanted no more alerts of its incident.
    Withdrawn,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: &[Self] =
        &[Self::Pending, Self::Delivered, Self::Refused, Self::Expired, Self::Withdrawn];

    /// The name in the spool and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What a failure concerns, so that one wrong file does not stop a channel and a dead service is
/// not asked once for every delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This message only.
    Message,
    /// Everything sent to this channel. The service answered, and does not accept anything now: a
    /// fault of its own (5xx), a rate limit, a wrong token, a blocked bot. The pauses grow.
    Channel,
    /// Everything sent to this channel. No answer came: no route, no name, connection refused or
    /// broken, no TLS, time-out, a folder that is not mounted. The pauses stay short, because
    /// nothing else shows that the destination is back.
    Unreachable,
}

/// What the service returned, for later messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The service's own name of the message, by which a follow-up replies to it.
    pub reference: Option<String>,
    /// What the owner has to correct although the message was delivered: the service ignored one of its settings. In plain
    /// words, without secrets.
    pub repair: Option<String>,
}

/// Whether an attempt has succeeded, or has to be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The service has the message.
    Delivered(Receipt),
    /// Try again: not before `after`, where the service named a time.
    Retry {
        /// What it concerns.
        scope: Scope,
        /// The pause that the service asked for.
        after: Option<Duration>,
        /// In plain words, without secrets: what happened and what to do.
        error: String,
    },
    /// Never try this message again.
    Refused {
        /// In plain words, without secrets: what happened and what to do.
        error: String,
    },
    /// The destination has ended by itself, and takes no message any more: the channel is to be removed.
    Gone {
        /// In plain words, without secrets: what happened.
        error: String,
    },
}

/// The verdict on an attempt, and what the channel remembers for the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Values that the spool stores for this channel and passes with every later message. Example: a Telegram group that
    /// became a supergroup has a new number.
    pub remember: Vec<(String, String)>,
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, remember: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_the_name_that_is_stored() {
        let names: Vec<_> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
        assert_eq!(names, ["pending", "delivered", "refused", "expired", "withdrawn"]);
    }

    #[test]
    fn a_verdict_alone_changes_nothing_that_the_channel_knows() {
        let verdict = Verdict::Refused { error: "The chat does not exist.".to_owned() };
        let outcome = Outcome::from(verdict.clone());
        assert_eq!(outcome, Outcome { verdict, remember: Vec::new() });
    }
}
