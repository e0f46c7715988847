//! Sessions of devices, and their transcripts.
//!
//! Open sessions are in memory (`Transcripts`), ended ones in the spool; a list shows both. A transcript is masked before it
//! is stored, so this file needs no rule about secrets.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use tipoff_spool::{SessionDetail, SessionFilter, SessionLine};
use utoipa::IntoParams;

use super::super::AppState;
use super::super::error_responses::NotFound;
use super::super::extract::{Path, Query};
use super::super::incident_query::blank;
use super::super::problem::Problem;
use super::super::reader_language::text;
use super::super::session_types::{Session, Transcript};

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

/// Open sessions, then those that ended, each the newest first. Open sessions are on the first page
/// only, and not in a filtered list.
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
    let unknown = || Problem::new(StatusCode::NOT_FOUND, text("problem-no-session").to_string());
    state.spool.session(id).await?.ok_or_else(unknown)
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
    Ok(Json(find(&state, &query).await?.iter().map(Session::from).collect()))
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
    Ok(Json((&read(&state, id).await?).into()))
}
