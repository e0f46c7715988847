//! Which device an arrival is from: read and written for the decisions of [`crate::core::device_by_address`].

use tipoff_model::{AddressShare, Device, Timestamp};

use super::device_rows::{self, DeviceRow};
use super::statement::{Lock, Sql, params};
use super::{device_names, newcomers};
use crate::core::device_by_address::{
    self, Lookup, NEIGHBOUR_WITHIN, NEIGHBOURS_MAX, Naming, Neighbour, Seen,
};
use crate::core::newcomers::{Newcomer, place};
use crate::{NewArrival, Result, SpoolError};

/// The device that an arrival is from.
pub(super) struct Resolved {
    pub(super) row: DeviceRow,
    /// As it is called from now on.
    device: Device,
    /// The device at the arrival's address: itself or its recorder. `None`: it was not seen, or a crowd.
    pub(super) seen: Option<SeenDevice>,
}

impl Resolved {
    fn new(row: DeviceRow, device: Device) -> Self {
        Self { row, device, seen: None }
    }
}

/// What is written of a device that was seen at an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeenDevice {
    id: i64,
    /// Whether it proved its login for the first time.
    is_proof: bool,
    /// Whether it is noted that it was seen.
    is_noted: bool,
}

/// The rows by which an arrival's device is most often found.
pub(super) fn expect(sql: &dyn Sql, arrival: &NewArrival) -> Result<()> {
    let device = &arrival.device;
    let at_address = device.recorder.as_deref().unwrap_or(device);
    sql.expect(&|ahead| {
        let _ = Source::of(arrival, at_address).seen(ahead);
        if !at_address.discovered {
            let _ = device_rows::by_key(ahead, &at_address.key);
        }
        if device.recorder.is_some() {
            let _ = device_rows::by_key(ahead, &device.key);
        }
    })
}

/// The device of an arrival (docs/spool.md, "Devices"). Rows of new devices are made, of a channel's recorder first.
/// The arrival gets the device as its row has it.
pub(super) fn resolve(sql: &dyn Sql, arrival: &mut NewArrival) -> Result<Resolved> {
    let reported = arrival.device.clone();
    let mut resolved = match reported.recorder.as_deref() {
        Some(recorder) => resolve_channel(sql, arrival, &reported, recorder)?,
        None => resolve_single(sql, arrival, &reported)?,
    };
    arrival.device = std::mem::take(&mut resolved.device);
    Ok(resolved)
}

/// Notes where the device of an arrival was seen. `reported` is what it said that it is.
pub(super) fn note_seen(
    sql: &dyn Sql,
    arrival: &NewArrival,
    reported: &Device,
    seen: &SeenDevice,
) -> Result<()> {
    if seen.is_proof {
        let update = "UPDATE device SET proven = 1 WHERE id = ?1 AND proven = 0";
        sql.change(update, params![seen.id])?;
    }
    if seen.is_noted {
        let at_address = reported.recorder.as_deref().unwrap_or(reported);
        Source::of(arrival, at_address).note(sql, seen.id)?;
    }
    Ok(())
}

/// A device that names no channel: itself, or the only channel that it has.
fn resolve_single(sql: &dyn Sql, arrival: &NewArrival, reported: &Device) -> Result<Resolved> {
    let found = resolve_at_address(sql, arrival, reported)?;
    if device_by_address::may_mean_its_channel(reported)
        && let Some(channel) = found.row.only_channel()
        && let Some(row) = device_rows::by_id(sql, channel)?
    {
        let device = row.device();
        return Ok(Resolved { row, device, ..found });
    }
    Ok(found)
}

/// A channel of a recorder. It is found by its key alone: the address is the recorder's.
fn resolve_channel(
    sql: &dyn Sql,
    arrival: &NewArrival,
    reported: &Device,
    recorder: &Device,
) -> Result<Resolved> {
    let mut recorder = resolve_at_address(sql, arrival, recorder)?;
    let recorder_id = recorder.row.own.id;
    let known = sql.find_or_lock(Lock::Devices, || device_rows::by_key(sql, &reported.key))?;
    let row = match known {
        Some(row) => row,
        None if newcomers::admit_channel(sql, recorder_id, arrival.received_at)? => {
            let row = insert(sql, reported, Some(recorder_id), arrival)?;
            recorder.row = existing(sql, recorder_id)?;
            row
        }
        None => return Ok(recorder),
    };
    if device_by_address::may_be_single_camera(&recorder.device, reported)
        && recorder.row.only_channel() == Some(row.own.id)
    {
        return Ok(recorder);
    }
    let device = name(sql, &row, reported)?;
    let device = Device { recorder: Some(Box::new(recorder.device)), ..device };
    Ok(Resolved { row, device, seen: recorder.seen })
}

