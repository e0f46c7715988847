//! Transcripts: the commands and replies of a session, recorded as they come and bounded in size. They never contain a
//! secret or the content of a message.
//!
//! A session's transcript ends when its last recorder is dropped, so that no way out of a session forgets it. It also
//! tracks the session's problem: the cause that the sessions page names, with a hint what to change at the device.

mod advice;
mod command_refusal;
mod log;
mod problem;
mod transcripts;

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use tipoff_model::{ArrivalId, Protocol, Timestamp};
use tipoff_spool::{FinishedSession, SessionDetail, SessionLine, SessionOutcome, Speaker, Stored};

pub(super) use self::advice::SessionAdvice;
use self::log::Log;
pub(super) use self::problem::{MissingConnection, SessionProblem};
use self::transcripts::TranscriptsShared;
pub(crate) use self::transcripts::{SessionNews, Transcripts};
use super::wrong_port::WrongPort;
use crate::net::TlsFault;
use crate::runtime::lock::lock;

/// Bytes that the transcripts of all open sessions may take. When they take more, each keeps further lines only up to
/// [`SCARCE_BYTES`] of its beginning and of its end: enough for a camera's mail, and little for thousands of sessions.
const ALL_BYTES_MAX: usize = 16 * 1024 * 1024;
const SCARCE_BYTES: usize = 1024;
/// Records one session. The session has ended when the last clone is dropped.
#[derive(Clone)]
pub(super) struct TranscriptRecorder(Arc<OpenSession>);

/// What is known of a session from its beginning.
#[derive(Clone, Copy)]
struct Opening {
    /// The number of the session; counts up over restarts.
    id: i64,
    protocol: Protocol,
    peer: IpAddr,
    began_at: Timestamp,
}

/// An open session.
struct OpenSession {
    opening: Opening,
    /// The same moment by the clock that cannot be set, for the times of lines.
    began: Instant,
    state: Mutex<SessionState>,
    shared: Arc<TranscriptsShared>,
}

/// What is known of a session so far.
#[derive(Default)]
struct SessionState {
    log: Log,
    /// The user of the latest login, accepted or refused.
    login: Option<String>,
    /// Version and cipher, if the connection is encrypted.
    tls: Option<String>,
    /// What the session stored, the latest last.
    arrivals: Vec<ArrivalId>,
    /// The latest problem that is not solved.
    problem: Option<SessionProblem>,
    /// What to change although the session went on.
    advice: Vec<SessionAdvice>,
    /// The protocol that the device speaks, if it came to the port of another one.
    spoken: Option<Protocol>,
}

impl TranscriptRecorder {
    /// A recorder for a session that begins now.
    fn new(id: i64, protocol: Protocol, peer: IpAddr, shared: Arc<TranscriptsShared>) -> Self {
        let opening = Opening { id, protocol, peer, began_at: shared.clock.now() };
        let (began, state) = (Instant::now(), Mutex::default());
        Self(Arc::new(OpenSession { opening, began, state, shared }))
    }

    /// The device sent this command; its secrets are masked already.
    pub(super) fn received(&self, line: &str) {
        self.write(Speaker::Device, line.as_bytes());
    }

    /// Tipoff sent this reply, with line ends.
    pub(super) fn replied(&self, reply: &[u8]) {
        for line in reply.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            self.write(Speaker::Us, line.trim_ascii_end());
        }
    }

    /// Something else happened in the session.
    pub(super) fn note(&self, text: &str) {
        self.write(Speaker::Note, text.as_bytes());
    }

    /// A login was accepted.
    pub(super) fn logged_in(&self, user: &str) {
        let mut state = self.0.state();
        state.login = Some(user.to_owned());
        if state.problem.as_ref().is_some_and(SessionProblem::ends_with_a_login) {
            state.problem = None;
        }
    }

    /// The connection is encrypted now, with this version and cipher.
    pub(super) fn encrypted(&self, how: String) {
        self.note(&format!("Encrypted with {how}."));
        self.0.state().tls = Some(how);
    }

    /// An arrival is stored.
    pub(super) fn stored(&self, stored: &Stored, torn: bool) {
        let what = if torn { "Stored incomplete" } else { "Stored" };
        let Stored { arrival, incident, .. } = stored;
        self.note(&format!("{what} as arrival {arrival} of incident {incident}."));
        let mut state = self.0.state();
        // An upload that continues is the same arrival.
        if state.arrivals.last() != Some(arrival) {
            state.arrivals.push(*arrival);
            let excess = state.arrivals.len().saturating_sub(ARRIVALS_MAX);
            state.arrivals.drain(..excess);
        }
        state.problem = torn.then_some(SessionProblem::Torn);
    }

    /// Something went wrong: the session has this problem until it is solved.
    pub(super) fn problem(&self, problem: SessionProblem) {
        let mut state = self.0.state();
        if let SessionProblem::LoginRefused { user, .. } = &problem {
            state.login = Some(user.clone());
        }
        state.problem = Some(problem);
    }

    /// Something is to be changed at the device, though the session goes on.
    pub(super) fn advise(&self, advice: SessionAdvice) {
        let mut state = self.0.state();
        if !state.advice.contains(&advice) {
            state.advice.push(advice);
        }
    }

    /// The device came to the port of another protocol, and is served all the same.
    pub(super) fn came_to_wrong_port(&self, wrong: WrongPort) {
        self.note(&format!("It speaks {}, and is served so.", wrong.spoken_name()));
        self.0.state().spoken = Some(wrong.spoken);
        self.advise(SessionAdvice::WrongPort(wrong));
    }

    /// The control connection could not be encrypted.
    pub(super) fn tls_failed(&self, fault: TlsFault) {
        self.note(&format!("It could not be encrypted: {fault}."));
        self.problem(SessionProblem::Tls(fault));
    }

    /// A data connection could not be encrypted.
    pub(super) fn data_tls_failed(&self, fault: TlsFault) {
        self.note(&format!("The data connection could not be encrypted: {fault}."));
        self.problem(SessionProblem::Tls(fault));
    }

    /// A command was refused. A problem of another kind is worse and stays; and after an arrival only a refusal by
    /// which an upload is lost counts.
    pub(super) fn refused(&self, problem: SessionProblem) {
        let mut state = self.0.state();
        let is_worse = state.problem.as_ref().is_some_and(|problem| !problem.is_refusal());
        if !is_worse && (state.arrivals.is_empty() || problem.loses_an_upload()) {
            state.problem = Some(problem);
        }
    }

    /// The device got what was refused, or did without it.
    pub(super) fn refusal_settled(&self) {
        let mut state = self.0.state();
        if state.problem.as_ref().is_some_and(SessionProblem::is_refusal) {
            state.problem = None;
        }
    }

    /// Adds a line, and counts the memory of all transcripts.
    fn write(&self, speaker: Speaker, text: &[u8]) {
        let at_ms = u32::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u32::MAX);
        let held_bytes = &self.0.shared.held_bytes;
        let is_scarce = held_bytes.load(Ordering::Relaxed) > ALL_BYTES_MAX;
        let mut state = self.0.state();
        let before = state.log.held_bytes();
        match is_scarce {
            true => state.log.push_within(at_ms, speaker, text, SCARCE_BYTES),
            false => state.log.push(at_ms, speaker, text),
        }
        let after = state.log.held_bytes();
        held_bytes.fetch_add(after.saturating_sub(before), Ordering::Relaxed);
        held_bytes.fetch_sub(before.saturating_sub(after), Ordering::Relaxed);
    }
}

