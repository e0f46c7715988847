//! Numbers for an overview.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::Timestamp;

use super::{at, number};
use crate::{ChannelFigures, Figures, Hour, Result};

const HOUR_MS: i64 = 3_600_000;
/// How many of the latest first alerts tell how quick a channel is.
const LATEST: u32 = 200;
/// For how long an error is worth telling.
const ERROR_AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// See [`crate::Incidents::figures`].
pub(super) fn figures(
    connection: &Connection,
    hours_since: Timestamp,
    today: Timestamp,
) -> Result<Figures> {
    let oldest = connection
        .prepare_cached("SELECT began_at FROM incident ORDER BY id LIMIT 1")?
        .query_row([], |row| at(row, 0))
        .optional()?;
    let mut select = connection.prepare_cached("SELECT DISTINCT channel FROM delivery")?;
    let channels: Vec<String> =
        select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let channels = channels.into_iter().map(|channel| of_channel(connection, channel, today));
    Ok(Figures {
        hours: hours(connection, hours_since)?,
        channels: channels.collect::<Result<_>>()?,
        oldest,
    })
}

fn hours(connection: &Connection, since: Timestamp) -> Result<Vec<Hour>> {
    let mut select = connection.prepare_cached(
        "SELECT hour * 3600000, arrivals, torn, bytes FROM hour WHERE hour >= ?1 ORDER BY hour",
    )?;
    let hours = select.query_map([since.0.div_euclid(HOUR_MS)], |row| {
        Ok(Hour {
            at: at(row, 0)?,
            arrivals: number(row, 1)?,
            torn: number(row, 2)?,
            bytes: number(row, 3)?,
        })
    })?;
    Ok(hours.collect::<rusqlite::Result<_>>()?)
}

fn of_channel(
    connection: &Connection,
    channel: String,
    today: Timestamp,
) -> Result<ChannelFigures> {
    let (pending, waiting_since) = connection
        .prepare_cached(
            "SELECT count(*), min(created_at) FROM delivery WHERE state = 'pending' AND channel = ?1",
        )?
        .query_row([&channel], |row| {
            Ok((number(row, 0)?, row.get::<_, Option<i64>>(1)?.map(Timestamp)))
        })?;
    let (delivered, failed) = connection
        .prepare_cached(
            "SELECT count(*) FILTER (WHERE state = 'delivered'),
                    count(*) FILTER (WHERE state IN ('refused', 'expired'))
             FROM delivery WHERE channel = ?1 AND ended_at >= ?2",
        )?
        .query_row(params![channel, today.0], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
    let last_error = connection
        .prepare_cached(
            "SELECT at, error FROM attempt JOIN delivery ON delivery.id = attempt.delivery
             WHERE error IS NOT NULL AND at >= ?2 AND channel = ?1 ORDER BY at DESC LIMIT 1",
        )?
        .query_row(params![channel, today.before(ERROR_AGE_MAX).0], |row| {
            Ok((at(row, 0)?, row.get(1)?))
        })
        .optional()?;
    let latency = latency(connection, &channel)?;
    Ok(ChannelFigures { channel, pending, waiting_since, delivered, failed, latency, last_error })
}

/// The median and the 95th percentile.
fn latency(connection: &Connection, channel: &str) -> Result<Option<(Duration, Duration)>> {
    let mut select = connection.prepare_cached(
        "SELECT ended_at - created_at AS took FROM (
             SELECT ended_at, created_at FROM delivery
             WHERE channel = ?1 AND ended_at IS NOT NULL AND kind = 'first' AND state = 'delivered'
             ORDER BY ended_at DESC LIMIT ?2)
         ORDER BY took",
    )?;
    let took: Vec<u64> = select
        .query_map(params![channel, LATEST], |row| number(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    let of = |share: usize| took.get(took.len().saturating_sub(1) * share / 100).copied();
    Ok(of(50)
        .zip(of(95))
        .map(|(half, most)| (Duration::from_millis(half), Duration::from_millis(most))))
}
