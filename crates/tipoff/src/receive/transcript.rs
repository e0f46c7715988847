//! Transcripts: the commands and replies of a session, recorded as they come and bounded in size. They never contain a
//! secret or the content of a message.

mod command_refusal;
mod problem;
mod transcripts;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use tipoff_model::{ArrivalId, Protocol, Timestamp};
use tipoff_spool::{
    FinishedSession, SessionDetail, SessionLine, SessionOutcome, Speaker, Stored, TranscriptLine,
};

pub(super) use self::problem::SessionProblem;
use self::transcripts::Shared;
pub(crate) use self::transcripts::{SessionNews, Transcripts};
use crate::net::TlsFault;
use crate::runtime::lock::lock;

/// A longer line is cut, in bytes.
const LINE_BYTES_MAX: usize = 600;
/// Lines kept from the beginning of a session, and bytes of them.
const HEAD_LINES_MAX: usize = 200;
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The same from its end. One more line says how many are left out between.
const TAIL_LINES_MAX: usize = 199;
const TAIL_BYTES_MAX: usize = 16 * 1024;
/// Bytes that the transcripts of all open sessions may take. When they take more, each keeps further lines only up to
/// [`SCARCE_BYTES`] of its beginning and of its end: enough for a camera's mail, and little for thousands of sessions.
const ALL_BYTES_MAX: usize = 16 * 1024 * 1024;
const SCARCE_BYTES: usize = 1024;
/// Bytes that a line takes in addition to its text.
const ENTRY_BYTES: usize = size_of::<Entry>() + 16;

/// Records one session. The session has ended when the last clone is dropped.
#[derive(Clone)]
pub(super) struct TranscriptRecorder(Arc<Session>);

/// An open session.
struct Session {
    id: i64,
    protocol: Protocol,
    peer: IpAddr,
    began_at: Timestamp,
    began: Instant,
    state: Mutex<State>,
    shared: Arc<Shared>,
}

/// What is known of a session so far.
#[derive(Default)]
struct State {
    log: Log,
    login: Option<String>,
    tls: Option<String>,
    arrivals: Vec<ArrivalId>,
    /// The latest problem that is not solved.
    problem: Option<SessionProblem>,
}

