//! Sends the mails of an alert to the recipients who do not have them yet, in a form that the server accepts.

use std::sync::Arc;

use lettre::Address;
use tipoff_model::{Alert, AlertMedia, Outcome, Receipt, Scope, Verdict};
use tokio::task::{JoinError, spawn_blocking};

use super::fault::{Refusal, later};
use super::original::{self, Fit};
use super::progress::Progress;
use super::talk::{Envelope, Taken, Talk};
use super::{Email, Item, LIMITS, attached};
use crate::body::BodyError;
use crate::{Attachment, Context, Message, plan, words};

impl Email {
    /// Sends the mails of an alert, each to the recipients who do not have it.
    pub(super) async fn send_all(
        &self,
        items: Vec<(usize, Item)>,
        context: &Context<'_>,
    ) -> Outcome {
        let mut progress = Progress::read(context);
        let mut receipt = Receipt::default();
        let mut refused = Vec::new();
        let mut remember = Vec::new();
        let mut more = items.into_iter().peekable();
        while let Some((number, item)) = more.next() {
            let to = progress.missing(number, &self.to);
            if to.is_empty() {
                continue;
            }
            match self.send_one(number, &item, &to, context).await {
                Ok(taken) => {
                    progress.note(number, &taken.served);
                    if !taken.later.is_empty() {
                        remember = vec![progress.write(context, &self.slots)];
                        let verdict = later(Scope::Message, taken.later.join("; "));
                        return Outcome { verdict, remember };
                    }
                    if !taken.never.is_empty() {
                        let never = taken.never.join("; ");
                        refused.push(format!("not everybody in `to` got it: {never}"));
                    }
                    receipt.reference =
                        receipt.reference.or(self.reference(number, &item, context));
                }
                // The mails behind it may still be taken: they are tried, and the refusal is told.
                Err(Verdict::Refused { error }) => refused.push(error),
                Err(verdict) => return Outcome { verdict, remember },
            }
            progress.done(number);
            if more.peek().is_some() {
                remember = vec![progress.write(context, &self.slots)];
            }
        }
        let verdict = match refused.is_empty() {
            true => Verdict::Delivered(receipt),
            false => Verdict::Refused { error: refused.join("; ") },
        };
        Outcome { verdict, remember: progress.end() }
    }

    /// What follows answers a mail of ours; of a device's own the id is not known.
    fn reference(&self, number: usize, item: &Item, context: &Context<'_>) -> Option<String> {
        let subject = self.subject(number, context.alert);
        let reference = format!("{} {subject}", self.id(number, context.alert));
        matches!(item, Item::Fresh(_)).then_some(reference)
    }

    /// Sends a mail, if necessary with text in place of files.
    async fn send_one(
        &self,
        number: usize,
        item: &Item,
        to: &[Address],
        context: &Context<'_>,
    ) -> Result<Taken, Verdict> {
        let mut talk = Talk::begin(&self.server).await?;
        let sent = match item {
            Item::Fresh(message) => self.send_fresh(&mut talk, number, message, to, context).await,
            Item::Resent(mail, fit) => {
                self.send_original(&mut talk, number, (mail, fit), to, context).await
            }
        };
        talk.end().await;
        sent
    }

    async fn send_original(
        &self,
        talk: &mut Talk<'_>,
        number: usize,
        (mail, fit): (&AlertMedia, &Fit),
        to: &[Address],
        context: &Context<'_>,
    ) -> Result<Taken, Verdict> {
        let head = self.resent_fields(number, fit, context.alert);
        let len = fit.len.saturating_add(head.len() as u64);
        let fits = talk.bytes_max.is_none_or(|max| len <= max);
        if fits && (!fit.eight_bit || talk.takes_eight_bit()) {
            let (mail, files) = (mail.clone(), Arc::clone(context.files));
            let reading =
                spawn_blocking(move || original::append(&mail, &*files, head.into_bytes()));
            let bytes = read(reading.await)?;
            match talk.mail(&self.envelope(to), &bytes).await {
                Ok(taken) => return Ok(taken),
                Err(Refusal::Verdict(verdict)) => return Err(verdict),
                // A new mail with the same files may be accepted, or at least its text.
                Err(Refusal::Content(_)) => {}
            }
        }
        let message = attached(context.alert, mail);
        self.send_fresh(talk, number, &message, to, context).await
    }

    async fn send_fresh(
        &self,
        talk: &mut Talk<'_>,
        number: usize,
        message: &Message,
        to: &[Address],
        context: &Context<'_>,
    ) -> Result<Taken, Verdict> {
        let message = self.fitted(number, message, talk.bytes_max, context.alert);
        let why = match self.try_fresh(talk, number, &message, to, context).await {
            Ok(taken) => return Ok(taken),
            Err(Refusal::Verdict(verdict)) => return Err(verdict),
            Err(Refusal::Content(error)) if message.files.is_empty() => {
                return Err(Verdict::Refused { error });
            }
            Err(Refusal::Content(why)) => why,
        };
        let max = LIMITS.text_utf16_max;
        let words = plan::without_files(&message, context.alert, max, &why);
        match self.try_fresh(talk, number, &words, to, context).await {
            Ok(taken) => Ok(taken),
            Err(Refusal::Verdict(verdict)) => Err(verdict),
            Err(Refusal::Content(error)) => Err(Verdict::Refused { error }),
        }
    }

    fn envelope<'a>(&'a self, to: &'a [Address]) -> Envelope<'a> {
        Envelope { from: &self.from.address, to, is_rest: to.len() < self.to.len() }
    }

    async fn try_fresh(
        &self,
        talk: &mut Talk<'_>,
        number: usize,
        message: &Message,
        to: &[Address],
        context: &Context<'_>,
    ) -> Result<Taken, Refusal> {
        let body = self.compose(number, message, context.alert);
        let bytes = Vec::with_capacity(usize::try_from(body.len()).unwrap_or_default());
        let bytes = body.write_to(context.files, bytes).await;
        let bytes =
            bytes.map_err(|BodyError(error)| Refusal::Verdict(later(Scope::Message, error)))?;
        talk.mail(&self.envelope(to), &bytes).await
    }

    /// The message without its largest files, so that the mail fits the server's size limit.
    fn fitted(
        &self,
        number: usize,
        message: &Message,
        bytes_max: Option<u64>,
        alert: &Alert,
    ) -> Message {
        let Some(max) = bytes_max else {
            return message.clone();
        };
        let why = format!("too big for this mail server (limit {} a mail)", words::size(max));
        let mut left_out: Vec<&Attachment> = Vec::new();
        let mut fitted = message.clone();
        while self.compose(number, &fitted, alert).len() > max {
            let rest = message.files.iter().filter(|file| !left_out.contains(file));
            let Some(largest) = rest.max_by_key(|file| file.size()) else {
                break;
            };
            left_out.push(largest);
            let is_left_out = |file: &Attachment| left_out.contains(&file);
            fitted = plan::without(message, alert, LIMITS.text_utf16_max, &why, &is_left_out);
        }
        fitted
    }
}

fn read(joined: Result<Result<Vec<u8>, BodyError>, JoinError>) -> Result<Vec<u8>, Verdict> {
    let read = joined.unwrap_or_else(|error| Err(BodyError(error.to_string())));
    read.map_err(|BodyError(error)| later(Scope::Message, error))
}
