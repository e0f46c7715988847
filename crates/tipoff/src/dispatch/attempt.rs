//! One attempt at one delivery: its messages in order, starting behind those that an earlier attempt sent.
//!
//! The worker decides when an attempt starts and stores its record. Here its files are prepared, its messages are sent
//! at the pace of the service, and the answers become a record and the health of the channel. A crash in between
//! repeats messages, and never omits one (docs/spool.md, A4).

use std::sync::Arc;
use std::time::Duration;

use tipoff_channels::{Channel, Context, Files, Message};
use tipoff_model::{
    Alert, AlertKind, DeliveryState, IncidentId, Outcome, Scope, Timestamp, Verdict,
};
use tipoff_spool::{AttemptRecord, DueDelivery};
use tokio::sync::OwnedSemaphorePermit;

use super::backoff::{self, Reason};
use super::command::WorkerContext;
use super::duplicates;
use super::expiry::Expiry;
use super::files::DeliveryFiles;
use super::pace::{Pacer, Precedence};
use crate::programs::programs;
use crate::runtime::clock::Clock;

/// What an attempt showed about the channel as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ChannelHealth {
    /// The service answered.
    Fine,
    /// The service was not asked.
    Unknown,
    /// The destination has ended by itself.
    Ended,
    /// The service takes no delivery for now.
    Failing {
        reason: Reason,
        /// In plain words.
        error: String,
    },
}

/// The result of an attempt.
pub(super) struct AttemptOutcome {
    /// The settings that the attempt used; they may be replaced by now.
    pub(super) context: Arc<WorkerContext>,
    pub(super) incident: IncidentId,
    pub(super) record: AttemptRecord,
    pub(super) health: ChannelHealth,
    /// A setting that the owner has to correct: the alert was delivered without it.
    pub(super) repair: Option<String>,
}

/// What an attempt works with, besides its delivery.
struct AttemptContext<'a> {
    channel: &'a dyn Channel,
    files: &'a Arc<dyn Files>,
    pacer: &'a Pacer,
    /// When a delivery that has failed is given up.
    expiry: &'a Expiry,
    clock: &'a Clock,
    /// Whether the device is discovered: no person has configured or accepted it.
    is_discovered: bool,
    /// How often the delivery itself, not its channel, has failed since the start.
    failures: u32,
}

/// How far an attempt has got.
struct AttemptProgress {
    /// Messages that the service took, in this and earlier attempts.
    taken: u32,
    /// The service's reference of the first message: follow-ups are sent as replies to it.
    reference: Option<String>,
    /// What the channel remembers (keys and values), with the changes of this attempt.
    memory: Vec<(String, String)>,
    /// The changes themselves, which are stored with the record.
    remember: Vec<(String, String)>,
    /// Why the service refused a message, in plain words; the latest if it refused several.
    refused: Option<String>,
    /// Whether the destination has ended by itself.
    has_ended: bool,
    /// A setting that the owner has to correct, although the message was taken.
    repair: Option<String>,
}

/// Why an attempt stopped before its end.
struct Stop {
    /// Whether only this delivery is affected, or the channel.
    scope: Scope,
    /// The pause that the service asked for.
    after: Option<Duration>,
    /// In plain words; for the timeline and the log.
    error: String,
}

/// The record of an attempt that began and ended at `at` and sent nothing: the delivery is left in `state`.
pub(crate) fn empty_attempt(
    due: &DueDelivery,
    at: Timestamp,
    state: DeliveryState,
) -> AttemptRecord {
    AttemptRecord {
        delivery: due.alert.delivery,
        covers: due.covers,
        at,
        ended_at: at,
        state,
        due_at: at,
        progress: due.progress,
        reference: due.reference.clone(),
        error: None,
        remember: Vec::new(),
        lease: None,
    }
}

/// The record of a delivery without content to send; the timeline shows `why`.
fn not_sent(due: &DueDelivery, now: Timestamp, why: &str) -> AttemptRecord {
    let error = Some(why.to_owned());
    AttemptRecord { error, ..empty_attempt(due, now, DeliveryState::Delivered) }
}

/// What an attempt starts with, besides its delivery.
pub(super) struct AttemptStart {
    /// What the channel remembers.
    pub(super) memory: Vec<(String, String)>,
    /// Held until the delivery's files are prepared.
    pub(super) preparing: Option<OwnedSemaphorePermit>,
    /// How often the delivery itself has failed before.
    pub(super) failures: u32,
}

/// Prepares a delivery's files, then attempts it. Preparing uses no slot of the channel (`preparing`), so that a long
/// conversion delays no other alert. Buttons, lateness and the files that the incident already has are decided here, at
/// the moment of the attempt, because they change while a delivery waits.
pub(super) async fn deliver(
    worker: Arc<WorkerContext>,
    mut due: DueDelivery,
    start: AttemptStart,
) -> AttemptOutcome {
    let AttemptStart { memory, preparing, failures } = start;
    let common = &worker.common;
    let mut files = DeliveryFiles::new(common.spool.blobs().clone());
    let abilities = worker.channel.abilities();
    if !worker.channel.is_archive() {
        duplicates::drop_duplicate_files(&mut due, files.blobs()).await;
    }
    let has_content = duplicates::has_new_content(&due, &abilities);
    common.videos.prepare(&mut due, &abilities, &mut files).await;
    common.pictures.prepare(&mut due.alert, &abilities, &mut files).await;
    drop(preparing);
    due.alert.buttons = common.actions.buttons(&due.alert, &worker.name).await;
    common.mark_late(&worker.name, &mut due);
    let files: Arc<dyn Files> = Arc::new(files);
    let context = AttemptContext {
        channel: &*worker.channel,
        files: &files,
        pacer: &worker.pacer,
        expiry: &worker.expiry,
        clock: &common.clock,
        is_discovered: !due.share.is_known(),
        failures,
    };
    let (record, health, repair) = match has_content {
        true => attempt(&due, memory, &context).await,
        false => {
            let record = not_sent(&due, common.clock.now(), duplicates::NOTHING_NEW);
            (record, ChannelHealth::Unknown, None)
        }
    };
    if record.state != DeliveryState::Delivered {
        common.late_sounds.release(&worker.name, due.alert.delivery);
    }
    if due.alert.kind == AlertKind::First && record.state == DeliveryState::Delivered {
        let took = record.ended_at.since(due.alert.received_at);
        common.metrics.alerted(&worker.metrics_name, took);
    }
    AttemptOutcome { context: worker, incident: due.alert.incident, record, health, repair }
}

