//! What is said in a session, written down while it is said: bounded, and at the price of copying
//! the bytes. Never holds a secret, nor the content of a message.

mod keeper;
mod trouble;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use crate::net::TlsFault;
use tipoff_model::{ArrivalId, Protocol, Timestamp};
use tipoff_spool::{
    FinishedSession, SessionDetail, SessionLine, SessionOutcome, Speaker, Stored, TranscriptLine,
};

use keeper::Shared;
pub(crate) use keeper::{SessionNews, Transcripts};
pub(super) use trouble::Trouble;

/// A longer line is cut, in bytes.
const LINE_BYTES_MAX: usize = 600;
/// Lines kept from the beginning of a session, and bytes of them.
const HEAD_LINES_MAX: usize = 200;
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The same from its end; one line more tells how many are left out between.
const TAIL_LINES_MAX: usize = 199;
const TAIL_BYTES_MAX: usize = 16 * 1024;
/// Bytes that the transcripts of all sessions under way hold. Beyond, the further lines of each are kept only up to
/// [`SCARCE_BYTES`] of the beginning and of the end: enough for a camera's mail, and little for thousands of sessions.
const ALL_BYTES_MAX: usize = 16 * 1024 * 1024;
const SCARCE_BYTES: usize = 1024;
/// What a line takes beside its text.
const ENTRY_BYTES: usize = size_of::<Entry>() + 16;

/// Writes one session down. The session has ended when its last clone is dropped.
#[derive(Clone)]
pub(super) struct Recorder(Arc<Session>);

/// A session that is under way.
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
    /// The last thing that went wrong and was not made good since.
    trouble: Option<Trouble>,
}

impl Recorder {
    fn new(id: i64, protocol: Protocol, peer: IpAddr, shared: Arc<Shared>) -> Self {
        Self(Arc::new(Session {
            id,
            protocol,
            peer,
            began_at: SystemTime::now().into(),
            began: Instant::now(),
            state: Mutex::default(),
            shared,
        }))
    }

    /// The device said this; its secrets are masked already.
    pub(super) fn heard(&self, line: &str) {
        self.write(Speaker::Device, line.as_bytes());
    }

    /// We said this, with line ends.
    pub(super) fn said(&self, reply: &[u8]) {
        for line in reply.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            self.write(Speaker::Us, line.trim_ascii_end());
        }
    }

    /// This happened besides.
    pub(super) fn note(&self, text: &str) {
        self.write(Speaker::Note, text.as_bytes());
    }

    /// It logged in.
    pub(super) fn logged_in(&self, user: &str) {
        let mut state = self.0.state();
        state.login = Some(user.to_owned());
        if state.trouble.as_ref().is_some_and(Trouble::ends_with_a_login) {
            state.trouble = None;
        }
    }

    /// The connection is encrypted now, like this.
    pub(super) fn encrypted(&self, how: String) {
        self.note(&format!("Encrypted with {how}."));
        self.0.state().tls = Some(how);
    }

    /// Something is stored.
    pub(super) fn stored(&self, stored: &Stored, torn: bool) {
        let what = if torn { "What came of it is kept" } else { "It is stored" };
        let Stored { arrival, incident, .. } = stored;
        self.note(&format!("{what} as arrival {arrival} of incident {incident}."));
        let mut state = self.0.state();
        // An upload that goes on is the same arrival.
        if state.arrivals.last() != Some(arrival) {
            state.arrivals.push(*arrival);
            let excess = state.arrivals.len().saturating_sub(ARRIVALS_MAX);
            state.arrivals.drain(..excess);
        }
        state.trouble = torn.then_some(Trouble::Torn);
    }

    /// Something went wrong.
    pub(super) fn trouble(&self, trouble: Trouble) {
        let mut state = self.0.state();
        if let Trouble::LoginRefused { user, .. } = &trouble {
            state.login = Some(user.clone());
        }
        state.trouble = Some(trouble);
    }

    /// Encryption failed.
    pub(super) fn tls_failed(&self, fault: TlsFault) {
        self.note(&format!("It could not be encrypted: {fault}."));
        self.trouble(Trouble::Tls(fault));
    }

    /// The same of a data connection.
    pub(super) fn data_tls_failed(&self, fault: TlsFault) {
        self.note(&format!("The data connection could not be encrypted: {fault}."));
        self.trouble(Trouble::Tls(fault));
    }

    /// A command was refused. What went wrong otherwise is worse; and once something has arrived, only what
    /// loses an upload counts.
    pub(super) fn refused(&self, trouble: Trouble) {
        let mut state = self.0.state();
        let stands = state.trouble.as_ref().is_some_and(|trouble| !trouble.is_refusal());
        if !stands && (state.arrivals.is_empty() || trouble.loses_an_upload()) {
            state.trouble = Some(trouble);
        }
    }

    /// What was refused is possible now.
    pub(super) fn made_good(&self) {
        let mut state = self.0.state();
        if state.trouble.as_ref().is_some_and(Trouble::is_refusal) {
            state.trouble = None;
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

/// The latest arrivals of a session are named, as many as this.
const ARRIVALS_MAX: usize = 100;

impl Session {
    fn state(&self) -> MutexGuard<'_, State> {
        // Whole after every statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn line(&self) -> SessionLine {
        let state = self.state();
        SessionLine {
            id: self.id,
            protocol: self.protocol,
            peer: self.peer,
            began_at: self.began_at,
            ended_at: SystemTime::now().into(),
            device: None,
            login: state.login.clone(),
            tls: state.tls.clone(),
            outcome: SessionOutcome::Open,
            hint: state.trouble.as_ref().and_then(|trouble| trouble.hint(self.protocol)),
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
            ended_at: SystemTime::now().into(),
            is_of_flood: false,
            state,
        };
        self.shared.finish(finished);
    }
}

/// A session that has ended, not yet spelled out.
struct Finished {
    id: i64,
    protocol: Protocol,
    peer: IpAddr,
    began_at: Timestamp,
    ended_at: Timestamp,
    /// Too many of its address brought nothing lately.
    is_of_flood: bool,
    state: State,
}

impl Finished {
    fn outcome(&self) -> SessionOutcome {
        match &self.state.trouble {
            Some(trouble) => trouble.outcome(),
            None if self.state.arrivals.is_empty() => SessionOutcome::Nothing,
            None => SessionOutcome::Delivered,
        }
    }

    fn spell_out(&self) -> FinishedSession {
        let State { log, login, tls, arrivals, trouble } = &self.state;
        FinishedSession {
            id: self.id,
            protocol: self.protocol,
            peer: self.peer,
            began_at: self.began_at,
            ended_at: self.ended_at,
            login: login.clone(),
            tls: tls.clone(),
            outcome: self.outcome(),
            hint: trouble.as_ref().and_then(|trouble| trouble.hint(self.protocol)),
            arrivals: arrivals.clone(),
            lines: log.lines(),
        }
    }

    fn detail(&self) -> SessionDetail {
        let told = self.spell_out();
        SessionDetail {
            line: SessionLine {
                id: told.id,
                protocol: told.protocol,
                peer: told.peer,
                began_at: told.began_at,
                ended_at: told.ended_at,
                device: None,
                login: told.login,
                tls: told.tls,
                outcome: told.outcome,
                hint: told.hint,
                arrivals: told.arrivals,
            },
            lines: told.lines,
        }
    }
}

/// The lines: the first and the last of them, where there are too many.
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

    /// Keeps no more than `bytes_max` of the end, and adds no more to the beginning.
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

    /// Bytes in memory, not counting what collections keep free.
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
    /// One line of text: whatever came, it moves no cursor and forges no line.
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
