//! Incidents: list, show, download, retry, lock.
//!
//! The filter is shared with the timeline (`incident_query.rs`). The shapes of the answers are in `incident_types.rs`, because the
//! zip contains them too. Marking an incident as not interesting is an action of messages (`actions.rs`).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tipoff_model::{DeliveryId, IncidentId};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::{AuditContext, Principal};
use super::super::error_responses::NotFound;
use super::super::extract::{Json, Path, Query};
use super::super::incident_query::IncidentQuery;
use super::super::incident_types::{Incident, IncidentFull};
use super::super::problem::Problem;
use super::super::reader_clock::ReaderClock;
use crate::audit::AuditAction;
use crate::runtime::events::LiveEvent;

/// A page of incidents.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct IncidentList {
    /// The newest first.
    incidents: Vec<Incident>,
    /// Give this as `before` to go on; null on the last page. A page of `show=unseen` may have fewer incidents than asked for, and
    /// others behind it: the search ends where it gets long.
    before: Option<i64>,
}

/// Incidents, the newest first, by a filter.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "incidents", params(IncidentQuery),
    responses((status = 200, body = IncidentList)),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
    clock: ReaderClock,
    principal: Principal,
    Query(query): Query<IncidentQuery>,
) -> Result<Json<IncidentList>, Problem> {
    let reader = principal.reader();
    let page = query.read(&*state.spool, &clock, reader.as_ref()).await?;
    let incidents = page.lines.iter().map(Incident::from).collect();
    Ok(Json(IncidentList { incidents, before: page.before }))
}

/// One incident with all that belongs to it.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}", tag = "incidents",
    params(("id" = i64, Path, description = "Number of the incident")),
    responses((status = 200, body = IncidentFull), NotFound),
)]
pub(in super::super) async fn one(
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Json<IncidentFull>, Problem> {
    let detail = state.spool.incident(IncidentId(id)).await?;
    Ok(Json(IncidentFull::from(&detail)))
}

/// An incident as a zip file: all original mails and files, and `incident.json` with the facts.
#[utoipa::path(
    operation_id = "parcel",
    get, path = "/api/v1/incidents/{id}/zip", tag = "incidents",
    params(("id" = i64, Path, description = "Number of the incident")),
    responses((status = 200, description = "The zip", content_type = "application/zip"), NotFound),
)]
pub(in super::super) async fn zip(
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Response, Problem> {
    let detail = state.spool.incident(IncidentId(id)).await?;
    super::super::incident_zip::send(&state, &detail).await
}

/// Which deliveries become due at once.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Retry {
    /// Only this delivery; without it all that were not delivered.
    #[serde(default)]
    delivery: Option<i64>,
}

/// The result of a retry.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Retried {
    /// The channels to which alerts will be sent again.
    channels: Vec<String>,
}

/// Makes deliveries that failed, or that wait, due at once.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/retry", tag = "incidents", request_body = Retry,
    params(("id" = i64, Path, description = "Number of the incident")),
    responses((status = 200, body = Retried), NotFound),
)]
pub(in super::super) async fn retry(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(retry): Json<Retry>,
) -> Result<Json<Retried>, Problem> {
    // Read first, so that an unknown number is an error.
    let incident = state.spool.incident(IncidentId(id)).await?.line.id;
    let only = retry.delivery.map(DeliveryId);
    let channels = state.spool.retry(incident, only, state.clock.now()).await?;
    state.wake(&channels);
    state
        .note(audit.entry(AuditAction::Retry, format!("incident {id}"), channels.join(", ")))
        .await;
    Ok(Json(Retried { channels }))
}

/// Locks an incident: it is kept, whatever its age and however full the disk, until it is unlocked.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/lock", tag = "incidents",
    params(("id" = i64, Path, description = "Number of the incident")),
    responses(
        (status = 204, description = "It is locked"),
        NotFound,
        (status = 409, body = Problem, content_type = "application/problem+json",
         description = "Locked incidents may use half of the space"),
    ),
)]
pub(in super::super) async fn lock(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let (incident, now) = (IncidentId(id), state.clock.now());
    if state.spool.lock(incident, audit.actor.name().to_owned(), now).await? {
        state.note(audit.entry(AuditAction::Lock, format!("incident {id}"), "")).await;
    }
    state.events.publish(LiveEvent::Arrival { incident, opened: false });
    Ok(StatusCode::NO_CONTENT)
}

/// Unlocks an incident: retention applies to it again.
#[utoipa::path(
    delete, path = "/api/v1/incidents/{id}/lock", tag = "incidents",
    params(("id" = i64, Path, description = "Number of the incident")),
    responses((status = 204, description = "It is not locked"), NotFound),
)]
pub(in super::super) async fn unlock(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let incident = IncidentId(id);
    if state.spool.unlock(incident).await? {
        state.note(audit.entry(AuditAction::Unlock, format!("incident {id}"), "")).await;
    }
    state.events.publish(LiveEvent::Arrival { incident, opened: false });
    Ok(StatusCode::NO_CONTENT)
}
