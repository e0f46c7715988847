//! Which device an arrival is from: read and written for the decisions of [`crate::core::resolve`].

use tipoff_model::{AddressShare, Device, Timestamp};

use super::newcomers;
use super::statement::{Sql, params};
use crate::core::newcomers::{Newcomer, place};
use crate::core::resolve::{
    self, Lookup, NEIGHBOUR_WITHIN, NOTE_EVERY, Naming, Neighbour, ROWS_MAX,
};
use crate::{NewArrival, Result};

/// The row of the arrival's device (docs/spool.md, "Devices"). Rows of new devices are made, of a channel's
/// recorder first. A recorder's channel is found by its key alone: the address is the recorder's.
pub(super) fn resolve(sql: &dyn Sql, arrival: &mut NewArrival) -> Result<i64> {
    let reported = arrival.device.clone();
    let Some(recorder) = reported.recorder.as_deref() else {
        let (id, device) = resolve_at_address(sql, arrival, &reported)?;
        arrival.device = device;
        if resolve::may_mean_its_channel(&reported)
            && let Some(channel) = only_channel(sql, id)?
            && let Some(device) = read(sql, channel)?
        {
            arrival.device = device;
            return Ok(channel);
        }
        return Ok(id);
    };
    let (recorder_id, recorder) = resolve_at_address(sql, arrival, recorder)?;
    let id = match by_key(sql, &reported.key)? {
        Some(id) => id,
        None => match newcomers::admit_channel(sql, recorder_id, arrival.received_at)? {
            true => new(sql, &reported, Some(recorder_id), arrival)?,
            false => {
                arrival.device = recorder;
                return Ok(recorder_id);
            }
        },
    };
    if resolve::may_be_single_camera(&recorder, &reported)
        && only_channel(sql, recorder_id)? == Some(id)
    {
        arrival.device = recorder;
        return Ok(recorder_id);
    }
    let device = named(sql, id, &reported)?;
    arrival.device = Device { recorder: Some(Box::new(recorder)), ..device };
    Ok(id)
}

/// The channel of a device that has one and no other.
fn only_channel(sql: &dyn Sql, id: i64) -> Result<Option<i64>> {
    let select = "SELECT id FROM device WHERE recorder = ?1 AND merged_into IS NULL LIMIT ?2";
    let channels = sql.rows(select, params![id, ROWS_MAX], |row| row.get(0))?;
    Ok(resolve::only_channel(&channels))
}

fn resolve_at_address(
    sql: &dyn Sql,
    arrival: &NewArrival,
    reported: &Device,
) -> Result<(i64, Device)> {
    let seen = SeenNow::of(arrival, reported);
    let Some(id) = find(sql, reported, &seen)? else {
        return newcomer(sql, arrival, reported, &seen);
    };
    note_proof(sql, id, arrival)?;
    seen.note(sql, id)?;
    Ok((id, named(sql, id, reported)?))
}

/// The row of a device that was seen before.
fn find(sql: &dyn Sql, reported: &Device, seen: &SeenNow) -> Result<Option<i64>> {
    for lookup in resolve::lookups(reported) {
        let found = match lookup {
            Lookup::Sighting => seen.find(sql)?,
            Lookup::Key => by_key(sql, &reported.key)?,
            Lookup::Neighbour => seen.neighbour(sql)?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// A device that was never seen before.
fn newcomer(
    sql: &dyn Sql,
    arrival: &NewArrival,
    reported: &Device,
    seen: &SeenNow,
) -> Result<(i64, Device)> {
    let newcomer = match reported.discovered {
        true => newcomers::admit(sql, &place_of(arrival), arrival.received_at)?,
        false => Newcomer::Itself,
    };
    let crowd = match newcomer {
        Newcomer::Itself => {
            let id = new(sql, reported, None, arrival)?;
            note_proof(sql, id, arrival)?;
            seen.note(sql, id)?;
            return Ok((id, named(sql, id, reported)?));
        }
        Newcomer::OneOf(crowd) => crowd,
    };
    let id = match by_key(sql, &crowd.key)? {
        Some(id) => id,
        None => new(sql, &crowd, None, arrival)?,
    };
    Ok((id, named(sql, id, &crowd)?))
}

/// The place that a new device counts to.
fn place_of(arrival: &NewArrival) -> String {
    AddressShare::of(arrival.envelope.peer).to_string()
}

/// Notes that the device has proven its login ([`resolve::is_proof`]).
fn note_proof(sql: &dyn Sql, id: i64, arrival: &NewArrival) -> Result<()> {
    if resolve::is_proof(arrival) {
        sql.execute("UPDATE device SET proven = 1 WHERE id = ?1 AND NOT proven", params![id])?;
    }
    Ok(())
}

fn by_key(sql: &dyn Sql, key: &str) -> Result<Option<i64>> {
    sql.row("SELECT coalesce(merged_into, id) FROM device WHERE key = ?1", params![key], |row| {
        row.get(0)
    })
}

fn new(sql: &dyn Sql, device: &Device, recorder: Option<i64>, arrival: &NewArrival) -> Result<i64> {
    let name = free_name(sql, device)?;
    let place = device.discovered.then(|| place(device, place_of(arrival)));
    let id = sql.insert_row(
        "INSERT INTO device (key, name, distinct_name, recorder, place, first_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![device.key, name, device.distinct_name, recorder, place, arrival.received_at.0,],
    )?;
    Ok(id)
}

/// The name of a device: its distinct name if another device has the same name. That one is called
/// by its distinct name from then on as well.
fn free_name<'a>(sql: &dyn Sql, device: &'a Device) -> Result<&'a str> {
    let Some(distinct) = device.distinct_name.as_deref() else {
        // A configured name belongs to this device: others that call themselves so get distinct names.
        reserve_name(sql, &device.key, &device.name)?;
        return Ok(&device.name);
    };
    let is_taken: bool = sql.one(
        "SELECT EXISTS (SELECT 1 FROM device WHERE key <> ?1 AND merged_into IS NULL
               AND (lower(name) = lower(?2) OR lower(label) = lower(?2)
                    OR substr(distinct_name, 1, length(?2) + 2) = ?2 || ' ('))",
        params![device.key, device.name],
        |row| row.get(0),
    )?;
    if !is_taken {
        return Ok(&device.name);
    }
    reserve_name(sql, &device.key, &device.name)?;
    Ok(distinct)
}

