//! Incidents as people look at them.

use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{
    AlertMedia, ArrivalId, BlobName, Content, DeliveryId, DeliveryState, DeviceId, IncidentId,
    MediaPlace, Timestamp,
};

use super::database::Database;
use super::delivery_rows::state;
use super::spool::SqlSpool;
use super::statement::{Row, Sql, Value, at, event, from_json, number, params};
use super::{deliveries, dismissal, incident_summary, shares, stats, turns};
use crate::core::covered::raw_mail;
use crate::core::incident_kind::IncidentKind;
use crate::{
    ArrivalLine, BoxFuture, Cover, DeliveryLine, Dismissal, Figures, IncidentDetail,
    IncidentFilter, IncidentLine, Incidents, Lock, Result, Share, SpoolError, SpoolStats,
    StoredBlob, Usage,
};

/// How many words are looked for at once.
const WORDS_MAX: usize = 8;

const LINE: &str = "
    SELECT incident.id, device.id, coalesce(device.label, device.name), event, subject, began_at,
           last_arrival_at,
           (SELECT count(*) FROM arrival WHERE arrival.incident = incident.id),
           pictures, videos, cover_arrival, cover_index, cover_video, incident_kind, muted,
           CASE videos WHEN 0 THEN 0 ELSE
               (SELECT coalesce(sum(length_ms), 0) FROM clip WHERE clip.incident = incident.id) END,
           suppressed_reason, note, dismissed_by, dismissed_at, locked_by, locked_at
    FROM incident JOIN device ON device.id = incident.device";

impl<D: Database> Incidents for SqlSpool<D> {
    fn incidents<'a>(
        &'a self,
        filter: &'a IncidentFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<IncidentLine>>> {
        let filter = filter.clone();
        Box::pin(self.read(move |sql| list(sql, &filter, limit)))
    }

    fn incident(&self, id: IncidentId) -> BoxFuture<'_, Result<IncidentDetail>> {
        Box::pin(self.read(move |sql| detail(sql, id)))
    }

    fn media(&self, place: MediaPlace) -> BoxFuture<'_, Result<Option<AlertMedia>>> {
        Box::pin(self.read(move |sql| media(sql, place)))
    }

    fn incident_of(&self, arrival: ArrivalId) -> BoxFuture<'_, Result<Option<IncidentId>>> {
        Box::pin(self.read(move |sql| incident_of(sql, arrival)))
    }

    fn owner_of(&self, arrival: ArrivalId) -> BoxFuture<'_, Result<Option<(Share, DeviceId)>>> {
        Box::pin(self.read(move |sql| turns::owner_of(sql, arrival)))
    }

    fn note_length(&self, place: MediaPlace, length: Duration) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| incident_summary::note_length(sql, place, length)))
    }

    fn dismiss(&self, id: IncidentId, by: String, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        let rules = Arc::clone(&self.rules);
        let work = move |sql: &dyn Sql| dismissal::dismiss(sql, &*rules.current(), id, &by, now);
        Box::pin(self.write(work))
    }

    fn restore(&self, id: IncidentId, now: Timestamp) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(self.write(move |sql| dismissal::restore(sql, id, now)))
    }

    fn lock(&self, id: IncidentId, by: String, now: Timestamp) -> BoxFuture<'_, Result<bool>> {
        let bytes_max = self.blobs.room.locked_max();
        let work = move |sql: &dyn Sql| shares::lock(sql, id, &by, now, bytes_max);
        Box::pin(self.write(work))
    }

    fn unlock(&self, id: IncidentId) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| shares::unlock(sql, id)))
    }

    fn usage(&self) -> BoxFuture<'_, Result<Usage>> {
        Box::pin(self.read(shares::usage))
    }

    fn retry(
        &self,
        id: IncidentId,
        only: Option<DeliveryId>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(self.write(move |sql| deliveries::retry(sql, id, only, now)))
    }

    fn figures(&self, hours_since: Timestamp, today: Timestamp) -> BoxFuture<'_, Result<Figures>> {
        Box::pin(self.read(move |sql| stats::figures(sql, hours_since, today)))
    }
}

/// See [`crate::Incidents::incidents`].
pub(super) fn list(
    sql: &dyn Sql,
    filter: &IncidentFilter,
    limit: u32,
) -> Result<Vec<IncidentLine>> {
    let Query { conditions, values } = Query::of(filter);
    let order = if filter.after.is_some() { "ASC" } else { "DESC" };
    let statement = format!("{LINE} WHERE {conditions} ORDER BY incident.id {order} LIMIT {limit}");
    sql.rows(&statement, &values, |row| read_line(sql, row))
}

