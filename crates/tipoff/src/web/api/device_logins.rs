//! The users and passwords of devices that people added: renewed, and taken away.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use tipoff_spool::DeviceChange;

use super::super::access::AuditContext;
use super::super::extract::Path;
use super::super::problem::Problem;
use super::super::{AppState, device_credentials};
use super::devices::{Added, line, of_device};
use super::error_responses::{Conflict, NotFound};
use crate::audit::what;

/// Makes a new password for a device that was added here; the old one holds no longer.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/password", tag = "devices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, body = Added), NotFound, Conflict),
)]
pub(super) async fn renew_password(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<Json<Added>, Problem> {
    let known = line(&state, id).await?;
    let object = of_device(&known);
    let Some(user) = known.user else {
        let detail = "this device was not added in the dashboard, so it has no password here";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    let password = device_credentials::password()?;
    let change = DeviceChange::Password(password.clone());
    state.spool.change_device(known.id, change).await?;
    state.devices_changed().await?;
    state.note(audit.entry(what::DEVICE_PASSWORD, object, format!("user {user}"))).await;
    Ok(Json(Added { id, name: known.name, user, password }))
}

/// Takes a device's user and password away; what arrived of it stays.
#[utoipa::path(
    delete, path = "/api/v1/devices/{id}/password", tag = "devices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 204, description = "It cannot log in any longer"), NotFound),
)]
pub(super) async fn remove_password(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let known = line(&state, id).await?;
    state.spool.change_device(known.id, DeviceChange::NoLogin).await?;
    state.devices_changed().await?;
    state.note(audit.entry(what::DEVICE_NO_LOGIN, of_device(&known), "")).await;
    Ok(StatusCode::NO_CONTENT)
}
