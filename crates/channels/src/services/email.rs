//! Mail through any SMTP server: a new mail about the alert, or the device's own mail. Recipients come from the
//! configuration alone: nothing that a device sends makes Tipoff a relay. A mail that Tipoff sent itself is
//! recognised and never sent on, so that two forwarding mailboxes cause no loop.

mod answer;
mod compose;
mod header;
mod original;
mod progress;
mod send;
mod server;
mod settings;
mod smtp_session;

use std::sync::Arc;

use tipoff_model::{Alert, AlertKind, AlertMedia, Outcome, Verdict};
use tokio::task::spawn_blocking;

use self::compose::NewMail;
use self::header::Mailbox;
use self::original::OriginalFacts;
use self::progress::MemorySlots;
use self::server::Server;
use self::settings::build;
use crate::body::{Body, BodyError};
use crate::http::retry_message;
use crate::{Abilities, BoxFuture, Channel, Context, Entry, Hint, Limits, Message};
use crate::{buttons, message_plan, wording};

/// Number of mails of an alert that are checked for a mail loop.
const LOOKED_AT_MAX: usize = 16;

/// Most providers accept mails of 25 MB ("Gmail sending limits" and others), which is 18 MB of files, because
/// base64 makes 78 bytes of 57. A server with a lower limit announces it (RFC 1870), and it is respected. The
/// text is bounded so that a phone opens the mail.
static LIMITS: Limits = Limits {
    album_files_max: 30,
    documents_max: 30,
    album_bytes_max: 18 << 20,
    file_bytes_max: 18 << 20,
    replies: true,
    ..Limits::new("a mail", 50_000)
};

/// What mail can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "email",
    name: "Mail",
    summary: "Mail, through any SMTP server.",
    find: &[
        Hint {
            key: "server",
            place: "Your provider's help names it under \"SMTP\" or \"outgoing mail server\", such as smtp.gmail.com: write smtps:// before it.",
        },
        Hint { key: "user", place: "Mostly the whole address of your mailbox." },
        Hint {
            key: "password",
            place: "Most providers want an app password: look for it in the security settings of your account (Google: myaccount.google.com/apppasswords, with 2-Step Verification on).",
        },
        Hint {
            key: "from",
            place: "The address of your mailbox: most providers refuse another sender.",
        },
        Hint { key: "to", place: "The mail addresses of those who shall get the alerts." },
    ],
    settings: settings::SETTINGS,
    build,
};

/// The form of the mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MailForm {
    /// A new mail about the alert.
    Fresh,
    /// The device's own mail, with `Resent-` fields (RFC 5322, section 3.6.6).
    Original,
}

/// A mail server, and the mails that it is given.
struct Email {
    server: Server,
    from: Mailbox,
    /// 1 to 50 recipients.
    to: Vec<Mailbox>,
    form: MailForm,
    /// Whether first alerts have links that carry out actions.
    buttons: bool,
    /// Where the progress of alerts is stored that some recipients do not have yet.
    slots: MemorySlots,
}

/// A mail to be sent.
enum OutgoingMail {
    /// A new mail.
    Fresh(Message),
    /// A device's own mail, and what it needs to be sent on.
    Resent(AlertMedia, OriginalFacts),
}

impl Channel for Email {
    /// Messages do not contain a device's own mail: to send it on, the channel accepts the whole alert.
    fn abilities(&self) -> Abilities {
        match self.form {
            MailForm::Fresh => Abilities::Messages(&LIMITS),
            MailForm::Original => Abilities::AcceptsAlert,
        }
    }

    fn send<'a>(
        &'a self,
        message: &'a Message,
        context: &'a Context<'a>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match self.items(message, context).await {
                Ok(items) => self.send_all(items, context).await,
                Err(verdict) => verdict.into(),
            }
        })
    }
}

impl Email {
    /// The mails to be sent, each with its number among those of the alert.
    async fn items(
        &self,
        message: &Message,
        context: &Context<'_>,
    ) -> Result<Vec<(usize, OutgoingMail)>, Verdict> {
        let alert = context.alert;
        let (mails, files) = (alert.mails.clone(), Arc::clone(context.files));
        let wants_original = self.form == MailForm::Original && can_be_sent_on(alert);
        let looking = spawn_blocking(move || {
            let is_own = |mail: &AlertMedia| original::is_own(mail, &*files).unwrap_or(false);
            if mails.iter().take(LOOKED_AT_MAX).any(is_own) {
                return Ok(None);
            }
            let fit = |mail: AlertMedia| match wants_original {
                true => original::look(&mail, &*files).map(|fit| (mail, fit)),
                false => Ok((mail, None)),
            };
            mails.into_iter().map(fit).collect::<Result<Vec<_>, _>>().map(Some)
        });
        let looked = looking.await.unwrap_or_else(|error| Err(BodyError(error.to_string())));
        let looked = looked.map_err(|BodyError(error)| retry_message(error))?;
        let Some(looked) = looked else {
            let error = "this alert is a mail that Tipoff has sent itself, and goes round in \
                         circles: let no mailbox in `to` forward to Tipoff";
            return Err(Verdict::Refused { error: error.to_owned() });
        };
        if self.form == MailForm::Fresh {
            let messages = message_plan::messages(alert, &self.abilities());
            let number = messages.iter().position(|it| it == message).unwrap_or_default();
            return Ok(vec![(number, OutgoingMail::Fresh(message.clone()))]);
        }
        Ok(originals(alert, looked).into_iter().enumerate().collect())
    }

