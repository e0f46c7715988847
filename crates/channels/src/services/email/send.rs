//! Sends the mails of an alert to the recipients who do not have them yet, in a form that the server accepts. If
//! the server refuses a mail for its content, a simpler one follows: first the device's own mail, then a new mail
//! with its files, then one with text alone.

use std::sync::Arc;

use lettre::Address;
use tipoff_model::{Alert, AlertMedia, Outcome, Receipt, Verdict};
use tokio::task::{JoinError, spawn_blocking};

use super::answer::MailRefusal;
use super::original::{self, OriginalFacts};
use super::progress::Progress;
use super::smtp_session::{Envelope, RecipientResults, SmtpSession};
use super::{Email, LIMITS, OutgoingMail, attached};
use crate::body::BodyError;
use crate::http::retry_message;
use crate::{Attachment, Context, Message, message_plan, words};

impl Email {
    /// Sends the mails of an alert, each to the recipients who do not have it. Stores the progress before it
    /// returns a retry, so that nobody gets a mail twice.
    pub(super) async fn send_all(
        &self,
        items: Vec<(usize, OutgoingMail)>,
        context: &Context<'_>,
    ) -> Outcome {
        let mut progress = Progress::read(context);
        let mut receipt = Receipt::default();
        let mut refused = Vec::new();
        let mut remember = Vec::new();
        let mut more = items.into_iter().peekable();
        while let Some((number, item)) = more.next() {
            let to = progress.missing(number, &self.to);
            // An earlier attempt sent this mail to everybody.
            if to.is_empty() {
                continue;
            }
            match self.send_one(number, &item, &to, context).await {
                Ok(taken) => {
                    progress.note(number, &taken.served);
                    // Some recipients are tried again later; the next mails wait, so that they stay in order.
                    if !taken.later.is_empty() {
                        remember = vec![progress.write(context, &self.slots)];
                        let verdict = retry_message(taken.later.join("; "));
                        return Outcome { verdict, remember };
                    }
                    // The others have the mail: the alert goes on, and its outcome names the refused ones.
                    if !taken.never.is_empty() {
                        let never = taken.never.join("; ");
                        refused.push(format!("not everybody in `to` got it: {never}"));
                    }
                    receipt.reference =
                        receipt.reference.or(self.reference(number, &item, context));
                }
                // The server may accept the next mails. The refusal is part of the outcome.
                Err(Verdict::Refused { error }) => refused.push(error),
                Err(verdict) => return Outcome { verdict, remember },
            }
            progress.done(number);
            // After the last mail there is nothing to continue.
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

    /// The reference for follow-ups: the Message-ID and subject of a new mail. `None` for a device's own mail,
    /// whose id is not known.
    fn reference(
        &self,
        number: usize,
        item: &OutgoingMail,
        context: &Context<'_>,
    ) -> Option<String> {
        let subject = self.subject(number, context.alert);
        let reference = format!("{} {subject}", self.id(number, context.alert));
        matches!(item, OutgoingMail::Fresh(_)).then_some(reference)
    }

    /// Sends a mail in a session of its own, so that a broken session concerns one mail.
    async fn send_one(
        &self,
        number: usize,
        item: &OutgoingMail,
        to: &[Address],
        context: &Context<'_>,
    ) -> Result<RecipientResults, Verdict> {
        let mut talk = SmtpSession::begin(&self.server).await?;
        let sent = match item {
            OutgoingMail::Fresh(message) => {
                self.send_fresh(&mut talk, number, message, to, context).await
            }
            OutgoingMail::Resent(mail, fit) => {
                self.send_original(&mut talk, number, (mail, fit), to, context).await
            }
        };
        talk.end().await;
        sent
    }

    /// Sends a device's own mail. If the server has no room for it, does not accept its bytes (8BITMIME) or
    /// refuses it, sends a new mail with it as a file.
    async fn send_original(
        &self,
        talk: &mut SmtpSession<'_>,
        number: usize,
        (mail, fit): (&AlertMedia, &OriginalFacts),
        to: &[Address],
        context: &Context<'_>,
    ) -> Result<RecipientResults, Verdict> {
        let head = self.resent_fields(number, fit, context.alert);
        // The fields before the mail count towards the server's limit.
        let len = fit.len.saturating_add(head.len() as u64);
        let fits = talk.bytes_max.is_none_or(|max| len <= max);
        if fits && (!fit.eight_bit || talk.takes_eight_bit()) {
            let (mail, files) = (mail.clone(), Arc::clone(context.files));
            let reading =
                spawn_blocking(move || original::append(&mail, &*files, head.into_bytes()));
            let bytes = read(reading.await)?;
            match talk.mail(&self.envelope(to), &bytes).await {
                Ok(taken) => return Ok(taken),
                Err(MailRefusal::Verdict(verdict)) => return Err(verdict),
                // A new mail with the same files may be accepted, or at least its text.
                Err(MailRefusal::Content(_)) => {}
            }
        }
        let message = attached(context.alert, mail);
        self.send_fresh(talk, number, &message, to, context).await
    }

    /// Sends a new mail; if the server refuses its content, sends it again with text in place of the files.
    async fn send_fresh(
        &self,
        talk: &mut SmtpSession<'_>,
        number: usize,
        message: &Message,
        to: &[Address],
        context: &Context<'_>,
    ) -> Result<RecipientResults, Verdict> {
        let message = self.fitted(number, message, talk.bytes_max, context.alert);
        let why = match self.try_fresh(talk, number, &message, to, context).await {
            Ok(taken) => return Ok(taken),
            Err(MailRefusal::Verdict(verdict)) => return Err(verdict),
            Err(MailRefusal::Content(error)) if message.files.is_empty() => {
                return Err(Verdict::Refused { error });
            }
            Err(MailRefusal::Content(why)) => why,
        };
        let max = LIMITS.text_utf16_max;
        let words = message_plan::without_files(&message, context.alert, max, &why);
        match self.try_fresh(talk, number, &words, to, context).await {
            Ok(taken) => Ok(taken),
            Err(MailRefusal::Verdict(verdict)) => Err(verdict),
            Err(MailRefusal::Content(error)) => Err(Verdict::Refused { error }),
        }
    }

    /// The sender, and those of the recipients who do not have the mail.
    fn envelope<'a>(&'a self, to: &'a [Address]) -> Envelope<'a> {
        Envelope { from: &self.from.address, to, is_rest: to.len() < self.to.len() }
    }

    /// Sends a new mail once.
    async fn try_fresh(
        &self,
        talk: &mut SmtpSession<'_>,
        number: usize,
        message: &Message,
        to: &[Address],
        context: &Context<'_>,
    ) -> Result<RecipientResults, MailRefusal> {
        let body = self.compose(number, message, context.alert);
        let bytes = Vec::with_capacity(usize::try_from(body.len()).unwrap_or_default());
        let bytes = body.write_to(context.files, bytes).await;
        let bytes = bytes.map_err(|BodyError(error)| MailRefusal::Verdict(retry_message(error)))?;
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
            // Without files, the server has to decide about the text.
            let Some(largest) = rest.max_by_key(|file| file.size()) else {
                break;
            };
            left_out.push(largest);
            let is_left_out = |file: &Attachment| left_out.contains(&file);
            fitted =
                message_plan::without(message, alert, LIMITS.text_utf16_max, &why, &is_left_out);
        }
        fitted
    }
}

/// The bytes that a blocking task read. If it failed, only this message is retried.
fn read(joined: Result<Result<Vec<u8>, BodyError>, JoinError>) -> Result<Vec<u8>, Verdict> {
    let read = joined.unwrap_or_else(|error| Err(BodyError(error.to_string())));
    read.map_err(|BodyError(error)| retry_message(error))
}
