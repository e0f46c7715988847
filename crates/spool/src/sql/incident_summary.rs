//! What is written of an arrival for lists of incidents: counts, the cover, the words by which it is found.

use std::time::Duration;

use tipoff_model::{ArrivalId, Content, Envelope, IncidentId, MediaPlace, Timestamp};

use super::statement::{Sql, params};
use crate::core::incident_summary::{cover, replaces_cover, search_text};
use crate::core::stats::{hour_of, sum_row};
use crate::{NewArrival, Result};

/// An arrival, as it is now.
pub(super) struct IncidentSummary<'a> {
    pub(super) incident: IncidentId,
    pub(super) arrival: ArrivalId,
    pub(super) envelope: &'a Envelope,
    pub(super) content: &'a Content,
}

/// Notes an arrival. `cover_before`: whether the cover of the incident is a video; `None`: it has no cover. Lists read
/// these columns and no arrivals.
pub(super) fn note(
    sql: &dyn Sql,
    summary: &IncidentSummary<'_>,
    cover_before: Option<bool>,
) -> Result<()> {
    if let Some((index, is_video)) = cover(&summary.content.media)
        && replaces_cover(cover_before, is_video)
    {
        sql.change(
            "UPDATE incident SET cover_arrival = ?2, cover_index = ?3, cover_video = ?4
             WHERE id = ?1",
            params![
                summary.incident.0,
                summary.arrival.0,
                i64::try_from(index).unwrap_or(0),
                is_video
            ],
        )?;
    }
    let search_text = search_text(summary.envelope, summary.content);
    sql.change(
        "INSERT INTO words (incident, arrival, words) VALUES (?1, ?2, ?3)
             ON CONFLICT (incident, arrival) DO UPDATE SET words = excluded.words",
        params![summary.incident.0, summary.arrival.0, search_text],
    )?;
    Ok(())
}

/// Counts an arrival in its hour since 1970, for the overview. `opened`: the incident that it opened.
pub(super) fn count(
    sql: &dyn Sql,
    device: i64,
    arrival: &NewArrival,
    opened: Option<IncidentId>,
) -> Result<()> {
    let (hour, row) = (hour_of(arrival.received_at), sum_row(device, sql.sum_rows()));
    let bytes = i64::try_from(arrival.blob.size).unwrap_or(i64::MAX);
    let opened = opened.map(|incident| incident.0);
    sql.change(COUNT, params![hour, row, 1_i64, arrival.torn, bytes, opened])
}

/// Notes the hour of an incident that no arrival opened: lists find the incidents of a day by their hours.
pub(super) fn note_hour(
    sql: &dyn Sql,
    device: i64,
    at: Timestamp,
    incident: IncidentId,
) -> Result<()> {
    let row = sum_row(device, sql.sum_rows());
    sql.change(COUNT, params![hour_of(at), row, 0_i64, false, 0_i64, incident.0])
}

/// The smallest and the largest number are kept: on some engines they are not noted in their order.
const COUNT: &str = "
    INSERT INTO hour (hour, sum_row, arrivals, torn, bytes, first_incident, last_incident)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)
    ON CONFLICT (hour, sum_row) DO UPDATE SET arrivals = hour.arrivals + excluded.arrivals,
        torn = hour.torn + excluded.torn, bytes = hour.bytes + excluded.bytes,
        first_incident = min(coalesce(hour.first_incident, excluded.first_incident),
                             coalesce(excluded.first_incident, hour.first_incident)),
        last_incident = max(coalesce(hour.last_incident, excluded.last_incident),
                            coalesce(excluded.last_incident, hour.last_incident))";

/// See [`crate::Incidents::note_length`].
pub(super) fn note_length(sql: &dyn Sql, place: MediaPlace, length: Duration) -> Result<()> {
    sql.change(
        "INSERT INTO clip (incident, arrival, place, length_ms)
             SELECT incident, id, ?2, ?3 FROM arrival WHERE id = ?1
             ON CONFLICT (incident, arrival, place) DO UPDATE SET length_ms = excluded.length_ms",
        params![
            place.arrival.0,
            place.index.unwrap_or_default(),
            i64::try_from(length.as_millis()).unwrap_or(i64::MAX),
        ],
    )?;
    Ok(())
}
