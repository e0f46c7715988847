//! A session as people read it in a list: on the page of sessions, and on the page that waits for the first test of a device.

use tipoff_spool::{SessionLine, SessionOutcome};

use super::reader_clock::{ReaderClock, span};
use super::reader_language::{Message, message, text};

/// A session in a list.
pub(super) struct SessionRow {
    pub(super) id: i64,
    /// The name of the device, if known, and the address at the other end.
    pub(super) who: String,
    /// When it began, in the reader's zone.
    pub(super) when: String,
    /// Protocol, login, encryption and duration.
    pub(super) about: String,
    /// How it ended, in plain words.
    pub(super) outcome: String,
    /// The class of the outcome's mark: `ok`, `wait`, `bad`, or empty.
    pub(super) look: &'static str,
    /// What to change at the device, if the transcript shows it.
    pub(super) hint: Option<Message>,
}

/// A session as a row of a list.
pub(super) fn row(line: &SessionLine, clock: &ReaderClock) -> SessionRow {
    let who = match &line.device {
        // The name of a discovered device has its address already.
        Some((_, name)) if name.ends_with(&format!("({})", line.peer)) => name.clone(),
        Some((_, name)) => format!("{name} ({})", line.peer),
        None => line.peer.to_string(),
    };
    let mut about = vec![line.protocol.as_str().to_uppercase()];
    about.extend(
        line.login.as_ref().map(|login| text("session-login").words("login", login).to_string()),
    );
    about.push(line.tls.clone().unwrap_or_else(|| text("session-not-encrypted").to_string()));
    if line.outcome != SessionOutcome::Open {
        about.push(span(line.ended_at.since(line.began_at)));
    }
    let (outcome, look) = match line.outcome {
        SessionOutcome::Open => (text("session-open"), "wait"),
        SessionOutcome::Delivered => (text("session-received"), "ok"),
        SessionOutcome::Nothing => (text("session-nothing"), ""),
        SessionOutcome::LoginRefused => (text("session-login-refused"), "bad"),
        SessionOutcome::TlsFailed => (text("session-tls-failed"), "bad"),
        SessionOutcome::TurnedAway => (text("session-turned-away"), "bad"),
        SessionOutcome::Torn => (text("session-torn"), "bad"),
        SessionOutcome::Failed => (text("session-failed"), "bad"),
    };
    let when = format!("{}, {}", clock.day(line.began_at), clock.second(line.began_at));
    SessionRow {
        id: line.id,
        who,
        when,
        about: about.join(" · "),
        outcome: outcome.to_string(),
        look,
        hint: line.hint.as_deref().map(message),
    }
}
