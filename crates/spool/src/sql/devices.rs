//! Devices as the dashboard lists and changes them. What is decided from their rows: [`crate::core::devices`]. Which
//! device an arrival is from: [`super::device_resolution`].

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{ArrivalId, DeviceId, DeviceKey, Protocol, Timestamp};

use super::database::Database;
use super::node_notices::NodeNotice;
use super::spool::{SqlSpool, lock};
use super::statement::{Row, Sql, at, number, params};
use super::{device_edits, device_names, device_removal, notices};
use crate::core::devices::{self, Watched};
use crate::core::incident_kind::IncidentKind;
use crate::{
    BoxFuture, CameraAccess, DeviceChange, DeviceDetail, DeviceFilter, DeviceLine, DeviceUsage,
    Devices, KnownPlace, MediaPlace, NewDevice, Notice, Result, SharedPlace, Sighting, SpoolError,
};

/// Number of sightings, and of merged devices, that a device's page shows.
const DETAILS_MAX: u32 = 20;

/// Number of a device's latest incidents in which its picture is looked for.
const PICTURE_LOOKED_FOR_MAX: u32 = 20;

const LINE: &str =
    "SELECT id, key, coalesce(label, name), vendor, last_at, muted_until, silent_after,
        user_name, (SELECT coalesce(label, name) FROM device AS it WHERE it.id = device.recorder),
        silence_told
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

    fn latest_pictures<'a>(
        &'a self,
        devices: &'a [DeviceId],
    ) -> BoxFuture<'a, Result<Vec<Option<MediaPlace>>>> {
        let devices = devices.to_owned();
        Box::pin(
            self.read(move |sql| {
                devices.iter().map(|device| latest_picture(sql, *device)).collect()
            }),
        )
    }

    fn add_device(&self, device: NewDevice) -> BoxFuture<'_, Result<Option<DeviceId>>> {
        Box::pin(self.write(move |sql| device_edits::add(sql, &device)))
    }

    fn holder_of_name<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<DeviceId>>> {
        let name = name.to_owned();
        Box::pin(self.read(move |sql| device_names::holder(sql, &name)))
    }

    fn added_devices(&self) -> BoxFuture<'_, Result<Vec<(DeviceId, NewDevice)>>> {
        Box::pin(self.read(added))
    }

    fn device_usage(&self, id: DeviceId) -> BoxFuture<'_, Result<DeviceUsage>> {
        Box::pin(self.read(move |sql| device_removal::device_usage(sql, id)))
    }

    fn change_device(&self, id: DeviceId, change: DeviceChange) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let changed =
                self.write(move |sql| Ok((device_edits::apply(sql, id, &change)?, named(sql)?)));
            let (is_changed, named) = changed.await?;
            *lock(&self.named) = named;
            self.tell(|| NodeNotice::Named);
            Ok(is_changed)
        })
    }

    fn inactive_devices(
        &self,
        now: Timestamp,
        only_new: bool,
    ) -> BoxFuture<'_, Result<Vec<DeviceLine>>> {
        Box::pin(self.read(move |sql| Ok(devices::inactive(watched(sql)?, now, only_new))))
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
fn list(sql: &dyn Sql, filter: &DeviceFilter, limit: u32) -> Result<Vec<DeviceLine>> {
    let select = format!(
        "{LINE} WHERE merged_into IS NULL AND {}
           AND (?1 = '' OR instr(lower(coalesce(label, name)), ?1) > 0
                OR instr(lower(coalesce(user_name, '')), ?1) > 0
                OR EXISTS (SELECT 1 FROM heard WHERE device = device.id AND instr(place, ?1) > 0))
         ORDER BY last_at DESC NULLS LAST, id DESC LIMIT ?2 OFFSET ?3",
        device_removal::LISTED
    );
    sql.rows(&select, params![filter.text.to_lowercase(), limit, filter.offset], line)
}

fn line(row: &Row<'_>) -> Result<DeviceLine> {
    let time = |column| Ok::<_, SpoolError>(row.get::<Option<i64>>(column)?.map(Timestamp));
    let silent_after: Option<i64> = row.get(6)?;
    Ok(DeviceLine {
        id: DeviceId(row.get(0)?),
        key: row.get(1)?,
        name: row.get(2)?,
        vendor: row.get(3)?,
        last_at: time(4)?,
        muted_until: time(5)?,
        silent_after: silent_after.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))),
        user: row.get(7)?,
        recorder: row.get(8)?,
    })
}

/// See [`crate::Devices::device`].
fn detail(sql: &dyn Sql, id: DeviceId) -> Result<Option<DeviceDetail>> {
    let select = format!("{LINE} WHERE id = ?1 AND merged_into IS NULL");
    let Some(line) = sql.row(&select, params![id.0], line)? else {
        return Ok(None);
    };
    let sightings = "SELECT place, protocol, max(last_at) FROM heard WHERE device = ?1
        GROUP BY place, protocol ORDER BY max(last_at) DESC LIMIT ?2";
    let sightings = sql.rows(sightings, params![id.0, DETAILS_MAX], sighting)?;
    let merged = "SELECT name FROM device WHERE merged_into = ?1 ORDER BY name LIMIT ?2";
    let merged = sql.rows(merged, params![id.0, DETAILS_MAX], |row| row.get(0))?;
    Ok(Some(DeviceDetail { line, sightings: sightings.into_iter().flatten().collect(), merged }))
}