impl TranscriptRecorder {
    fn new(id: i64, protocol: Protocol, peer: IpAddr, shared: Arc<Shared>) -> Self {
        Self(Arc::new(Session {
            id,
            protocol,
            peer,
            began_at: shared.clock.now(),
            began: Instant::now(),
            state: Mutex::default(),
            shared,
        }))
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

    /// A command was refused. A problem of another kind is worse and stays; and after an arrival only a refusal by which
    /// an upload is lost counts.
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

impl Session {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn line(&self) -> SessionLine {
        let state = self.state();
        SessionLine {
            id: self.id,
            protocol: self.protocol,
            peer: self.peer,
            began_at: self.began_at,
            ended_at: self.shared.clock.now(),
            device: None,
            login: state.login.clone(),
            tls: state.tls.clone(),
            outcome: SessionOutcome::Open,
            hint: state.problem.as_ref().and_then(|problem| problem.hint(self.protocol)),
            arrivals: state.arrivals.clone(),
        }
    }

    fn detail(&self) -> SessionDetail {
        SessionDetail { line: self.line(), lines: self.state().log.lines() }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let state = std::mem::take(&mut *self.state());
        self.shared.held_bytes.fetch_sub(state.log.held_bytes(), Ordering::Relaxed);
        let finished = Finished {
            id: self.id,
            protocol: self.protocol,
            peer: self.peer,
            began_at: self.began_at,
            ended_at: self.shared.clock.now(),
            is_of_flood: false,
            state,
        };
        self.shared.finish(finished);
    }
}

/// A session that has ended, before it is converted for the spool.
struct Finished {
    id: i64,
    protocol: Protocol,
    peer: IpAddr,
    began_at: Timestamp,
    ended_at: Timestamp,
    /// Too many recent sessions of its address brought no arrival.
    is_of_flood: bool,
    state: State,
}

impl Finished {
    fn outcome(&self) -> SessionOutcome {
        match &self.state.problem {
            Some(problem) => problem.outcome(),
            None if self.state.arrivals.is_empty() => SessionOutcome::Nothing,
            None => SessionOutcome::Delivered,
        }
    }

    fn to_stored(&self) -> FinishedSession {
        let State { log, login, tls, arrivals, problem } = &self.state;
        FinishedSession {
            id: self.id,
            protocol: self.protocol,
            peer: self.peer,
            began_at: self.began_at,
            ended_at: self.ended_at,
            login: login.clone(),
            tls: tls.clone(),
            outcome: self.outcome(),
            hint: problem.as_ref().and_then(|problem| problem.hint(self.protocol)),
            arrivals: arrivals.clone(),
            lines: log.lines(),
        }
    }

    fn detail(&self) -> SessionDetail {
        let session = self.to_stored();
        SessionDetail {
            line: SessionLine {
                id: session.id,
                protocol: session.protocol,
                peer: session.peer,
                began_at: session.began_at,
                ended_at: session.ended_at,
                device: None,
                login: session.login,
                tls: session.tls,
                outcome: session.outcome,
                hint: session.hint,
                arrivals: session.arrivals,
            },
            lines: session.lines,
        }
    }
}

/// The lines of a transcript; of too many, the first and the last.
#[derive(Default)]
struct Log {
    head: Vec<Entry>,
    head_bytes: usize,
    tail: VecDeque<Entry>,
    tail_bytes: usize,
    left_out: u64,
}

struct Entry {
    at_ms: u32,
    speaker: Speaker,
    is_cut: bool,
    text: Box<[u8]>,
}

impl Log {
    fn push(&mut self, at_ms: u32, speaker: Speaker, text: &[u8]) {
        self.push_within(at_ms, speaker, text, HEAD_BYTES_MAX.max(TAIL_BYTES_MAX));
    }

    /// Adds a line; keeps no more than `bytes_max` of the beginning and of the end.
    fn push_within(&mut self, at_ms: u32, speaker: Speaker, text: &[u8], bytes_max: usize) {
        let is_cut = text.len() > LINE_BYTES_MAX;
        let text = text.get(..LINE_BYTES_MAX).unwrap_or(text);
        let entry = Entry { at_ms, speaker, is_cut, text: text.into() };
        let bytes = entry.text.len();
        let fits_head = self.tail.is_empty()
            && self.head.len() < HEAD_LINES_MAX
            && self.head_bytes + bytes <= HEAD_BYTES_MAX.min(bytes_max);
        if fits_head {
            self.head_bytes += bytes;
            return self.head.push(entry);
        }
        self.tail_bytes += bytes;
        self.tail.push_back(entry);
        while (self.tail.len() > TAIL_LINES_MAX
            || self.tail_bytes > TAIL_BYTES_MAX.min(bytes_max) && self.tail.len() > 1)
            && let Some(oldest) = self.tail.pop_front()
        {
            self.tail_bytes -= oldest.text.len();
            self.left_out += 1;
        }
    }

    /// Bytes in memory, without the spare capacity of collections.
    fn held_bytes(&self) -> usize {
        let entries = self.head.len() + self.tail.len();
        self.head_bytes + self.tail_bytes + entries * ENTRY_BYTES
    }

    fn lines(&self) -> Vec<TranscriptLine> {
        let gap = (self.left_out > 0).then(|| TranscriptLine {
            at_ms: self.tail.front().map_or(0, |entry| entry.at_ms),
            speaker: Speaker::Note,
            text: format!("{} lines are left out here.", grouped(self.left_out)),
        });
        let head = self.head.iter().map(Entry::line);
        head.chain(gap).chain(self.tail.iter().map(Entry::line)).collect()
    }
}

impl Entry {
    /// The line as text, without control characters: it moves no cursor and forges no line.
    fn line(&self) -> TranscriptLine {
        let mut text: String = String::from_utf8_lossy(&self.text)
            .chars()
            .map(|character| if character.is_control() { '.' } else { character })
            .collect();
        if self.is_cut {
            text.push('…');
        }
        TranscriptLine { at_ms: self.at_ms, speaker: self.speaker, text }
    }
}

/// `23,456`.
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