/// The row of a device that has the address of the arrival to itself: no channel.
fn resolve_at_address(sql: &dyn Sql, arrival: &NewArrival, reported: &Device) -> Result<Resolved> {
    let source = Source::of(arrival, reported);
    let (mut seen, mut found) = find(sql, reported, &source)?;
    // Another transaction may have made it meanwhile.
    if found.is_none() && sql.lock(Lock::Devices)? {
        (seen, found) = find(sql, reported, &source)?;
    }
    let row = match found {
        Some(row) => row,
        None => match newcomer(sql, arrival, reported)? {
            Newcomer::Itself => insert(sql, reported, None, arrival)?,
            Newcomer::OneOf(crowd) => return resolve_crowd(sql, arrival, &crowd),
        },
    };
    let id = row.own.id;
    let seen = SeenDevice {
        id,
        is_proof: device_by_address::is_proof(arrival) && !row.is_proven,
        is_noted: device_by_address::is_noted(seen, id, source.now),
    };
    let device = name(sql, &row, reported)?;
    Ok(Resolved { row, device, seen: Some(seen) })
}

/// The row of a device that was seen before, and where it was seen so.
fn find(
    sql: &dyn Sql,
    reported: &Device,
    source: &Source<'_>,
) -> Result<(Option<Seen>, Option<DeviceRow>)> {
    let (seen, mut sighted) = source.seen(sql)?.unzip();
    for lookup in device_by_address::lookups(reported) {
        let found = match lookup {
            Lookup::Sighting => sighted.take(),
            Lookup::Key => device_rows::by_key(sql, &reported.key)?,
            Lookup::Neighbour => match source.neighbour(sql)? {
                Some(neighbour) => device_rows::by_id(sql, neighbour)?,
                None => None,
            },
        };
        if found.is_some() {
            return Ok((seen, found));
        }
    }
    Ok((seen, None))
}

/// Which device somebody is who was never seen before.
fn newcomer(sql: &dyn Sql, arrival: &NewArrival, reported: &Device) -> Result<Newcomer> {
    match reported.discovered {
        true => newcomers::admit(sql, &place_of(arrival), arrival.received_at),
        false => Ok(Newcomer::Itself),
    }
}

/// The row of the device that is stored for many newcomers.
fn resolve_crowd(sql: &dyn Sql, arrival: &NewArrival, crowd: &Device) -> Result<Resolved> {
    let known = sql.find_or_lock(Lock::Devices, || device_rows::by_key(sql, &crowd.key))?;
    let row = match known {
        Some(row) => row,
        None => insert(sql, crowd, None, arrival)?,
    };
    let device = name(sql, &row, crowd)?;
    Ok(Resolved::new(row, device))
}

/// The place that a new device counts to.
fn place_of(arrival: &NewArrival) -> String {
    AddressShare::of(arrival.envelope.peer).to_string()
}

fn insert(
    sql: &dyn Sql,
    device: &Device,
    recorder: Option<i64>,
    arrival: &NewArrival,
) -> Result<DeviceRow> {
    let name = device_names::take(sql, device)?;
    let place = device.discovered.then(|| place(device, place_of(arrival)));
    let Device { key, distinct_name, .. } = device;
    let id = sql.insert_row(
        "INSERT INTO device (key, name, distinct_name, recorder, place, first_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![key, name, distinct_name, recorder, place, arrival.received_at.0],
    )?;
    existing(sql, id)
}

/// The row of a device that was stored or found before.
pub(super) fn existing(sql: &dyn Sql, id: i64) -> Result<DeviceRow> {
    let removed = || SpoolError::Conflict("the row of a device was removed".to_owned());
    device_rows::by_id(sql, id)?.ok_or_else(removed)
}

/// The device of this row, with the name that it has from now on ([`device_by_address::naming`]).
fn name(sql: &dyn Sql, row: &DeviceRow, reported: &Device) -> Result<Device> {
    match device_by_address::naming(row.own.device(), row.own.is_labelled(), reported) {
        Naming::AsStored(device) | Naming::SameName(device) => return Ok(device),
        Naming::New => {}
    }
    sql.lock(Lock::Devices)?;
    let name = device_names::take(sql, reported)?;
    let update = "UPDATE device SET name = ?2, distinct_name = ?3 WHERE id = ?1";
    sql.change(update, params![row.own.id, name, reported.distinct_name])?;
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

    /// The device that was seen so before.
    fn seen(&self, sql: &dyn Sql) -> Result<Option<(Seen, DeviceRow)>> {
        device_rows::seen(sql, &self.address, self.protocol, self.key)
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