    /// The bytes of a new mail. The mails of one alert form a thread, like the alerts of one incident.
    fn compose(&self, number: usize, message: &Message, alert: &Alert) -> Body {
        let (id, subject) = (self.id(number, alert), self.subject(number, alert));
        let first = self.id(0, alert);
        let follows = match thread(alert) {
            Some((first, _)) => Some(first),
            None => (number > 0 && self.form == MailForm::Fresh).then_some(first.as_str()),
        };
        let (from, to) = (&self.from, self.to.as_slice());
        let (id, subject) = (id.as_str(), subject.as_str());
        let links = if self.buttons { buttons::action_links(message, alert) } else { Vec::new() };
        let links = links.as_slice();
        compose::compose(&NewMail { from, to, id, subject, follows, alert, links, message })
    }

    /// The Message-ID of a mail, without brackets. The same for every attempt, so that mail programs recognise a
    /// mail that arrives twice.
    fn id(&self, number: usize, alert: &Alert) -> String {
        format!("{}.{number}@{}", compose::key(alert), self.from.address.domain())
    }

    /// The subject of a mail. The mails of a thread have the same subject: Gmail requires it ("Manage threads" in
    /// the guides to its API).
    fn subject(&self, number: usize, alert: &Alert) -> String {
        match thread(alert) {
            Some((_, subject)) => format!("Re: {subject}"),
            None if number > 0 && self.form == MailForm::Fresh => {
                format!("Re: {}", wording::title(alert, false))
            }
            None => wording::title(alert, false),
        }
    }

    /// The fields before a device's own mail: who sends it on (RFC 5322, section 3.6.6), and the required fields
    /// that it lacks.
    fn resent_fields(&self, number: usize, fit: &OriginalFacts, alert: &Alert) -> String {
        let date = header::date(alert.received_at);
        let from = std::slice::from_ref(&self.from);
        let mut fields = format!("Resent-Date: {date}\r\n");
        fields += &header::mailboxes("Resent-From", from);
        fields += &header::mailboxes("Resent-To", &self.to);
        fields += &format!("Resent-Message-ID: <{}>\r\n", self.id(number, alert));
        let marks = compose::marks(alert);
        let marks = marks.split_inclusive("\r\n");
        let is_there = |mark: &&str| fit.auto_submitted && mark.starts_with("Auto-Submitted:");
        fields.extend(marks.filter(|mark| !is_there(mark)));
        if !fit.date {
            fields += &format!("Date: {date}\r\n");
        }
        if !fit.from {
            fields += &header::mailboxes("From", from);
        }
        fields
    }
}

/// The first mail of the incident: its Message-ID and subject, from the receipt of the first alert.
fn thread(alert: &Alert) -> Option<(&str, &str)> {
    let is_id = |id: &str| id.contains('@') && id.bytes().all(|byte| byte.is_ascii_graphic());
    alert.reply_to.as_deref()?.split_once(' ').filter(|(id, _)| is_id(id))
}

/// Whether a device's own mails contain everything: a torn mail ends early, and a summary has no mail.
fn can_be_sent_on(alert: &Alert) -> bool {
    !alert.torn && alert.kind != AlertKind::Summary
}

/// The mails that can be sent on, and new mails with the files that are not in them.
fn originals(alert: &Alert, looked: Vec<(AlertMedia, Option<OriginalFacts>)>) -> Vec<OutgoingMail> {
    let mut items = Vec::new();
    let mut rest = alert.clone();
    rest.raw.clear();
    for (mail, fit) in looked {
        match fit {
            Some(fit) => {
                rest.media.retain(|stored| stored.place.arrival != mail.place.arrival);
                items.push(OutgoingMail::Resent(mail, fit));
            }
            None => rest.raw.push(mail),
        }
    }
    if items.is_empty() || !rest.media.is_empty() || !rest.raw.is_empty() {
        let messages = message_plan::messages(&rest, &Abilities::Messages(&LIMITS));
        items.extend(messages.into_iter().map(OutgoingMail::Fresh));
    }
    items
}

/// A new mail with a device's own mail as an attached file, for a server that refuses the mail itself.
fn attached(alert: &Alert, mail: &AlertMedia) -> Message {
    let mut alone = alert.clone();
    alone.media.retain(|stored| stored.place.arrival == mail.place.arrival);
    alone.raw = vec![mail.clone()];
    let mut messages = message_plan::messages(&alone, &Abilities::Messages(&LIMITS)).into_iter();
    let mut message = messages.next().unwrap_or_default();
    message.files.extend(messages.flat_map(|more| more.files));
    message
}
