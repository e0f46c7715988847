//! The rows of summaries: one message for many suppressed alerts, with the first and the latest arrival.

use tipoff_model::{ArrivalId, Event, Timestamp};

use super::statement::{Row, Sql, at, number, params};
use crate::Result;
use crate::core::summary::{Summary, no_longer_shown};
use crate::core::turn_place::DevicePlace;

/// Summaries that are read at once, the newest first: a device has few at a time.
const READ_MAX: u32 = 100;

/// The summaries of a device and of its address on a channel that gather after `since`, in the order of their
/// numbers.
pub(super) fn read(
    sql: &dyn Sql,
    channel: &str,
    device: &DevicePlace,
    since: Timestamp,
) -> Result<Vec<Summary>> {
    let select = "SELECT delivery.id, event, route, of_place, created_at, gathers_until, held,
                held_follow_ups, state = 'pending' AND attempts = 0
         FROM delivery JOIN incident ON incident.id = delivery.incident
         WHERE kind = 'summary' AND channel = ?1 AND gathers_until > ?2
           AND CASE WHEN of_place THEN delivery.place = ?4 ELSE incident.device = ?3 END
         ORDER BY delivery.id DESC LIMIT ?5";
    let summaries = sql.rows(
        select,
        params![channel, since.0, device.device, device.unknown_at(), READ_MAX],
        read_row,
    )?;
    let mut summaries: Vec<Summary> = summaries;
    summaries.reverse();
    Ok(summaries)
}

fn read_row(row: &Row<'_>) -> Result<Summary> {
    let event: String = row.get(1)?;
    Ok(Summary {
        id: row.get(0)?,
        event: Event::from_name(&event).unwrap_or_default(),
        route: row.get(2)?,
        of_address: row.get(3)?,
        created_at: at(row, 4)?,
        gathers_until: at(row, 5)?,
        held: number(row, 6)?,
        held_follow_ups: number(row, 7)?,
        is_untried: row.get(8)?,
    })
}

/// Adds an arrival to a summary; `is_follow_up`: the channel was alerted of its incident.
pub(super) fn add(
    sql: &dyn Sql,
    summary: i64,
    arrival: ArrivalId,
    is_follow_up: bool,
) -> Result<()> {
    let shown: Vec<ArrivalId> = sql.rows(
        "SELECT arrival FROM delivery_arrival WHERE delivery = ?1",
        params![summary],
        |row| row.get(0).map(ArrivalId),
    )?;
    for old in no_longer_shown(&shown) {
        sql.execute(
            "DELETE FROM delivery_arrival WHERE delivery = ?1 AND arrival = ?2",
            params![summary, old.0],
        )?;
    }
    sql.execute(
        "INSERT OR IGNORE INTO delivery_arrival (delivery, arrival) VALUES (?1, ?2)",
        params![summary, arrival.0],
    )?;
    sql.execute(
        "UPDATE delivery SET held = held + 1, held_follow_ups = held_follow_ups + ?2
             WHERE id = ?1",
        params![summary, is_follow_up],
    )?;
    Ok(())
}
