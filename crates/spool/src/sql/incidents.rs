//! Incidents as people look at them.

use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{
    AlertMedia, ArrivalId, BlobName, Content, DeliveryId, DeviceId, IncidentId, MediaPlace,
    Timestamp,
};

use super::database::Database;
use super::delivery_rows::state;
use super::spool::SqlSpool;
use super::statement::{Sql, at, from_json, number, params};
use super::{
    deliveries, dismissal, incident_list, incident_summary, removal, shares, stats, turns,
};
use crate::core::covered::raw_message;
use crate::{
    ArrivalLine, BoxFuture, DeliveryLine, Figures, IncidentDetail, IncidentFilter, IncidentLine,
    Incidents, Removal, Result, Share, SpoolError, StoredBlob, Usage,
};

impl<D: Database> Incidents for SqlSpool<D> {
    fn incidents<'a>(
        &'a self,
        filter: &'a IncidentFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<IncidentLine>>> {
        let filter = filter.clone();
        Box::pin(self.read(move |sql| incident_list::list(sql, &filter, limit)))
    }

    fn search_end<'a>(
        &'a self,
        filter: &'a IncidentFilter,
    ) -> BoxFuture<'a, Result<Option<(IncidentId, Timestamp)>>> {
        let filter = filter.clone();
        Box::pin(self.read(move |sql| incident_list::search_end(sql, &filter)))
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

    fn remove_incidents(&self, ids: Vec<IncidentId>) -> BoxFuture<'_, Result<Removal>> {
        Box::pin(async move {
            let (removal, blobs) = self.write(move |sql| removal::remove(sql, &ids)).await?;
            // Only after the commit: a crash in between leaves orphans, which the next start sweeps.
            self.blobs.remove(blobs).await;
            Ok(removal)
        })
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

/// See [`crate::Incidents::incident`].
pub(super) fn detail(sql: &dyn Sql, id: IncidentId) -> Result<IncidentDetail> {
    let line = incident_list::one(sql, id)?.ok_or(SpoolError::NoIncident(id))?;
    Ok(IncidentDetail { line, arrivals: arrivals(sql, id)?, deliveries: deliveries(sql, id)? })
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
        return Ok(Some(raw_message(place.arrival, blob, bytes)));
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
