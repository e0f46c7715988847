//! Which device an arrival is from: read and written for the decisions of [`crate::core::resolve`].

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{AddressShare, Device, Timestamp};

use super::{devices, newcomers};
use crate::core::newcomers::{Newcomer, place};
use crate::core::resolve::{
    self, Lookup, NEIGHBOUR_WITHIN, NOTE_EVERY, Naming, Neighbour, ROWS_MAX,
};
use crate::{NewArrival, Result};

/// The row of the arrival's device (docs/spool.md, "Devices"). Rows of new devices are made, of a channel's
/// recorder first. A recorder's channel is found by its key alone: the address is the recorder's.
pub(super) fn resolve(connection: &Connection, arrival: &mut NewArrival) -> Result<i64> {
    let reported = arrival.device.clone();
    let Some(recorder) = reported.recorder.as_deref() else {
        let (id, device) = resolve_at_address(connection, arrival, &reported)?;
        arrival.device = device;
        if resolve::may_mean_its_channel(&reported)
            && let Some(channel) = only_channel(connection, id)?
            && let Some(device) = devices::read(connection, channel)?
        {
            arrival.device = device;
            return Ok(channel);
        }
        return Ok(id);
    };
    let (recorder_id, recorder) = resolve_at_address(connection, arrival, recorder)?;
    let id = match by_key(connection, &reported.key)? {
        Some(id) => id,
        None => match newcomers::admit_channel(connection, recorder_id, arrival.received_at)? {
            true => new(connection, &reported, Some(recorder_id), arrival)?,
            false => {
                arrival.device = recorder;
                return Ok(recorder_id);
            }
        },
    };
    if resolve::may_be_single_camera(&recorder, &reported)
        && only_channel(connection, recorder_id)? == Some(id)
    {
        arrival.device = recorder;
        return Ok(recorder_id);
    }
    let device = named(connection, id, &reported)?;
    arrival.device = Device { recorder: Some(Box::new(recorder)), ..device };
    Ok(id)
}

/// The channel of a device that has one and no other.
fn only_channel(connection: &Connection, id: i64) -> Result<Option<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT id FROM device WHERE recorder = ?1 AND merged_into IS NULL LIMIT ?2",
    )?;
    let channels = select.query_map(params![id, ROWS_MAX], |row| row.get(0))?;
    Ok(resolve::only_channel(&channels.collect::<rusqlite::Result<Vec<_>>>()?))
}

fn resolve_at_address(
    connection: &Connection,
    arrival: &NewArrival,
    reported: &Device,
) -> Result<(i64, Device)> {
    let seen = SeenNow::of(arrival, reported);
    let Some(id) = find(connection, reported, &seen)? else {
        return newcomer(connection, arrival, reported, &seen);
    };
    note_proof(connection, id, arrival)?;
    seen.note(connection, id)?;
    Ok((id, named(connection, id, reported)?))
}

