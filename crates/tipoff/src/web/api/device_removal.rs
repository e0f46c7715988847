//! Devices that an owner removes, with or without their incidents.
//!
//! No device and no token can do this: whoever steals a camera, or finds a token, removes no evidence. A device with many
//! incidents takes several requests, each of which removes a bounded number of them.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_model::IncidentId;
use tipoff_spool::DeviceLine;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::device_changes::{of_device, remove_device, require_removable};
use super::super::error_responses::{Conflict, NotFound};
use super::super::extract::{Json, Path};
use super::super::incident_removal::{next_of_device, remove_incidents};
use super::super::problem::Problem;
use super::super::reader_language::text;
use super::devices::line;
use crate::audit::AuditAction;

/// Maximum number of steps in a request, each of which removes the incidents of one transaction.
const STEPS_MAX: u32 = 20;

/// A device to remove.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RemoveDevice {
    /// Its name, so that no other device is removed by mistake.
    name: String,
    /// Whether its incidents are removed, too. Locked ones are kept.
    #[serde(default)]
    incidents: bool,
    /// The `before` of the last answer.
    #[serde(default)]
    before: Option<i64>,
}

/// The outcome of a removal.
#[derive(Default, Serialize, ToSchema)]
pub(in super::super) struct RemovedDevice {
    /// Number of incidents that this request removed.
    removed: usize,
    /// Number of incidents that it kept: locked ones, and those with which a summary of other alerts is still to be sent.
    kept: usize,
    /// `null`: the device is removed. Otherwise more incidents are left: repeat the request with this `before`.
    before: Option<i64>,
}

/// Removes a device: its settings, its login, and its incidents if you want so. If it sends again, it is discovered again.
/// One of the configuration file must be removed there. A token cannot do this.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/remove", tag = "devices", request_body = RemoveDevice,
    operation_id = "remove_device",
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 200, body = RemovedDevice), NotFound, Conflict),
)]
pub(in super::super) async fn remove(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(wanted): Json<RemoveDevice>,
) -> Result<Json<RemovedDevice>, Problem> {
    let known = line(&state, id).await?;
    if wanted.name.trim() != known.name.trim() {
        return Err(Problem::new(StatusCode::CONFLICT, text("problem-removal-name")));
    }
    require_removable(&state.directory, &known)?;
    let mut removed = RemovedDevice::default();
    if wanted.incidents && state.spool.device_usage(known.id).await?.channels == 0 {
        removed = remove_some(&state, &known, wanted.before).await?;
    }
    if removed.before.is_none() {
        remove_device(&*state.spool, &known).await?;
        state.devices_changed().await?;
    }
    let detail = match (wanted.incidents, removed.before) {
        (false, _) => "its incidents are kept".to_owned(),
        (true, None) => format!("with {} incidents, {} kept", removed.removed, removed.kept),
        (true, Some(_)) => format!("{} incidents so far", removed.removed),
    };
    state.note(audit.entry(AuditAction::DeviceRemove, of_device(&known), detail)).await;
    Ok(Json(removed))
}

/// Removes incidents of a device that are older than `before`, the newest first, as many as a request may.
async fn remove_some(
    state: &AppState,
    known: &DeviceLine,
    before: Option<i64>,
) -> Result<RemovedDevice, Problem> {
    let mut done = RemovedDevice { before, ..RemovedDevice::default() };
    for _ in 0..STEPS_MAX {
        let before = done.before.map(IncidentId);
        let (ids, behind) = next_of_device(&*state.spool, known.id, before).await?;
        done.before = behind.map(|id| id.0);
        let removal = remove_incidents(state, ids).await?;
        done.removed += removal.removed.len();
        done.kept += removal.locked.len() + removal.summary_pending.len();
        if done.before.is_none() {
            break;
        }
    }
    // Whatever nobody named goes with its last incident.
    if done.before.is_some() && state.spool.device(known.id).await?.is_none() {
        done.before = None;
    }
    Ok(done)
}
