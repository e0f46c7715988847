//! Sends files one by one if the server refuses them together (`APPRISE_MAX_ATTACHMENTS`). The first file comes with
//! the text. The progress is stored, so that no file is sent twice after a failure.

use std::sync::atomic::Ordering;

use tipoff_model::{Alert, Outcome, Receipt, Verdict};

use super::{Apprise, LIMITS};
use crate::message_service::{self, FilesRefused, MessageSender};
use crate::{Channel, Context, Message, message_plan};

/// Number of alerts whose progress is stored. It may be small: a failure between two parts is rare.
const SLOTS: i64 = 64;

/// The progress of a message in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PartsProgress {
    /// Index of the file that was sent with the text: the first that the server accepted.
    first: usize,
    /// Number of parts that were accepted or refused for good.
    done: usize,
}

impl Apprise {
    /// Sends a message of several files: together, or one by one.
    pub(super) async fn send_files(&self, message: &Message, context: &Context<'_>) -> Outcome {
        let label = self.label(message, context.alert);
        if let Some(parts) = recalled(&label, context) {
            return self.send_rest(message, parts, &label, context).await;
        }
        let mut why = String::new();
        if !self.takes_one.load(Ordering::Relaxed) {
            match self.send_once(message, context).await {
                Ok(verdict) => return verdict.into(),
                Err(FilesRefused(said)) => why = said,
            }
        }
        for first in 0..message.files.len() {
            match self.send_once(&part(message, first, first), context).await {
                Ok(Verdict::Delivered(receipt)) => {
                    let parts = PartsProgress { first, done: 1 };
                    let mut outcome = self.send_rest(message, parts, &label, context).await;
                    keep_receipt(&mut outcome.verdict, receipt);
                    return outcome;
                }
                Ok(verdict) => return verdict.into(),
                Err(FilesRefused(said)) => why = said,
            }
        }
        // The server refused every file.
        self.takes_one.store(false, Ordering::Relaxed);
        let words =
            message_plan::without_files(message, context.alert, LIMITS.text_utf16_max, &why);
        message_service::send_or_without_files(self, &LIMITS, &words, context).await
    }

    /// Sends the parts that are left. A part that is refused for good does not stop the others.
    async fn send_rest(
        &self,
        message: &Message,
        parts: PartsProgress,
        label: &str,
        context: &Context<'_>,
    ) -> Outcome {
        let PartsProgress { first, mut done } = parts;
        let others = (0..message.files.len()).filter(|number| *number != first);
        let mut refused = None;
        for number in others.skip(done.saturating_sub(1)) {
            let part = part(message, number, first);
            let outcome =
                message_service::send_or_without_files(self, &LIMITS, &part, context).await;
            match outcome.verdict {
                Verdict::Delivered(_) => {}
                Verdict::Refused { error } | Verdict::Gone { error } => refused = Some(error),
                verdict @ Verdict::Retry { .. } => {
                    let value = format!("{label} {first} {done}");
                    return Outcome { verdict, remember: vec![(slot(context.alert), value)] };
                }
            }
            done = done.saturating_add(1);
        }
        self.takes_one.store(refused.is_none(), Ordering::Relaxed);
        let verdict = match refused {
            None => Verdict::Delivered(Receipt::default()),
            Some(error) => Verdict::Refused { error },
        };
        let was_remembered = recalled(label, context).is_some();
        let forgotten = was_remembered.then(|| (slot(context.alert), String::new()));
        Outcome { verdict, remember: forgotten.into_iter().collect() }
    }

    /// The name of a message among all messages of all alerts. It has no space in the alert's key, because values
    /// in memory are separated by spaces.
    fn label(&self, message: &Message, alert: &Alert) -> String {
        let messages = message_plan::messages(alert, &self.abilities());
        let number = messages.iter().position(|it| it == message).unwrap_or_default();
        format!("{} {number}", alert.idempotency_key.replace(' ', "-"))
    }
}

/// The part of a message with one of its files. The first part has the text.
fn part(message: &Message, number: usize, first: usize) -> Message {
    let files = message.files.get(number).cloned().into_iter().collect();
    match number == first {
        true => Message { files, ..message.clone() },
        false => Message {
            files,
            reply_to: message.reply_to.clone(),
            is_rest: true,
            ..Message::default()
        },
    }
}

/// Puts the receipt of the first part into the verdict: it says what the owner has to correct.
fn keep_receipt(verdict: &mut Verdict, receipt: Receipt) {
    if let Verdict::Delivered(of_rest) = verdict {
        *of_rest = receipt;
    }
}

/// The stored progress of a message.
fn recalled(label: &str, context: &Context<'_>) -> Option<PartsProgress> {
    let slot = slot(context.alert);
    let (_, value) = context.memory.iter().find(|(key, _)| *key == slot)?;
    let (first, done) = value.strip_prefix(label)?.trim_start().split_once(' ')?;
    Some(PartsProgress { first: first.parse().ok()?, done: done.parse().ok()? })
}

/// The memory key of an alert. Keys are used again, so that the stored data stays small.
fn slot(alert: &Alert) -> String {
    format!("parts {}", alert.delivery.0.rem_euclid(SLOTS))
}
