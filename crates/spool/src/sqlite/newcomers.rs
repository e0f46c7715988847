//! How many new devices an address can bring: a stranger that makes up a sender for every mail must not fill the
//! list of devices, nor take a turn of its own with each.

use std::time::Duration;

use rusqlite::{Connection, params};
use tipoff_model::{Device, Timestamp};

use crate::Result;

/// New devices are counted for this long.
const WITHIN: Duration = Duration::from_secs(3600);
/// New discovered devices at one address, or in one /64, within an hour: 20 cameras behind one router that each
/// mail and upload, or a recorder with 64 channels.
const AT_PLACE_MAX: u32 = 64;
/// The same at all addresses together; beyond that each address is one device.
const AT_ALL_PLACES_MAX: u32 = 1_000;
/// Beyond twice as many, all addresses are one device.
const PLACES_MAX: u32 = 2 * AT_ALL_PLACES_MAX;
/// New channels of one known recorder within an hour: the largest recorders have 256, few have more than 64.
const CHANNELS_MAX: u32 = 128;

/// How the keys begin of devices that stand for many.
const CROWD: &str = "crowd/";
/// The place of what comes from anywhere.
const ANYWHERE: &str = "anywhere";

/// The place that a new device counts to, which is heard at this one.
pub(super) fn place(device: &Device, heard_at: String) -> String {
    match device.key == format!("{CROWD}{ANYWHERE}") {
        true => ANYWHERE.to_owned(),
        false => heard_at,
    }
}

/// Which device a newcomer is.
pub(super) enum Newcomer {
    /// One of its own.
    Itself,
    /// One of those that are one device together.
    OneOf(Device),
}

/// Which device somebody is who was never heard before, at a place.
pub(super) fn admit(connection: &Connection, place: &str, now: Timestamp) -> Result<Newcomer> {
    if at_place(connection, place, now)? >= AT_PLACE_MAX {
        return Ok(Newcomer::OneOf(crowd_at(place)));
    }
    let at_all_places: u32 = connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM device WHERE place IS NOT NULL
             AND first_at BETWEEN ?1 AND ?2 LIMIT ?3)",
        )?
        .query_row(params![now.before(WITHIN).0, now.latest_recorded().0, PLACES_MAX], |row| {
            row.get(0)
        })?;
    Ok(match at_all_places {
        0..AT_ALL_PLACES_MAX => Newcomer::Itself,
        AT_ALL_PLACES_MAX..PLACES_MAX => Newcomer::OneOf(crowd_at(place)),
        _ => Newcomer::OneOf(crowd(ANYWHERE, "unknown devices".to_owned())),
    })
}

/// Whether a recorder has room for another channel.
pub(super) fn admit_channel(
    connection: &Connection,
    recorder: i64,
    now: Timestamp,
) -> Result<bool> {
    let place: Option<String> = connection
        .prepare_cached("SELECT place FROM device WHERE id = ?1")?
        .query_row([recorder], |row| row.get(0))?;
    if let Some(place) = place {
        return Ok(at_place(connection, &place, now)? < AT_PLACE_MAX);
    }
    let channels: u32 = connection
        .prepare_cached(
            "SELECT count(*) FROM device WHERE recorder = ?1 AND first_at BETWEEN ?2 AND ?3",
        )?
        .query_row(params![recorder, now.before(WITHIN).0, now.latest_recorded().0], |row| {
            row.get(0)
        })?;
    Ok(channels < CHANNELS_MAX)
}

fn at_place(connection: &Connection, place: &str, now: Timestamp) -> Result<u32> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM device WHERE place = ?1
             AND first_at BETWEEN ?2 AND ?3 LIMIT ?4)",
        )?
        .query_row(
            params![place, now.before(WITHIN).0, now.latest_recorded().0, AT_PLACE_MAX],
            |row| row.get(0),
        )?)
}

fn crowd_at(place: &str) -> Device {
    crowd(place, format!("unknown at {place}"))
}

fn crowd(key: &str, name: String) -> Device {
    Device { key: format!("{CROWD}{key}"), name, discovered: true, ..Device::default() }
}