/// Sends what is left of the delivery. Returns what to record, the channel's health, and what the owner has to
/// correct.
async fn attempt(
    due: &DueDelivery,
    memory: Vec<(String, String)>,
    context: &AttemptContext<'_>,
) -> (AttemptRecord, ChannelHealth, Option<String>) {
    let at = context.clock.now();
    let messages = tipoff_channels::messages(&due.alert, &context.channel.abilities());
    let mut progress = AttemptProgress {
        taken: due.progress,
        reference: due.reference.clone(),
        memory,
        remember: Vec::new(),
        refused: None,
        has_ended: false,
        repair: None,
    };
    let stop = send_all(&messages, &due.alert, context, &mut progress).await;
    let ended_at = context.clock.now();
    let state = state(stop.as_ref(), &progress, context.expiry.has_expired(due.created_at));
    let pause = stop.as_ref().map_or(Duration::ZERO, |stop| stop.pause(context.failures));
    let answered = if progress.has_ended { ChannelHealth::Ended } else { ChannelHealth::Fine };
    let health = stop.as_ref().map_or(answered, Stop::health);
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
        lease: None,
    };
    (record, health, repair)
}

/// The state of the delivery after the attempt. A stopped delivery expires only now, after an attempt that failed: a
/// service that is back takes even an old alert.
fn state(stop: Option<&Stop>, progress: &AttemptProgress, has_expired: bool) -> DeliveryState {
    match stop {
        Some(_) if has_expired => DeliveryState::Expired,
        Some(_) => DeliveryState::Pending,
        None if progress.refused.is_some() => DeliveryState::Refused,
        None => DeliveryState::Delivered,
    }
}

impl Stop {
    /// The pause of the delivery, which itself has failed `failures` times before. Where the channel as a whole
    /// pauses, the delivery has none of its own: it is the first when the channel goes on.
    fn pause(&self, failures: u32) -> Duration {
        if self.scope != Scope::Message {
            return Duration::ZERO;
        }
        let failures = failures.saturating_add(1);
        self.after.unwrap_or_else(|| backoff::pause_of_delivery(failures, backoff::chance()))
    }

    /// What the stop shows about the channel. If only this delivery is affected, the service has answered.
    fn health(&self) -> ChannelHealth {
        let reason = match self.scope {
            Scope::Channel => Reason::NotNow(self.after),
            Scope::Unreachable => Reason::Unreachable,
            Scope::Message => return ChannelHealth::Fine,
        };
        ChannelHealth::Failing { reason, error: self.error.clone() }
    }
}

/// Sends the messages that no earlier attempt has sent, until all are taken or one has to be retried. Each waits for
/// the pace of the service. A message counts as taken when it is refused too: it would be refused again.
async fn send_all(
    messages: &[Message],
    alert: &Alert,
    context: &AttemptContext<'_>,
    progress: &mut AttemptProgress,
) -> Option<Stop> {
    let begun_at = progress.taken;
    for message in messages.iter().skip(progress.taken as usize) {
        let sent = progress.taken.saturating_sub(begun_at);
        let precedence = Precedence { is_discovered: context.is_discovered, sent };
        context.pacer.acquire(&context.channel.paces(&progress.memory), precedence).await;
        let (memory, programs) = (&progress.memory, programs());
        let send_context = Context { files: context.files, memory, alert, programs };
        let Outcome { verdict, remember } = context.channel.send(message, &send_context).await;
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
            // The service may still take the messages behind it: they are sent, and the refusal is recorded.
            Verdict::Refused { error } => progress.refused = Some(error),
            Verdict::Gone { error } => (progress.refused, progress.has_ended) = (Some(error), true),
            Verdict::Retry { scope, after, error } => {
                return Some(Stop { scope, after, error });
            }
        }
        progress.taken = progress.taken.saturating_add(1);
    }
    None
}

/// Logs how an attempt ended. A retry is no news in the log: the failure of the channel is logged once, by the worker.
pub(super) fn log(channel: &str, record: &AttemptRecord) {
    let (delivery, error) = (record.delivery, record.error.as_deref().unwrap_or_default());
    match record.state {
        DeliveryState::Delivered => {
            tracing::info!(channel, %delivery, "An alert is delivered.")
        }
        DeliveryState::Pending => {
            tracing::debug!(channel, %delivery, error, "An alert will be retried.");
        }
        DeliveryState::Withdrawn => {
            tracing::debug!(channel, %delivery, "An alert was withdrawn.");
        }
        DeliveryState::Refused => {
            tracing::error!(channel, %delivery, error, "The service refused an alert.");
        }
        DeliveryState::Expired => tracing::error!(
            channel, %delivery, error, "An alert expired before it could be delivered.",
        ),
    }
}