/// A filter in SQL.
struct Query {
    conditions: String,
    values: Vec<Value<'static>>,
}

impl Query {
    fn of(filter: &IncidentFilter) -> Self {
        let mut query = Self { conditions: "1".to_owned(), values: Vec::new() };
        if !filter.silent {
            query.and("incident_kind <> ?", [IncidentKind::Suppressed.number().into()]);
        }
        if let Some(only) = filter.only {
            query.and("incident.id = ?", [only.0.into()]);
        }
        if let Some(before) = filter.before {
            query.and("incident.id < ?", [before.0.into()]);
        }
        if let Some(after) = filter.after {
            query.and("incident.id > ?", [after.0.into()]);
        }
        if let Some(device) = filter.device {
            query.and("incident.device = ?", [device.0.into()]);
        }
        if let Some(event) = filter.event {
            query.and("event = ?", [event.as_str().to_owned().into()]);
        }
        if let Some(from) = filter.from {
            // In the order of the numbers, without sorting all of a day: hence no index on the time.
            query.and("+began_at >= ?", [from.0.into()]);
        }
        if let Some(until) = filter.until {
            query.and("+began_at < ?", [until.0.into()]);
        }
        query.and_outcome(filter.channel.as_ref(), filter.state);
        for word in filter.text.split_whitespace().take(WORDS_MAX) {
            query.and_word(&word.to_lowercase());
        }
        query
    }

    fn and<const N: usize>(&mut self, condition: &str, values: [Value<'static>; N]) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
        self.values.extend(values);
    }

    /// What is rare is found by its index; what is common ends the search soon.
    fn and_outcome(&mut self, channel: Option<&String>, state: Option<DeliveryState>) {
        let state = state.map(|state| Value::from(state.as_str().to_owned()));
        let channel = channel.map(|channel| Value::from(channel.clone()));
        match (channel, state) {
            (None, None) => {}
            (None, Some(state)) => {
                self.and("incident.id IN (SELECT incident FROM delivery WHERE state = ?)", [state])
            }
            (Some(channel), None) => self.and(
                "EXISTS (SELECT 1 FROM delivery
                         WHERE delivery.incident = incident.id AND channel = ?)",
                [channel],
            ),
            (Some(channel), Some(state)) => self.and(
                "incident.id IN (SELECT incident FROM delivery WHERE state = ? AND channel = ?)",
                [state, channel],
            ),
        }
    }

    fn and_word(&mut self, word: &str) {
        self.and(
            "(EXISTS (SELECT 1 FROM words
                      WHERE words.incident = incident.id AND instr(words, ?) > 0)
              OR incident.device IN
                 (SELECT id FROM device WHERE instr(lower(coalesce(label, name)), ?) > 0))",
            [word.to_owned().into(), word.to_owned().into()],
        );
    }
}

/// See [`crate::Incidents::incident`].
pub(super) fn detail(sql: &dyn Sql, id: IncidentId) -> Result<IncidentDetail> {
    let select = format!("{LINE} WHERE incident.id = ?1");
    let line = sql.row(&select, params![id.0], |row| read_line(sql, row))?;
    Ok(IncidentDetail {
        line: line.ok_or(SpoolError::NoIncident(id))?,
        arrivals: arrivals(sql, id)?,
        deliveries: deliveries(sql, id)?,
    })
}

fn read_line(sql: &dyn Sql, row: &Row<'_>) -> Result<IncidentLine> {
    let id = IncidentId(row.get(0)?);
    let cover = match (row.get::<Option<i64>>(10)?, row.get::<Option<u32>>(11)?) {
        (Some(arrival), index @ Some(_)) => Some(Cover {
            place: MediaPlace { arrival: ArrivalId(arrival), index },
            video: row.get(12)?,
        }),
        _ => None,
    };
    Ok(IncidentLine {
        id,
        device_id: DeviceId(row.get(1)?),
        device: row.get(2)?,
        event: event(row, 3)?,
        subject: row.get(4)?,
        began_at: at(row, 5)?,
        last_arrival_at: at(row, 6)?,
        arrivals: number(row, 7)?,
        pictures: number(row, 8)?,
        videos: number(row, 9)?,
        video_length: Duration::from_millis(number(row, 15)?),
        cover,
        silent: IncidentKind::Suppressed.has(row.get(13)?),
        muted: row.get(14)?,
        suppressed_reason: row.get(16)?,
        note: row.get(17)?,
        dismissed: dismissal(row)?,
        locked: lock(row)?,
        deliveries: delivery_counts(sql, id)?,
    })
}

