//! Which device an arrival is from. What a device tells of itself differs from protocol to
//! protocol; the address it comes from does not.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{AddressShare, Device, LoginProof, Timestamp};

use super::newcomers::{self, Newcomer};
use crate::{NewArrival, Result};

/// An address at which nothing was heard of a device for so long may be another's by now.
const NEIGHBOUR: Duration = Duration::from_secs(7 * 24 * 3600);
/// That a device was heard again is noted this often at most: it costs a write.
const NOTE_EVERY: Duration = Duration::from_secs(3600);

/// The device's row, and that of its recorder before it (docs/spool.md, "Devices"). A discovered device that calls itself
/// something new is the one device that was heard at its address lately, if that was by other
/// protocols only. A recorder's channel is found by its key alone: the address is the recorder's.
pub(super) fn resolve(connection: &Connection, arrival: &mut NewArrival) -> Result<i64> {
    let told = arrival.device.clone();
    let Some(recorder) = told.recorder.as_deref() else {
        let (id, device) = resolve_at_address(connection, arrival, &told)?;
        arrival.device = device;
        let only = only_channel(connection, id)?.filter(|_| told.discovered);
        if let Some(channel) = only
            && let Some(device) = read(connection, channel)?
        {
            arrival.device = device;
            return Ok(channel);
        }
        return Ok(id);
    };
    let (recorder_id, recorder) = resolve_at_address(connection, arrival, recorder)?;
    let id = match by_key(connection, &told.key)? {
        Some(id) => id,
        None => match newcomers::admit_channel(connection, recorder_id, arrival.received_at)? {
            true => new(connection, &told, Some(recorder_id), arrival)?,
            false => {
                arrival.device = recorder;
                return Ok(recorder_id);
            }
        },
    };
    if !recorder.discovered && !told.numbered && only_channel(connection, recorder_id)? == Some(id)
    {
        arrival.device = recorder;
        return Ok(recorder_id);
    }
    let device = named(connection, id, &told)?;
    arrival.device = Device { recorder: Some(Box::new(recorder)), ..device };
    Ok(id)
}

/// The channel of a device that has one and no other: it is a single camera.
fn only_channel(connection: &Connection, id: i64) -> Result<Option<i64>> {
    let mut select = connection.prepare_cached(
        "SELECT id FROM device WHERE recorder = ?1 AND merged_into IS NULL LIMIT 2",
    )?;
    let channels: Vec<i64> =
        select.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(match channels.as_slice() {
        [only] => Some(*only),
        _ => None,
    })
}

fn resolve_at_address(
    connection: &Connection,
    arrival: &NewArrival,
    told: &Device,
) -> Result<(i64, Device)> {
    let heard = Heard::of(arrival, told);
    let known = match heard.find(connection)? {
        known @ Some(_) if told.discovered => known,
        _ => None,
    };
    let id = match known {
        Some(id) => id,
        None => match by_key(connection, &told.key)? {
            Some(id) => id,
            None => match heard.neighbour(connection)?.filter(|_| told.discovered) {
                Some(id) => id,
                None => return newcomer(connection, arrival, told, &heard),
            },
        },
    };
    note_proof(connection, id, arrival)?;
    heard.note(connection, id)?;
    Ok((id, named(connection, id, told)?))
}

/// A device that was never heard before. Of discovered ones so many at a place have a row of their own.
fn newcomer(
    connection: &Connection,
    arrival: &NewArrival,
    told: &Device,
    heard: &Heard,
) -> Result<(i64, Device)> {
    let newcomer = match told.discovered {
        true => newcomers::admit(connection, &place_of(arrival), arrival.received_at)?,
        false => Newcomer::Itself,
    };
    let crowd = match newcomer {
        Newcomer::Itself => {
            let id = new(connection, told, None, arrival)?;
            note_proof(connection, id, arrival)?;
            heard.note(connection, id)?;
            return Ok((id, named(connection, id, told)?));
        }
        Newcomer::OneOf(crowd) => crowd,
    };
    let id = match by_key(connection, &crowd.key)? {
        Some(id) => id,
        None => new(connection, &crowd, None, arrival)?,
    };
    Ok((id, named(connection, id, &crowd)?))
}

/// The place that whoever sends counts to.
fn place_of(arrival: &NewArrival) -> String {
    AddressShare::of(arrival.envelope.peer).to_string()
}

/// Notes that something came with the device's own proven login: from then on nobody is taken for it who
/// only comes from its address.
fn note_proof(connection: &Connection, id: i64, arrival: &NewArrival) -> Result<()> {
    if arrival.envelope.proof == LoginProof::Proven && !arrival.device.discovered {
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
    let place = device.discovered.then(|| newcomers::place(device, place_of(arrival)));
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
        // A name that people gave is theirs: whoever called itself so is told apart from now on.
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

/// The device of this row; where it goes by its own key, its name is what it is called now.
fn named(connection: &Connection, id: i64, told: &Device) -> Result<Device> {
    let (row, label) = row(connection, id)?;
    let row = Device { discovered: told.discovered, ..row };
    // A channel that is only numbered this time keeps the name that it had.
    let is_unnamed = told.recorder.is_some() && told.distinct_name.is_none();
    if label || is_unnamed || row.key != told.key {
        return Ok(row);
    }
    let is_known = row.name == told.name || Some(&row.name) == told.distinct_name.as_ref();
    if is_known && row.distinct_name == told.distinct_name {
        return Ok(Device { name: row.name, ..told.clone() });
    }
    let name = free_name(connection, told)?.to_owned();
    connection
        .prepare_cached("UPDATE device SET name = ?2, distinct_name = ?3 WHERE id = ?1")?
        .execute(params![id, name, told.distinct_name])?;
    Ok(Device { name, ..told.clone() })
}

/// A row without its recorder, and whether its name is a label that somebody gave it.
fn row(connection: &Connection, id: i64) -> Result<(Device, bool)> {
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

/// Where, how and as what a device is heard now.
struct Heard {
    place: String,
    protocol: &'static str,
    told: String,
    now: Timestamp,
}

impl Heard {
    fn of(arrival: &NewArrival, told: &Device) -> Self {
        Self {
            place: arrival.envelope.peer.to_canonical().to_string(),
            protocol: arrival.envelope.protocol.as_str(),
            told: told.key.clone(),
            now: arrival.received_at,
        }
    }

    fn find(&self, connection: &Connection) -> Result<Option<i64>> {
        Ok(connection
            .prepare_cached(
                "SELECT device FROM heard WHERE place = ?1 AND protocol = ?2 AND told = ?3",
            )?
            .query_row(params![self.place, self.protocol, self.told], |row| row.get(0))
            .optional()?)
    }

    fn neighbour(&self, connection: &Connection) -> Result<Option<i64>> {
        let mut select = connection.prepare_cached(
            "SELECT heard.device, max(protocol = ?2) OR device.proven
             FROM heard JOIN device ON device.id = heard.device
             WHERE heard.place = ?1 AND heard.last_at >= ?3 GROUP BY heard.device LIMIT 2",
        )?;
        let since = self.now.before(NEIGHBOUR).0;
        let found: Vec<(i64, bool)> = select
            .query_map(params![self.place, self.protocol, since], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        // Whoever comes without the login of a device that has proven one is another device.
        Ok(match found.as_slice() {
            [(device, false)] => Some(*device),
            _ => None,
        })
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
                self.told,
                device,
                self.now.0,
                self.now.before(NOTE_EVERY).0,
            ])?;
        Ok(())
    }
}
