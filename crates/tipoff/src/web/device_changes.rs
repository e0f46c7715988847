//! Devices that people add, rename, mute and watch: what is allowed, and how it is stored. For the API and the command
//! line.

use std::time::Duration;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_model::{DeviceId, DeviceKey, Timestamp};
use tipoff_spool::{DeviceChange, DeviceLine, NewDevice, Spool};
use utoipa::ToSchema;

use super::device_credentials;
use super::problem::Problem;
use super::reader_language::text;
use crate::audit::lasting;
use crate::receive::{DeviceDirectory, is_deceptive};

/// Maximum length of a name, in characters.
const NAME_CHARS_MAX: usize = 60;
/// Maximum time of a mute: a year. Somebody who wants no alerts at all removes the device from the routes.
pub(crate) const MUTE_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Maximum time of an inactivity alert: a year.
const SILENT_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Minimum time of an inactivity alert: inactivity is checked once a minute.
const SILENT_MIN: Duration = Duration::from_secs(60);

/// A 404: the device does not exist, or is no longer stored.
pub(super) fn no_device() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, text("problem-no-device").to_string())
}

/// A 404: the device was not added in the dashboard, so it has no login there.
pub(super) fn no_login() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, text("problem-no-device-login").to_string())
}

/// How the program knows a device. A channel of a recorder counts as discovered.
pub(crate) fn origin(line: &DeviceLine) -> &'static str {
    match DeviceKey::parse(&line.key) {
        _ if line.recorder.is_some() => "discovered",
        DeviceKey::Discovered(_) => "discovered",
        DeviceKey::Added(_) => "dashboard",
        DeviceKey::Configured(_) => "configuration",
    }
}

/// A device that was added, with its login. Only this answer contains the password.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedDevice {
    /// Number of the device.
    pub(crate) id: i64,
    /// What people call it.
    pub(crate) name: String,
    /// User for SMTP and FTP.
    pub(crate) user: String,
    /// Its password, shown this once.
    pub(crate) password: String,
}

/// Adds a device to the spool, with the first user that neither the configuration nor another device has.
pub(crate) async fn add_device(
    spool: &dyn Spool,
    directory: &DeviceDirectory,
    name_given: &str,
) -> Result<AddedDevice, Problem> {
    let name = name(name_given)?;
    require_free_name(spool, directory, &name, None).await?;
    let (logins, password) = (directory.authenticator(), device_credentials::password()?);
    for user in device_credentials::users(&name) {
        let taken = logins.is_configured_user(&user);
        let device = NewDevice {
            name: name.clone(),
            user: user.clone(),
            password: password.clone(),
            camera: None,
        };
        if !taken && let Some(id) = spool.add_device(device).await? {
            return Ok(AddedDevice { id: id.0, name, user, password });
        }
    }
    Err(Problem::new(StatusCode::CONFLICT, text("problem-similar-names").to_string()))
}

/// A trimmed name; 400 if it is empty, too long or deceptive.
fn name(given: &str) -> Result<String, Problem> {
    let name = given.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARS_MAX || is_deceptive(name) {
        return Err(Problem::bad(text("problem-device-name").to_string()));
    }
    Ok(name.to_owned())
}

/// 409 if another device than `own` has this name: alerts, rules and pages tell devices apart by it.
async fn require_free_name(
    spool: &dyn Spool,
    directory: &DeviceDirectory,
    name: &str,
    own: Option<DeviceId>,
) -> Result<(), Problem> {
    let holder = spool.holder_of_name(name).await?;
    if holder.is_some_and(|it| Some(it) != own) || directory.resolver().is_configured_name(name) {
        let detail = text("problem-device-name-taken").words("name", name).to_string();
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    Ok(())
}

/// What to change of a device; what is left out stays as it is.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceEdit {
    /// What to call it; empty: what it calls itself.
    #[serde(default)]
    #[schema(max_length = 60)]
    pub(crate) name: Option<String>,
    /// For how many seconds from now on its alerts are muted; 0 unmutes.
    #[serde(default)]
    #[schema(maximum = 31622400)]
    pub(crate) muted_for_s: Option<u64>,
    /// After how many seconds without an arrival an inactivity alert is sent; 0 for never.
    #[serde(default)]
    #[schema(maximum = 31622400)]
    pub(crate) silent_after_s: Option<u64>,
}

