//! Numbers of new devices, counted for the decisions of [`crate::core::newcomers`].

use tipoff_model::Timestamp;

use super::statement::{Sql, params};
use crate::Result;
use crate::core::newcomers::{self, AT_PLACE_MAX, NewChannels, Newcomer, PLACES_MAX, WITHIN};

const AT_PLACE: &str = "SELECT count(*) FROM (SELECT 1 FROM device
    WHERE place = ?1 AND first_at BETWEEN ?2 AND ?3 LIMIT ?4) AS found";
const AT_ALL_PLACES: &str = "SELECT count(*) FROM (SELECT 1 FROM device
    WHERE place IS NOT NULL AND first_at BETWEEN ?1 AND ?2 LIMIT ?3) AS found";
const OF_RECORDER: &str =
    "SELECT count(*) FROM device WHERE recorder = ?1 AND first_at BETWEEN ?2 AND ?3";

/// Which device somebody is who was never seen before, at a place.
pub(super) fn admit(sql: &dyn Sql, place: &str, now: Timestamp) -> Result<Newcomer> {
    let at_place = at_place(sql, place, now)?;
    let at_all_places = match newcomers::is_full(at_place) {
        true => 0,
        false => {
            let (since, until) = lately(now);
            sql.one(AT_ALL_PLACES, params![since, until, PLACES_MAX], |row| row.get(0))?
        }
    };
    Ok(newcomers::admit(place, at_place, at_all_places))
}

/// Whether a recorder has room for another channel.
pub(super) fn admit_channel(sql: &dyn Sql, recorder: i64, now: Timestamp) -> Result<bool> {
    let select = "SELECT place FROM device WHERE id = ?1";
    let place: Option<String> = sql.one(select, params![recorder], |row| row.get(0))?;
    let new = match place {
        Some(place) => NewChannels::AtPlace(at_place(sql, &place, now)?),
        None => {
            let (since, until) = lately(now);
            let channels =
                sql.one(OF_RECORDER, params![recorder, since, until], |row| row.get(0))?;
            NewChannels::OfRecorder(channels)
        }
    };
    Ok(newcomers::admits_channel(new))
}

fn at_place(sql: &dyn Sql, place: &str, now: Timestamp) -> Result<u32> {
    let (since, until) = lately(now);
    sql.one(AT_PLACE, params![place, since, until, AT_PLACE_MAX], |row| row.get(0))
}

/// The time in which devices are new, in milliseconds. What a clock that was set back recorded is left out.
fn lately(now: Timestamp) -> (i64, i64) {
    (now.before(WITHIN).0, now.latest_recorded().0)
}
