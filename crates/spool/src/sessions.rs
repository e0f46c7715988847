//! Sessions: what devices and receivers said to each other, line by line, for whoever asks why
//! something did not arrive. Nothing that was acknowledged depends on them.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use tipoff_model::{ArrivalId, Protocol, Timestamp};

use crate::{BoxFuture, Result};

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionOutcome {
    /// It has not ended yet. Never stored.
    Open,
    /// What came is stored.
    Delivered,
    /// Nothing came, and nothing was refused.
    Nothing,
    /// The last login was refused.
    LoginRefused,
    /// It could not be encrypted.
    TlsFailed,
    /// There were too many others.
    TurnedAway,
    /// It broke in the middle of a message or an upload.
    Torn,
    /// Something else went wrong.
    Failed,
}

impl SessionOutcome {
    const ALL: [Self; 8] = [
        Self::Open,
        Self::Delivered,
        Self::Nothing,
        Self::LoginRefused,
        Self::TlsFailed,
        Self::TurnedAway,
        Self::Torn,
        Self::Failed,
    ];

    /// The name in the spool and to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Delivered => "delivered",
            Self::Nothing => "nothing",
            Self::LoginRefused => "login_refused",
            Self::TlsFailed => "tls_failed",
            Self::TurnedAway => "turned_away",
            Self::Torn => "torn",
            Self::Failed => "failed",
        }
    }

    /// The outcome of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }

    /// Whether something did not go as the device wanted.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Open | Self::Delivered | Self::Nothing)
    }
}

/// Who speaks in a line of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The device.
    Device,
    /// We.
    Us,
    /// Nobody: what happened besides.
    Note,
}

/// One line of a transcript. Secrets are masked, and no control character is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptLine {
    /// Milliseconds since the connection was accepted.
    pub at_ms: u32,
    /// Who said it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// A session that is to be kept.
#[derive(Clone, Debug)]
pub struct FinishedSession {
    /// Its number, which no other session has.
    pub id: i64,
    /// What was spoken.
    pub protocol: Protocol,
    /// Who connected.
    pub peer: IpAddr,
    /// When the connection was accepted.
    pub began_at: Timestamp,
    /// When it was over.
    pub ended_at: Timestamp,
    /// The last user that it logged in as, or tried to.
    pub login: Option<String>,
    /// How it was encrypted, if it was.
    pub tls: Option<String>,
    /// How it ended.
    pub outcome: SessionOutcome,
    /// What to change, where that is known.
    pub hint: Option<String>,
    /// What was stored, in order.
    pub arrivals: Vec<ArrivalId>,
    /// What was said, in order.
    pub lines: Vec<TranscriptLine>,
}

/// A session as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLine {
    /// Its number.
    pub id: i64,
    /// What was spoken.
    pub protocol: Protocol,
    /// Who connected.
    pub peer: IpAddr,
    /// When the connection was accepted.
    pub began_at: Timestamp,
    /// When it was over; of one that is open: now.
    pub ended_at: Timestamp,
    /// Row and name of the device that it was, where that is known.
    pub device: Option<(i64, String)>,
    /// As in [`FinishedSession`].
    pub login: Option<String>,
    /// As in [`FinishedSession`].
    pub tls: Option<String>,
    /// How it ended.
    pub outcome: SessionOutcome,
    /// As in [`FinishedSession`].
    pub hint: Option<String>,
    /// As in [`FinishedSession`].
    pub arrivals: Vec<ArrivalId>,
}

/// A session with all that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDetail {
    /// The session.
    pub line: SessionLine,
    /// Its transcript, in order.
    pub lines: Vec<TranscriptLine>,
}

/// Which sessions are wanted.
#[derive(Clone, Debug)]
pub struct SessionFilter {
    /// Of the device of this row.
    pub device: Option<i64>,
    /// Of devices of this name.
    pub device_name: Option<String>,
    /// From this address.
    pub peer: Option<IpAddr>,
    /// Only where something went wrong.
    pub failed_only: bool,
    /// Only those with a smaller number: the next page.
    pub before: Option<i64>,
    /// How many at the most.
    pub limit: u32,
}

impl Default for SessionFilter {
    /// The latest 50 of all.
    fn default() -> Self {
        Self {
            device: None,
            device_name: None,
            peer: None,
            failed_only: false,
            before: None,
            limit: 50,
        }
    }
}

/// The part of the spool that keeps sessions: the last ones of each device, and fewer of addresses
/// that are nobody's.
pub trait Sessions: Send + Sync {
    /// Keeps these, and removes what need not be kept any longer. For each the row of its device:
    /// that of its first arrival, else of the only device that was heard at its address lately.
    fn keep_sessions(
        &self,
        sessions: Vec<FinishedSession>,
    ) -> BoxFuture<'_, Result<Vec<Option<i64>>>>;

    /// The largest number that a kept session ever had; 0: there was none.
    fn last_session(&self) -> BoxFuture<'_, Result<i64>>;

    /// Kept sessions, the latest first.
    fn sessions(&self, filter: SessionFilter) -> BoxFuture<'_, Result<Vec<SessionLine>>>;

    /// One session; none: it is not kept, or not any more.
    fn session(&self, id: i64) -> BoxFuture<'_, Result<Option<SessionDetail>>>;
}
