//! Devices as the dashboard lists and changes them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use tipoff_model::{Device, DeviceId, DeviceKey, Protocol, Timestamp};

use super::{SqliteSpool, at, device_resolution, lock, notices, shares, turns};
use crate::{
    BoxFuture, DeviceChange, DeviceDetail, DeviceFilter, DeviceLine, Devices, KnownPlace,
    NewDevice, Notice, Result, SharedPlace, Sighting,
};

/// How many places of a device are told.
const SIGHTINGS_MAX: u32 = 20;

const LINE: &str = "
    SELECT id, key, coalesce(label, name), vendor, last_at, muted_until, silent_after, user,
           (SELECT coalesce(label, name) FROM device AS it WHERE it.id = device.recorder)
    FROM device";

impl Devices for SqliteSpool {
    fn devices<'a>(
        &'a self,
        filter: &'a DeviceFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<DeviceLine>>> {
        let filter = filter.clone();
        Box::pin(self.read(move |connection| list(connection, &filter, limit)))
    }

    fn device(&self, id: DeviceId) -> BoxFuture<'_, Result<Option<DeviceDetail>>> {
        Box::pin(self.read(move |connection| detail(connection, id)))
    }

    fn activity<'a>(
        &'a self,
        devices: &'a [DeviceId],
        days: &'a [Timestamp],
    ) -> BoxFuture<'a, Result<Vec<Vec<u64>>>> {
        let (devices, days) = (devices.to_owned(), days.to_owned());
        Box::pin(self.read(move |connection| activity(connection, &devices, &days)))
    }

    fn add_device(&self, device: NewDevice) -> BoxFuture<'_, Result<Option<DeviceId>>> {
        Box::pin(self.writer.run(move |connection| add(connection, &device)))
    }

    fn added_devices(&self) -> BoxFuture<'_, Result<Vec<(DeviceId, NewDevice)>>> {
        Box::pin(self.read(added))
    }

    fn change_device(&self, id: DeviceId, change: DeviceChange) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let work = move |connection: &Connection| {
                Ok((apply(connection, id, &change)?, named(connection)?))
            };
            let (is_there, named) = self.writer.run(work).await?;
            *lock(&self.named) = named;
            Ok(is_there)
        })
    }

    fn gone_silent(&self, now: Timestamp, untold: bool) -> BoxFuture<'_, Result<Vec<DeviceLine>>> {
        Box::pin(self.read(move |connection| gone_silent(connection, now, untold)))
    }

    fn known_places(&self, since: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<KnownPlace>>> {
        Box::pin(self.read(move |connection| known_places(connection, since, limit)))
    }

    fn shared_places(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<SharedPlace>>> {
        Box::pin(self.read(move |connection| shared_places(connection, since, limit)))
    }

    fn create_notice(&self, notice: Notice) -> BoxFuture<'_, Result<Vec<String>>> {
        let rules = Arc::clone(&self.rules);
        Box::pin(
            self.writer
                .run(move |connection| notices::create(connection, &*rules.current(), &notice)),
        )
    }
}

/// See [`crate::Devices::devices`].
pub(super) fn list(
    connection: &Connection,
    filter: &DeviceFilter,
    limit: u32,
) -> Result<Vec<DeviceLine>> {
    let mut select = connection.prepare_cached(&format!(
        "{LINE} WHERE merged_into IS NULL
           AND (?1 = '' OR instr(lower(coalesce(label, name)), ?1) > 0
                OR instr(lower(coalesce(user, '')), ?1) > 0
                OR EXISTS (SELECT 1 FROM heard WHERE device = device.id AND instr(place, ?1) > 0))
         ORDER BY last_at DESC, id DESC LIMIT ?2 OFFSET ?3"
    ))?;
    let lines =
        select.query_map(params![filter.text.to_lowercase(), limit, filter.offset], read_line)?;
    Ok(lines.collect::<rusqlite::Result<_>>()?)
}

fn read_line(row: &Row<'_>) -> rusqlite::Result<DeviceLine> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp));
    Ok(DeviceLine {
        id: DeviceId(row.get(0)?),
        key: row.get(1)?,
        name: row.get(2)?,
        vendor: row.get(3)?,
        last_at: time(4)?,
        muted_until: time(5)?,
        silent_after: row
            .get::<_, Option<i64>>(6)?
            .map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))),
        user: row.get(7)?,
        recorder: row.get(8)?,
    })
}