/// Calls all other devices of this name by their distinct names.
pub(super) fn reserve_name(sql: &dyn Sql, key: &str, name: &str) -> Result<()> {
    sql.execute(
        "UPDATE device SET name = distinct_name
             WHERE lower(name) = lower(?2) AND key <> ?1 AND distinct_name IS NOT NULL",
        params![key, name],
    )?;
    Ok(())
}

/// The device of this row, with the name that it has from now on ([`resolve::naming`]).
fn named(sql: &dyn Sql, id: i64, reported: &Device) -> Result<Device> {
    let (stored, is_labelled) = row(sql, id)?;
    match resolve::naming(stored, is_labelled, reported) {
        Naming::AsStored(device) | Naming::SameName(device) => return Ok(device),
        Naming::New => {}
    }
    let name = free_name(sql, reported)?.to_owned();
    sql.execute(
        "UPDATE device SET name = ?2, distinct_name = ?3 WHERE id = ?1",
        params![id, name, reported.distinct_name],
    )?;
    Ok(Device { name, ..reported.clone() })
}

/// A row without its recorder, and whether its name is a label that somebody gave it.
fn row(sql: &dyn Sql, id: i64) -> Result<(Device, bool)> {
    sql.one(
        "SELECT key, coalesce(label, name), distinct_name, label IS NOT NULL
             FROM device WHERE id = ?1",
        params![id],
        |row| {
            let (key, name, distinct_name) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((Device { key, name, distinct_name, ..Device::default() }, row.get(3)?))
        },
    )
}

/// The device of this row, as rules know it; `None` if there is none.
pub(super) fn read(sql: &dyn Sql, id: i64) -> Result<Option<Device>> {
    let recorder: Option<Option<i64>> =
        sql.row("SELECT recorder FROM device WHERE id = ?1", params![id], |row| row.get(0))?;
    let Some(recorder) = recorder else {
        return Ok(None);
    };
    let recorder = match recorder {
        Some(recorder) => Some(Box::new(row(sql, recorder)?.0)),
        None => None,
    };
    Ok(Some(Device { recorder, ..row(sql, id)?.0 }))
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

    fn find(&self, sql: &dyn Sql) -> Result<Option<i64>> {
        sql.row(
            "SELECT device FROM heard WHERE place = ?1 AND protocol = ?2 AND told = ?3",
            params![self.place, self.protocol, self.reported],
            |row| row.get(0),
        )
    }

    fn neighbour(&self, sql: &dyn Sql) -> Result<Option<i64>> {
        let select = "SELECT heard.device, max(protocol = ?2), device.proven
             FROM heard JOIN device ON device.id = heard.device
             WHERE heard.place = ?1 AND heard.last_at >= ?3 GROUP BY heard.device LIMIT ?4";
        let since = self.now.before(NEIGHBOUR_WITHIN).0;
        let rows =
            sql.rows(select, params![self.place, self.protocol, since, ROWS_MAX], |row| {
                Ok(Neighbour {
                    device: row.get(0)?,
                    same_protocol: row.get(1)?,
                    proven: row.get(2)?,
                })
            })?;
        Ok(resolve::neighbour(&rows))
    }

    fn note(&self, sql: &dyn Sql, device: i64) -> Result<()> {
        sql.execute(
            "INSERT INTO heard (place, protocol, told, device, last_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (place, protocol, told)
                 DO UPDATE SET device = excluded.device, last_at = excluded.last_at
                 WHERE device <> excluded.device OR last_at < ?6",
            params![
                self.place,
                self.protocol,
                self.reported,
                device,
                self.now.0,
                self.now.before(NOTE_EVERY).0,
            ],
        )?;
        Ok(())
    }
}
