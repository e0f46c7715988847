//! Links that show one incident without a login: make, list, revoke.
//!
//! The address contains a number, the expiry and a signature. Only the answer that makes a link contains it; the spool
//! stores the number, so that a link can be revoked and its openings counted.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_model::{IncidentId, Timestamp};
use tipoff_spool::ShareLink;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::error_responses::{Conflict, NotFound};
use super::super::extract::{Json, Path};
use super::super::problem::Problem;
use super::super::reader_language::text;
use crate::audit::{AuditAction, lasting};
use crate::runtime::utc::utc;

/// The longest time for which a link can be opened, in seconds.
const SHARE_LASTS_S_MAX: u64 = 90 * 24 * 3600;
/// How many links there may be that have not expired.
const SHARES_MAX: u32 = 1_000;

/// How long a link is valid.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Share {
    /// In seconds.
    #[schema(minimum = 1, maximum = 7_776_000)]
    lasts_s: u64,
}

/// A link that needs no login.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct SharedLink {
    /// The number under which it is listed and revoked.
    id: i64,
    /// Address of the page of the incident. Only this answer contains it.
    url: String,
    /// Until when.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Makes a link by which anybody sees the incident without a login, until it expires or is revoked.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/share", tag = "incidents", request_body = Share,
    params(("id" = i64, Path, description = "Number of the incident")),
    responses((status = 200, body = SharedLink), NotFound, Conflict),
)]
pub(in super::super) async fn share(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(share): Json<Share>,
) -> Result<Json<SharedLink>, Problem> {
    if !(1..=SHARE_LASTS_S_MAX).contains(&share.lasts_s) {
        return Err(Problem::bad(text("problem-incident-link-lasts")));
    }
    let incident = state.spool.incident(IncidentId(id)).await?.line.id;
    let created_at = state.clock.now();
    // To the second, as the link has it.
    let expires_s = created_at.after(Duration::from_secs(share.lasts_s)).as_ms() / 1000;
    let link = ShareLink {
        id: 0,
        incident,
        made_by: audit.actor.spoken(),
        created_at,
        expires_at: Timestamp::from_ms(expires_s.saturating_mul(1000)),
        opened: 0,
        opened_at: None,
    };
    let expires_at = link.expires_at;
    let entry =
        audit.entry(AuditAction::ShareCreate, of_incident(incident), lasting(share.lasts_s));
    let full = || Problem::new(StatusCode::CONFLICT, text("problem-incident-links-full"));
    let number = state.spool.add_share_link(link, SHARES_MAX, entry).await?.ok_or_else(full)?;
    Ok(Json(SharedLink {
        id: number,
        url: state.links.share(number, incident, expires_at),
        expires_at: utc(expires_at),
    }))
}

/// An incident in the audit log.
fn of_incident(incident: IncidentId) -> String {
    format!("incident {incident}")
}

/// A link that somebody made, without its address.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct ShareLine {
    /// The number under which it is revoked.
    id: i64,
    /// The number of the incident that it shows.
    incident: i64,
    /// Who made it.
    made_by: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// Until when it opens.
    #[schema(format = DateTime)]
    expires_at: String,
    /// How often its page was opened, also by programs that make previews.
    opened: u64,
    /// When its page was opened last; null if never.
    #[schema(format = DateTime)]
    opened_at: Option<String>,
}

/// All links that have not expired, the newest first. Only for owners.
#[utoipa::path(
    get, path = "/api/v1/shares", tag = "access",
    responses((status = 200, body = [ShareLine])),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
) -> Result<Json<Vec<ShareLine>>, Problem> {
    let line = |link: ShareLink| ShareLine {
        id: link.id,
        incident: link.incident.0,
        made_by: link.made_by,
        created_at: utc(link.created_at),
        expires_at: utc(link.expires_at),
        opened: link.opened,
        opened_at: link.opened_at.map(utc),
    };
    Ok(Json(links(&state).await?.into_iter().map(line).collect()))
}

/// All links that have not expired, with all openings counted.
pub(in super::super) async fn links(state: &AppState) -> Result<Vec<ShareLink>, Problem> {
    state.share_opens.write(&*state.spool, state.clock.now()).await?;
    Ok(state.spool.share_links(state.clock.now()).await?)
}

/// Revokes a link: from now on it opens nothing.
#[utoipa::path(
    delete, path = "/api/v1/shares/{id}", tag = "access",
    params(("id" = i64, Path, description = "Number of the link")),
    responses((status = 204, description = "It opens nothing any more"), NotFound),
)]
pub(in super::super) async fn revoke(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("problem-no-link");
    let link = state.spool.share_link(id).await?.ok_or_else(missing)?;
    let entry =
        audit.entry(AuditAction::ShareRevoke, of_incident(link.incident), format!("link {id}"));
    if !state.spool.revoke_share_link(id, entry).await? {
        return Err(missing());
    }
    Ok(StatusCode::NO_CONTENT)
}
