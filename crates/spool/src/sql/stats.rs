//! Numbers for an overview. [`crate::core::stats`] decides what counts.

use std::time::Duration;

use tipoff_model::{DeliveryState, Timestamp};

use super::statement::{Sql, at, number, params};
use super::{incident_sources, shares};
use crate::core::stats;
use crate::{ChannelFigures, Figures, Hour, Result, SpoolStats};

/// See [`crate::Spool::stats`].
pub(super) fn stats(sql: &dyn Sql) -> Result<SpoolStats> {
    let select = "SELECT channel, count(*) FROM delivery WHERE state = 'pending' GROUP BY channel";
    let pending = sql.rows(select, params![], |row| Ok((row.get(0)?, number(row, 1)?)))?;
    Ok(SpoolStats { blob_bytes: shares::blob_bytes(sql)?, pending, writer_restarts: 0 })
}

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
    let select = "SELECT hour, CAST(sum(arrivals) AS BIGINT), CAST(sum(torn) AS BIGINT),
                CAST(sum(bytes) AS BIGINT)
         FROM hour WHERE hour >= ?1 AND arrivals > 0 GROUP BY hour ORDER BY hour";
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
    let select = "SELECT count(*) FROM delivery
         WHERE channel = ?1 AND state = ?2 AND ended_at IS NOT NULL AND ended_at >= ?3";
    let mut states = Vec::new();
    for state in DeliveryState::ALL {
        let state = state.as_str();
        let values = params![channel, state, today.0];
        states.push((state.to_owned(), sql.one(select, values, |row| number(row, 0))?));
    }
    let (delivered, failed) = stats::delivered_and_failed(&states);
    let last_error = sql.row(
        "SELECT at, error FROM last_error WHERE channel = ?1 AND at >= ?2",
        params![channel, stats::errors_since(today).0],
        |row| Ok((at(row, 0)?, row.get(1)?)),
    )?;
    let latency = latency(sql, &channel)?;
    Ok(ChannelFigures { channel, pending, waiting_since, delivered, failed, latency, last_error })
}

/// Only the latest deliveries are looked at: on a channel with few first alerts, all would be.
fn latency(sql: &dyn Sql, channel: &str) -> Result<Option<(Duration, Duration)>> {
    let select = "SELECT ended_at - created_at FROM
            (SELECT ended_at, created_at, kind FROM delivery
             WHERE channel = ?1 AND state = 'delivered' AND ended_at IS NOT NULL
             ORDER BY ended_at DESC LIMIT ?3) AS latest
         WHERE kind = 'first' ORDER BY ended_at DESC LIMIT ?2";
    let values = params![channel, stats::LATEST, stats::LOOKED_AT];
    let took = sql.rows(select, values, |row| number(row, 0))?;
    Ok(stats::latency(took))
}
