//! Which device an arrival is from: read and written for the decisions of [`crate::core::device_by_address`].

use tipoff_model::{AddressShare, Device, Timestamp};

use super::statement::{Lock, Sql, at, params};
use super::{device_names, device_rows, newcomers};
use crate::core::device_by_address::{
    self, Lookup, NEIGHBOUR_WITHIN, NEIGHBOURS_MAX, Naming, Neighbour, ROWS_MAX, Seen,
};
use crate::core::newcomers::{Newcomer, place};
use crate::{NewArrival, Result};

/// The row of the arrival's device (docs/spool.md, "Devices"). Rows of new devices are made, of a channel's
/// recorder first. The arrival gets the device as its row has it.
pub(super) fn resolve(sql: &dyn Sql, arrival: &mut NewArrival) -> Result<i64> {
    let reported = arrival.device.clone();
    let (id, device) = match reported.recorder.as_deref() {
        Some(recorder) => resolve_channel(sql, arrival, &reported, recorder)?,
        None => resolve_single(sql, arrival, &reported)?,
    };
    arrival.device = device;
    Ok(id)
}

/// A device that names no channel: itself, or the only channel that it has.
fn resolve_single(sql: &dyn Sql, arrival: &NewArrival, reported: &Device) -> Result<(i64, Device)> {
    let (id, device) = resolve_at_address(sql, arrival, reported)?;
    if device_by_address::may_mean_its_channel(reported)
        && let Some(channel) = only_channel(sql, id)?
        && let Some(device) = device_rows::read(sql, channel)?
    {
        return Ok((channel, device));
    }
    Ok((id, device))
}

/// A channel of a recorder. It is found by its key alone: the address is the recorder's.
fn resolve_channel(
    sql: &dyn Sql,
    arrival: &NewArrival,
    reported: &Device,
    recorder: &Device,
) -> Result<(i64, Device)> {
    let (recorder_id, recorder) = resolve_at_address(sql, arrival, recorder)?;
    let id = match sql.find_or_lock(Lock::Devices, || by_key(sql, &reported.key))? {
        Some(id) => id,
        None if newcomers::admit_channel(sql, recorder_id, arrival.received_at)? => {
            insert(sql, reported, Some(recorder_id), arrival)?
        }
        None => return Ok((recorder_id, recorder)),
    };
    if device_by_address::may_be_single_camera(&recorder, reported)
        && only_channel(sql, recorder_id)? == Some(id)
    {
        return Ok((recorder_id, recorder));
    }
    let device = name(sql, id, reported)?;
    Ok((id, Device { recorder: Some(Box::new(recorder)), ..device }))
}

/// The channel of a device that has one and no other.
fn only_channel(sql: &dyn Sql, id: i64) -> Result<Option<i64>> {
    let select = "SELECT id FROM device WHERE recorder = ?1 AND merged_into IS NULL LIMIT ?2";
    Ok(device_by_address::only_channel(&sql.rows(select, params![id, ROWS_MAX], |row| row.get(0))?))
}

/// The row of a device that has the address of the arrival to itself: no channel.
fn resolve_at_address(
    sql: &dyn Sql,
    arrival: &NewArrival,
    reported: &Device,
) -> Result<(i64, Device)> {
    let source = Source::of(arrival, reported);
    let seen = source.seen(sql)?;
    let found = match find(sql, reported, &source, seen)? {
        // Another transaction may have made it meanwhile.
        None if sql.lock(Lock::Devices)? => find(sql, reported, &source, source.seen(sql)?)?,
        found => found,
    };
    let id = match found {
        Some(id) => id,
        None => match newcomer(sql, arrival, reported)? {
            Newcomer::Itself => insert(sql, reported, None, arrival)?,
            Newcomer::OneOf(crowd) => return resolve_crowd(sql, arrival, &crowd),
        },
    };
    if device_by_address::is_proof(arrival) {
        sql.change("UPDATE device SET proven = 1 WHERE id = ?1 AND proven = 0", params![id])?;
    }
    if device_by_address::is_noted(seen, id, source.now) {
        source.note(sql, id)?;
    }
    Ok((id, name(sql, id, reported)?))
}

