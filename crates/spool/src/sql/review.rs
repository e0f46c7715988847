//! What happened in a stretch of time.

use tipoff_model::{ArrivalId, BlobName, Content, Device, DeviceId, Event, IncidentId, Timestamp};

use super::database::Database;
use super::spool::SqlSpool;
use super::statement::{Lock, Row, Sql, at, from_json, number, params};
use super::{device_rows, new_deliveries, notices, route_counts};
use crate::core::incident_kind::IncidentKind;
use crate::core::report::{self, StoredReport};
use crate::{
    ArrivalLine, BoxFuture, NewReport, PastArrival, Result, Review, RouteCounts, StoredBlob,
    TalliedChannel, Tally,
};

impl<D: Database> Review for SqlSpool<D> {
    fn tally(
        &self,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Tally>>> {
        Box::pin(self.read(move |sql| tally(sql, from, until, limit)))
    }

    fn report(&self, new: NewReport) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(self.write(move |sql| store_report(sql, &new)))
    }

    fn past_arrivals(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: ArrivalId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastArrival>>> {
        Box::pin(self.read(move |sql| past_arrivals(sql, from, until, after, limit)))
    }

    fn alerts_between(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<TalliedChannel>>> {
        Box::pin(self.read(move |sql| alerts_between(sql, from, until)))
    }

    fn route_counts(
        &self,
        since: Timestamp,
        ending: &'static str,
    ) -> BoxFuture<'_, Result<RouteCounts>> {
        Box::pin(self.read(move |sql| route_counts::read(sql, since, ending)))
    }
}

/// Incidents of which somebody is alerted.
const ALERT: i64 = IncidentKind::Alert.number();

fn tally(sql: &dyn Sql, from: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Tally>> {
    let select = "SELECT device.id, coalesce(label, name), min(began_at), max(began_at)
         FROM incident JOIN device ON device.id = incident.device
         WHERE began_at >= ?1 AND began_at < ?2 AND incident_kind = ?4
         GROUP BY device.id ORDER BY device.id LIMIT ?3";
    sql.rows(select, params![from.0, until.0, limit, ALERT], |row| {
        let device = DeviceId(row.get(0)?);
        Ok(Tally {
            device,
            name: row.get(1)?,
            events: events(sql, device, from, until)?,
            first_at: at(row, 2)?,
            last_at: at(row, 3)?,
            shots: shots(sql, device, from, until)?,
        })
    })
}

fn events(
    sql: &dyn Sql,
    device: DeviceId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<(Event, u64)>> {
    let select = "SELECT event, count(*) FROM incident
         WHERE device = ?1 AND began_at >= ?2 AND began_at < ?3 AND incident_kind = ?4
         GROUP BY event ORDER BY count(*) DESC, event";
    sql.rows(select, params![device.0, from.0, until.0, ALERT], |row| {
        let event: String = row.get(0)?;
        Ok((Event::from_name(&event).unwrap_or_default(), number(row, 1)?))
    })
}

fn shots(
    sql: &dyn Sql,
    device: DeviceId,
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<ArrivalId>> {
    let shot = |order: &str| {
        sql.row(
            &format!(
                "SELECT cover_arrival FROM incident
                 WHERE device = ?1 AND began_at >= ?2 AND began_at < ?3 AND incident_kind = ?4
                   AND cover_arrival IS NOT NULL AND cover_video = 0
                 ORDER BY began_at {order}, id {order} LIMIT 1"
            ),
            params![device.0, from.0, until.0, ALERT],
            |row| row.get(0).map(ArrivalId),
        )
    };
    Ok(report::shots(shot("")?, shot("DESC")?))
}

fn store_report(sql: &dyn Sql, new: &NewReport) -> Result<Vec<String>> {
    sql.lock(Lock::Device(new.device.0))?;
    if report::is_stored(new, &stored_reports(sql, new)?) {
        return Ok(Vec::new());
    }
    let (incident, is_muted) = notices::open(sql, new.device, Event::Other, &new.subject, new.at)?;
    sql.change(
        "UPDATE incident SET note = ?2, report = ?3, suppressed_reason = ?4 WHERE id = ?1",
        params![incident.0, new.text, new.name, report::suppressed_reason(is_muted)],
    )?;
    let due = report::due(new, is_muted);
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let place = new_deliveries::device_place(sql, new.device.0)?;
    for due in &due {
        let delivery = new_deliveries::insert(sql, incident, &place, false, due, new.at)?;
        for shot in &new.shots {
            // A picture that was removed in the meantime is not shown.
            sql.change(
                "INSERT INTO delivery_arrival (delivery, arrival)
                     SELECT ?1, id FROM arrival WHERE id = ?2 ON CONFLICT DO NOTHING",
                params![delivery, shot.0],
            )?;
        }
    }
    Ok(due.into_iter().map(|due| due.channel).collect())
}

/// The reports on the device that were stored since the new one was due.
fn stored_reports(sql: &dyn Sql, new: &NewReport) -> Result<Vec<StoredReport>> {
    let select = "SELECT report, began_at FROM incident
         WHERE device = ?1 AND incident_kind = ?2 AND report IS NOT NULL AND began_at >= ?3";
    sql.rows(select, params![new.device.0, IncidentKind::Notice.number(), new.due_at.0], |row| {
        Ok(StoredReport { name: row.get(0)?, at: at(row, 1)? })
    })
}

fn past_arrivals(
    sql: &dyn Sql,
    from: Timestamp,
    until: Timestamp,
    after: ArrivalId,
    limit: u32,
) -> Result<Vec<PastArrival>> {
    let select = "SELECT arrival.id, received_at, torn, envelope, content, coalesce(segments, blob), arrival.bytes, arrival.event, tree,
                incident.id, incident_kind, incident.device
         FROM arrival
         JOIN incident ON incident.id = arrival.incident
         WHERE arrival.id > ?3 AND received_at >= ?1 AND received_at < ?2
         ORDER BY arrival.id LIMIT ?4";
    sql.rows(select, params![from.0, until.0, after.0, limit], |row| {
        let device = device_rows::read(sql, row.get(11)?)?.unwrap_or_default();
        past_arrival(row, device)
    })
}

fn past_arrival(row: &Row<'_>, device: Device) -> Result<PastArrival> {
    let event: String = row.get(7)?;
    let content: Content = from_json(row, 4)?;
    Ok(PastArrival {
        device,
        incident: IncidentId(row.get(9)?),
        silent: !IncidentKind::Alert.has(row.get(10)?),
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

fn alerts_between(sql: &dyn Sql, from: Timestamp, until: Timestamp) -> Result<Vec<TalliedChannel>> {
    let select = "SELECT channel, count(*) FILTER (WHERE kind = 'first'),
             count(*) FILTER (WHERE kind = 'followup'), count(*) FILTER (WHERE kind = 'summary')
         FROM incident JOIN delivery ON delivery.incident = incident.id
         WHERE began_at >= ?1 AND began_at < ?2 AND incident_kind <> ?3
         GROUP BY channel ORDER BY channel";
    sql.rows(select, params![from.0, until.0, IncidentKind::Notice.number()], |row| {
        let alerts = [number(row, 1)?, number(row, 2)?, number(row, 3)?];
        Ok(TalliedChannel { channel: row.get(0)?, alerts })
    })
}
