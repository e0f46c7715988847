//! What is written of an arrival for lists of incidents: counts, the cover, the words by which it is found.

use std::time::Duration;

use tipoff_model::{ArrivalId, Content, Envelope, IncidentId, MediaPlace, Timestamp};

use super::statement::{Sql, params};
use crate::Result;
use crate::core::incident_summary::{counts, cover, search_text};

const HOUR_MS: i64 = 3_600_000;

/// An arrival, as it is now.
pub(super) struct IncidentSummary<'a> {
    pub(super) incident: IncidentId,
    pub(super) arrival: ArrivalId,
    pub(super) envelope: &'a Envelope,
    pub(super) content: &'a Content,
}

/// Notes an arrival; `before` is what was understood of it earlier, if it was noted before.
pub(super) fn note(
    sql: &dyn Sql,
    summary: &IncidentSummary<'_>,
    before: Option<&Content>,
) -> Result<()> {
    let (pictures, videos) = counts(summary.content);
    let (pictures_before, videos_before) = before.map_or((0, 0), counts);
    let cover = cover(&summary.content.media);
    if (pictures, videos) != (pictures_before, videos_before) {
        sql.execute(
            "UPDATE incident SET pictures = pictures + ?2, videos = videos + ?3 WHERE id = ?1",
            params![summary.incident.0, pictures - pictures_before, videos - videos_before],
        )?;
    }
    if let Some((index, video)) = cover {
        // A picture shows more than the video that it was taken from.
        sql.execute(
            "UPDATE incident SET cover_arrival = ?2, cover_index = ?3, cover_video = ?4
                 WHERE id = ?1 AND (cover_arrival IS NULL OR (cover_video AND NOT ?4))",
            params![
                summary.incident.0,
                summary.arrival.0,
                i64::try_from(index).unwrap_or(0),
                video
            ],
        )?;
    }
    let search_text = search_text(summary.envelope, summary.content);
    sql.execute(
        "INSERT INTO words (incident, arrival, words) VALUES (?1, ?2, ?3)
             ON CONFLICT (incident, arrival) DO UPDATE SET words = excluded.words",
        params![summary.incident.0, summary.arrival.0, search_text],
    )?;
    Ok(())
}

/// Counts an arrival of this moment.
pub(super) fn count(sql: &dyn Sql, at: Timestamp, torn: bool, bytes: u64) -> Result<()> {
    sql.execute(
        "INSERT INTO hour (hour, arrivals, torn, bytes) VALUES (?1, 1, ?2, ?3)
             ON CONFLICT (hour) DO UPDATE SET arrivals = arrivals + 1, torn = torn + excluded.torn,
                 bytes = bytes + excluded.bytes",
        params![at.0.div_euclid(HOUR_MS), torn, i64::try_from(bytes).unwrap_or(i64::MAX)],
    )?;
    Ok(())
}

/// See [`crate::Incidents::note_length`].
pub(super) fn note_length(sql: &dyn Sql, place: MediaPlace, length: Duration) -> Result<()> {
    sql.execute(
        "INSERT OR REPLACE INTO clip (incident, arrival, place, length_ms)
             SELECT incident, id, ?2, ?3 FROM arrival WHERE id = ?1",
        params![
            place.arrival.0,
            place.index.unwrap_or_default(),
            i64::try_from(length.as_millis()).unwrap_or(i64::MAX),
        ],
    )?;
    Ok(())
}
