//! Devices: list, look, name, mute, watch, merge, add. The configuration file is never written: what
//! is said here is kept in the spool, and what the file says wins.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_model::{DeviceId, Timestamp};
use tipoff_spool::{DeviceChange, DeviceFilter, DeviceLine, NewDevice};
use utoipa::{IntoParams, ToSchema};

use super::super::access::AuditContext;
use super::super::clock::Clock;
use super::super::extract::{JsonBody, Path, Query};
use super::super::incident_query::blank;
use super::super::problem::Problem;
use super::super::{AppState, device_credentials};
use super::error_responses::{Conflict, NotFound};
use crate::audit::{lasting, what};
use crate::receive::is_deceptive;
use crate::runtime::utc::utc;

/// Days of the activity that is told.
pub(crate) const DAYS: i32 = 14;
const LIMIT_MAX: u32 = 500;
const LIMIT: u32 = 100;
const NAME_CHARS_MAX: usize = 60;
const TEXT_CHARS_MAX: usize = 200;
/// Nobody mutes for longer without meaning for good, which is what a route is for.
pub(super) const MUTE_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
const SILENT_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// What is looked after once a minute cannot be told sooner.
const SILENT_MIN: Duration = Duration::from_secs(60);

/// A device.
#[derive(Serialize, ToSchema)]
pub(super) struct Device {
    id: i64,
    name: String,
    /// `configuration`: what the file says of it wins. `dashboard`: it was added here. `discovered`:
    /// it just sent something.
    origin: &'static str,
    /// Whose make it is, where that could be told.
    maker: Option<String>,
    /// When something of it arrived last.
    #[schema(format = DateTime)]
    last_at: Option<String>,
    /// Until when nobody is told of it.
    #[schema(format = DateTime)]
    muted_until: Option<String>,
    /// After how many seconds without an arrival the channels are told.
    silent_after_s: Option<u64>,
    /// The user that it logs in as, where it was added here.
    user: Option<String>,
    /// Incidents of the last 14 days in the reader's zone, today last.
    activity: Vec<u64>,
}

/// Where a device's entry comes from.
pub(crate) fn origin(line: &DeviceLine) -> &'static str {
    if line.key.starts_with("discovered/") || line.recorder.is_some() {
        "discovered"
    } else if line.key.starts_with("added/") {
        "dashboard"
    } else {
        "configuration"
    }
}

fn device(line: &DeviceLine, activity: Vec<u64>) -> Device {
    Device {
        id: line.id.0,
        name: line.name.clone(),
        origin: origin(line),
        maker: line.vendor.clone(),
        last_at: line.last_at.map(utc),
        muted_until: line.muted_until.map(utc),
        silent_after_s: line.silent_after.map(|after| after.as_secs()),
        user: line.user.clone(),
        activity,
    }
}

/// Which devices are wanted.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct DeviceQuery {
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
pub(super) struct DeviceList {
    /// Those heard last first.
    devices: Vec<Device>,
    /// Give this as `offset` to go on; nothing: this was the last page.
    offset: Option<u32>,
}

/// Devices, those heard last first.
#[utoipa::path(
    get, path = "/api/v1/devices", tag = "devices", params(DeviceQuery),
    responses((status = 200, body = DeviceList)),
)]
pub(super) async fn list(
    State(state): State<AppState>,
    clock: Clock,
    Query(query): Query<DeviceQuery>,
) -> Result<Json<DeviceList>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT);
    let text = query.text.unwrap_or_default();
    if !(1..=LIMIT_MAX).contains(&limit) || text.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::bad("limit: from 1 to 500; text: at most 200 characters"));
    }
    let offset = query.offset.unwrap_or(0);
    let mut lines = state.spool.devices(&DeviceFilter { text, offset }, limit + 1).await?;
    let more = lines.len() > limit as usize;
    lines.truncate(limit as usize);
    let ids: Vec<DeviceId> = lines.iter().map(|line| line.id).collect();
    let activity = state.spool.activity(&ids, &clock.last_days(DAYS)).await?;
    let devices = lines.iter().zip(activity).map(|(line, activity)| device(line, activity));
    Ok(Json(DeviceList {
        devices: devices.collect(),
        offset: more.then(|| offset.saturating_add(limit)),
    }))
}

/// One device.
#[utoipa::path(
    get, path = "/api/v1/devices/{id}", tag = "devices",
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, body = Device), NotFound),
)]
pub(super) async fn one(
    State(state): State<AppState>,
    clock: Clock,
    Path(id): Path<i64>,
) -> Result<Json<Device>, Problem> {
    let line = line(&state, id).await?;
    let activity = state.spool.activity(&[line.id], &clock.last_days(DAYS)).await?;
    Ok(Json(device(&line, activity.into_iter().next().unwrap_or_default())))
}

pub(super) async fn line(state: &AppState, id: i64) -> Result<DeviceLine, Problem> {
    let detail = state.spool.device(DeviceId(id)).await?;
    Ok(detail.ok_or_else(|| Problem::not_found("device"))?.line)
}

/// A device to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Addition {
    /// What people call it.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
}

/// A device that was added, with what to type into it. The password is told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct Added {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) password: String,
}

