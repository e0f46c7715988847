//! What the page that waits for a camera's first test says: one finding, from what its sessions and its arrival show.
//!
//! Pure. `observed.rs` reads the facts. What goes wrong inside of a session has its text there already
//! (`receive/transcript/problem.rs`); the findings here need more than one session to be known.

mod observed;
mod waits;

use std::time::Duration;

use tipoff_model::Protocol;
use tipoff_spool::SessionOutcome;

pub(super) use self::observed::{Observed, observe};
pub(crate) use self::waits::SetupWaits;
use super::reader_language::{Message, message, text};

/// Time without a session after which the page shows what to check.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A session that may be an attempt of the device.
#[derive(Clone, Debug)]
pub(super) struct SessionFacts {
    pub(super) protocol: Protocol,
    pub(super) outcome: SessionOutcome,
    /// What to change, as the session itself shows it.
    pub(super) hint: Option<String>,
    /// The user of its login.
    pub(super) login: Option<String>,
    /// The name of another device to which its arrivals were assigned.
    pub(super) taken_for: Option<String>,
    /// The latest arrival that it brought, if that is the device's.
    pub(super) arrival: Option<ArrivalFacts>,
    /// The commands that the device sent, in capitals. Only read of sessions that brought nothing.
    pub(super) commands: Vec<String>,
}

/// An arrival of the device.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArrivalFacts {
    pub(super) protocol: Protocol,
    /// Number of its pictures and videos.
    pub(super) media: usize,
    /// Size of the mail or file in bytes.
    pub(super) bytes: u64,
    /// Whether the connection broke.
    pub(super) torn: bool,
    /// Whether it came with the device's own password.
    pub(super) proven: bool,
}

impl ArrivalFacts {
    /// Whether it shows that the device is set up.
    pub(super) const fn works(&self) -> bool {
        self.bytes > 0 && !self.torn && self.proven
    }
}

/// What the page shows. Each has one text, which says what to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing connected for [`PATIENCE`].
    NothingCame,
    /// What the latest session shows itself: wrong port, wrong password, old TLS, refused certificate, missing data
    /// connection, address outside of `networks`, connection that broke.
    Session(String),
    /// It sent something, and was not known for what it is.
    OtherDevice {
        /// The device that it was taken for.
        name: String,
        /// The user that it logged in as.
        login: Option<String>,
        /// The user that it should log in as.
        user: String,
        /// What the session shows besides.
        hint: Option<String>,
    },
    /// It connected and said nothing.
    NoCommand(Protocol),
    /// It greeted by EHLO or HELO, and ended the session without a mail.
    NoMail,
    /// It hung up after the reply to EHLO or HELO, or in its login.
    HungUpAfterGreeting,
    /// It logged in by FTP, and uploaded nothing.
    NoUpload,
    /// The mail has no picture.
    NoPicture,
    /// The file is empty.
    EmptyFile,
    /// The connection broke in the middle.
    TornArrival,
    /// It came without the device's own password.
    NotProven {
        /// The user that it should log in as.
        user: String,
    },
}

/// What one session shows.
pub(super) fn of_session(session: &SessionFacts, user: &str) -> Option<Finding> {
    let SessionFacts { protocol, outcome, hint, login, taken_for, arrival, commands } = session;
    if let Some(name) = taken_for {
        let (name, login) = (name.clone(), login.clone());
        return Some(Finding::OtherDevice {
            name,
            login,
            user: user.to_owned(),
            hint: hint.clone(),
        });
    }
    if let Some(hint) = hint {
        return Some(Finding::Session(hint.clone()));
    }
    if let Some(arrival) = arrival {
        return of_arrival(arrival, user);
    }
    if *outcome != SessionOutcome::Nothing {
        return None;
    }
    let said = |command: &str| commands.iter().any(|it| it == command);
    match protocol {
        _ if commands.is_empty() => Some(Finding::NoCommand(*protocol)),
        Protocol::Smtp if said("MAIL") => None,
        Protocol::Smtp if said("QUIT") => Some(Finding::NoMail),
        Protocol::Smtp => Some(Finding::HungUpAfterGreeting),
        Protocol::Ftp => Some(Finding::NoUpload),
        Protocol::Http | Protocol::Mqtt => None,
    }
}

/// What an arrival shows besides that it came.
pub(super) fn of_arrival(arrival: &ArrivalFacts, user: &str) -> Option<Finding> {
    match arrival {
        ArrivalFacts { torn: true, .. } => Some(Finding::TornArrival),
        ArrivalFacts { bytes: 0, .. } => Some(Finding::EmptyFile),
        ArrivalFacts { proven: false, .. } => Some(Finding::NotProven { user: user.to_owned() }),
        ArrivalFacts { media: 0, protocol: Protocol::Smtp, .. } => Some(Finding::NoPicture),
        _ => None,
    }
}

/// What the page shows. `waited`: time since it was first opened; `sessions`: the latest first; `arrivals`: those of the
/// device, the latest first.
pub(super) fn finding(
    waited: Duration,
    sessions: &[SessionFacts],
    arrivals: &[ArrivalFacts],
    user: &str,
) -> Option<Finding> {
    if let Some(works) = arrivals.iter().find(|arrival| arrival.works()) {
        // What an earlier session shows was mended before one that worked.
        let brought = |it: &SessionFacts| it.arrival.as_ref().is_some_and(ArrivalFacts::works);
        let since = sessions.iter().position(brought).map_or(sessions.len(), |at| at + 1);
        let of_session = || {
            let delivered = sessions.iter().take(since);
            let delivered = delivered.filter(|it| it.outcome == SessionOutcome::Delivered);
            delivered.filter(|it| it.taken_for.is_none()).find_map(|it| of_session(it, user))
        };
        return of_arrival(works, user).or_else(of_session);
    }
    let found = sessions.iter().find_map(|session| of_session(session, user));
    let found = found.or_else(|| of_arrival(arrivals.first()?, user));
    let is_due = sessions.is_empty() && waited >= PATIENCE;
    found.or(is_due.then_some(Finding::NothingCame))
}

impl Finding {
    /// What happened and what to change, in the reader's language.
    pub(super) fn text(&self) -> Message {
        let text = match self {
            Self::Session(hint) => return message(hint),
            Self::OtherDevice { name, login, user, hint } => {
                let text = match login {
                    Some(login) => text("setup-other-login").words("login", login),
                    None => text("setup-other-no-login"),
                };
                let text = Message::from(text.words("name", name).words("user", user));
                return match hint {
                    Some(hint) => text.and(message(hint)),
                    None => text,
                };
            }
            Self::NothingCame => text("setup-nothing-came"),
            Self::NoCommand(Protocol::Smtp) => text("setup-no-command-mail"),
            Self::NoCommand(Protocol::Ftp) => text("setup-no-command-uploads"),
            Self::NoCommand(Protocol::Http | Protocol::Mqtt) => text("setup-no-command-alarms"),
            Self::NoMail => text("setup-no-mail"),
            Self::HungUpAfterGreeting => text("setup-hung-up"),
            Self::NoUpload => text("setup-no-upload"),
            Self::NoPicture => text("setup-no-picture"),
            Self::EmptyFile => text("setup-empty-file"),
            Self::TornArrival => text("setup-torn"),
            Self::NotProven { user } => text("setup-not-proven").words("user", user),
        };
        text.into()
    }
}

#[cfg(test)]
mod tests;