/// Arrivals that a session names, the latest.
const ARRIVALS_MAX: usize = 100;

impl OpenSession {
    fn state(&self) -> MutexGuard<'_, SessionState> {
        lock(&self.state)
    }

    /// The open session as lists show it; its end is the present.
    fn line(&self) -> SessionLine {
        self.state().line(self.opening, self.shared.clock.now(), SessionOutcome::Open)
    }

    fn detail(&self) -> SessionDetail {
        SessionDetail { line: self.line(), lines: self.state().log.lines() }
    }
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        let state = std::mem::take(&mut *self.state());
        self.shared.held_bytes.fetch_sub(state.log.held_bytes(), Ordering::Relaxed);
        let finished = Finished {
            opening: self.opening,
            ended_at: self.shared.clock.now(),
            is_of_flood: false,
            state,
        };
        self.shared.finish(finished);
    }
}

/// A session that has ended, before it is converted for the spool.
struct Finished {
    opening: Opening,
    ended_at: Timestamp,
    /// Too many recent sessions of its address brought no arrival.
    is_of_flood: bool,
    state: SessionState,
}

impl Finished {
    /// Whether nothing was stored, no login was tried, and nothing went wrong.
    fn is_empty(&self) -> bool {
        let SessionState { login, arrivals, problem, .. } = &self.state;
        login.is_none() && arrivals.is_empty() && problem.is_none()
    }

    /// How the session ended: its unsolved problem decides, else whether it brought an arrival.
    fn outcome(&self) -> SessionOutcome {
        match &self.state.problem {
            Some(problem) => problem.outcome(),
            None if self.state.arrivals.is_empty() => SessionOutcome::Nothing,
            None => SessionOutcome::Delivered,
        }
    }

    fn to_stored(&self) -> FinishedSession {
        let SessionDetail { line, lines } = self.detail();
        FinishedSession {
            id: line.id,
            protocol: line.protocol,
            peer: line.peer,
            began_at: line.began_at,
            ended_at: line.ended_at,
            login: line.login,
            tls: line.tls,
            outcome: line.outcome,
            hint: line.hint,
            arrivals: line.arrivals,
            lines,
        }
    }

    fn detail(&self) -> SessionDetail {
        let line = self.state.line(self.opening, self.ended_at, self.outcome());
        SessionDetail { line, lines: self.state.log.lines() }
    }
}

impl SessionState {
    /// The session as lists show it. The spool finds its device when it is stored.
    fn line(&self, opening: Opening, ended_at: Timestamp, outcome: SessionOutcome) -> SessionLine {
        let Opening { id, protocol, peer, began_at } = opening;
        let protocol = self.spoken.unwrap_or(protocol);
        SessionLine {
            id,
            protocol,
            peer,
            began_at,
            ended_at,
            device: None,
            login: self.login.clone(),
            tls: self.tls.clone(),
            outcome,
            hint: self.hint(protocol),
            arrivals: self.arrivals.clone(),
        }
    }

    /// What to change: because of the problem, and because of what went on all the same.
    fn hint(&self, protocol: Protocol) -> Option<String> {
        let problem = self.problem.as_ref().and_then(|problem| problem.hint(protocol));
        let hints: Vec<String> =
            problem.into_iter().chain(self.advice.iter().map(SessionAdvice::hint)).collect();
        (!hints.is_empty()).then(|| hints.join(" "))
    }
}

/// A number with its thousands grouped: `23,456`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        text.push(digit);
        if place > 0 && place % 3 == 0 {
            text.push(',');
        }
    }
    text
}

#[cfg(test)]
mod tests;
