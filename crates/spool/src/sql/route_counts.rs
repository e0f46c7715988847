//! What routes decided on the incidents of a period: see [`crate::Review::route_counts`].
//!
//! Nothing is stored for this: a delivery names the route that sent it, and a suppressed incident the reason.

use tipoff_model::Timestamp;

use super::statement::{Row, Sql, at, number, params};
use crate::core::stats::{ROUTED_MAX, hour_of};
use crate::{Result, RouteCounts};

pub(super) fn read(sql: &dyn Sql, since: Timestamp, ending: &str) -> Result<RouteCounts> {
    let select = "SELECT min(first_incident) FROM hour WHERE hour >= ?1";
    let first = sql.one(select, params![hour_of(since)], |row| row.get::<Option<i64>>(0))?;
    let Some(first) = first else { return Ok(RouteCounts::default()) };
    let select =
        "SELECT id, began_at FROM incident WHERE id >= ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
    let cut = sql
        .row(select, params![first, ROUTED_MAX - 1], |row| Ok((row.get::<i64>(0)?, at(row, 1)?)))?;
    let cut = cut.filter(|(_, began_at)| *began_at >= since);
    let first = cut.map_or(first, |(id, _)| id);
    let select = "SELECT route, count(DISTINCT incident) FROM delivery
         WHERE incident >= ?1 AND created_at >= ?2 AND kind = 'first' AND route IS NOT NULL
         GROUP BY route ORDER BY route";
    let alerted = sql.rows(select, params![first, since.0], counted)?;
    let select = "SELECT suppressed_reason, count(*) FROM incident
         WHERE id >= ?1 AND began_at >= ?2 AND suppressed_reason LIKE ?3
         GROUP BY suppressed_reason ORDER BY suppressed_reason";
    let suppressed = sql.rows(select, params![first, since.0, format!("%{ending}")], counted)?;
    Ok(RouteCounts { cut_at: cut.map(|(_, began_at)| began_at), alerted, suppressed })
}

fn counted(row: &Row<'_>) -> Result<(String, u64)> {
    Ok((row.get(0)?, number(row, 1)?))
}
