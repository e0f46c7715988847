//! The shapes of sessions and their transcripts, for the API and for `--json` of the command line.

use serde::Serialize;
use tipoff_spool::{SessionDetail, SessionLine, SessionOutcome, Speaker};
use utoipa::ToSchema;

use super::incident_types::DeviceName;
use crate::runtime::utc::utc;

/// A session.
#[derive(Serialize, ToSchema)]
pub(crate) struct Session {
    /// Number of the session.
    pub(crate) id: i64,
    /// `smtp` or `ftp`.
    pub(crate) protocol: &'static str,
    /// The address at the other end.
    pub(crate) peer: String,
    /// The device, once it is known by its login or its arrival.
    pub(crate) device: Option<DeviceName>,
    /// When the connection was made.
    #[schema(format = DateTime)]
    pub(crate) began_at: String,
    /// Null while it is open.
    #[schema(format = DateTime)]
    pub(crate) ended_at: Option<String>,
    /// The user that it logged in as.
    pub(crate) login: Option<String>,
    /// How it was encrypted.
    pub(crate) tls: Option<String>,
    /// `open`, `delivered`, `nothing`, `login_refused`, `tls_failed`, `turned_away`, `torn` or `failed`.
    pub(crate) outcome: &'static str,
    /// The change that is needed at the device.
    pub(crate) hint: Option<String>,
    /// Numbers of the arrivals that it delivered.
    pub(crate) arrivals: Vec<i64>,
}

/// A line of a transcript.
#[derive(Serialize, ToSchema)]
pub(crate) struct TranscriptEntry {
    /// Milliseconds after the connection was made.
    pub(crate) at_ms: u32,
    /// `device`, `us` or `note`.
    pub(crate) speaker: &'static str,
    /// Secrets are masked.
    pub(crate) text: String,
}

/// A session with its transcript.
#[derive(Serialize, ToSchema)]
pub(crate) struct Transcript {
    /// The session.
    pub(crate) session: Session,
    /// In the order in which they were sent.
    pub(crate) lines: Vec<TranscriptEntry>,
}

/// Name of the speaker of a line.
pub(crate) const fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Device => "device",
        Speaker::Us => "us",
        Speaker::Note => "note",
    }
}

impl From<&SessionLine> for Session {
    fn from(line: &SessionLine) -> Self {
        let device = line.device.clone();
        let is_open = line.outcome == SessionOutcome::Open;
        Self {
            id: line.id,
            protocol: line.protocol.as_str(),
            peer: line.peer.to_string(),
            device: device.map(|(id, name)| DeviceName { id, name }),
            began_at: utc(line.began_at),
            ended_at: (!is_open).then(|| utc(line.ended_at)),
            login: line.login.clone(),
            tls: line.tls.clone(),
            outcome: line.outcome.as_str(),
            hint: line.hint.clone(),
            arrivals: line.arrivals.iter().map(|arrival| arrival.0).collect(),
        }
    }
}

impl From<&SessionDetail> for Transcript {
    fn from(detail: &SessionDetail) -> Self {
        let line = |line: &tipoff_spool::TranscriptLine| TranscriptEntry {
            at_ms: line.at_ms,
            speaker: speaker(line.speaker),
            text: line.text.clone(),
        };
        Self { session: (&detail.line).into(), lines: detail.lines.iter().map(line).collect() }
    }
}
