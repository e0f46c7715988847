//! Devices: list, show, rename, mute, inactivity alert, merge, add.
//!
//! The program never writes its configuration file: changes are stored in the spool, and the values of the file take
//! precedence. So a device of the file cannot be renamed or merged here. After each change the directory of devices, the
//! known addresses and the live pages are updated (`AppState::devices_changed`).

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_model::DeviceId;
use tipoff_spool::{DeviceChange, DeviceFilter, DeviceLine};
use utoipa::{IntoParams, ToSchema};

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::added_routes::follow_merge;
use super::super::device_changes::{
    AddedDevice, DeviceEdit, add_device, described, edit_device, no_device, of_device, origin,
};
use super::super::error_responses::{Conflict, NotFound};
use super::super::extract::{Json, Path, Query};
use super::super::incident_query::blank;
use super::super::problem::Problem;
use super::super::pulled_devices::{PulledDevice, pulled, without_events};
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::text;
use crate::audit::AuditAction;
use crate::runtime::utc::utc;

/// Days of activity in an answer.
pub(crate) const DAYS: i32 = 14;
/// Maximum number of devices in an answer.
const LIMIT_MAX: u32 = 500;
/// Number of devices in an answer if the query has no limit.
const LIMIT: u32 = 100;
/// Maximum length of a text to search for, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// A device.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Device {
    /// Number of the device.
    id: i64,
    /// What identifies it in `device_keys` of routes and schedules; it outlasts renames.
    key: String,
    /// The configured name, the one that people gave it, or its own.
    name: String,
    /// `configuration`: in the configuration file. `dashboard`: added in the dashboard. `discovered`: known by its
    /// arrivals only.
    origin: &'static str,
    /// The vendor, if known.
    maker: Option<String>,
    /// When its last arrival was received.
    #[schema(format = DateTime)]
    last_at: Option<String>,
    /// Until when its alerts are muted.
    #[schema(format = DateTime)]
    muted_until: Option<String>,
    /// After how many seconds without an arrival an inactivity alert is sent.
    silent_after_s: Option<u64>,
    /// The user that it logs in as, where it was added here.
    user: Option<String>,
    /// Incidents of the last 14 days in the reader's zone, today last.
    activity: Vec<u64>,
    /// How it is asked for its events, if it must be asked (`pull`).
    pull: Option<PulledDevice>,
}

/// A device, with the incidents of its last days.
fn device(state: &AppState, line: &DeviceLine, activity: Vec<u64>) -> Device {
    Device {
        id: line.id.0,
        key: line.key.clone(),
        name: line.name.clone(),
        origin: origin(line),
        maker: line.vendor.clone(),
        last_at: line.last_at.map(utc),
        muted_until: line.muted_until.map(utc),
        silent_after_s: line.silent_after.map(|after| after.as_secs()),
        user: line.user.clone(),
        activity,
        pull: pulled(state, line),
    }
}

/// Which devices are wanted.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(in super::super) struct DeviceQuery {
    /// Part of a name, user or address.
    #[param(max_length = 200)]
    #[serde(deserialize_with = "blank")]
    text: Option<String>,
    /// How many to leave out.
    #[param(minimum = 0)]
    #[serde(deserialize_with = "blank")]
    offset: Option<u32>,
    /// How many at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    #[serde(deserialize_with = "blank")]
    limit: Option<u32>,
}

/// A page of devices.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct DeviceList {
    /// Those seen last first.
    devices: Vec<Device>,
    /// Give this as `offset` to go on; null on the last page.
    offset: Option<u32>,
    /// The devices that are asked for their events and give none now, by name; also those that have never sent anything.
    /// At most 100, on the first page only.
    without_events: Vec<PulledDevice>,
}

/// Devices, those seen last first.
#[utoipa::path(
    get, path = "/api/v1/devices", tag = "devices", params(DeviceQuery),
    responses((status = 200, body = DeviceList)),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
    clock: ReaderClock,
    Query(query): Query<DeviceQuery>,
) -> Result<Json<DeviceList>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT);
    let wanted = query.text.unwrap_or_default();
    if !(1..=LIMIT_MAX).contains(&limit) || wanted.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::bad(text("problem-device-query").to_string()));
    }
    let offset = query.offset.unwrap_or(0);
    let without_events = if offset == 0 { without_events(&state, &wanted) } else { Vec::new() };
    let (lines, offset) =
        find(&state, &DeviceFilter { text: wanted, offset }, limit, &clock).await?;
    let devices =
        lines.iter().map(|(line, activity)| device(&state, line, activity.clone())).collect();
    Ok(Json(DeviceList { devices, offset, without_events }))
}