fn dismissal(row: &Row<'_>) -> Result<Option<Dismissal>> {
    let by: Option<String> = row.get(18)?;
    Ok(match by {
        Some(by) => Some(Dismissal { by, at: Timestamp(row.get(19)?) }),
        None => None,
    })
}

fn lock(row: &Row<'_>) -> Result<Option<Lock>> {
    let at: Option<i64> = row.get(21)?;
    Ok(match at {
        Some(at) => Some(Lock { by: row.get(20)?, at: Timestamp(at) }),
        None => None,
    })
}

fn delivery_counts(
    sql: &dyn Sql,
    incident: IncidentId,
) -> Result<Vec<(String, DeliveryState, u64)>> {
    let select = "SELECT channel, state, count(*) FROM delivery WHERE incident = ?1
         GROUP BY channel, state ORDER BY min(id)";
    sql.rows(select, params![incident.0], |row| Ok((row.get(0)?, state(row, 1)?, number(row, 2)?)))
}

fn arrivals(sql: &dyn Sql, incident: IncidentId) -> Result<Vec<ArrivalLine>> {
    let select = "SELECT id, received_at, torn, envelope, content, coalesce(segments, blob), bytes
         FROM arrival
         WHERE incident = ?1 ORDER BY id";
    sql.rows(select, params![incident.0], |row| {
        Ok(ArrivalLine {
            id: ArrivalId(row.get(0)?),
            received_at: at(row, 1)?,
            torn: row.get(2)?,
            envelope: from_json(row, 3)?,
            content: from_json(row, 4)?,
            blob: StoredBlob { name: BlobName(row.get(5)?), size: number(row, 6)? },
        })
    })
}

fn deliveries(sql: &dyn Sql, incident: IncidentId) -> Result<Vec<DeliveryLine>> {
    let select = "SELECT id, channel, kind, state, created_at, due_at FROM delivery
         WHERE incident = ?1 ORDER BY id";
    sql.rows(select, params![incident.0], |row| {
        let id = DeliveryId(row.get(0)?);
        Ok(DeliveryLine {
            id,
            channel: row.get(1)?,
            kind: row.get(2)?,
            state: state(row, 3)?,
            created_at: at(row, 4)?,
            due_at: at(row, 5)?,
            attempts: attempts(sql, id)?,
        })
    })
}

type Attempt = (tipoff_model::Timestamp, Duration, Option<String>);

fn attempts(sql: &dyn Sql, delivery: DeliveryId) -> Result<Vec<Attempt>> {
    let select = "SELECT at, took_ms, error FROM attempt WHERE delivery = ?1 ORDER BY number";
    sql.rows(select, params![delivery.0], |row| {
        Ok((at(row, 0)?, Duration::from_millis(number(row, 1)?), row.get(2)?))
    })
}

/// See [`crate::Incidents::media`].
pub(super) fn media(sql: &dyn Sql, place: MediaPlace) -> Result<Option<AlertMedia>> {
    let arrival = sql.row(
        "SELECT coalesce(segments, blob), bytes, content FROM arrival WHERE id = ?1",
        params![place.arrival.0],
        |row| Ok((BlobName(row.get(0)?), number(row, 1)?, from_json::<Content>(row, 2)?)),
    )?;
    let Some((blob, bytes, content)) = arrival else {
        return Ok(None);
    };
    let Some(index) = place.index else {
        return Ok(Some(raw_mail(place.arrival, blob, bytes)));
    };
    let media = content.media.into_iter().nth(index as usize);
    Ok(media.map(|media| AlertMedia { media, place, blob, url: None, clip: None }))
}

/// See [`crate::Incidents::incident_of`].
pub(super) fn incident_of(sql: &dyn Sql, arrival: ArrivalId) -> Result<Option<IncidentId>> {
    sql.row("SELECT incident FROM arrival WHERE id = ?1", params![arrival.0], |row| {
        row.get(0).map(IncidentId)
    })
}

/// See [`crate::Spool::stats`].
pub(super) fn stats(sql: &dyn Sql) -> Result<SpoolStats> {
    let blob_bytes = sql
        .row("SELECT sum(bytes) FROM arrival", params![], |row| row.get::<Option<i64>>(0))?
        .flatten()
        .unwrap_or(0);
    let select = "SELECT channel, count(*) FROM delivery WHERE state = 'pending' GROUP BY channel";
    let pending = sql.rows(select, params![], |row| Ok((row.get(0)?, number(row, 1)?)))?;
    Ok(SpoolStats {
        blob_bytes: u64::try_from(blob_bytes).unwrap_or(0),
        pending,
        writer_restarts: 0,
    })
}
