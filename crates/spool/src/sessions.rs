//! Sessions: the transcripts of conversations between devices and receivers, for owners who ask why something did not
//! arrive. Nothing that was acknowledged depends on them, so they are written later and may be lost in a crash.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use tipoff_model::{ArrivalId, Protocol, Timestamp};

use crate::{BoxFuture, Result};

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionOutcome {
    /// It has not ended yet. Never stored.
    Open,
    /// What the device sent is stored.
    Delivered,
    /// The device sent nothing, and nothing was refused.
    Nothing,
    /// The last login was refused.
    LoginRefused,
    /// TLS could not be set up.
    TlsFailed,
    /// The limit of connections was reached.
    TurnedAway,
    /// The connection broke in the middle of a mail or an upload.
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

    /// Name in the database and the API.
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

    /// The outcome of this name. `None` if a later version stored it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }

    /// Whether the device did not get what it wanted: the dashboard lists such sessions as failed.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Open | Self::Delivered | Self::Nothing)
    }
}

/// The origin of a line of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    /// The device.
    Device,
    /// Tipoff.
    Us,
    /// A note about what happened, such as a timeout.
    Note,
}

/// One line of a transcript. Secrets are masked, and no control character is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptLine {
    /// Milliseconds since the connection was accepted.
    pub at_ms: u32,
    /// Where the line comes from.
    pub speaker: Speaker,
    /// The line. A very long one is cut (`receive::transcript`).
    pub text: String,
}

/// A session that has ended and is to be stored.
#[derive(Clone, Debug)]
pub struct FinishedSession {
    /// Number of the session, which no other one has. It was shown while the session was open.
    pub id: i64,
    /// The protocol.
    pub protocol: Protocol,
    /// Address of whoever connected.
    pub peer: IpAddr,
    /// When the connection was accepted.
    pub began_at: Timestamp,
    /// When the connection ended.
    pub ended_at: Timestamp,
    /// The last user of a login, whether it was accepted or not. `None` if there was no login.
    pub login: Option<String>,
    /// How the connection was encrypted. `None` if it was not.
    pub tls: Option<String>,
    /// How it ended.
    pub outcome: SessionOutcome,
    /// What the owner can change so that the next session succeeds. `None` if that is not known.
    pub hint: Option<String>,
    /// The arrivals that were stored, in order.
    pub arrivals: Vec<ArrivalId>,
    /// The transcript, in order.
    pub lines: Vec<TranscriptLine>,
}

/// A session as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLine {
    /// Number of the session.
    pub id: i64,
    /// The protocol.
    pub protocol: Protocol,
    /// Address of whoever connected.
    pub peer: IpAddr,
    /// When the connection was accepted.
    pub began_at: Timestamp,
    /// When the connection ended; now if it is open.
    pub ended_at: Timestamp,
    /// Row and name of the device. `None` if the address is nobody's.
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

/// A session with its transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDetail {
    /// The session.
    pub line: SessionLine,
    /// Its transcript, in order.
    pub lines: Vec<TranscriptLine>,
}

/// Which sessions a list shows.
#[derive(Clone, Debug)]
pub struct SessionFilter {
    /// Only those of the device of this row.
    pub device: Option<i64>,
    /// Only those of devices of this name.
    pub device_name: Option<String>,
    /// Only those from this address.
    pub peer: Option<IpAddr>,
    /// Only those whose outcome is a failure.
    pub failed_only: bool,
    /// Only those with a smaller number, for the next page.
    pub before: Option<i64>,
    /// Number of sessions at most.
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

/// The part of the spool that stores sessions: the latest of each device, and fewer of addresses that are nobody's,
/// because anybody can open a connection.
pub trait Sessions: Send + Sync {
    /// Stores sessions and removes old ones beyond the limits. Returns the row of each one's device: the device of its
    /// first arrival, otherwise the only device that was seen at its address lately.
    fn keep_sessions(
        &self,
        sessions: Vec<FinishedSession>,
    ) -> BoxFuture<'_, Result<Vec<Option<i64>>>>;

    /// The largest number that a stored session ever had; 0 if there was none.
    fn last_session(&self) -> BoxFuture<'_, Result<i64>>;

    /// Stored sessions, the latest first.
    fn sessions(&self, filter: SessionFilter) -> BoxFuture<'_, Result<Vec<SessionLine>>>;

    /// One session. `None` if it was not stored, or was removed.
    fn session(&self, id: i64) -> BoxFuture<'_, Result<Option<SessionDetail>>>;
}
