//! The devices as people see them, and what they say of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{DeviceId, DeviceKey, Protocol, Timestamp};

use super::database::Database;
use super::spool::SqlSpool;
use super::spool::lock;
use super::statement::{Row, Sql, ToValue, at, number, params};
use super::{devices, notices, shares, turns};
use crate::core::incident_kind::IncidentKind;
use crate::{
    BoxFuture, DeviceChange, DeviceDetail, DeviceFilter, DeviceLine, Devices, KnownPlace,
    NewDevice, Notice, Result, SharedPlace, Sighting, SpoolError,
};

/// How many places of a device are told.
const SIGHTINGS_MAX: u32 = 20;

const LINE: &str = "
    SELECT id, key, coalesce(label, name), vendor, last_at, muted_until, silent_after, user,
           (SELECT coalesce(label, name) FROM device AS it WHERE it.id = device.recorder)
    FROM device";

impl<D: Database> Devices for SqlSpool<D> {
    fn devices<'a>(
        &'a self,
        filter: &'a DeviceFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<DeviceLine>>> {
        let filter = filter.clone();
        Box::pin(self.read(move |sql| list(sql, &filter, limit)))
    }

    fn device(&self, id: DeviceId) -> BoxFuture<'_, Result<Option<DeviceDetail>>> {
        Box::pin(self.read(move |sql| detail(sql, id)))
    }

    fn activity<'a>(
        &'a self,
        devices: &'a [DeviceId],
        days: &'a [Timestamp],
    ) -> BoxFuture<'a, Result<Vec<Vec<u64>>>> {
        let (devices, days) = (devices.to_owned(), days.to_owned());
        Box::pin(self.read(move |sql| activity(sql, &devices, &days)))
    }

    fn add_device(&self, device: NewDevice) -> BoxFuture<'_, Result<Option<DeviceId>>> {
        Box::pin(self.write(move |sql| add(sql, &device)))
    }

    fn added_devices(&self) -> BoxFuture<'_, Result<Vec<(DeviceId, NewDevice)>>> {
        Box::pin(self.read(added))
    }

    fn change_device(&self, id: DeviceId, change: DeviceChange) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let work = move |sql: &dyn Sql| Ok((apply(sql, id, &change)?, named(sql)?));
            let (is_there, named) = self.write(work).await?;
            *lock(&self.named) = named;
            Ok(is_there)
        })
    }

    fn gone_silent(&self, now: Timestamp, untold: bool) -> BoxFuture<'_, Result<Vec<DeviceLine>>> {
        Box::pin(self.read(move |sql| gone_silent(sql, now, untold)))
    }

    fn known_places(&self, since: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<KnownPlace>>> {
        Box::pin(self.read(move |sql| known_places(sql, since, limit)))
    }

    fn shared_places(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<SharedPlace>>> {
        Box::pin(self.read(move |sql| shared_places(sql, since, limit)))
    }

    fn create_notice(&self, notice: Notice) -> BoxFuture<'_, Result<Vec<String>>> {
        let rules = Arc::clone(&self.rules);
        Box::pin(self.write(move |sql| notices::create(sql, &*rules.current(), &notice)))
    }
}

/// See [`crate::Devices::devices`].
pub(super) fn list(sql: &dyn Sql, filter: &DeviceFilter, limit: u32) -> Result<Vec<DeviceLine>> {
    let select = format!(
        "{LINE} WHERE merged_into IS NULL
           AND (?1 = '' OR instr(lower(coalesce(label, name)), ?1) > 0
                OR instr(lower(coalesce(user, '')), ?1) > 0
                OR EXISTS (SELECT 1 FROM heard WHERE device = device.id AND instr(place, ?1) > 0))
         ORDER BY last_at DESC, id DESC LIMIT ?2 OFFSET ?3"
    );
    let lines =
        sql.rows(&select, params![filter.text.to_lowercase(), limit, filter.offset], read_line)?;
    Ok(lines)
}

fn read_line(row: &Row<'_>) -> Result<DeviceLine> {
    let time = |column| Ok::<_, SpoolError>(row.get::<Option<i64>>(column)?.map(Timestamp));
    Ok(DeviceLine {
        id: DeviceId(row.get(0)?),
        key: row.get(1)?,
        name: row.get(2)?,
        vendor: row.get(3)?,
        last_at: time(4)?,
        muted_until: time(5)?,
        silent_after: row
            .get::<Option<i64>>(6)?
            .map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))),
        user: row.get(7)?,
        recorder: row.get(8)?,
    })
}