/// The row of a device that was seen before.
fn find(
    sql: &dyn Sql,
    reported: &Device,
    source: &Source<'_>,
    seen: Option<Seen>,
) -> Result<Option<i64>> {
    for lookup in device_by_address::lookups(reported) {
        let found = match lookup {
            Lookup::Sighting => seen.map(|seen| seen.device),
            Lookup::Key => by_key(sql, &reported.key)?,
            Lookup::Neighbour => source.neighbour(sql)?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Which device somebody is who was never seen before.
fn newcomer(sql: &dyn Sql, arrival: &NewArrival, reported: &Device) -> Result<Newcomer> {
    match reported.discovered {
        true => newcomers::admit(sql, &place_of(arrival), arrival.received_at),
        false => Ok(Newcomer::Itself),
    }
}

/// The row of the device that is stored for many newcomers.
fn resolve_crowd(sql: &dyn Sql, arrival: &NewArrival, crowd: &Device) -> Result<(i64, Device)> {
    let id = match sql.find_or_lock(Lock::Devices, || by_key(sql, &crowd.key))? {
        Some(id) => id,
        None => insert(sql, crowd, None, arrival)?,
    };
    Ok((id, name(sql, id, crowd)?))
}

/// The place that a new device counts to.
fn place_of(arrival: &NewArrival) -> String {
    AddressShare::of(arrival.envelope.peer).to_string()
}

/// The row of this key, or of the device that it was merged into.
fn by_key(sql: &dyn Sql, key: &str) -> Result<Option<i64>> {
    let select = "SELECT coalesce(merged_into, id) FROM device WHERE key = ?1";
    sql.row(select, params![key], |row| row.get(0))
}

fn insert(
    sql: &dyn Sql,
    device: &Device,
    recorder: Option<i64>,
    arrival: &NewArrival,
) -> Result<i64> {
    let name = device_names::take(sql, device)?;
    let place = device.discovered.then(|| place(device, place_of(arrival)));
    let Device { key, distinct_name, .. } = device;
    sql.insert_row(
        "INSERT INTO device (key, name, distinct_name, recorder, place, first_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![key, name, distinct_name, recorder, place, arrival.received_at.0],
    )
}

/// The device of this row, with the name that it has from now on ([`device_by_address::naming`]).
fn name(sql: &dyn Sql, id: i64, reported: &Device) -> Result<Device> {
    let (stored, is_labelled) = device_rows::row(sql, id)?;
    match device_by_address::naming(stored, is_labelled, reported) {
        Naming::AsStored(device) | Naming::SameName(device) => return Ok(device),
        Naming::New => {}
    }
    sql.lock(Lock::Devices)?;
    let name = device_names::take(sql, reported)?;
    let update = "UPDATE device SET name = ?2, distinct_name = ?3 WHERE id = ?1";
    sql.change(update, params![id, name, reported.distinct_name])?;
    Ok(Device { name, ..reported.clone() })
}

/// Where, by which protocol, under which key and when an arrival came.
struct Source<'a> {
    address: String,
    protocol: &'static str,
    key: &'a str,
    now: Timestamp,
}

impl<'a> Source<'a> {
    fn of(arrival: &NewArrival, reported: &'a Device) -> Self {
        Self {
            address: arrival.envelope.peer.to_canonical().to_string(),
            protocol: arrival.envelope.protocol.as_str(),
            key: &reported.key,
            now: arrival.received_at,
        }
    }

    /// The device that was seen so before, and when it was noted.
    fn seen(&self, sql: &dyn Sql) -> Result<Option<Seen>> {
        let select =
            "SELECT device, last_at FROM heard WHERE place = ?1 AND protocol = ?2 AND told = ?3";
        sql.row(select, params![self.address, self.protocol, self.key], |row| {
            Ok(Seen { device: row.get(0)?, noted_at: at(row, 1)? })
        })
    }

    /// The device that was seen at the address lately, if it may be this one.
    fn neighbour(&self, sql: &dyn Sql) -> Result<Option<i64>> {
        let select = "SELECT DISTINCT heard.device, heard.protocol, device.proven
            FROM heard JOIN device ON device.id = heard.device
            WHERE heard.place = ?1 AND heard.last_at >= ?2 LIMIT ?3";
        let since = self.now.before(NEIGHBOUR_WITHIN).0;
        let neighbours = sql.rows(select, params![self.address, since, NEIGHBOURS_MAX], |row| {
            Ok(Neighbour { device: row.get(0)?, protocol: row.get(1)?, proven: row.get(2)? })
        })?;
        Ok(device_by_address::neighbour(&neighbours, self.protocol))
    }

    /// Notes that the device was seen so.
    fn note(&self, sql: &dyn Sql, device: i64) -> Result<()> {
        sql.change(
            "INSERT INTO heard (place, protocol, told, device, last_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (place, protocol, told)
             DO UPDATE SET device = excluded.device, last_at = excluded.last_at",
            params![self.address, self.protocol, self.key, device, self.now.0],
        )?;
        Ok(())
    }
}
