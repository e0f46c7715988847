//! What people change of devices: they are added, named, muted, watched, given a login, merged and, when nothing needs
//! them, removed. What is decided: [`crate::core::devices`].

use tipoff_model::{DeviceId, DeviceKey, Timestamp};

use super::statement::{Lock, Sql, params};
use super::{device_names, device_removal, shares, turns};
use crate::core::devices::{self, MergeRow};
use crate::{CameraAccess, DeviceChange, NewDevice, Result};

/// See [`crate::Devices::add_device`]. Discovered devices of the same name get their distinct names.
pub(super) fn add(sql: &dyn Sql, device: &NewDevice) -> Result<Option<DeviceId>> {
    sql.lock(Lock::Devices)?;
    let NewDevice { name, user, password, camera } = device;
    let insert = "INSERT INTO device (key, name, user_name, password) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT DO NOTHING";
    let key = DeviceKey::added(user).to_string();
    let added = sql.insert(insert, params![key, name, user, password])?;
    if let Some(id) = added {
        device_names::reserve(sql, name)?;
        set_camera(sql, id, camera.as_ref())?;
    }
    Ok(added.map(DeviceId))
}

/// See [`crate::Devices::change_device`].
pub(super) fn apply(sql: &dyn Sql, id: DeviceId, change: &DeviceChange) -> Result<bool> {
    sql.lock(Lock::Devices)?;
    for device in changed_devices(id, change) {
        sql.lock(Lock::Device(device))?;
    }
    if merge_row(sql, id)?.is_none_or(|row| row.is_merged) {
        return Ok(false);
    }
    match change {
        DeviceChange::Name(name) => set_name(sql, id, name.as_deref())?,
        DeviceChange::MutedUntil(until) => {
            let mute = "UPDATE device SET muted_until = ?2 WHERE id = ?1";
            sql.change(mute, params![id.0, until.map(|until| until.0)])?;
        }
        DeviceChange::SilentAfter(after) => {
            let ms = after.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
            let watch = "UPDATE device SET silent_after = ?2, silence_told = 0 WHERE id = ?1";
            sql.change(watch, params![id.0, ms])?;
        }
        DeviceChange::Password(password) => {
            let set = "UPDATE device SET password = ?2 WHERE id = ?1 AND user_name IS NOT NULL";
            sql.change(set, params![id.0, password])?;
        }
        DeviceChange::NoLogin => {
            set_camera(sql, id.0, None)?;
            let revoke = "UPDATE device SET user_name = NULL, password = NULL WHERE id = ?1";
            sql.change(revoke, params![id.0])?;
        }
        DeviceChange::Camera(camera) => set_camera(sql, id.0, camera.as_ref())?,
        DeviceChange::MergeInto(other) => return merge(sql, id, *other),
        DeviceChange::Remove => return device_removal::remove(sql, id),
    }
    Ok(true)
}

/// The devices whose incidents a change may touch, in the order in which they are locked.
fn changed_devices(id: DeviceId, change: &DeviceChange) -> Vec<i64> {
    let mut devices = vec![id.0];
    if let DeviceChange::MergeInto(other) = change {
        devices.push(other.0);
    }
    devices.sort_unstable();
    devices
}

/// Sets how a device that was added is asked for pictures.
fn set_camera(sql: &dyn Sql, id: i64, camera: Option<&CameraAccess>) -> Result<()> {
    let set = "UPDATE device SET camera_url = ?2, camera_user = ?3, camera_password = ?4
        WHERE id = ?1 AND user_name IS NOT NULL";
    let (url, user) = (camera.map(|it| &*it.url), camera.map(|it| &*it.user));
    let password = camera.map(|it| &*it.password);
    sql.change(set, params![id, url, user, password])?;
    Ok(())
}

/// A device that somebody names has its name to itself, and its incidents: they were of its address.
fn set_name(sql: &dyn Sql, id: DeviceId, name: Option<&str>) -> Result<()> {
    sql.change("UPDATE device SET label = ?2 WHERE id = ?1", params![id.0, name])?;
    if let Some(name) = name {
        device_names::reserve(sql, name)?;
        shares::move_to_device(sql, id.0)?;
    }
    turns::requeue(sql, id)
}

/// From now on one device is the other: all that it sent and will send is of the other.
fn merge(sql: &dyn Sql, id: DeviceId, other: DeviceId) -> Result<bool> {
    let (from, into) = (merge_row(sql, id)?, merge_row(sql, other)?);
    let Some(last_at) = devices::merge(from, into) else {
        return Ok(false);
    };
    for statement in [
        "UPDATE incident SET device = ?2 WHERE device = ?1",
        "UPDATE heard SET device = ?2 WHERE device = ?1",
        "UPDATE known_media SET device = ?2 WHERE device = ?1
           AND digest NOT IN (SELECT digest FROM known_media WHERE device = ?2)",
        "UPDATE device SET merged_into = ?2, user_name = NULL, password = NULL,
            camera_url = NULL, camera_user = NULL, camera_password = NULL
         WHERE id = ?1 OR merged_into = ?1",
    ] {
        sql.change(statement, params![id.0, other.0])?;
    }
    let last_at = last_at.map(|at| at.0);
    sql.change("UPDATE device SET last_at = ?2 WHERE id = ?1", params![other.0, last_at])?;
    turns::requeue(sql, other)?;
    shares::move_to_device(sql, other.0)?;
    Ok(true)
}

fn merge_row(sql: &dyn Sql, id: DeviceId) -> Result<Option<MergeRow>> {
    let select = "SELECT merged_into, last_at FROM device WHERE id = ?1";
    sql.row(select, params![id.0], |row| {
        let (merged_into, last_at): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        let (is_merged, last_at) = (merged_into.is_some(), last_at.map(Timestamp));
        Ok(MergeRow { id: id.0, is_merged, last_at })
    })
}
