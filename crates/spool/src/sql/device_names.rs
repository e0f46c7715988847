//! Names of devices: read and written for the decisions of [`crate::core::device_names`].

use tipoff_model::{Device, DeviceId};

use super::statement::{Sql, params};
use crate::Result;
use crate::core::device_names::{self, StoredNames};

/// The devices with names like this one, of which [`device_names`] finds those that clash. Engines differ in what
/// `lower` does beyond ASCII.
const LIKE: &str = "SELECT id, name, label, distinct_name, merged_into FROM device
    WHERE key <> ?1 AND (lower(name) = lower(?2) OR lower(label) = lower(?2)
                         OR substr(distinct_name, 1, length(?2) + 2) = ?2 || ' (')";

/// The name that a device gets ([`device_names::name_of`]). Others of the same name lose it.
pub(super) fn take(sql: &dyn Sql, device: &Device) -> Result<String> {
    let plan = device_names::name_of(device, &others(sql, &device.key, &device.name)?);
    rename(sql, &plan.renamed)?;
    Ok(plan.name)
}

/// All devices of this name lose it to the one that somebody gave it to.
pub(super) fn reserve(sql: &dyn Sql, name: &str) -> Result<()> {
    rename(sql, &device_names::renamed(name, &others(sql, "", name)?))
}

/// See [`crate::Devices::holder_of_name`].
pub(super) fn holder(sql: &dyn Sql, name: &str) -> Result<Option<DeviceId>> {
    let found = others(sql, "", name)?.into_iter().find(|device| device.was_given(name));
    Ok(found.map(|device| DeviceId(device.id)))
}

/// The devices of other keys with a name like this.
fn others(sql: &dyn Sql, key: &str, name: &str) -> Result<Vec<StoredNames>> {
    sql.rows(LIKE, params![key, name], |row| {
        Ok(StoredNames {
            id: row.get(0)?,
            name: row.get(1)?,
            label: row.get(2)?,
            distinct_name: row.get(3)?,
            is_merged: row.get::<Option<i64>>(4)?.is_some(),
        })
    })
}

fn rename(sql: &dyn Sql, devices: &[i64]) -> Result<()> {
    for device in devices {
        sql.change("UPDATE device SET name = distinct_name WHERE id = ?1", params![device])?;
    }
    Ok(())
}
