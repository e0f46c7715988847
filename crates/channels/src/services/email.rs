//! Mail through any SMTP server, as a new one or as the device's own. Recipients come from the
//! configuration alone: nothing that a device says makes Tipoff a relay.

mod compose;
mod fault;
mod header;
mod original;
mod post;
mod progress;
mod server;
mod setup;
mod talk;

use std::sync::Arc;

use tipoff_model::{Alert, AlertKind, AlertMedia, Outcome, Scope, Verdict};
use tokio::task::spawn_blocking;

use self::compose::Letter;
use self::fault::later;
use self::header::Mailbox;
use self::original::Fit;
use self::progress::Slots;
use self::server::Server;
use self::setup::build;
use crate::body::{Body, BodyError};
use crate::{Abilities, BoxFuture, Channel, Context, Entry, Limits, Message};
use crate::{PictureLimits, buttons, plan, wording};

/// Number of mails of an alert that are checked for a mail loop.
const LOOKED_AT_MAX: usize = 16;

/// Most providers take mails of 25 MB ("Gmail sending limits" and its like), which is 18 MB of files, for
/// base64 makes 78 bytes of 57. A server that takes less says so (RFC 1870) and is obeyed. The words
/// are bounded so that a phone opens the mail.
static LIMITS: Limits = Limits {
    service: "a mail",
    text_utf16_max: 50_000,
    caption_utf16_max: 50_000,
    album_files_max: 30,
    documents_max: 30,
    album_bytes_max: 18 << 20,
    picture: PictureLimits {
        types: &["image/jpeg", "image/png", "image/gif", "image/webp"],
        bytes_max: 18 << 20,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    },
    video_types: &["video/mp4"],
    animations: false,
    file_bytes_max: 18 << 20,
    replies: true,
};

/// What mail can be configured with.
pub(crate) const ENTRY: Entry = Entry {
    kind: "email",
    summary: "Mail, through any SMTP server.",
    settings: setup::SETTINGS,
    build,
};

/// In which form alerts are mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A mail of ours.
    Fresh,
    /// The device's own mail.
    Original,
}

struct Email {
    server: Server,
    from: Mailbox,
    to: Vec<Mailbox>,
    form: Form,
    buttons: bool,
    slots: Slots,
}

/// A mail to be sent.
enum Item {
    Fresh(Message),
    Resent(AlertMedia, Fit),
}

impl Channel for Email {
    /// A device's own mail is in no message: with those, the alert is taken as it is.
    fn abilities(&self) -> Abilities {
        match self.form {
            Form::Fresh => Abilities::Messages(&LIMITS),
            Form::Original => Abilities::AcceptsAlert,
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
    ) -> Result<Vec<(usize, Item)>, Verdict> {
        let alert = context.alert;
        let (mails, files) = (alert.mails.clone(), Arc::clone(context.files));
        let wants_original = self.form == Form::Original && can_be_sent_on(alert);
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
        let looked = looked.map_err(|BodyError(error)| later(Scope::Message, error))?;
        let Some(looked) = looked else {
            let error = "this alert is a mail that Tipoff has sent itself, and goes round in \
                         circles: let no mailbox in `to` forward to Tipoff";
            return Err(Verdict::Refused { error: error.to_owned() });
        };
        if self.form == Form::Fresh {
            let messages = plan::messages(alert, &self.abilities());
            let number = messages.iter().position(|it| it == message).unwrap_or_default();
            return Ok(vec![(number, Item::Fresh(message.clone()))]);
        }
        Ok(originals(alert, looked).into_iter().enumerate().collect())
    }

    fn compose(&self, number: usize, message: &Message, alert: &Alert) -> Body {
        let (id, subject) = (self.id(number, alert), self.subject(number, alert));
        let first = self.id(0, alert);
        let follows = match thread(alert) {
            Some((first, _)) => Some(first),
            None => (number > 0 && self.form == Form::Fresh).then_some(first.as_str()),
        };
        let (from, to) = (&self.from, self.to.as_slice());
        let (id, subject) = (id.as_str(), subject.as_str());
        let links = if self.buttons { buttons::action_links(message, alert) } else { Vec::new() };
        let links = links.as_slice();
        compose::compose(&Letter { from, to, id, subject, follows, alert, links, message })
    }

    /// The same for every attempt, so that a mail that comes twice is told as one.
    fn id(&self, number: usize, alert: &Alert) -> String {
        format!("{}.{number}@{}", compose::key(alert), self.from.address.domain())
    }

    /// What belongs together has the same subject: Gmail asks for it ("Manage threads" in the guides to
    /// its API).
    fn subject(&self, number: usize, alert: &Alert) -> String {
        match thread(alert) {
            Some((_, subject)) => format!("Re: {subject}"),
            None if number > 0 && self.form == Form::Fresh => {
                format!("Re: {}", wording::title(alert, false))
            }
            None => wording::title(alert, false),
        }
    }

    /// RFC 5322, section 3.6.6: who sends it on, and what it must have and has not.
    fn resent_fields(&self, number: usize, fit: &Fit, alert: &Alert) -> String {
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

/// The first mail of the incident: its id and subject.
fn thread(alert: &Alert) -> Option<(&str, &str)> {
    let is_id = |id: &str| id.contains('@') && id.bytes().all(|byte| byte.is_ascii_graphic());
    alert.reply_to.as_deref()?.split_once(' ').filter(|(id, _)| is_id(id))
}

/// Whether a device's own mails say all there is to say.
fn can_be_sent_on(alert: &Alert) -> bool {
    !alert.torn && alert.kind != AlertKind::Summary
}

/// The mails that can be sent on; and what is not in them, in mails of ours.
fn originals(alert: &Alert, looked: Vec<(AlertMedia, Option<Fit>)>) -> Vec<Item> {
    let mut items = Vec::new();
    let mut rest = alert.clone();
    rest.raw.clear();
    for (mail, fit) in looked {
        match fit {
            Some(fit) => {
                rest.media.retain(|stored| stored.place.arrival != mail.place.arrival);
                items.push(Item::Resent(mail, fit));
            }
            None => rest.raw.push(mail),
        }
    }
    if items.is_empty() || !rest.media.is_empty() || !rest.raw.is_empty() {
        let messages = plan::messages(&rest, &Abilities::Messages(&LIMITS));
        items.extend(messages.into_iter().map(Item::Fresh));
    }
    items
}

/// A device's own mail as a file.
fn attached(alert: &Alert, mail: &AlertMedia) -> Message {
    let mut alone = alert.clone();
    alone.media.retain(|stored| stored.place.arrival == mail.place.arrival);
    alone.raw = vec![mail.clone()];
    let mut messages = plan::messages(&alone, &Abilities::Messages(&LIMITS)).into_iter();
    let mut message = messages.next().unwrap_or_default();
    message.files.extend(messages.flat_map(|more| more.files));
    message
}
