//! Incidents: list, look, try again.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tipoff_model::{DeliveryId, IncidentId};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::api_types::{Incident, IncidentFull};
use super::super::clock::Clock;
use super::super::extract::{JsonBody, Path, Query};
use super::super::incident_query::IncidentQuery;
use super::super::problem::Problem;
use super::error_responses::NotFound;
use crate::audit::what;
use crate::runtime::events::LiveEvent;

/// A page of incidents.
#[derive(Serialize, ToSchema)]
pub(super) struct IncidentList {
    /// The newest first.
    incidents: Vec<Incident>,
    /// Give this as `before` to go on; nothing: this was the last page.
    before: Option<i64>,
}

/// Incidents, the newest first, by a filter.
#[utoipa::path(
    get, path = "/api/v1/incidents", tag = "incidents", params(IncidentQuery),
    responses((status = 200, body = IncidentList)),
)]
pub(super) async fn list(
    State(state): State<AppState>,
    clock: Clock,
    Query(query): Query<IncidentQuery>,
) -> Result<Json<IncidentList>, Problem> {
    let (filter, limit) = (query.filter(&clock)?, query.limit()?);
    let mut lines = state.spool.incidents(&filter, limit + 1).await?;
    let before = (lines.len() > limit as usize).then(|| {
        lines.truncate(limit as usize);
        lines.last().map(|line| line.id.0).unwrap_or_default()
    });
    Ok(Json(IncidentList { incidents: lines.iter().map(Incident::from).collect(), before }))
}

/// One incident with all that belongs to it.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}", tag = "incidents",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, body = IncidentFull), NotFound),
)]
pub(super) async fn one(
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Json<IncidentFull>, Problem> {
    let detail = state.spool.incident(IncidentId(id)).await?;
    Ok(Json(IncidentFull::from(&detail)))
}

/// An incident as one file: all that came, as it came, with `incident.json`, which tells what is known.
#[utoipa::path(
    get, path = "/api/v1/incidents/{id}/zip", tag = "incidents",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, description = "The zip", content_type = "application/zip"), NotFound),
)]
pub(super) async fn parcel(
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Response, Problem> {
    let detail = state.spool.incident(IncidentId(id)).await?;
    super::super::incident_zip::send(&state, &detail).await
}

/// What to try again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    /// Only this delivery; without it all that were not delivered.
    #[serde(default)]
    delivery: Option<i64>,
}

/// What will be tried.
#[derive(Serialize, ToSchema)]
pub(super) struct Retried {
    /// The channels that will be told again.
    channels: Vec<String>,
}

/// Makes deliveries that failed, or that wait, due at once.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/retry", tag = "incidents", request_body = Retry,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, body = Retried), NotFound),
)]
pub(super) async fn retry(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
    JsonBody(retry): JsonBody<Retry>,
) -> Result<Json<Retried>, Problem> {
    // Query for by name, so that a wrong number is told.
    let incident = state.spool.incident(IncidentId(id)).await?.line.id;
    let only = retry.delivery.map(DeliveryId);
    let channels = state.spool.retry(incident, only, SystemTime::now().into()).await?;
    state.wake(&channels);
    state.note(audit.entry(what::RETRY, format!("incident {id}"), channels.join(", "))).await;
    Ok(Json(Retried { channels }))
}

/// Locks an incident: it is kept, whatever its age and however full the disk, until it is unlocked.
#[utoipa::path(
    post, path = "/api/v1/incidents/{id}/lock", tag = "incidents",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is locked"),
        NotFound,
        (status = 409, body = Problem, content_type = "application/problem+json",
         description = "Locked incidents may take half of the room"),
    ),
)]
pub(super) async fn lock(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let (incident, now) = (IncidentId(id), SystemTime::now().into());
    if state.spool.lock(incident, audit.actor.name().to_owned(), now).await? {
        state.note(audit.entry(what::LOCK, format!("incident {id}"), "")).await;
    }
    state.events.publish(LiveEvent::Arrival { incident, opened: false });
    Ok(StatusCode::NO_CONTENT)
}

/// Unlocks an incident: it goes with the others of its age.
#[utoipa::path(
    delete, path = "/api/v1/incidents/{id}/lock", tag = "incidents",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 204, description = "It is not locked"), NotFound),
)]
pub(super) async fn unlock(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let incident = IncidentId(id);
    if state.spool.unlock(incident).await? {
        state.note(audit.entry(what::UNLOCK, format!("incident {id}"), "")).await;
    }
    state.events.publish(LiveEvent::Arrival { incident, opened: false });
    Ok(StatusCode::NO_CONTENT)
}
