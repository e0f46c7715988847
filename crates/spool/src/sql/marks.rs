//! Marks of readers on incidents, and the counts of a period: see [`crate::Marks`].

use tipoff_model::{DeviceId, IncidentId, Timestamp};

use super::database::Database;
use super::spool::SqlSpool;
use super::statement::{Sql, Value, event, number, params};
use crate::core::incident_kind::IncidentKind;
use crate::core::incident_search::LISTED_MIN;
use crate::core::marks::{COUNTED_MAX, PERIODS_MAX, SEEN_STEP, goes_on};
use crate::{BoxFuture, HourCount, HourCounts, Mark, MarkChange, Marks, Period, Reader, Result};

impl<D: Database> Marks for SqlSpool<D> {
    fn mark(
        &self,
        reader: Reader,
        incidents: Vec<IncidentId>,
        change: MarkChange,
    ) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| mark(sql, &reader.to_string(), &incidents, change)))
    }

    fn see_all(
        &self,
        reader: Reader,
        period: Period,
        up_to: IncidentId,
    ) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async move {
            let reader = reader.to_string();
            let mut seen = 0;
            loop {
                let (reader, period) = (reader.clone(), period.clone());
                let step = move |sql: &dyn Sql| see_step(sql, &reader, &period, up_to);
                let in_step = self.write(step).await?;
                seen += in_step;
                if !goes_on(in_step, seen) {
                    return Ok(seen);
                }
            }
        })
    }

    fn marks(
        &self,
        reader: Reader,
        incidents: Vec<IncidentId>,
    ) -> BoxFuture<'_, Result<Vec<(IncidentId, Mark)>>> {
        Box::pin(self.read(move |sql| marks(sql, &reader.to_string(), &incidents)))
    }

    fn hour_counts(
        &self,
        reader: Option<Reader>,
        period: Period,
    ) -> BoxFuture<'_, Result<HourCounts>> {
        // No reader has an empty name.
        let reader = reader.map_or_else(String::new, |reader| reader.to_string());
        Box::pin(self.read(move |sql| hour_counts(sql, &reader, &period)))
    }

    fn has_incidents(
        &self,
        periods: Vec<(Timestamp, Timestamp)>,
    ) -> BoxFuture<'_, Result<Vec<bool>>> {
        Box::pin(self.read(move |sql| has_incidents(sql, &periods)))
    }
}

/// Incidents of a period that are looked at.
const SUPPRESSED: i64 = IncidentKind::Suppressed.number();

fn mark(sql: &dyn Sql, reader: &str, incidents: &[IncidentId], change: MarkChange) -> Result<()> {
    const SEEN: &str = "INSERT INTO mark (reader, incident, seen, starred)
        SELECT ?1, id, ?3, 0 FROM incident WHERE id = ?2
        ON CONFLICT (reader, incident) DO UPDATE SET seen = excluded.seen";
    const STARRED: &str = "INSERT INTO mark (reader, incident, seen, starred)
        SELECT ?1, id, 0, ?3 FROM incident WHERE id = ?2
        ON CONFLICT (reader, incident) DO UPDATE SET starred = excluded.starred";
    for (statement, value) in [(SEEN, change.seen), (STARRED, change.starred)] {
        let Some(value) = value else { continue };
        for incident in incidents {
            sql.change(statement, params![reader, incident.0, value])?;
        }
    }
    Ok(())
}

/// The conditions of a period for rows of `incident`, with values from `?1` on: the reader, the beginning, the end, the
/// kind that is left out, how many.
fn conditions(reader: &str, period: &Period, max: u32) -> (String, Vec<Value<'static>>) {
    let mut text = "began_at >= ?2 AND began_at < ?3 AND incident_kind <> ?4".to_owned();
    let mut values: Vec<Value<'static>> = vec![
        reader.to_owned().into(),
        period.from.0.into(),
        period.until.0.into(),
        SUPPRESSED.into(),
        i64::from(max).into(),
    ];
    let mut and = |column: &str, value: Value<'static>| {
        values.push(value);
        text.push_str(&format!(" AND {column} = ?{}", values.len()));
    };
    if let Some(device) = period.device {
        and("device", device.0.into());
    }
    if let Some(event) = period.event {
        and("event", event.as_str().to_owned().into());
    }
    (text, values)
}