/// Makes the changes that an edit asks for. One that is not allowed refuses all of them.
pub(crate) async fn edit_device(
    spool: &dyn Spool,
    directory: &DeviceDirectory,
    known: &DeviceLine,
    change: DeviceEdit,
    now: Timestamp,
) -> Result<(), Problem> {
    let changes = changes(known, change, now)?;
    for change in &changes {
        if let DeviceChange::Name(Some(name)) = change {
            require_free_name(spool, directory, name, Some(known.id)).await?;
        }
    }
    for change in changes {
        spool.change_device(known.id, change).await?;
    }
    Ok(())
}

/// 409 if the configuration file has the device: it would be known again at once.
pub(crate) fn require_removable(
    directory: &DeviceDirectory,
    known: &DeviceLine,
) -> Result<(), Problem> {
    match DeviceKey::parse(&known.key) {
        DeviceKey::Configured(name)
            if known.recorder.is_none() && directory.resolver().is_configured_name(&name) =>
        {
            Err(Problem::new(StatusCode::CONFLICT, text("problem-device-in-file")))
        }
        _ => Ok(()),
    }
}

/// Removes a device and keeps its incidents. 409 if it is a recorder with channels.
pub(crate) async fn remove_device(spool: &dyn Spool, known: &DeviceLine) -> Result<(), Problem> {
    let is_removed = spool.change_device(known.id, DeviceChange::Remove).await?;
    // It may have been removed with the last of its incidents.
    if !is_removed && spool.device(known.id).await?.is_some() {
        return Err(Problem::new(StatusCode::CONFLICT, text("problem-recorder-channels")));
    }
    Ok(())
}

/// Whether the device was removed, and only its incidents are left.
pub(super) fn is_removed(line: &DeviceLine) -> bool {
    line.last_at.is_none() && line.user.is_none()
}

/// A device in the audit log.
pub(crate) fn of_device(known: &DeviceLine) -> String {
    format!("device {}, {}", known.id, known.name)
}

/// An edit in words, for the audit log.
pub(crate) fn described(change: &DeviceEdit) -> String {
    let name = change.name.as_ref().map(|name| format!("name: {name}"));
    let muted = change.muted_for_s.map(|seconds| format!("mute: {}", lasting(seconds)));
    let watched = change.silent_after_s.map(|seconds| match seconds {
        0 => "inactivity alert: off".to_owned(),
        seconds => format!("inactivity alert: after {seconds} s"),
    });
    [name, muted, watched].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The changes that an edit asks for. One that is not allowed refuses all of them, so nothing is changed by half.
fn changes(
    known: &DeviceLine,
    change: DeviceEdit,
    now: Timestamp,
) -> Result<Vec<DeviceChange>, Problem> {
    let mut changes = Vec::new();
    if let Some(given) = change.name {
        if origin(known) == "configuration" {
            let detail = text("problem-name-configured").to_string();
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
        let name = if given.trim().is_empty() { None } else { Some(name(&given)?) };
        changes.push(DeviceChange::Name(name));
    }
    if let Some(seconds) = change.muted_for_s {
        let lasts = Duration::from_secs(seconds);
        if lasts > MUTE_MAX {
            return Err(Problem::bad(text("problem-mute-time").to_string()));
        }
        let until = now.after(lasts);
        changes.push(DeviceChange::MutedUntil((!lasts.is_zero()).then_some(until)));
    }
    if let Some(seconds) = change.silent_after_s {
        let after = Duration::from_secs(seconds);
        if !after.is_zero() && !(SILENT_MIN..=SILENT_MAX).contains(&after) {
            return Err(Problem::bad(text("problem-inactivity-time").to_string()));
        }
        changes.push(DeviceChange::SilentAfter((!after.is_zero()).then_some(after)));
    }
    Ok(changes)
}