/// See [`crate::Devices::device`].
pub(super) fn detail(sql: &dyn Sql, id: DeviceId) -> Result<Option<DeviceDetail>> {
    let line = sql.row(
        &format!("{LINE} WHERE id = ?1 AND merged_into IS NULL"),
        params![id.0],
        read_line,
    )?;
    let Some(line) = line else {
        return Ok(None);
    };
    let select = "SELECT place, protocol, max(last_at) FROM heard WHERE device = ?1
         GROUP BY place, protocol ORDER BY max(last_at) DESC LIMIT ?2";
    let sightings = sql.rows(select, params![id.0, SIGHTINGS_MAX], |row| {
        let (place, protocol): (String, String) = (row.get(0)?, row.get(1)?);
        let protocol =
            [Protocol::Smtp, Protocol::Ftp].into_iter().find(|it| it.as_str() == protocol);
        let last_at = at(row, 2)?;
        let place = place.parse().ok().zip(protocol);
        Ok(place.map(|(place, protocol)| Sighting { place, protocol, last_at }))
    })?;
    let sightings = sightings.into_iter().flatten().collect();
    let select = "SELECT name FROM device WHERE merged_into = ?1 ORDER BY name LIMIT ?2";
    let merged = sql.rows(select, params![id.0, SIGHTINGS_MAX], |row| row.get(0))?;
    Ok(Some(DeviceDetail { line, sightings, merged }))
}

/// See [`crate::Devices::activity`].
pub(super) fn activity(
    sql: &dyn Sql,
    devices: &[DeviceId],
    days: &[Timestamp],
) -> Result<Vec<Vec<u64>>> {
    let count = "SELECT began_at FROM incident WHERE device = ?1 AND began_at >= ?2 AND incident_kind <> ?3";
    let suppressed = IncidentKind::Suppressed.number();
    let since = days.first().copied().unwrap_or_default();
    let mut activity = Vec::with_capacity(devices.len());
    for device in devices {
        let mut counts = vec![0; days.len().saturating_sub(1)];
        sql.rows(count, params![device.0, since.0, suppressed], |row| {
            let began_at = at(row, 0)?;
            let day = days.partition_point(|day| *day <= began_at);
            if let Some(count) = counts.get_mut(day.saturating_sub(1)) {
                *count += 1;
            }
            Ok(())
        })?;
        activity.push(counts);
    }
    Ok(activity)
}

/// See [`crate::Devices::add_device`].
pub(super) fn add(sql: &dyn Sql, device: &NewDevice) -> Result<Option<DeviceId>> {
    let id = sql.insert(
        "INSERT INTO device (key, name, user, password) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        params![
            DeviceKey::added(&device.user).to_string(),
            device.name,
            device.user,
            device.password
        ],
    )?;
    Ok(id.map(DeviceId))
}

/// See [`crate::Devices::added_devices`].
pub(super) fn added(sql: &dyn Sql) -> Result<Vec<(DeviceId, NewDevice)>> {
    let select = "SELECT id, coalesce(label, name), user, password FROM device
         WHERE user IS NOT NULL AND password IS NOT NULL ORDER BY id";
    let added = sql.rows(select, params![], |row| {
        let device = NewDevice { name: row.get(1)?, user: row.get(2)?, password: row.get(3)? };
        Ok((DeviceId(row.get(0)?), device))
    })?;
    Ok(added)
}

/// See [`crate::Devices::change_device`].
fn apply(sql: &dyn Sql, id: DeviceId, change: &DeviceChange) -> Result<bool> {
    let set = |column: &str, value: &dyn ToValue| -> Result<bool> {
        let update = format!("UPDATE device SET {column} WHERE id = ?1 AND merged_into IS NULL");
        Ok(sql.execute(&update, params![id.0, value])? > 0)
    };
    match change {
        DeviceChange::Name(name) => {
            let is_set = set("label = ?2", name)?;
            if let Some(name) = name {
                devices::reserve_name(sql, "", name)?;
            }
            if is_set && name.is_some() {
                shares::move_to_device(sql, id.0)?;
            }
            turns::requeue(sql, id)?;
            Ok(is_set)
        }
        DeviceChange::MutedUntil(until) => set("muted_until = ?2", &until.map(|until| until.0)),
        DeviceChange::SilentAfter(after) => {
            let ms = after.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
            set("silent_after = ?2, silence_told = 0", &ms)
        }
        DeviceChange::Password(password) => {
            set("password = CASE WHEN user IS NULL THEN NULL ELSE ?2 END", password)
        }
        DeviceChange::NoLogin => set("user = NULL, password = ?2", &None::<String>),
        DeviceChange::MergeInto(other) => merge(sql, id, *other),
    }
}

