//! When a device is alerted: read, and set.

use axum::extract::State;
use axum::http::StatusCode;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::device_changes::of_device;
use super::super::device_schedule::DeviceSchedule;
use super::super::error_responses::{Conflict, NotFound};
use super::super::extract::{Json, Path};
use super::super::problem::Problem;
use super::devices::line;
use crate::audit::AuditAction;

/// When a device is alerted, as it was set here.
#[utoipa::path(
    get, path = "/api/v1/devices/{id}/schedule", tag = "devices",
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 200, body = DeviceSchedule), NotFound, Conflict),
)]
pub(in super::super) async fn show(
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Json<DeviceSchedule>, Problem> {
    let device = line(&state, id).await?;
    let stored = StoredDocument::read(&state).await?;
    Ok(Json(DeviceSchedule::of(&stored.document, &device, &file_facts(&state))))
}

/// Sets when a device is alerted. At other times its incidents are stored and no channel gets a first alert.
#[utoipa::path(
    put, path = "/api/v1/devices/{id}/schedule", tag = "devices", request_body = DeviceSchedule,
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 204, description = "Set, and in use"), NotFound, Conflict),
)]
pub(in super::super) async fn set(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(schedule): Json<DeviceSchedule>,
) -> Result<StatusCode, Problem> {
    let device = line(&state, id).await?;
    let detail = schedule.described();
    let mut stored = StoredDocument::read(&state).await?;
    schedule.set(&mut stored.document, &device, &file_facts(&state))?;
    stored.store(&state).await?;
    state.note(audit.entry(AuditAction::DeviceChange, of_device(&device), detail)).await;
    Ok(StatusCode::NO_CONTENT)
}
