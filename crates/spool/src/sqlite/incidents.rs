//! Incidents as people look at them.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use tipoff_model::{
    AlertMedia, ArrivalId, BlobName, Content, DeliveryId, DeliveryState, Event, IncidentId,
    MediaPlace,
};

use super::deliveries::raw_mail;
use super::{at, from_json, number};
use crate::{
    ArrivalLine, DeliveryLine, IncidentDetail, IncidentLine, Result, SpoolError, SpoolStats,
    StoredBlob,
};

const LINE: &str = "
    SELECT incident.id, device.name, event, subject, began_at, last_arrival_at,
           (SELECT count(*) FROM arrival WHERE arrival.incident = incident.id)
    FROM incident JOIN device ON device.id = incident.device";

/// See [`crate::Spool::incidents`].
pub(super) fn list(connection: &Connection, limit: u32) -> Result<Vec<IncidentLine>> {
    let mut select =
        connection.prepare_cached(&format!("{LINE} ORDER BY incident.id DESC LIMIT ?1"))?;
    let mut rows = select.query(params![limit])?;
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        lines.push(read_line(connection, row)?);
    }
    Ok(lines)
}

/// See [`crate::Spool::incident`].
pub(super) fn detail(connection: &Connection, id: IncidentId) -> Result<IncidentDetail> {
    let mut select = connection.prepare_cached(&format!("{LINE} WHERE incident.id = ?1"))?;
    let mut rows = select.query([id.0])?;
    let row = rows.next()?.ok_or(SpoolError::NoIncident(id))?;
    Ok(IncidentDetail {
        line: read_line(connection, row)?,
        arrivals: arrivals(connection, id)?,
        deliveries: deliveries(connection, id)?,
    })
}

fn read_line(connection: &Connection, row: &Row<'_>) -> Result<IncidentLine> {
    let id = IncidentId(row.get(0)?);
    let event: String = row.get(2)?;
    Ok(IncidentLine {
        id,
        device: row.get(1)?,
        event: Event::from_name(&event).unwrap_or_default(),
        subject: row.get(3)?,
        began_at: at(row, 4)?,
        last_arrival_at: at(row, 5)?,
        arrivals: number(row, 6)?,
        deliveries: delivery_counts(connection, id)?,
    })
}

fn delivery_counts(
    connection: &Connection,
    incident: IncidentId,
) -> Result<Vec<(DeliveryState, u64)>> {
    let mut counts = Vec::new();
    let mut count = connection
        .prepare_cached("SELECT count(*) FROM delivery WHERE incident = ?1 AND state = ?2")?;
    for &state in DeliveryState::ALL {
        let number: u64 =
            count.query_row(params![incident.0, state.as_str()], |row| number(row, 0))?;
        if number > 0 {
            counts.push((state, number));
        }
    }
    Ok(counts)
}

fn arrivals(connection: &Connection, incident: IncidentId) -> Result<Vec<ArrivalLine>> {
    let mut select = connection.prepare_cached(
        "SELECT id, received_at, torn, envelope, content, blob, bytes FROM arrival
         WHERE incident = ?1 ORDER BY id",
    )?;
    let mut rows = select.query([incident.0])?;
    let mut arrivals = Vec::new();
    while let Some(row) = rows.next()? {
        arrivals.push(ArrivalLine {
            id: ArrivalId(row.get(0)?),
            received_at: at(row, 1)?,
            torn: row.get(2)?,
            envelope: from_json(row, 3)?,
            content: from_json(row, 4)?,
            blob: StoredBlob { name: BlobName(row.get(5)?), size: number(row, 6)? },
        });
    }
    Ok(arrivals)
}

fn deliveries(connection: &Connection, incident: IncidentId) -> Result<Vec<DeliveryLine>> {
    let mut select = connection.prepare_cached(
        "SELECT id, channel, kind, state, created_at, due_at FROM delivery
         WHERE incident = ?1 ORDER BY id",
    )?;
    let mut rows = select.query([incident.0])?;
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        let id = DeliveryId(row.get(0)?);
        deliveries.push(DeliveryLine {
            id,
            channel: row.get(1)?,
            kind: row.get(2)?,
            state: row.get(3)?,
            created_at: at(row, 4)?,
            due_at: at(row, 5)?,
            attempts: attempts(connection, id)?,
        });
    }
    Ok(deliveries)
}

type Attempt = (tipoff_model::Timestamp, Duration, Option<String>);

fn attempts(connection: &Connection, delivery: DeliveryId) -> Result<Vec<Attempt>> {
    let mut select = connection.prepare_cached(
        "SELECT at, took_ms, error FROM attempt WHERE delivery = ?1 ORDER BY number",
    )?;
    let attempts = select.query_map([delivery.0], |row| {
        Ok((at(row, 0)?, Duration::from_millis(number(row, 1)?), row.get(2)?))
    })?;
    Ok(attempts.collect::<Result<_, _>>()?)
}

/// See [`crate::Spool::media`].
pub(super) fn media(connection: &Connection, place: MediaPlace) -> Result<Option<AlertMedia>> {
    let arrival = connection
        .prepare_cached("SELECT blob, bytes, content FROM arrival WHERE id = ?1")?
        .query_row([place.arrival.0], |row| {
            Ok((BlobName(row.get(0)?), number(row, 1)?, from_json::<Content>(row, 2)?))
        })
        .optional()?;
    let Some((blob, bytes, content)) = arrival else {
        return Ok(None);
    };
    let Some(index) = place.index else {
        return Ok(Some(raw_mail(place.arrival, blob, bytes)));
    };
    let media = content.media.into_iter().nth(index as usize);
    Ok(media.map(|media| AlertMedia { media, place, blob, url: None, clip: None }))
}

/// See [`crate::Spool::stats`].
pub(super) fn stats(connection: &Connection) -> Result<SpoolStats> {
    let blob_bytes = connection
        .prepare_cached("SELECT sum(bytes) FROM arrival")?
        .query_row([], |row| row.get::<_, Option<i64>>(0))
        .optional()?
        .flatten()
        .unwrap_or(0);
    let mut select = connection.prepare_cached(
        "SELECT channel, count(*) FROM delivery WHERE state = 'pending' GROUP BY channel",
    )?;
    let pending = select.query_map([], |row| Ok((row.get(0)?, number(row, 1)?)))?;
    Ok(SpoolStats {
        blob_bytes: u64::try_from(blob_bytes).unwrap_or(0),
        pending: pending.collect::<Result<_, _>>()?,
    })
}