/// See [`crate::Devices::device`].
pub(super) fn detail(connection: &Connection, id: DeviceId) -> Result<Option<DeviceDetail>> {
    let line = connection
        .prepare_cached(&format!("{LINE} WHERE id = ?1 AND merged_into IS NULL"))?
        .query_row([id.0], read_line)
        .optional()?;
    let Some(line) = line else {
        return Ok(None);
    };
    let mut select = connection.prepare_cached(
        "SELECT place, protocol, max(last_at) FROM heard WHERE device = ?1
         GROUP BY place, protocol ORDER BY max(last_at) DESC LIMIT ?2",
    )?;
    let mut rows = select.query(params![id.0, SIGHTINGS_MAX])?;
    let mut sightings = Vec::new();
    while let Some(row) = rows.next()? {
        let (place, protocol): (String, String) = (row.get(0)?, row.get(1)?);
        let protocol =
            [Protocol::Smtp, Protocol::Ftp].into_iter().find(|it| it.as_str() == protocol);
        if let (Ok(place), Some(protocol)) = (place.parse(), protocol) {
            sightings.push(Sighting { place, protocol, last_at: at(row, 2)? });
        }
    }
    let mut select = connection
        .prepare_cached("SELECT name FROM device WHERE merged_into = ?1 ORDER BY name LIMIT ?2")?;
    let merged = select
        .query_map(params![id.0, SIGHTINGS_MAX], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(DeviceDetail { line, sightings, merged }))
}

/// See [`crate::Devices::activity`].
pub(super) fn activity(
    connection: &Connection,
    devices: &[DeviceId],
    days: &[Timestamp],
) -> Result<Vec<Vec<u64>>> {
    let mut count = connection.prepare_cached(
        "SELECT began_at FROM incident WHERE device = ?1 AND began_at >= ?2 AND silent <> 1",
    )?;
    let since = days.first().copied().unwrap_or_default();
    let mut activity = Vec::with_capacity(devices.len());
    for device in devices {
        let mut counts = vec![0; days.len().saturating_sub(1)];
        let mut rows = count.query(params![device.0, since.0])?;
        while let Some(row) = rows.next()? {
            let began_at = at(row, 0)?;
            let day = days.partition_point(|day| *day <= began_at);
            if let Some(count) = counts.get_mut(day.saturating_sub(1)) {
                *count += 1;
            }
        }
        activity.push(counts);
    }
    Ok(activity)
}

/// See [`crate::Devices::add_device`].
pub(super) fn add(connection: &Connection, device: &NewDevice) -> Result<Option<DeviceId>> {
    let added = connection
        .prepare_cached(
            "INSERT INTO device (key, name, user, password) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            DeviceKey::added(&device.user).to_string(),
            device.name,
            device.user,
            device.password
        ])?;
    Ok((added > 0).then(|| DeviceId(connection.last_insert_rowid())))
}

/// See [`crate::Devices::added_devices`].
pub(super) fn added(connection: &Connection) -> Result<Vec<(DeviceId, NewDevice)>> {
    let mut select = connection.prepare_cached(
        "SELECT id, coalesce(label, name), user, password FROM device
         WHERE user IS NOT NULL AND password IS NOT NULL ORDER BY id",
    )?;
    let added = select.query_map([], |row| {
        let device = NewDevice { name: row.get(1)?, user: row.get(2)?, password: row.get(3)? };
        Ok((DeviceId(row.get(0)?), device))
    })?;
    Ok(added.collect::<rusqlite::Result<_>>()?)
}

/// See [`crate::Devices::change_device`].
fn apply(connection: &Connection, id: DeviceId, change: &DeviceChange) -> Result<bool> {
    let set = |column: &str, value: &dyn rusqlite::ToSql| -> Result<bool> {
        let sql = format!("UPDATE device SET {column} WHERE id = ?1 AND merged_into IS NULL");
        Ok(connection.prepare_cached(&sql)?.execute(params![id.0, value])? > 0)
    };
    match change {
        DeviceChange::Name(name) => {
            let is_set = set("label = ?2", name)?;
            if let Some(name) = name {
                device_resolution::reserve_name(connection, "", name)?;
            }
            if is_set && name.is_some() {
                shares::move_to_device(connection, id.0)?;
            }
            turns::requeue(connection, id)?;
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
        DeviceChange::MergeInto(other) => merge(connection, id, *other),
    }
}

/// From now on one is the other; nothing is lost but the name.
fn merge(connection: &Connection, id: DeviceId, other: DeviceId) -> Result<bool> {
    let is_there = |id: DeviceId| -> Result<bool> {
        Ok(connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM device WHERE id = ?1 AND merged_into IS NULL)",
            )?
            .query_row([id.0], |row| row.get(0))?)
    };
    if id == other || !is_there(id)? || !is_there(other)? {
        return Ok(false);
    }
    for sql in [
        "UPDATE incident SET device = ?2 WHERE device = ?1",
        "UPDATE heard SET device = ?2 WHERE device = ?1",
        "UPDATE OR IGNORE known_media SET device = ?2 WHERE device = ?1",
        "UPDATE device SET last_at = max(coalesce(last_at, 0),
             (SELECT coalesce(last_at, 0) FROM device WHERE id = ?1)) WHERE id = ?2",
        "UPDATE device SET merged_into = ?2, user = NULL, password = NULL
         WHERE id = ?1 OR merged_into = ?1",
    ] {
        connection.prepare_cached(sql)?.execute(params![id.0, other.0])?;
    }
    turns::requeue(connection, other)?;
    shares::move_to_device(connection, other.0)?;
    Ok(true)
}

