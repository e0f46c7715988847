//! Tipoff sets a camera up: what it would change, and the change itself.
//!
//! The camera's address and login are typed for each call, and kept only if the owner asks for it. Answers of the camera are never shown as they
//! came: only what was read of them, and a picture that was made anew.

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use tipoff_camera::Login;
use tipoff_model::DeviceId;
use tipoff_spool::{CameraAccess, DeviceChange, SpoolError};
use tipoff_vendors::setup::{SetupChange, SetupGoal};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::device_changes::of_device;
use super::super::error_responses::{CameraFailed, Conflict, NotFound};
use super::super::extract::{Json, Path};
use super::super::problem::Problem;
use super::super::reader_language::{message, text};
use super::devices::line;
use crate::audit::AuditAction;
use crate::cameras::{CameraInNetwork, CameraToSetUp, NoSetup, PlannedSetup, WrittenSetup};
use crate::receive::marked;

/// Maximum length of an address, a user or a password, in characters.
const FIELD_CHARS_MAX: usize = 200;

/// A camera, with its own login.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct CameraToAsk {
    /// Its address: `192.168.1.20`, or one that begins with `http://` or `https://`.
    #[schema(min_length = 1, max_length = 200)]
    address: String,
    /// A user who may change its settings.
    #[schema(min_length = 1, max_length = 200)]
    user: String,
    /// The user's password.
    #[schema(max_length = 200)]
    password: String,
}

/// The changes to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SetupToWrite {
    /// Its address.
    #[schema(min_length = 1, max_length = 200)]
    address: String,
    /// A user who may change its settings.
    #[schema(min_length = 1, max_length = 200)]
    user: String,
    /// The user's password.
    #[schema(max_length = 200)]
    password: String,
    /// `plan` of the answer that showed the changes. If the camera would be changed in another way, nothing is.
    #[schema(max_length = 200)]
    plan: String,
    /// Whether the camera's login is kept, to fetch a picture for each alarm that comes without one. It is never shown again.
    #[serde(default)]
    keep_login: bool,
}

/// A setting of a camera that would be changed.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct CameraChange {
    /// The setting, as the camera's page calls it.
    what: String,
    /// What is set now.
    from: String,
    /// What would be set.
    to: String,
}

/// A camera, and what would be changed at it.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct CameraPlan {
    /// The vendor.
    vendor: &'static str,
    /// The model, if the camera says it.
    model: Option<String>,
    /// The name, if the camera says it.
    name: Option<String>,
    /// The version of its firmware, if the camera says it.
    firmware: Option<String>,
    /// What it sees now: a JPEG as a `data:` address.
    picture: Option<String>,
    /// The changes; none if everything is set already.
    changes: Vec<CameraChange>,
    /// What else to know.
    notes: Vec<String>,
    /// Identifies the changes.
    plan: String,
}

/// What came of the changes.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct SetupResult {
    /// Whether the camera has taken all changes.
    taken: bool,
    /// What the camera refused or ignored.
    faults: Vec<String>,
    /// `reached`: the camera says that its test reached Tipoff. `failed`: it did not. `none`: the camera was not asked, or
    /// has no test.
    test: &'static str,
    /// The camera's words, if its test failed.
    test_fault: Option<String>,
}

/// A camera in the local network, as it describes itself.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct FoundCamera {
    /// Its address, with the port if it is not 80.
    address: String,
    /// Its model.
    model: Option<String>,
    /// Its name.
    name: Option<String>,
    /// Whether it has no password yet. Choose one on its own page first.
    is_new: bool,
}

/// The cameras that answered.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct FoundCameras {
    /// By address.
    cameras: Vec<FoundCamera>,
}

/// Looks for cameras in the local network for two seconds, by WS-Discovery and SADP.
#[utoipa::path(
    post, path = "/api/v1/cameras/search", tag = "devices",
    responses((status = 200, body = FoundCameras), CameraFailed, Conflict),
)]
pub(in super::super) async fn search(
    State(state): State<AppState>,
) -> Result<Json<FoundCameras>, Problem> {
    let found = state.setups.search().await.map_err(|error| {
        tracing::warn!(%error, "Could not look for cameras.");
        let detail = text("problem-cannot-search").words("error", error).to_string();
        Problem::new(StatusCode::FAILED_DEPENDENCY, detail)
    })?;
    let Some(found) = found else {
        let detail = text("problem-search-again").to_string();
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    let shown = |text: String| marked(&text);
    let camera = |CameraInNetwork { address, model, name, is_new }| FoundCamera {
        address: shown(address),
        model: model.map(shown),
        name: name.map(shown),
        is_new,
    };
    Ok(Json(FoundCameras { cameras: found.into_iter().map(camera).collect() }))
}

/// Reads the settings of a camera, and shows what would be changed so that it sends its alarms as this device. Nothing is
/// written. A wrong password is tried once.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/camera/plan", tag = "devices", request_body = CameraToAsk,
    params(("id" = i64, Path, description = "Number of a device that was added in the dashboard")),
    responses(
        (status = 200, body = CameraPlan),
        CameraFailed,
        NotFound,
        Conflict,
    ),
)]
pub(in super::super) async fn plan(
    State(state): State<AppState>,
    Path(id): Path<i64>,
    Json(access): Json<CameraToAsk>,
) -> Result<Json<CameraPlan>, Problem> {
    let camera = camera(&state, id, access).await?;
    let PlannedSetup { camera, plan, digest, picture } = state.setups.plan(&camera).await?;
    let picture =
        picture.map(|jpeg| format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(jpeg)));
    let shown = |text: String| marked(&text);
    let translated = |text: String| marked(&message(&text).to_string());
    let change = |SetupChange { what, from, to }| CameraChange {
        what: translated(what),
        from: translated(from),
        to: translated(to),
    };
    Ok(Json(CameraPlan {
        vendor: camera.vendor,
        model: camera.model.map(shown),
        name: camera.name.map(shown),
        firmware: camera.firmware.map(shown),
        picture,
        changes: plan.changes.into_iter().map(change).collect(),
        notes: plan.notes.into_iter().map(translated).collect(),
        plan: digest,
    }))
}

