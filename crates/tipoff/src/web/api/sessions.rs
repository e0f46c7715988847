//! Sessions of devices, and their transcripts.
//!
//! Open sessions are in memory (`Transcripts`), ended ones in the spool; a list shows both. A transcript is masked before it
//! is stored, so this file needs no rule about secrets.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tipoff_spool::{SessionDetail, SessionFilter, SessionLine, Speaker};
use utoipa::{IntoParams, ToSchema};

use super::super::AppState;
use super::super::api_types::DeviceName;
use super::super::error_responses::NotFound;
use super::super::extract::{Path, Query};
use super::super::incident_query::blank;
use super::super::problem::Problem;
use crate::runtime::utc::utc;

/// Sessions on a page. The list has no other limit.
pub(in super::super) const LIMIT: u32 = 50;

/// Which sessions are wanted.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct SessionQuery {
    /// The number of a device.
    #[serde(deserialize_with = "blank")]
    pub(crate) device: Option<i64>,
    /// Only those that failed.
    #[serde(deserialize_with = "blank")]
    pub(crate) failed: Option<bool>,
    /// Those before this one: where the page before ended.
    #[serde(deserialize_with = "blank")]
    pub(crate) before: Option<i64>,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Session {
    /// Number of the session.
    id: i64,
    /// `smtp` or `ftp`.
    protocol: &'static str,
    /// The address at the other end.
    peer: String,
    /// The device, once it is known by its login or its arrival.
    device: Option<DeviceName>,
    /// When the connection was made.
    #[schema(format = DateTime)]
    began_at: String,
    /// Null while it is open.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// The user that it logged in as.
    login: Option<String>,
    /// How it was encrypted.
    tls: Option<String>,
    /// `open`, `delivered`, `nothing`, `login-refused`, `tls-failed`, `turned-away`, `torn` or `failed`.
    outcome: &'static str,
    /// What to change at the device.
    hint: Option<String>,
    /// Numbers of the arrivals that it delivered.
    arrivals: Vec<i64>,
}

/// A line of a transcript.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct TranscriptEntry {
    /// Milliseconds after the connection was made.
    at_ms: u32,
    /// `device`, `us` or `note`.
    speaker: &'static str,
    /// Secrets are masked.
    text: String,
}

/// A session with its transcript.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Transcript {
    /// The session.
    session: Session,
    /// In the order in which they were sent.
    lines: Vec<TranscriptEntry>,
}

/// Name of the speaker of a line.
pub(crate) fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Device => "device",
        Speaker::Us => "us",
        Speaker::Note => "note",
    }
}

/// A session as the API shows it.
fn session(line: &SessionLine) -> Session {
    let device = line.device.clone();
    let is_open = line.outcome == tipoff_spool::SessionOutcome::Open;
    Session {
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

/// Open sessions, then those that ended, each the newest first. Open sessions are on the first page only, and not in a filtered list.
pub(crate) async fn find(
    state: &AppState,
    query: &SessionQuery,
) -> Result<Vec<SessionLine>, Problem> {
    let mut lines = Vec::new();
    let only_failed = query.failed.unwrap_or(false);
    if query.device.is_none() && query.before.is_none() && !only_failed {
        lines = state.transcripts.open_sessions();
        lines.sort_by_key(|line| std::cmp::Reverse(line.id));
    }
    let filter = SessionFilter {
        device: query.device,
        failed_only: only_failed,
        before: query.before,
        limit: LIMIT,
        ..SessionFilter::default()
    };
    let ended = state.spool.sessions(filter).await?;
    let open: Vec<i64> = lines.iter().map(|line| line.id).collect();
    lines.extend(ended.into_iter().filter(|line| !open.contains(&line.id)));
    Ok(lines)
}

/// A session, open or ended; 404 once it is no longer stored.
pub(crate) async fn read(state: &AppState, id: i64) -> Result<SessionDetail, Problem> {
    if let Some(detail) = state.transcripts.read(id) {
        return Ok(detail);
    }
    state.spool.session(id).await?.ok_or_else(|| Problem::not_found("session"))
}

/// The last sessions, also those that failed before a device was known.
#[utoipa::path(
    get, path = "/api/v1/sessions", tag = "sessions", params(SessionQuery),
    responses((status = 200, body = [Session])),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
    Query(query): Query<SessionQuery>,
) -> Result<Json<Vec<Session>>, Problem> {
    Ok(Json(find(&state, &query).await?.iter().map(session).collect()))
}

/// One session with its transcript.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}", tag = "sessions",
    params(("id" = i64, Path, description = "Number of the session")),
    responses((status = 200, body = Transcript), NotFound),
)]
pub(in super::super) async fn one(
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Json<Transcript>, Problem> {
    let detail = read(&state, id).await?;
    let line = |line: &tipoff_spool::TranscriptLine| TranscriptEntry {
        at_ms: line.at_ms,
        speaker: speaker(line.speaker),
        text: line.text.clone(),
    };
    let lines = detail.lines.iter().map(line).collect();
    Ok(Json(Transcript { session: session(&detail.line), lines }))
}