/// The keys of discovered devices that somebody named, with those that were merged into them.
pub(super) fn named(connection: &Connection) -> Result<HashSet<String>> {
    let mut select = connection.prepare_cached(
        "SELECT device.key FROM device JOIN device AS it ON it.id = coalesce(device.merged_into, device.id)
         WHERE it.label IS NOT NULL AND device.key LIKE 'discovered/%'",
    )?;
    let keys = select.query_map([], |row| row.get(0))?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

/// See [`crate::Devices::gone_silent`].
fn gone_silent(connection: &Connection, now: Timestamp, untold: bool) -> Result<Vec<DeviceLine>> {
    let mut select = connection.prepare_cached(&format!(
        "{LINE} WHERE silent_after IS NOT NULL AND merged_into IS NULL
           AND last_at + silent_after < ?1 AND NOT (?2 AND silence_told)"
    ))?;
    let lines = select.query_map(params![now.0, untold], read_line)?;
    Ok(lines.collect::<rusqlite::Result<_>>()?)
}

/// See [`crate::Devices::known_places`].
fn known_places(connection: &Connection, since: Timestamp, limit: u32) -> Result<Vec<KnownPlace>> {
    let mut select = connection.prepare_cached(
        "SELECT device.key, heard.place, device.label IS NOT NULL, max(heard.last_at)
         FROM device JOIN heard ON heard.device = device.id
         WHERE (device.label IS NOT NULL OR device.key NOT LIKE 'discovered/%')
           AND heard.last_at >= ?1
         GROUP BY device.id, heard.place ORDER BY 4 DESC LIMIT ?2",
    )?;
    let mut rows = select.query(params![since.0, limit])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        let (key, place, is_named): (String, String, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        if let Ok(place) = place.parse() {
            places.push(KnownPlace { key, place, is_named });
        }
    }
    Ok(places)
}

/// See [`crate::Devices::shared_places`].
fn shared_places(
    connection: &Connection,
    since: Timestamp,
    limit: u32,
) -> Result<Vec<SharedPlace>> {
    let mut select = connection.prepare_cached(
        "SELECT place, count(DISTINCT device) FROM heard WHERE last_at >= ?1
         GROUP BY place ORDER BY 2 DESC, 1 LIMIT ?2",
    )?;
    let mut rows = select.query(params![since.0, limit])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        let (place, devices): (String, i64) = (row.get(0)?, row.get(1)?);
        if let Ok(place) = place.parse() {
            places.push(SharedPlace { place, devices: u64::try_from(devices).unwrap_or(0) });
        }
    }
    Ok(places)
}

/// A row without its recorder, and whether its name is a label that somebody gave it.
pub(super) fn row(connection: &Connection, id: i64) -> Result<(Device, bool)> {
    Ok(connection
        .prepare_cached(
            "SELECT key, coalesce(label, name), distinct_name, label IS NOT NULL
             FROM device WHERE id = ?1",
        )?
        .query_row([id], |row| {
            let (key, name, distinct_name) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((Device { key, name, distinct_name, ..Device::default() }, row.get(3)?))
        })?)
}

/// The device of this row, as rules know it; `None` if there is none.
pub(super) fn read(connection: &Connection, id: i64) -> Result<Option<Device>> {
    let recorder: Option<Option<i64>> = connection
        .prepare_cached("SELECT recorder FROM device WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let Some(recorder) = recorder else {
        return Ok(None);
    };
    let recorder = match recorder {
        Some(recorder) => Some(Box::new(row(connection, recorder)?.0)),
        None => None,
    };
    Ok(Some(Device { recorder, ..row(connection, id)?.0 }))
}