/// Makes the changes that were shown, reads the settings again, and lets the camera send a test if it can.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/camera/write", tag = "devices", request_body = SetupToWrite,
    params(("id" = i64, Path, description = "Number of a device that was added in the dashboard")),
    responses(
        (status = 200, body = SetupResult),
        CameraFailed,
        NotFound,
        Conflict,
    ),
)]
pub(in super::super) async fn write(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(write): Json<SetupToWrite>,
) -> Result<Json<SetupResult>, Problem> {
    let SetupToWrite { address, user, password, plan, keep_login } = write;
    let camera = camera(&state, id, CameraToAsk { address, user, password }).await?;
    let object = of_device(&line(&state, id).await?);
    let tasks = state.supervisor.tasks().clone();
    // A browser that goes away does not leave a camera half set up.
    let writing = tasks.spawn(async move {
        let written = state.setups.write(&camera, &plan).await?;
        let kept = match keep_login {
            true => keep(&state, id, &written, camera.login).await.map(|()| ", its login is kept"),
            false => Ok(""),
        };
        let detail = format!("{}{}", described(&written), kept.as_ref().unwrap_or(&""));
        state.note(audit.entry(AuditAction::CameraSetUp, object, detail)).await;
        kept.map(|_| written.outcome).map_err(Problem::from)
    });
    let outcome = writing.await.map_err(|error| {
        tracing::error!(%error, "Setting up a camera ended.");
        let detail = text("problem-setup-ended").to_string();
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })??;
    let translated = |text: &str| marked(&message(text).to_string());
    let (test, test_fault) = match outcome.test {
        None => ("none", None),
        Some(Ok(())) => ("reached", None),
        Some(Err(words)) => ("failed", Some(translated(&words))),
    };
    let taken = outcome.faults.is_empty();
    let faults = outcome.faults.iter().map(|fault| translated(fault)).collect();
    Ok(Json(SetupResult { taken, faults, test, test_fault }))
}

/// Keeps the login of a device's camera. The next alarm without a picture gets one with it.
async fn keep(
    state: &AppState,
    id: i64,
    written: &WrittenSetup,
    login: Login,
) -> Result<(), SpoolError> {
    let Login { user, password } = login;
    let access = CameraAccess { url: written.url.to_string(), user, password };
    state.spool.change_device(DeviceId(id), DeviceChange::Camera(Some(access))).await?;
    state.devices_changed().await
}

/// Forgets the login of a device's camera. Its alarms still come; pictures are not fetched any more.
#[utoipa::path(
    post, path = "/api/v1/devices/{id}/camera/forget", tag = "devices",
    params(("id" = i64, Path, description = "Number of the device")),
    responses((status = 204, description = "The login is forgotten"), NotFound),
)]
pub(in super::super) async fn forget(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let known = line(&state, id).await?;
    state.spool.change_device(known.id, DeviceChange::Camera(None)).await?;
    state.devices_changed().await?;
    let detail = "the login of its camera is forgotten";
    state.note(audit.entry(AuditAction::DeviceChange, of_device(&known), detail)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// What was changed, for the audit log.
fn described(written: &WrittenSetup) -> String {
    let WrittenSetup { camera, changes, outcome, .. } = written;
    let model = camera.model.as_deref().unwrap_or_default();
    let faults = match outcome.faults.len() {
        0 => String::new(),
        faults => format!(", {faults} not taken"),
    };
    format!("{} {model}: {changes} settings{faults}", camera.vendor)
}

/// The camera, and where it is to send the alarms of this device.
async fn camera(state: &AppState, id: i64, access: CameraToAsk) -> Result<CameraToSetUp, Problem> {
    let CameraToAsk { address, user, password } = access;
    for (field, value) in [("address", &address), ("user", &user), ("password", &password)] {
        if value.chars().count() > FIELD_CHARS_MAX {
            let detail = text("problem-field-length").words("field", field).count(FIELD_CHARS_MAX);
            return Err(Problem::bad(detail.to_string()));
        }
    }
    let known = line(state, id).await?;
    let added =
        state.spool.added_devices().await?.into_iter().find(|(added, _)| *added == known.id);
    let conflict = |key| Problem::new(StatusCode::CONFLICT, text(key).to_string());
    let Some((_, device)) = added else { return Err(conflict("problem-not-added")) };
    let Some(port) = state.reach.http else { return Err(conflict("problem-http-off")) };
    let Some(host) = state.reach.host() else { return Err(conflict("problem-no-network")) };
    let goal = SetupGoal { host, port, path: format!("/h/{}", device.password) };
    Ok(CameraToSetUp { address, login: Login { user, password }, goal })
}

impl From<NoSetup> for Problem {
    fn from(error: NoSetup) -> Self {
        match error {
            NoSetup::Address(why) => {
                Self::bad(text("problem-camera-address").words("why", message(&why)).to_string())
            }
            NoSetup::Busy => {
                Self::new(StatusCode::CONFLICT, text("problem-setups-busy").to_string())
            }
            NoSetup::OtherPlan => {
                Self::new(StatusCode::CONFLICT, text("problem-other-plan").to_string())
            }
            NoSetup::Camera(words) => {
                Self::new(StatusCode::FAILED_DEPENDENCY, message(&words).to_string())
            }
        }
    }
}
