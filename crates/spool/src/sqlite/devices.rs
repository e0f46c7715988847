//! Which device an arrival is from. What a device tells of itself differs from protocol to
//! protocol; the address it comes from does not.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{Device, Timestamp};

use crate::{NewArrival, Result};

/// An address at which nothing was heard of a device for so long may be another's by now.
const NEIGHBOUR: Duration = Duration::from_secs(7 * 24 * 3600);
/// That a device was heard again is noted this often at most: it costs a write.
const NOTE_EVERY: Duration = Duration::from_secs(3600);

/// The device's row. A discovered device that calls itself something new is the one device that was
/// heard at its address lately, if that was by other protocols only.
pub(super) fn resolve(connection: &Connection, arrival: &mut NewArrival) -> Result<i64> {
    let heard = Heard::of(arrival);
    let known = match heard.find(connection)? {
        known @ Some(_) if arrival.device.discovered => known,
        _ => None,
    };
    let by_key = || by_key(connection, &arrival.device.key);
    let id = match known {
        Some(id) => id,
        None => match by_key()? {
            Some(id) => id,
            None => match heard.neighbour(connection)?.filter(|_| arrival.device.discovered) {
                Some(id) => id,
                None => new(connection, &arrival.device)?,
            },
        },
    };
    heard.note(connection, id)?;
    arrival.device = named(connection, id, &arrival.device)?;
    Ok(id)
}

fn by_key(connection: &Connection, key: &str) -> Result<Option<i64>> {
    Ok(connection
        .prepare_cached("SELECT coalesce(merged_into, id) FROM device WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

fn new(connection: &Connection, device: &Device) -> Result<i64> {
    connection
        .prepare_cached("INSERT INTO device (key, name) VALUES (?1, ?2)")?
        .execute(params![device.key, device.name])?;
    Ok(connection.last_insert_rowid())
}

/// The device of this row; where it goes by its own key, its name is what it is called now.
fn named(connection: &Connection, id: i64, told: &Device) -> Result<Device> {
    let (key, name, label): (String, String, Option<String>) = connection
        .prepare_cached("SELECT key, name, label FROM device WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if let Some(name) = label {
        return Ok(Device { key, name, discovered: told.discovered });
    }
    if key != told.key {
        return Ok(Device { key, name, discovered: told.discovered });
    }
    if name != told.name {
        connection
            .prepare_cached("UPDATE device SET name = ?2 WHERE id = ?1")?
            .execute(params![id, told.name])?;
    }
    Ok(told.clone())
}

/// Where, how and as what a device is heard now.
struct Heard {
    place: String,
    protocol: &'static str,
    told: String,
    now: Timestamp,
}

impl Heard {
    fn of(arrival: &NewArrival) -> Self {
        Self {
            place: arrival.envelope.peer.to_canonical().to_string(),
            protocol: arrival.envelope.protocol.as_str(),
            told: arrival.device.key.clone(),
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
            "SELECT device, max(protocol = ?2) FROM heard
             WHERE place = ?1 AND last_at >= ?3 GROUP BY device LIMIT 2",
        )?;
        let since = self.now.before(NEIGHBOUR).0;
        let found: Vec<(i64, bool)> = select
            .query_map(params![self.place, self.protocol, since], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
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
