//! The rows of summaries: one message for many suppressed alerts. Read and written for [`crate::core::summary`].

use tipoff_model::{ArrivalId, Timestamp};

use super::delivery_rows::{self, state};
use super::statement::{Row, Sql, at, event, number, params};
use crate::Result;
use crate::core::delivery::is_untried;
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
                held_follow_ups, state, attempts
         FROM delivery JOIN incident ON incident.id = delivery.incident
         WHERE kind = 'summary' AND channel = ?1 AND gathers_until > ?2
           AND CASE WHEN of_place <> 0 THEN delivery.place = ?4 ELSE incident.device = ?3 END
         ORDER BY delivery.id DESC LIMIT ?5";
    let address = device.unknown_at();
    let values = params![channel, since.0, device.device, address, READ_MAX];
    let mut summaries = sql.rows(select, values, read_row)?;
    summaries.reverse();
    Ok(summaries)
}

fn read_row(row: &Row<'_>) -> Result<Summary> {
    Ok(Summary {
        id: row.get(0)?,
        event: event(row, 1)?,
        route: row.get(2)?,
        of_address: row.get(3)?,
        created_at: at(row, 4)?,
        gathers_until: at(row, 5)?,
        held: number(row, 6)?,
        held_follow_ups: number(row, 7)?,
        is_untried: is_untried(state(row, 8)?, number(row, 9)?),
    })
}

/// Adds an arrival to a summary; `is_follow_up`: the channel was alerted of its incident. Every arrival is counted,
/// and the summary shows only some of them.
pub(super) fn add(
    sql: &dyn Sql,
    summary: i64,
    arrival: ArrivalId,
    is_follow_up: bool,
) -> Result<()> {
    let select = "SELECT arrival FROM delivery_arrival WHERE delivery = ?1";
    let shown = sql.rows(select, params![summary], |row| row.get(0).map(ArrivalId))?;
    for old in no_longer_shown(&shown) {
        let delete = "DELETE FROM delivery_arrival WHERE delivery = ?1 AND arrival = ?2";
        sql.change(delete, params![summary, old.0])?;
    }
    delivery_rows::cover(sql, summary, arrival)?;
    sql.change(
        "UPDATE delivery SET held = held + 1, held_follow_ups = held_follow_ups + ?2 WHERE id = ?1",
        params![summary, i64::from(is_follow_up)],
    )?;
    Ok(())
}
