//! Links that show one incident without a login: make, list, revoke.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_model::{IncidentId, Timestamp};
use tipoff_spool::ShareLink;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::extract::{JsonBody, Path};
use super::super::problem::Problem;
use super::error_responses::{Conflict, NotFound};
use crate::audit::{lasting, what};
use crate::runtime::utc::utc;

/// The longest time for which a link can be opened, in seconds.
const SHARE_LASTS_S_MAX: u64 = 90 * 24 * 3600;
/// How many links there may be that have not expired.
const SHARES_MAX: u32 = 1_000;

/// How long a link is to hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Share {
    /// In seconds.
    #[schema(minimum = 1, maximum = 7_776_000)]
    lasts_s: u64,
}

/// A link that needs no login.
#[derive(Serialize, ToSchema)]
pub(super) struct SharedLink {
    /// The number under which it is listed and revoked.
    id: i64,
    /// Where the incident is seen. It is told this once.
    url: String,
    /// Until when.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Makes a link by which anybody sees the incident without a login, until it expires or is revoked.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/share", tag = "incidents", request_body = Share,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, body = SharedLink), NotFound, Conflict),
)]
pub(super) async fn share(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
    JsonBody(share): JsonBody<Share>,
) -> Result<Json<SharedLink>, Problem> {
    if !(1..=SHARE_LASTS_S_MAX).contains(&share.lasts_s) {
        return Err(Problem::bad("lasts_s: from 1 to 7776000"));
    }
    let incident = state.spool.incident(IncidentId(id)).await?.line.id;
    let created_at = Timestamp::from(SystemTime::now());
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
    let entry = audit.entry(what::SHARE_CREATE, of_incident(incident), lasting(share.lasts_s));
    let full = || {
        let detail = "the limit of 1,000 links is reached; revoke one first";
        Problem::new(StatusCode::CONFLICT, detail)
    };
    let number = state.spool.add_share_link(link, SHARES_MAX, entry).await?.ok_or_else(full)?;
    Ok(Json(SharedLink {
        id: number,
        url: state.links.share(number, incident, expires_at),
        expires_at: utc(expires_at),
    }))
}

fn of_incident(incident: IncidentId) -> String {
    format!("incident {incident}")
}

/// A link that somebody made, without its address.
#[derive(Serialize, ToSchema)]
pub(super) struct ShareLine {
    id: i64,
    /// The number of the incident that it shows.
    incident: i64,
    /// Who made it.
    made_by: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// How often its page was opened, also by programs that make previews.
    opened: u64,
    #[schema(format = DateTime)]
    opened_at: Option<String>,
}

/// All links that have not expired, the newest first. Only for owners.
#[utoipa::path(
    get, path = "/api/v1/shares", tag = "access",
    responses((status = 200, body = [ShareLine])),
)]
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Vec<ShareLine>>, Problem> {
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
    state.share_opens.write(&*state.spool).await?;
    Ok(state.spool.share_links(SystemTime::now().into()).await?)
}

/// Revokes a link: from now on it opens nothing.
#[utoipa::path(
    delete, path = "/api/v1/shares/{id}", tag = "access",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 204, description = "It opens nothing any more"), NotFound),
)]
pub(super) async fn revoke(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("link");
    let link = state.spool.share_link(id).await?.ok_or_else(missing)?;
    let entry = audit.entry(what::SHARE_REVOKE, of_incident(link.incident), format!("link {id}"));
    if !state.spool.revoke_share_link(id, entry).await? {
        return Err(missing());
    }
    Ok(StatusCode::NO_CONTENT)
}