/// One page of devices, each with its incidents of the last days, and the `offset` of the next page. One device more
/// than the limit is read, which shows whether there is a next page.
pub(in super::super) async fn find(
    state: &AppState,
    filter: &DeviceFilter,
    limit: u32,
    clock: &ReaderClock,
) -> Result<(Vec<(DeviceLine, Vec<u64>)>, Option<u32>), Problem> {
    let mut lines = state.spool.devices(filter, limit + 1).await?;
    let has_more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    let ids: Vec<DeviceId> = lines.iter().map(|line| line.id).collect();
    let activity = state.spool.activity(&ids, &clock.last_days(DAYS)).await?;
    let next = has_more.then(|| filter.offset.saturating_add(limit));
    Ok((lines.into_iter().zip(activity).collect(), next))
}

/// One device.
#[utoipa::path(
    get, path = "/api/v1/devices/{id}", tag = "devices",
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 200, body = Device), NotFound),
)]
pub(in super::super) async fn one(
    State(state): State<AppState>,
    clock: ReaderClock,
    Path(id): Path<i64>,
) -> Result<Json<Device>, Problem> {
    let line = line(&state, id).await?;
    let activity = state.spool.activity(&[line.id], &clock.last_days(DAYS)).await?;
    Ok(Json(device(&state, &line, activity.into_iter().next().unwrap_or_default())))
}

/// The device with this number, or a 404.
pub(in super::super) async fn line(state: &AppState, id: i64) -> Result<DeviceLine, Problem> {
    let detail = state.spool.device(DeviceId(id)).await?;
    Ok(detail.ok_or_else(no_device)?.line)
}

/// A device to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct DeviceToAdd {
    /// What people call it.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
}

/// Adds a device, with a user and a password to type into it.
#[utoipa::path(
    post, path = "/api/v1/devices", tag = "devices", request_body = DeviceToAdd,
    responses((status = 201, body = AddedDevice), Conflict),
)]
pub(in super::super) async fn add(
    State(state): State<AppState>,
    audit: AuditContext,
    Json(device): Json<DeviceToAdd>,
) -> Result<(StatusCode, Json<AddedDevice>), Problem> {
    let added = add_device(&*state.spool, &state.directory, &device.name).await?;
    state.devices_changed().await?;
    let detail = format!("user {}", added.user);
    state.note(audit.entry(AuditAction::DeviceAdd, &*added.name, detail)).await;
    Ok((StatusCode::CREATED, Json(added)))
}

/// Renames or mutes a device, or sets its inactivity alert.
#[utoipa::path(
    patch, path = "/api/v1/devices/{id}", tag = "devices", request_body = DeviceEdit,
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 200, body = Device), NotFound, Conflict),
)]
pub(in super::super) async fn change(
    State(state): State<AppState>,
    clock: ReaderClock,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(change): Json<DeviceEdit>,
) -> Result<Json<Device>, Problem> {
    let known = line(&state, id).await?;
    let detail = described(&change);
    edit_device(&*state.spool, &state.directory, &known, change, state.clock.now()).await?;
    state.devices_changed().await?;
    state.note(audit.entry(AuditAction::DeviceChange, of_device(&known), detail)).await;
    one(State(state), clock, Path(id)).await
}

/// Which device it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Merge {
    /// The number of the device that it is.
    into: i64,
}

/// Merges a device into another one, which gets all its arrivals, past and future.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/merge", tag = "devices", request_body = Merge,
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 200, body = Device), NotFound, Conflict),
)]
pub(in super::super) async fn merge(
    State(state): State<AppState>,
    clock: ReaderClock,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(merge): Json<Merge>,
) -> Result<Json<Device>, Problem> {
    let known = line(&state, id).await?;
    if origin(&known) == "configuration" {
        let detail = text("problem-merge-configured").to_string();
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let other = line(&state, merge.into).await?;
    if !state.spool.change_device(known.id, DeviceChange::MergeInto(other.id)).await? {
        let detail = text("problem-merge-itself").to_string();
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    state.devices_changed().await?;
    follow_merge(&state, &known.key, &other.key).await?;
    let detail = format!("into {}", of_device(&other));
    state.note(audit.entry(AuditAction::DeviceMerge, of_device(&known), detail)).await;
    one(State(state), clock, Path(merge.into)).await
}
