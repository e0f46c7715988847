//! The arrivals that a delivery covers and those before them: read for [`crate::core::covered`].

use tipoff_model::{ArrivalId, BlobName, DeliveryId, IncidentId};

use super::statement::{Sql, at, event, from_json, number, params};
use crate::Result;
use crate::core::alert::Words;
use crate::core::covered::{CoveredArrival, EarlierArrival};
use crate::core::due_alert::EARLIER_MAX;

/// The arrivals of a delivery, in the order of receipt.
pub(super) fn read(sql: &dyn Sql, delivery: DeliveryId) -> Result<Vec<CoveredArrival>> {
    let select =
        "SELECT arrival.id, received_at, torn, event, coalesce(segments, blob), bytes, content,
                envelope ->> 'protocol'
         FROM delivery_arrival JOIN arrival ON arrival.id = delivery_arrival.arrival
         WHERE delivery_arrival.delivery = ?1 ORDER BY arrival.id";
    sql.rows(select, params![delivery.0], |row| {
        Ok(CoveredArrival {
            id: ArrivalId(row.get(0)?),
            received_at: at(row, 1)?,
            torn: row.get(2)?,
            event: row.get(3)?,
            blob: BlobName(row.get(4)?),
            bytes: number(row, 5)?,
            content: from_json(row, 6)?,
            protocol: row.get(7)?,
        })
    })
}

/// The words of an incident's arrivals before this one, the latest ones. Only the words leave the database, not the
/// lists of files.
pub(super) fn earlier_words(
    sql: &dyn Sql,
    incident: IncidentId,
    before: ArrivalId,
) -> Result<Vec<Words>> {
    let select = "SELECT event, content ->> 'subject', content ->> 'text', content ->> 'details'
         FROM arrival WHERE incident = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
    sql.rows(select, params![incident.0, before.0, EARLIER_MAX], |row| {
        Ok(Words {
            event: event(row, 0)?,
            subject: row.get(1)?,
            text: row.get(2)?,
            details: row.get(3)?,
        })
    })
}

/// The files of an incident's arrivals up to this one, the latest ones. Those of the delivery itself are among them:
/// it may cover a mail and the upload of the same picture.
pub(super) fn earlier_files(
    sql: &dyn Sql,
    incident: IncidentId,
    last: ArrivalId,
) -> Result<Vec<EarlierArrival>> {
    let select = "SELECT id, coalesce(segments, blob), content ->> 'media', envelope ->> 'protocol'
         FROM arrival WHERE incident = ?1 AND id <= ?2 ORDER BY id DESC LIMIT ?3";
    sql.rows(select, params![incident.0, last.0, EARLIER_MAX], |row| {
        Ok(EarlierArrival {
            id: ArrivalId(row.get(0)?),
            blob: BlobName(row.get(1)?),
            media: from_json(row, 2)?,
            protocol: row.get(3)?,
        })
    })
}