/// From now on one is the other; nothing is lost but the name.
fn merge(sql: &dyn Sql, id: DeviceId, other: DeviceId) -> Result<bool> {
    let is_there = |id: DeviceId| -> Result<bool> {
        sql.one(
            "SELECT EXISTS (SELECT 1 FROM device WHERE id = ?1 AND merged_into IS NULL)",
            params![id.0],
            |row| row.get(0),
        )
    };
    if id == other || !is_there(id)? || !is_there(other)? {
        return Ok(false);
    }
    for update in [
        "UPDATE incident SET device = ?2 WHERE device = ?1",
        "UPDATE heard SET device = ?2 WHERE device = ?1",
        "UPDATE OR IGNORE known_media SET device = ?2 WHERE device = ?1",
        "UPDATE device SET last_at = max(coalesce(last_at, 0),
             (SELECT coalesce(last_at, 0) FROM device WHERE id = ?1)) WHERE id = ?2",
        "UPDATE device SET merged_into = ?2, user = NULL, password = NULL
         WHERE id = ?1 OR merged_into = ?1",
    ] {
        sql.execute(update, params![id.0, other.0])?;
    }
    turns::requeue(sql, other)?;
    shares::move_to_device(sql, other.0)?;
    Ok(true)
}

/// The keys of discovered devices that somebody named, with those that were merged into them.
pub(super) fn named(sql: &dyn Sql) -> Result<HashSet<String>> {
    let select = "SELECT device.key FROM device JOIN device AS it ON it.id = coalesce(device.merged_into, device.id)
         WHERE it.label IS NOT NULL AND device.key LIKE 'discovered/%'";
    let keys = sql.rows(select, params![], |row| row.get(0))?;
    Ok(keys.into_iter().collect())
}

/// See [`crate::Devices::gone_silent`].
fn gone_silent(sql: &dyn Sql, now: Timestamp, untold: bool) -> Result<Vec<DeviceLine>> {
    let select = format!(
        "{LINE} WHERE silent_after IS NOT NULL AND merged_into IS NULL
           AND last_at + silent_after < ?1 AND NOT (?2 AND silence_told)"
    );
    let lines = sql.rows(&select, params![now.0, untold], read_line)?;
    Ok(lines)
}

/// See [`crate::Devices::known_places`].
fn known_places(sql: &dyn Sql, since: Timestamp, limit: u32) -> Result<Vec<KnownPlace>> {
    let select = "SELECT device.key, heard.place, device.label IS NOT NULL, max(heard.last_at)
         FROM device JOIN heard ON heard.device = device.id
         WHERE (device.label IS NOT NULL OR device.key NOT LIKE 'discovered/%')
           AND heard.last_at >= ?1
         GROUP BY device.id, heard.place ORDER BY 4 DESC LIMIT ?2";
    let places = sql.rows(select, params![since.0, limit], |row| {
        let (key, place, is_named): (String, String, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(place.parse().ok().map(|place| KnownPlace { key, place, is_named }))
    })?;
    Ok(places.into_iter().flatten().collect())
}

/// See [`crate::Devices::shared_places`].
fn shared_places(sql: &dyn Sql, since: Timestamp, limit: u32) -> Result<Vec<SharedPlace>> {
    let select = "SELECT place, count(DISTINCT device) FROM heard WHERE last_at >= ?1
         GROUP BY place ORDER BY 2 DESC, 1 LIMIT ?2";
    let places = sql.rows(select, params![since.0, limit], |row| {
        let (place, devices): (String, _) = (row.get(0)?, number(row, 1)?);
        Ok(place.parse().ok().map(|place| SharedPlace { place, devices }))
    })?;
    Ok(places.into_iter().flatten().collect())
}
