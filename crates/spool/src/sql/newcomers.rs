//! Numbers of new devices, counted for the decisions of [`crate::core::newcomers`].

use tipoff_model::Timestamp;

use super::statement::{Sql, params};
use crate::Result;
use crate::core::newcomers::{self, AT_PLACE_MAX, Newcomer, PLACES_MAX, WITHIN};

/// Which device somebody is who was never seen before, at a place.
pub(super) fn admit(sql: &dyn Sql, place: &str, now: Timestamp) -> Result<Newcomer> {
    let at_place = at_place(sql, place, now)?;
    let at_all_places = match newcomers::is_full(at_place) {
        true => 0,
        false => at_all_places(sql, now)?,
    };
    Ok(newcomers::admit(place, at_place, at_all_places))
}

/// Whether a recorder has room for another channel.
pub(super) fn admit_channel(sql: &dyn Sql, recorder: i64, now: Timestamp) -> Result<bool> {
    let place: Option<String> =
        sql.one("SELECT place FROM device WHERE id = ?1", params![recorder], |row| row.get(0))?;
    if let Some(place) = place {
        return Ok(!newcomers::is_full(at_place(sql, &place, now)?));
    }
    let channels: u32 = sql.one(
        "SELECT count(*) FROM device WHERE recorder = ?1 AND first_at BETWEEN ?2 AND ?3",
        params![recorder, now.before(WITHIN).0, now.latest_recorded().0],
        |row| row.get(0),
    )?;
    Ok(newcomers::admits_channel(channels))
}

fn at_place(sql: &dyn Sql, place: &str, now: Timestamp) -> Result<u32> {
    sql.one(
        "SELECT count(*) FROM (SELECT 1 FROM device WHERE place = ?1
             AND first_at BETWEEN ?2 AND ?3 LIMIT ?4)",
        params![place, now.before(WITHIN).0, now.latest_recorded().0, AT_PLACE_MAX],
        |row| row.get(0),
    )
}

fn at_all_places(sql: &dyn Sql, now: Timestamp) -> Result<u32> {
    sql.one(
        "SELECT count(*) FROM (SELECT 1 FROM device WHERE place IS NOT NULL
             AND first_at BETWEEN ?1 AND ?2 LIMIT ?3)",
        params![now.before(WITHIN).0, now.latest_recorded().0, PLACES_MAX],
        |row| row.get(0),
    )
}