/// Adds a device, with a user and a password to type into it.
#[utoipa::path(
    post, path = "/api/v1/devices", tag = "devices", request_body = Addition,
    responses((status = 201, body = Added), Conflict),
)]
pub(super) async fn add(
    State(state): State<AppState>,
    audit: AuditContext,
    JsonBody(addition): JsonBody<Addition>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let name = name(&addition.name)?;
    let password = device_credentials::password()?;
    for user in device_credentials::users(&name) {
        let taken = state.is_user(&user);
        let device =
            NewDevice { name: name.clone(), user: user.clone(), password: password.clone() };
        if !taken && let Some(id) = state.spool.add_device(device).await? {
            state.devices_changed().await?;
            state.note(audit.entry(what::DEVICE_ADD, &*name, format!("user {user}"))).await;
            return Ok((StatusCode::CREATED, Json(Added { id: id.0, name, user, password })));
        }
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "too many devices have a similar name: choose another one",
    ))
}

fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARS_MAX || is_deceptive(name) {
        let detail = "name: 1 to 60 characters, and no invisible ones or ones that change the direction of text";
        return Err(Problem::bad(detail));
    }
    Ok(name.to_owned())
}

/// What to change of a device; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// What to call it; empty: what it calls itself.
    #[serde(default)]
    #[schema(max_length = 60)]
    name: Option<String>,
    /// For how many seconds from now on nobody is to be told of it; 0: they are told again.
    #[serde(default)]
    #[schema(maximum = 31622400)]
    muted_for_s: Option<u64>,
    /// After how many seconds without an arrival the channels are to be told; 0: never.
    #[serde(default)]
    #[schema(maximum = 31622400)]
    silent_after_s: Option<u64>,
}

/// Names, mutes or watches a device.
#[utoipa::path(
    patch, path = "/api/v1/devices/{id}", tag = "devices", request_body = Change,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, body = Device), NotFound, Conflict),
)]
pub(super) async fn change(
    State(state): State<AppState>,
    clock: Clock,
    audit: AuditContext,
    Path(id): Path<i64>,
    JsonBody(change): JsonBody<Change>,
) -> Result<Json<Device>, Problem> {
    let known = line(&state, id).await?;
    let detail = told(&change);
    for change in changes(&known, change)? {
        state.spool.change_device(known.id, change).await?;
    }
    state.devices_changed().await?;
    state.note(audit.entry(what::DEVICE_CHANGE, of_device(&known), detail)).await;
    one(State(state), clock, Path(id)).await
}

/// A device in the audit log.
pub(super) fn of_device(known: &DeviceLine) -> String {
    format!("device {}, {}", known.id, known.name)
}

/// What was asked for, in words.
fn told(change: &Change) -> String {
    let name = change.name.as_ref().map(|name| format!("name: {name}"));
    let muted = change.muted_for_s.map(|seconds| format!("mute: {}", lasting(seconds)));
    let watched = change.silent_after_s.map(|seconds| match seconds {
        0 => "inactivity alert: off".to_owned(),
        seconds => format!("inactivity alert: after {seconds} s"),
    });
    [name, muted, watched].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// All of it, or what is wrong with it.
fn changes(known: &DeviceLine, change: Change) -> Result<Vec<DeviceChange>, Problem> {
    let mut changes = Vec::new();
    if let Some(text) = change.name {
        if origin(known) == "configuration" {
            let detail = "the configuration file sets the name of this device: change it there";
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
        let name = if text.trim().is_empty() { None } else { Some(name(&text)?) };
        changes.push(DeviceChange::Name(name));
    }
    if let Some(seconds) = change.muted_for_s {
        let lasts = Duration::from_secs(seconds);
        if lasts > MUTE_MAX {
            return Err(Problem::bad("muted_for_s: at most a year"));
        }
        let until = Timestamp::from(SystemTime::now()).after(lasts);
        changes.push(DeviceChange::MutedUntil((!lasts.is_zero()).then_some(until)));
    }
    if let Some(seconds) = change.silent_after_s {
        let after = Duration::from_secs(seconds);
        if !after.is_zero() && !(SILENT_MIN..=SILENT_MAX).contains(&after) {
            return Err(Problem::bad("silent_after_s: from a minute to a year, or 0"));
        }
        changes.push(DeviceChange::SilentAfter((!after.is_zero()).then_some(after)));
    }
    Ok(changes)
}

/// Which device it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    /// The number of the device that it is.
    into: i64,
}

/// Says that a device is another: all that arrived of it, and will, is of the other from now on.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/merge", tag = "devices", request_body = Merge,
    params(("id" = i64, Path, description = "Its number")),
    responses((status = 200, body = Device), NotFound, Conflict),
)]
pub(super) async fn merge(
    State(state): State<AppState>,
    clock: Clock,
    audit: AuditContext,
    Path(id): Path<i64>,
    JsonBody(merge): JsonBody<Merge>,
) -> Result<Json<Device>, Problem> {
    let known = line(&state, id).await?;
    if origin(&known) == "configuration" {
        let detail = "this device is in the configuration file: merge the other one into it";
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let other = line(&state, merge.into).await?;
    if !state.spool.change_device(known.id, DeviceChange::MergeInto(other.id)).await? {
        return Err(Problem::new(StatusCode::CONFLICT, "a device cannot be merged into itself"));
    }
    state.devices_changed().await?;
    let detail = format!("into {}", of_device(&other));
    state.note(audit.entry(what::DEVICE_MERGE, of_device(&known), detail)).await;
    one(State(state), clock, Path(merge.into)).await
}
