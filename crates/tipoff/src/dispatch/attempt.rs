//! One attempt at one delivery: its messages in order, from where the last attempt got to.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tipoff_channels::{Channel, Context, Files, Message};
use tipoff_model::{
    Alert, AlertKind, DeliveryState, IncidentId, Outcome, Scope, Timestamp, Verdict,
};
use tipoff_spool::{AttemptRecord, DueDelivery};

use super::backoff::{self, Reason};
use super::expiry::Expiry;
use super::files::DeliveryFiles;
use super::orders::Parts;
use super::pace::{Pacer, Precedence};
use super::repeats;
use crate::programs::programs;

/// What an attempt means for the channel as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// The service answered.
    Fine,
    /// The service was not asked.
    Unknown,
    /// Nothing can be sent to it for now.
    Failing {
        /// Which of the two kinds of failure it is.
        reason: Reason,
        /// In plain words.
        error: String,
    },
}

/// What came of an attempt.
pub(super) struct Attempted {
    /// What it was made with.
    pub(super) parts: Arc<Parts>,
    pub(super) incident: IncidentId,
    pub(super) record: AttemptRecord,
    pub(super) health: Health,
    /// What the channel's owner has to correct, of an alert that was delivered without it.
    pub(super) repair: Option<String>,
}

/// What is used to make an attempt.
struct Tools<'a> {
    channel: &'a dyn Channel,
    files: &'a Arc<dyn Files>,
    pacer: &'a Pacer,
    /// When a delivery that has failed is given up.
    expiry: &'a Expiry,
    /// Whether no person knows the device.
    is_discovered: bool,
    /// How often the delivery has failed by itself since the start, and not because of its channel.
    failures: u32,
}

/// How far an attempt got.
struct Progress {
    taken: u32,
    reference: Option<String>,
    memory: Vec<(String, String)>,
    remember: Vec<(String, String)>,
    refused: Option<String>,
    /// What the owner has to correct, of what was taken all the same.
    repair: Option<String>,
}

/// What stopped an attempt before its end.
struct Stop {
    scope: Scope,
    after: Option<Duration>,
    error: String,
}