/// The row of a device that was seen before.
fn find(connection: &Connection, reported: &Device, seen: &SeenNow) -> Result<Option<i64>> {
    for lookup in resolve::lookups(reported) {
        let found = match lookup {
            Lookup::Sighting => seen.find(connection)?,
            Lookup::Key => by_key(connection, &reported.key)?,
            Lookup::Neighbour => seen.neighbour(connection)?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// A device that was never seen before.
fn newcomer(
    connection: &Connection,
    arrival: &NewArrival,
    reported: &Device,
    seen: &SeenNow,
) -> Result<(i64, Device)> {
    let newcomer = match reported.discovered {
        true => newcomers::admit(connection, &place_of(arrival), arrival.received_at)?,
        false => Newcomer::Itself,
    };
    let crowd = match newcomer {
        Newcomer::Itself => {
            let id = new(connection, reported, None, arrival)?;
            note_proof(connection, id, arrival)?;
            seen.note(connection, id)?;
            return Ok((id, named(connection, id, reported)?));
        }
        Newcomer::OneOf(crowd) => crowd,
    };
    let id = match by_key(connection, &crowd.key)? {
        Some(id) => id,
        None => new(connection, &crowd, None, arrival)?,
    };
    Ok((id, named(connection, id, &crowd)?))
}

/// The place that a new device counts to.
fn place_of(arrival: &NewArrival) -> String {
    AddressShare::of(arrival.envelope.peer).to_string()
}

/// Notes that the device has proven its login ([`resolve::is_proof`]).
fn note_proof(connection: &Connection, id: i64, arrival: &NewArrival) -> Result<()> {
    if resolve::is_proof(arrival) {
        connection
            .prepare_cached("UPDATE device SET proven = 1 WHERE id = ?1 AND NOT proven")?
            .execute([id])?;
    }
    Ok(())
}

fn by_key(connection: &Connection, key: &str) -> Result<Option<i64>> {
    Ok(connection
        .prepare_cached("SELECT coalesce(merged_into, id) FROM device WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

fn new(
    connection: &Connection,
    device: &Device,
    recorder: Option<i64>,
    arrival: &NewArrival,
) -> Result<i64> {
    let name = free_name(connection, device)?;
    let place = device.discovered.then(|| place(device, place_of(arrival)));
    connection
        .prepare_cached(
            "INSERT INTO device (key, name, distinct_name, recorder, place, first_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            device.key,
            name,
            device.distinct_name,
            recorder,
            place,
            arrival.received_at.0,
        ])?;
    Ok(connection.last_insert_rowid())
}

/// The name of a device: its distinct name if another device has the same name. That one is called
/// by its distinct name from then on as well.
fn free_name<'a>(connection: &Connection, device: &'a Device) -> Result<&'a str> {
    let Some(distinct) = device.distinct_name.as_deref() else {
        // A configured name belongs to this device: others that call themselves so get distinct names.
        reserve_name(connection, &device.key, &device.name)?;
        return Ok(&device.name);
    };
    let is_taken: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM device WHERE key <> ?1 AND merged_into IS NULL
               AND (lower(name) = lower(?2) OR lower(label) = lower(?2)
                    OR substr(distinct_name, 1, length(?2) + 2) = ?2 || ' ('))",
        )?
        .query_row(params![device.key, device.name], |row| row.get(0))?;
    if !is_taken {
        return Ok(&device.name);
    }
    reserve_name(connection, &device.key, &device.name)?;
    Ok(distinct)
}

/// Calls all other devices of this name by their distinct names.
pub(super) fn reserve_name(connection: &Connection, key: &str, name: &str) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE device SET name = distinct_name
             WHERE lower(name) = lower(?2) AND key <> ?1 AND distinct_name IS NOT NULL",
        )?
        .execute(params![key, name])?;
    Ok(())
}

/// The device of this row, with the name that it has from now on ([`resolve::naming`]).
fn named(connection: &Connection, id: i64, reported: &Device) -> Result<Device> {
    let (stored, is_labelled) = devices::row(connection, id)?;
    match resolve::naming(stored, is_labelled, reported) {
        Naming::AsStored(device) | Naming::SameName(device) => return Ok(device),
        Naming::New => {}
    }
    let name = free_name(connection, reported)?.to_owned();
    connection
        .prepare_cached("UPDATE device SET name = ?2, distinct_name = ?3 WHERE id = ?1")?
        .execute(params![id, name, reported.distinct_name])?;
    Ok(Device { name, ..reported.clone() })
}

/// Where, by which protocol and under which key a device is seen now.
struct SeenNow {
    place: String,
    protocol: &'static str,
    reported: String,
    now: Timestamp,
}

impl SeenNow {
    fn of(arrival: &NewArrival, reported: &Device) -> Self {
        Self {
            place: arrival.envelope.peer.to_canonical().to_string(),
            protocol: arrival.envelope.protocol.as_str(),
            reported: reported.key.clone(),
            now: arrival.received_at,
        }
    }

    fn find(&self, connection: &Connection) -> Result<Option<i64>> {
        Ok(connection
            .prepare_cached(
                "SELECT device FROM heard WHERE place = ?1 AND protocol = ?2 AND told = ?3",
            )?
            .query_row(params![self.place, self.protocol, self.reported], |row| row.get(0))
            .optional()?)
    }

    fn neighbour(&self, connection: &Connection) -> Result<Option<i64>> {
        let mut select = connection.prepare_cached(
            "SELECT heard.device, max(protocol = ?2), device.proven
             FROM heard JOIN device ON device.id = heard.device
             WHERE heard.place = ?1 AND heard.last_at >= ?3 GROUP BY heard.device LIMIT ?4",
        )?;
        let since = self.now.before(NEIGHBOUR_WITHIN).0;
        let rows =
            select.query_map(params![self.place, self.protocol, since, ROWS_MAX], |row| {
                Ok(Neighbour {
                    device: row.get(0)?,
                    same_protocol: row.get(1)?,
                    proven: row.get(2)?,
                })
            })?;
        Ok(resolve::neighbour(&rows.collect::<rusqlite::Result<Vec<_>>>()?))
    }

    fn note(&self, connection: &Connection, device: i64) -> Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO heard (place, protocol, told, device, last_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (place, protocol, told)
                 DO UPDATE SET device = excluded.device, last_at = excluded.last_at
                 WHERE device <> excluded.device OR last_at < ?6",
            )?
            .execute(params![
                self.place,
                self.protocol,
                self.reported,
                device,
                self.now.0,
                self.now.before(NOTE_EVERY).0,
            ])?;
        Ok(())
    }
}
