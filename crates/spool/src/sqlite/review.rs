//! What happened in a stretch of time.

use rusqlite::{Connection, OptionalExtension, Row, params};
use tipoff_model::{
    AlertKind, ArrivalId, BlobName, Content, Device, DeviceId, Due, Event, IncidentId, Timestamp,
};

use super::incident_rows::NOTICE;
use super::{SqliteSpool, at, devices, from_json, new_deliveries, notices, number};
use crate::{
    ArrivalLine, BoxFuture, NewReport, PastArrival, Result, Review, StoredBlob, TalliedChannel,
    Tally,
};

impl Review for SqliteSpool {
    fn tally(
        &self,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Tally>>> {
        Box::pin(self.read(move |connection| tally(connection, from, until, limit)))
    }

    fn report(&self, new: NewReport) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(self.writer.run(move |connection| report(connection, &new)))
    }

    fn past_arrivals(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: ArrivalId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastArrival>>> {
        Box::pin(self.read(move |connection| past_arrivals(connection, from, until, after, limit)))
    }

    fn told_between(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<TalliedChannel>>> {
        Box::pin(self.read(move |connection| told_between(connection, from, until)))
    }
}

fn tally(
    connection: &Connection,
    from: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Tally>> {
    let mut select = connection.prepare_cached(
        "SELECT device.id, coalesce(label, name), min(began_at), max(began_at)
         FROM incident JOIN device ON device.id = incident.device
         WHERE began_at >= ?1 AND began_at < ?2 AND silent = 0
         GROUP BY device.id ORDER BY device.id LIMIT ?3",
    )?;
    let mut rows = select.query(params![from.0, until.0, limit])?;
    let mut tallies = Vec::new();
    while let Some(row) = rows.next()? {
        let device = DeviceId(row.get(0)?);
        tallies.push(Tally {
            device,
            name: row.get(1)?,
            events: events(connection, device, from, until)?,
            first_at: at(row, 2)?,
            last_at: at(row, 3)?,
            shots: shots(connection, device, from, until)?,
        });
    }
    Ok(tallies)
}

fn events(
    connection: &Connection,
    device: DeviceId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<(Event, u64)>> {
    let mut select = connection.prepare_cached(
        "SELECT event, count(*) FROM incident
         WHERE device = ?1 AND began_at >= ?2 AND began_at < ?3 AND silent = 0
         GROUP BY event ORDER BY count(*) DESC, event",
    )?;
    let events = select.query_map(params![device.0, from.0, until.0], |row| {
        let event: String = row.get(0)?;
        Ok((Event::from_name(&event).unwrap_or_default(), number(row, 1)?))
    })?;
    Ok(events.collect::<rusqlite::Result<_>>()?)
}

fn shots(
    connection: &Connection,
    device: DeviceId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<ArrivalId>> {
    let mut shots = Vec::new();
    for order in ["", "DESC"] {
        let shot = connection
            .prepare_cached(&format!(
                "SELECT cover_arrival FROM incident
                 WHERE device = ?1 AND began_at >= ?2 AND began_at < ?3 AND silent = 0
                   AND cover_arrival IS NOT NULL AND NOT cover_video
                 ORDER BY began_at {order}, id {order} LIMIT 1"
            ))?
            .query_row(params![device.0, from.0, until.0], |row| row.get(0).map(ArrivalId))
            .optional()?;
        shots.extend(shot);
    }
    shots.dedup();
    Ok(shots)
}

fn report(connection: &Connection, new: &NewReport) -> Result<Vec<String>> {
    let told: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM incident
             WHERE device = ?1 AND silent = ?2 AND report = ?3 AND began_at >= ?4)",
        )?
        .query_row(params![new.device.0, NOTICE, new.name, new.due_at.0], |row| row.get(0))?;
    if told {
        return Ok(Vec::new());
    }
    let (device, event) = (new.device, Event::Other);
    let (incident, muted) = notices::open(connection, device, event, &new.subject, new.at)?;
    connection
        .prepare_cached(
            "UPDATE incident SET note = ?2, report = ?3, suppressed_reason = ?4 WHERE id = ?1",
        )?
        .execute(params![incident.0, new.text, new.name, muted.then_some("muted")])?;
    if muted {
        return Ok(Vec::new());
    }
    let place = new_deliveries::device_place(connection, new.device.0)?;
    for channel in &new.channels {
        let (channel, kind, route) = (channel.clone(), AlertKind::Report, None);
        let due = Due { channel, kind, due_at: new.at, route, of_address: false };
        let delivery = new_deliveries::insert(connection, incident, &place, false, &due, new.at)?;
        for shot in &new.shots {
            // One that had to go meanwhile is not shown.
            connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO delivery_arrival (delivery, arrival)
                     SELECT ?1, id FROM arrival WHERE id = ?2",
                )?
                .execute(params![delivery, shot.0])?;
        }
    }
    Ok(new.channels.clone())
}

fn past_arrivals(
    connection: &Connection,
    from: Timestamp,
    until: Timestamp,
    after: ArrivalId,
    limit: u32,
) -> Result<Vec<PastArrival>> {
    let mut select = connection.prepare_cached(
        "SELECT arrival.id, received_at, torn, envelope, content, blob, arrival.bytes, arrival.event, tree,
                incident.id, incident.silent, incident.device
         FROM arrival
         JOIN incident ON incident.id = arrival.incident
         WHERE arrival.id > ?3 AND received_at >= ?1 AND received_at < ?2
         ORDER BY arrival.id LIMIT ?4",
    )?;
    let mut rows = select.query(params![from.0, until.0, after.0, limit])?;
    let mut arrivals = Vec::new();
    while let Some(row) = rows.next()? {
        let device = devices::read(connection, row.get(11)?)?.unwrap_or_default();
        arrivals.push(past_arrival(row, device)?);
    }
    Ok(arrivals)
}

fn past_arrival(row: &Row<'_>, device: Device) -> Result<PastArrival> {
    let event: String = row.get(7)?;
    let content: Content = from_json(row, 4)?;
    Ok(PastArrival {
        device,
        incident: IncidentId(row.get(9)?),
        silent: row.get(10)?,
        event: Event::from_name(&event).unwrap_or_default(),
        tree: row.get(8)?,
        line: ArrivalLine {
            id: ArrivalId(row.get(0)?),
            received_at: at(row, 1)?,
            torn: row.get(2)?,
            envelope: from_json(row, 3)?,
            content,
            blob: StoredBlob { name: BlobName(row.get(5)?), size: number(row, 6)? },
        },
    })
}

fn told_between(
    connection: &Connection,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<TalliedChannel>> {
    let mut select = connection.prepare_cached(
        "SELECT channel, sum(kind = 'first'), sum(kind = 'followup'), sum(kind = 'summary')
         FROM incident JOIN delivery ON delivery.incident = incident.id
         WHERE began_at >= ?1 AND began_at < ?2 AND silent <> ?3
         GROUP BY channel ORDER BY channel",
    )?;
    let channels = select.query_map(params![from.0, until.0, NOTICE], |row| {
        let alerts = [number(row, 1)?, number(row, 2)?, number(row, 3)?];
        Ok(TalliedChannel { channel: row.get(0)?, alerts })
    })?;
    Ok(channels.collect::<rusqlite::Result<_>>()?)
}