/// The record of a delivery that has nothing to send; `why` stands in the timeline.
fn not_sent(due: &DueDelivery, why: &str) -> AttemptRecord {
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

/// What an attempt begins with, besides its delivery.
pub(super) struct Begun {
    pub(super) memory: Vec<(String, String)>,
    /// Held until the delivery's files are ready.
    pub(super) preparing: Option<Arc<()>>,
    /// How often the delivery has failed by itself before.
    pub(super) failures: u32,
}

/// Makes a delivery's files ready, then an attempt at it.
pub(super) async fn deliver(parts: Arc<Parts>, mut due: DueDelivery, begun: Begun) -> Attempted {
    let Begun { memory, preparing, failures } = begun;
    let mut files = DeliveryFiles::new(parts.common.spool.blobs().clone());
    let abilities = parts.channel.abilities();
    if !parts.channel.is_archive() {
        repeats::drop_repeats(&mut due, files.blobs()).await;
    }
    let has_news = repeats::has_news(&due, &abilities);
    parts.common.videos.prepare(&mut due, &abilities, &mut files).await;
    parts.common.pictures.prepare(&mut due.alert, &abilities, &mut files).await;
    drop(preparing);
    due.alert.buttons = parts.common.actions.buttons(&due.alert, &parts.name).await;
    parts.common.mark_late(&parts.name, &mut due);
    let files: Arc<dyn Files> = Arc::new(files);
    let tools = Tools {
        channel: &*parts.channel,
        files: &files,
        pacer: &parts.pacer,
        expiry: &parts.expiry,
        is_discovered: !due.share.is_known(),
        failures,
    };
    let (record, health, repair) = match has_news {
        true => attempt(&due, memory, &tools).await,
        false => (not_sent(&due, repeats::NOTHING_NEW), Health::Unknown, None),
    };
    if record.state != DeliveryState::Delivered {
        parts.common.late_sounds.release(&parts.name, due.alert.delivery);
    }
    if due.alert.kind == AlertKind::First && record.state == DeliveryState::Delivered {
        let took = record.ended_at.since(due.alert.received_at);
        parts.common.metrics.alerted(&parts.name, took);
    }
    Attempted { parts, incident: due.alert.incident, record, health, repair }
}

/// Makes an attempt; what is to be recorded, how the channel is, and what its owner has to correct.
async fn attempt(
    due: &DueDelivery,
    memory: Vec<(String, String)>,
    tools: &Tools<'_>,
) -> (AttemptRecord, Health, Option<String>) {
    let at = Timestamp::from(SystemTime::now());
    let messages = tipoff_channels::messages(&due.alert, &tools.channel.abilities());
    let mut progress = Progress {
        taken: due.progress,
        reference: due.reference.clone(),
        memory,
        remember: Vec::new(),
        refused: None,
        repair: None,
    };
    let stop = send_all(&messages, &due.alert, tools, &mut progress).await;
    let ended_at = Timestamp::from(SystemTime::now());
    let expired = tools.expiry.has_expired(due.created_at);
    let pause = match &stop {
        Some(Stop { scope: Scope::Message, after, .. }) => {
            let failures = tools.failures.saturating_add(1);
            after.unwrap_or_else(|| backoff::pause_of_delivery(failures, backoff::chance()))
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
            Health::Failing { reason: Reason::NotNow(*after), error: error.clone() }
        }
        Some(Stop { scope: Scope::Unreachable, error, .. }) => {
            Health::Failing { reason: Reason::Unreachable, error: error.clone() }
        }
        _ => Health::Fine,
    };
    let repair = progress.repair;
    let record = AttemptRecord {
        delivery: due.alert.delivery,
        covers: due.covers,
        at,
        ended_at,
        state,
        due_at: ended_at.after(pause),
        progress: progress.taken,
        reference: progress.reference,
        error: stop.map(|stop| stop.error).or(progress.refused).or(repair.clone()),
        remember: progress.remember,
    };
    (record, health, repair)
}

async fn send_all(
    messages: &[Message],
    alert: &Alert,
    tools: &Tools<'_>,
    progress: &mut Progress,
) -> Option<Stop> {
    let begun_at = progress.taken;
    for message in messages.iter().skip(progress.taken as usize) {
        let sent = progress.taken.saturating_sub(begun_at);
        let precedence = Precedence { is_discovered: tools.is_discovered, sent };
        tools.pacer.acquire(&tools.channel.paces(&progress.memory), precedence).await;
        let (memory, programs) = (&progress.memory, programs());
        let context = Context { files: tools.files, memory, alert, programs };
        let Outcome { verdict, remember } = tools.channel.send(message, &context).await;
        for (key, value) in remember {
            progress.memory.retain(|(known, _)| *known != key);
            progress.memory.push((key.clone(), value.clone()));
            progress.remember.push((key, value));
        }
        match verdict {
            Verdict::Delivered(receipt) => {
                progress.reference = progress.reference.take().or(receipt.reference);
                progress.repair = progress.repair.take().or(receipt.repair);
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

/// Says how an attempt ended.
pub(super) fn log(channel: &str, record: &AttemptRecord) {
    let (delivery, error) = (record.delivery, record.error.as_deref().unwrap_or_default());
    match record.state {
        DeliveryState::Delivered => {
            tracing::info!(channel, %delivery, "An alert is delivered.")
        }
        DeliveryState::Pending => {
            tracing::debug!(channel, %delivery, error, "An alert will be tried again.");
        }
        DeliveryState::Withdrawn => {
            tracing::debug!(channel, %delivery, "An alert was withdrawn.");
        }
        DeliveryState::Refused => {
            tracing::error!(channel, %delivery, error, "The service refused an alert.");
        }
        DeliveryState::Expired => tracing::error!(
            channel, %delivery, error, "An alert could not be delivered in time and is given up.",
        ),
    }
}
