//! The login of a device that was added in the dashboard: a new password, and no login at all.
//!
//! Devices of the configuration file have their login there, and get a 409.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tipoff_spool::DeviceChange;

use super::super::access::AuditContext;
use super::super::device_changes::{AddedDevice, of_device};
use super::super::error_responses::{Conflict, NotFound};
use super::super::extract::Path;
use super::super::problem::Problem;
use super::super::reader_language::text;
use super::super::{AppState, device_credentials};
use super::devices::line;
use crate::audit::AuditAction;

/// Makes a new password for a device that was added here; the old one stops working.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/password", tag = "devices",
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 200, body = AddedDevice), NotFound, Conflict),
)]
pub(in super::super) async fn renew_password(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<Json<AddedDevice>, Problem> {
    let known = line(&state, id).await?;
    let object = of_device(&known);
    let Some(user) = known.user else {
        let detail = text("problem-no-own-password").to_string();
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    let password = device_credentials::password()?;
    let change = DeviceChange::Password(password.clone());
    state.spool.change_device(known.id, change).await?;
    state.devices_changed().await?;
    state.note(audit.entry(AuditAction::DevicePassword, object, format!("user {user}"))).await;
    Ok(Json(AddedDevice { id, name: known.name, user, password }))
}

/// Revokes the login of a device; its arrivals stay stored.
#[utoipa::path(
    delete, path = "/api/v1/devices/{id}/password", tag = "devices",
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 204, description = "It cannot log in any longer"), NotFound),
)]
pub(in super::super) async fn remove_password(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let known = line(&state, id).await?;
    state.spool.change_device(known.id, DeviceChange::NoLogin).await?;
    state.devices_changed().await?;
    state.note(audit.entry(AuditAction::DeviceLoginRevoke, of_device(&known), "")).await;
    Ok(StatusCode::NO_CONTENT)
}
