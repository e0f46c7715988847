//! The audit log: who did what. It is only read here; nothing removes an entry.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tipoff_spool::{AuditEntry, AuditFilter};
use utoipa::{IntoParams, ToSchema};

use super::super::AppState;
use super::super::account_types::AuditLine;
use super::super::extract::Query;
use super::super::incident_query::blank;
use super::super::problem::Problem;
use super::super::reader_language::text;

const LIMIT_MAX: u32 = 500;
const LIMIT: u32 = 100;
const TEXT_CHARS_MAX: usize = 200;

/// Which entries are wanted.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(in super::super) struct AuditQuery {
    /// Part of the name of who did it, or the kind: `user`, `token`, `person`, `link`, `command line`, `file`,
    /// `stranger`.
    #[param(max_length = 200)]
    #[serde(deserialize_with = "blank")]
    pub(in super::super) who: Option<String>,
    /// What was done, or its area: `token.create`, `token`.
    #[param(max_length = 200)]
    #[serde(deserialize_with = "blank")]
    pub(in super::super) what: Option<String>,
    /// Only entries before this number.
    #[serde(deserialize_with = "blank")]
    pub(in super::super) before: Option<i64>,
    /// How many at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    #[serde(deserialize_with = "blank")]
    pub(in super::super) limit: Option<u32>,
}

/// A page of entries.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct AuditList {
    /// The newest first.
    entries: Vec<AuditLine>,
    /// Give this as `before` to go on; null on the last page.
    before: Option<i64>,
}

/// Who did what, the newest first. Only for owners.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "access", params(AuditQuery),
    responses((status = 200, body = AuditList)),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditList>, Problem> {
    let (entries, before) = find(&state, query).await?;
    Ok(Json(AuditList { entries: entries.iter().map(AuditLine::from).collect(), before }))
}

/// The entries of a page, and the `before` of the next one.
pub(in super::super) async fn find(
    state: &AppState,
    query: AuditQuery,
) -> Result<(Vec<AuditEntry>, Option<i64>), Problem> {
    let limit = query.limit.unwrap_or(LIMIT);
    let is_long = |text: &Option<String>| {
        text.as_ref().is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX)
    };
    if !(1..=LIMIT_MAX).contains(&limit) || is_long(&query.who) || is_long(&query.what) {
        return Err(Problem::bad(text("problem-audit-query")));
    }
    let filter = AuditFilter { who: query.who, what: query.what, before: query.before };
    let mut entries = state.spool.audit(filter, limit + 1).await?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let before = entries.last().filter(|_| more).map(|entry| entry.id);
    Ok((entries, before))
}
