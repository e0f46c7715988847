//! One attempt at one delivery: its messages in order, from where the last attempt got to.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tipoff_channels::{Channel, Context, Files, Message};
use tipoff_model::{Alert, DeliveryState, Outcome, Scope, Timestamp, Verdict};
use tipoff_spool::{AttemptRecord, DueDelivery};

use super::backoff;
use super::pace::Pacer;

/// What an attempt means for the channel as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// The service answered.
    Fine,
    /// Nothing can be sent to it for now.
    Ailing {
        /// What it asked for.
        after: Option<Duration>,
        /// In plain words.
        error: String,
    },
}

/// What is used to make an attempt.
pub(crate) struct Tools<'a> {
    pub(crate) channel: &'a dyn Channel,
    pub(crate) files: &'a Arc<dyn Files>,
    pub(crate) pacer: &'a Pacer,
    /// After this long a delivery that has failed is given up.
    pub(crate) expire: Duration,
}

/// How far an attempt got.
struct Progress {
    taken: u32,
    reference: Option<String>,
    memory: Vec<(String, String)>,
    remember: Vec<(String, String)>,
    refused: Option<String>,
}

/// What stopped an attempt before its end.
struct Stop {
    scope: Scope,
    after: Option<Duration>,
    error: String,
}

/// The record of a delivery that has nothing to send; `why` stands in the timeline.
pub(crate) fn not_sent(due: &DueDelivery, why: &str) -> AttemptRecord {
    let now = Timestamp::from(SystemTime::now());
    AttemptRecord {
        delivery: due.alert.delivery,
        covers: due.covers,
        at: now,
        ended_at: now,
        state: DeliveryState::Delivered,
        due_at: now,
        progress: due.progress,
        reference: due.reference.clone(),
        error: Some(why.to_owned()),
        remember: Vec::new(),
    }
}

/// Makes an attempt; what is to be recorded, and how the channel is.
pub(crate) async fn attempt(
    due: &DueDelivery,
    memory: Vec<(String, String)>,
    tools: &Tools<'_>,
) -> (AttemptRecord, Health) {
    let at = Timestamp::from(SystemTime::now());
    let messages = tipoff_channels::messages(&due.alert, &tools.channel.abilities());
    let mut progress = Progress {
        taken: due.progress,
        reference: due.reference.clone(),
        memory,
        remember: Vec::new(),
        refused: None,
    };
    let stop = send_all(&messages, &due.alert, tools, &mut progress).await;
    let ended_at = Timestamp::from(SystemTime::now());
    let expired = ended_at.since(due.created_at) >= tools.expire;
    let pause = match &stop {
        Some(Stop { scope: Scope::Message, after, .. }) => {
            after.unwrap_or_else(|| backoff::pause(due.attempts + 1, backoff::chance()))
        }
        // The channel as a whole waits: this delivery is the first when it goes on.
        _ => Duration::ZERO,
    };
    let state = match &stop {
        Some(_) if expired => DeliveryState::Expired,
        Some(_) => DeliveryState::Pending,
        None if progress.refused.is_some() => DeliveryState::Refused,
        None => DeliveryState::Delivered,
    };
    let health = match &stop {
        Some(Stop { scope: Scope::Channel, after, error }) => {
            Health::Ailing { after: *after, error: error.clone() }
        }
        _ => Health::Fine,
    };
    let record = AttemptRecord {
        delivery: due.alert.delivery,
        covers: due.covers,
        at,
        ended_at,
        state,
        due_at: ended_at.after(pause),
        progress: progress.taken,
        reference: progress.reference,
        error: stop.map(|stop| stop.error).or(progress.refused),
        remember: progress.remember,
    };
    (record, health)
}

async fn send_all(
    messages: &[Message],
    alert: &Alert,
    tools: &Tools<'_>,
    progress: &mut Progress,
) -> Option<Stop> {
    for message in messages.iter().skip(progress.taken as usize) {
        tools.pacer.acquire(&tools.channel.paces(&progress.memory)).await;
        let context = Context { files: tools.files, memory: &progress.memory, alert };
        let Outcome { verdict, remember } = tools.channel.send(message, &context).await;
        for (key, value) in remember {
            progress.memory.retain(|(known, _)| *known != key);
            progress.memory.push((key.clone(), value.clone()));
            progress.remember.push((key, value));
        }
        match verdict {
            Verdict::Delivered(receipt) => {
                progress.reference = progress.reference.take().or(receipt.reference);
            }
            // The messages behind it may still be taken: they are tried, and the refusal is told.
            Verdict::Refused { error } => progress.refused = Some(error),
            Verdict::Retry { scope, after, error } => {
                return Some(Stop { scope, after, error });
            }
        }
        progress.taken = progress.taken.saturating_add(1);
    }
    None
}