/// Condition for rows of `incident` that the reader `?1` has not seen. Not `NOT EXISTS`: an engine may read all marks for
/// that.
const UNSEEN: &str = "coalesce((SELECT mark.seen FROM mark
    WHERE mark.reader = ?1 AND mark.incident = incident.id), 0) = 0";

fn see_step(sql: &dyn Sql, reader: &str, period: &Period, up_to: IncidentId) -> Result<u64> {
    let (conditions, mut values) = conditions(reader, period, SEEN_STEP);
    values.push(up_to.0.into());
    let see = format!(
        "INSERT INTO mark (reader, incident, seen, starred)
             SELECT ?1, id, 1, 0 FROM incident
             WHERE {conditions} AND id <= ?{} AND {UNSEEN}
             ORDER BY began_at DESC LIMIT ?5
         ON CONFLICT (reader, incident) DO UPDATE SET seen = 1",
        values.len()
    );
    Ok(sql.execute(&see, &values)? as u64)
}

fn marks(sql: &dyn Sql, reader: &str, incidents: &[IncidentId]) -> Result<Vec<(IncidentId, Mark)>> {
    let select = format!(
        "SELECT incident, seen, starred FROM mark WHERE reader = ? AND incident IN ({})",
        vec!["?"; LISTED_MIN].join(", ")
    );
    let mut found = Vec::new();
    for chunk in incidents.chunks(LISTED_MIN) {
        // 0 is no incident.
        let ids = chunk.iter().map(|id| id.0).chain(std::iter::repeat(0)).take(LISTED_MIN);
        let mut values = vec![Value::from(reader.to_owned())];
        values.extend(ids.map(Value::Integer));
        found.extend(sql.rows(&select, &values, |row| {
            let mark = Mark { is_seen: row.get(1)?, is_starred: row.get(2)? };
            Ok((IncidentId(row.get(0)?), mark))
        })?);
    }
    Ok(found)
}

/// Reads an index that has all columns of the conditions.
fn hour_counts(sql: &dyn Sql, reader: &str, period: &Period) -> Result<HourCounts> {
    let (conditions, values) = conditions(reader, period, COUNTED_MAX);
    let select = format!(
        "SELECT counted.hour_number, counted.device, coalesce(device.label, device.name), counted.event,
                counted.total, counted.unseen
         FROM (SELECT (began_at - ?2) / 3600000 AS hour_number, found.device, found.event,
                      count(*) AS total, CAST(sum(found.unseen) AS BIGINT) AS unseen
               FROM (SELECT began_at, device, event, CASE WHEN {UNSEEN} THEN 1 ELSE 0 END AS unseen
                     FROM incident WHERE {conditions} ORDER BY began_at DESC LIMIT ?5) AS found
               GROUP BY 1, found.device, found.event) AS counted
         JOIN device ON device.id = counted.device ORDER BY 1, 2, 4"
    );
    let counts = sql.rows(&select, &values, |row| {
        Ok(HourCount {
            hour: number(row, 0)?,
            device: DeviceId(row.get(1)?),
            name: row.get(2)?,
            event: event(row, 3)?,
            count: number(row, 4)?,
            unseen: number(row, 5)?,
        })
    })?;
    let total: u64 = counts.iter().map(|count| count.count).sum();
    Ok(HourCounts { counts, is_cut: total >= u64::from(COUNTED_MAX) })
}

/// One statement for all periods: it may be a round trip.
fn has_incidents(sql: &dyn Sql, periods: &[(Timestamp, Timestamp)]) -> Result<Vec<bool>> {
    let periods = periods.get(..PERIODS_MAX).unwrap_or(periods);
    if periods.is_empty() {
        return Ok(Vec::new());
    }
    let mut values: Vec<Value<'static>> = vec![SUPPRESSED.into()];
    let mut columns = Vec::new();
    for (from, until) in periods {
        values.extend([from.0.into(), until.0.into()]);
        columns.push(format!(
            "EXISTS (SELECT 1 FROM incident
                     WHERE began_at >= ?{} AND began_at < ?{} AND incident_kind <> ?1)",
            values.len() - 1,
            values.len()
        ));
    }
    let select = format!("SELECT {}", columns.join(", "));
    sql.one(&select, &values, |row| (0..periods.len()).map(|column| row.get(column)).collect())
}
