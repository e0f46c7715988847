//! A picture of a device at this moment.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tipoff_model::{Camera, Device};
use tipoff_spool::DeviceLine;
use tipoff_vendors::vendor_name;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::error_responses::{CameraFailed, Conflict, NotFound};
use super::super::extract::Path;
use super::super::problem::Problem;
use super::super::reader_language::text;
use super::devices::line;
use crate::cameras::NoPicture;

/// A picture that was fetched.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Snapshot {
    /// The incident that holds it.
    id: i64,
    /// The arrival that it is.
    arrival: i64,
}

/// A device as pictures are asked of it, and its channel if it is one of a recorder.
pub(in super::super) fn picture_device(line: &DeviceLine) -> (Device, Option<Camera>) {
    let mut device = Device { key: line.key.clone(), name: line.name.clone(), ..Device::default() };
    let of_recorder = line.recorder.as_ref().and_then(|_| line.key.rsplit_once('#'));
    let camera = of_recorder.map(|(recorder, channel)| {
        let recorder = Device { key: recorder.to_owned(), ..Device::default() };
        device.recorder = Some(Box::new(recorder));
        let is_number = channel.parse::<u32>().is_ok();
        let (number, name) = if is_number { (Some(channel), None) } else { (None, Some(channel)) };
        Camera { number: number.map(str::to_owned), name: name.map(str::to_owned) }
    });
    (device, camera)
}

/// Fetches a picture from the device now, and stores it. Nobody is alerted, unless periodic pictures are alerted.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/snapshot", tag = "devices",
    params(("id" = i64, Path, description = "Number of the device")),
    responses(
        (status = 200, body = Snapshot),
        CameraFailed,
        NotFound,
        Conflict,
    ),
)]
pub(in super::super) async fn fetch(
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Json<Snapshot>, Problem> {
    let known = line(&state, id).await?;
    let (device, camera) = picture_device(&known);
    let Some(source) = state.directory.resolver().picture_source(&device) else {
        let detail =
            text("problem-no-snapshot").words("setting", "snapshot = { url = … }").to_string();
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    let vendor = known.vendor.as_deref().and_then(vendor_name);
    let stored =
        state.pictures.fetch_now((device, camera), source, vendor).await.map_err(|error| {
            let detail = error.to_string();
            match error {
                NoPicture::Camera(_) => Problem::new(StatusCode::FAILED_DEPENDENCY, detail),
                NoPicture::Busy => {
                    let detail = text("problem-pictures-busy").to_string();
                    Problem::new(StatusCode::CONFLICT, detail)
                }
                NoPicture::Spool(error) => error.into(),
            }
        })?;
    Ok(Json(Snapshot { id: stored.incident.0, arrival: stored.arrival.0 }))
}