/// `None` if a later version stored it.
fn sighting(row: &Row<'_>) -> Result<Option<Sighting>> {
    let (place, protocol): (String, String) = (row.get(0)?, row.get(1)?);
    let protocol = Protocol::from_name(&protocol);
    let last_at = at(row, 2)?;
    let sighting = place.parse().ok().zip(protocol);
    Ok(sighting.map(|(place, protocol)| Sighting { place, protocol, last_at }))
}

/// See [`crate::Devices::activity`].
fn activity(sql: &dyn Sql, ids: &[DeviceId], days: &[Timestamp]) -> Result<Vec<Vec<u64>>> {
    let select = "SELECT began_at FROM incident
        WHERE device = ?1 AND began_at >= ?2 AND incident_kind <> ?3";
    let suppressed = IncidentKind::Suppressed.number();
    let since = days.first().copied().unwrap_or_default();
    let of_device = |id: &DeviceId| {
        let began_at = sql.rows(select, params![id.0, since.0, suppressed], |row| at(row, 0))?;
        Ok(devices::per_day(began_at, days))
    };
    ids.iter().map(of_device).collect()
}

/// See [`crate::Devices::latest_pictures`].
fn latest_picture(sql: &dyn Sql, device: DeviceId) -> Result<Option<MediaPlace>> {
    let select = "SELECT cover_arrival, cover_index
        FROM (SELECT id, cover_arrival, cover_index FROM incident
              WHERE device = ?1 ORDER BY id DESC LIMIT ?2) AS latest
        WHERE cover_arrival IS NOT NULL AND cover_index IS NOT NULL ORDER BY id DESC LIMIT 1";
    sql.row(select, params![device.0, PICTURE_LOOKED_FOR_MAX], |row| {
        Ok(MediaPlace { arrival: ArrivalId(row.get(0)?), index: Some(row.get(1)?) })
    })
}

/// See [`crate::Devices::added_devices`].
fn added(sql: &dyn Sql) -> Result<Vec<(DeviceId, NewDevice)>> {
    let select = "SELECT id, coalesce(label, name), user_name, password,
            camera_url, camera_user, camera_password
        FROM device
        WHERE user_name IS NOT NULL AND password IS NOT NULL ORDER BY id";
    sql.rows(select, params![], |row| {
        let url: Option<String> = row.get(4)?;
        let camera = match url {
            Some(url) => {
                let text = |column| {
                    Ok::<_, SpoolError>(row.get::<Option<String>>(column)?.unwrap_or_default())
                };
                Some(CameraAccess { url, user: text(5)?, password: text(6)? })
            }
            None => None,
        };
        let (name, user, password) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((DeviceId(row.get(0)?), NewDevice { name, user, password, camera }))
    })
}

/// The keys of discovered devices that somebody named, with those of devices that were merged into them.
pub(super) fn named(sql: &dyn Sql) -> Result<HashSet<String>> {
    let select = "SELECT device.key
        FROM device JOIN device AS it ON it.id = coalesce(device.merged_into, device.id)
        WHERE it.label IS NOT NULL";
    let keys = sql.rows(select, params![], |row| row.get::<String>(0))?;
    let is_discovered = |key: &String| matches!(DeviceKey::parse(key), DeviceKey::Discovered(_));
    Ok(keys.into_iter().filter(is_discovered).collect())
}

/// The devices whose owner wants an alert if they send nothing for some time.
fn watched(sql: &dyn Sql) -> Result<Vec<Watched>> {
    let select = format!("{LINE} WHERE silent_after IS NOT NULL AND merged_into IS NULL");
    sql.rows(&select, params![], |row| Ok(Watched { line: line(row)?, is_alerted: row.get(9)? }))
}

/// See [`crate::Devices::known_places`]. Only discovered devices have a place (docs/spool.md, "Devices").
fn known_places(sql: &dyn Sql, since: Timestamp, limit: u32) -> Result<Vec<KnownPlace>> {
    let select = "SELECT device.key, heard.place, device.label, max(heard.last_at)
        FROM device JOIN heard ON heard.device = device.id
        WHERE (device.label IS NOT NULL OR device.place IS NULL) AND heard.last_at >= ?1
        GROUP BY device.id, heard.place ORDER BY 4 DESC LIMIT ?2";
    let places = sql.rows(select, params![since.0, limit], |row| {
        let (place, label): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        let (key, is_named) = (row.get(0)?, label.is_some());
        Ok(place.parse().ok().map(|place| KnownPlace { key, place, is_named }))
    })?;
    Ok(places.into_iter().flatten().collect())
}

/// See [`crate::Devices::shared_places`].
fn shared_places(sql: &dyn Sql, since: Timestamp, limit: u32) -> Result<Vec<SharedPlace>> {
    let select = "SELECT place, count(DISTINCT device) FROM heard WHERE last_at >= ?1
        GROUP BY place ORDER BY 2 DESC, 1 LIMIT ?2";
    let places = sql.rows(select, params![since.0, limit], |row| {
        let (place, devices): (String, u64) = (row.get(0)?, number(row, 1)?);
        Ok(place.parse().ok().map(|place| SharedPlace { place, devices }))
    })?;
    Ok(places.into_iter().flatten().collect())
}
