//! Numbers for an overview. [`crate::core::stats`] decides what counts.

use std::time::Duration;

use tipoff_model::Timestamp;

use super::incident_sources;
use super::statement::{Sql, at, number, params};
use crate::core::stats;
use crate::{ChannelFigures, Figures, Hour, Result};

/// See [`crate::Incidents::figures`].
pub(super) fn figures(sql: &dyn Sql, hours_since: Timestamp, today: Timestamp) -> Result<Figures> {
    let oldest =
        sql.row("SELECT began_at FROM incident ORDER BY id LIMIT 1", params![], |row| at(row, 0))?;
    let channels = incident_sources::channels(sql)?
        .into_iter()
        .map(|channel| of_channel(sql, channel, today))
        .collect::<Result<_>>()?;
    Ok(Figures { hours: hours(sql, hours_since)?, channels, oldest })
}

fn hours(sql: &dyn Sql, since: Timestamp) -> Result<Vec<Hour>> {
    let select = "SELECT hour, arrivals, torn, bytes FROM hour
         WHERE hour >= ?1 AND arrivals > 0 ORDER BY hour";
    sql.rows(select, params![stats::hour_of(since)], |row| {
        Ok(Hour {
            at: stats::began_at(row.get(0)?),
            arrivals: number(row, 1)?,
            torn: number(row, 2)?,
            bytes: number(row, 3)?,
        })
    })
}

fn of_channel(sql: &dyn Sql, channel: String, today: Timestamp) -> Result<ChannelFigures> {
    let (pending, waiting_since) = sql.one(
        "SELECT count(*), min(created_at) FROM delivery WHERE state = 'pending' AND channel = ?1",
        params![&channel],
        |row| Ok((number(row, 0)?, row.get::<Option<i64>>(1)?.map(Timestamp))),
    )?;
    let states = sql.rows(
        "SELECT state, count(*) FROM delivery WHERE channel = ?1 AND ended_at >= ?2 GROUP BY state",
        params![channel, today.0],
        |row| Ok((row.get(0)?, number(row, 1)?)),
    )?;
    let (delivered, failed) = stats::delivered_and_failed(&states);
    let last_error = sql.row(
        "SELECT at, error FROM attempt JOIN delivery ON delivery.id = attempt.delivery
             WHERE error IS NOT NULL AND at >= ?2 AND channel = ?1 ORDER BY at DESC LIMIT 1",
        params![channel, stats::errors_since(today).0],
        |row| Ok((at(row, 0)?, row.get(1)?)),
    )?;
    let latency = latency(sql, &channel)?;
    Ok(ChannelFigures { channel, pending, waiting_since, delivered, failed, latency, last_error })
}

fn latency(sql: &dyn Sql, channel: &str) -> Result<Option<(Duration, Duration)>> {
    let select = "SELECT ended_at - created_at FROM delivery
         WHERE channel = ?1 AND ended_at IS NOT NULL AND kind = 'first' AND state = 'delivered'
         ORDER BY ended_at DESC LIMIT ?2";
    let took = sql.rows(select, params![channel, stats::LATEST], |row| number(row, 0))?;
    Ok(stats::latency(took))
}
