//! What is noted of an arrival for those who look at many incidents at once: counts, the file that
//! stands for it, the words by which it is found.

use std::time::Duration;

use rusqlite::{Connection, params};
use tipoff_model::{
    ArrivalId, Content, Envelope, IncidentId, Media, MediaKind, MediaPlace, Timestamp,
};

use crate::Result;

/// How much of a text is searched, and of all words together.
const TEXT_CHARS_MAX: usize = 500;
const WORDS_CHARS_MAX: usize = 1000;
/// How many names of files are searched.
const NAMES_MAX: usize = 10;
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
    connection: &Connection,
    summary: &IncidentSummary<'_>,
    before: Option<&Content>,
) -> Result<()> {
    let (pictures, videos) = counts(summary.content);
    let (pictures_before, videos_before) = before.map_or((0, 0), counts);
    let cover = cover(&summary.content.media);
    if (pictures, videos) != (pictures_before, videos_before) {
        connection
            .prepare_cached(
                "UPDATE incident SET pictures = pictures + ?2, videos = videos + ?3 WHERE id = ?1",
            )?
            .execute(params![
                summary.incident.0,
                pictures - pictures_before,
                videos - videos_before
            ])?;
    }
    if let Some((index, video)) = cover {
        // A picture shows more than the video that it was taken from.
        connection
            .prepare_cached(
                "UPDATE incident SET cover_arrival = ?2, cover_index = ?3, cover_video = ?4
                 WHERE id = ?1 AND (cover_arrival IS NULL OR (cover_video AND NOT ?4))",
            )?
            .execute(params![
                summary.incident.0,
                summary.arrival.0,
                i64::try_from(index).unwrap_or(0),
                video
            ])?;
    }
    connection
        .prepare_cached(
            "INSERT INTO words (incident, arrival, words) VALUES (?1, ?2, ?3)
             ON CONFLICT (incident, arrival) DO UPDATE SET words = excluded.words",
        )?
        .execute(params![summary.incident.0, summary.arrival.0, words(summary)])?;
    Ok(())
}

fn counts(content: &Content) -> (i64, i64) {
    let count = |fits: fn(&Media) -> bool| {
        i64::try_from(content.media.iter().filter(|media| fits(media)).count()).unwrap_or(i64::MAX)
    };
    (count(is_picture), count(is_video))
}

fn is_picture(media: &Media) -> bool {
    matches!(media.kind, MediaKind::Picture | MediaKind::Animation)
}

fn is_video(media: &Media) -> bool {
    media.kind == MediaKind::Video
}

fn cover(media: &[Media]) -> Option<(usize, bool)> {
    let first = |fits: fn(&Media) -> bool| media.iter().position(fits);
    first(is_picture)
        .map(|index| (index, false))
        .or_else(|| first(is_video).map(|index| (index, true)))
}

fn words(summary: &IncidentSummary<'_>) -> String {
    let IncidentSummary { envelope, content, .. } = summary;
    let text: String = content.text.chars().take(TEXT_CHARS_MAX).collect();
    let login = envelope.login.as_deref().unwrap_or_default();
    let path = envelope.path.as_deref().unwrap_or_default();
    let names = content.media.iter().take(NAMES_MAX).map(|media| media.name.as_str());
    let mut parts = vec![content.subject.as_str(), &envelope.sender, login, path];
    parts.extend(names);
    parts.push(&text);
    parts.retain(|part| !part.is_empty());
    parts.join(" ").to_lowercase().chars().take(WORDS_CHARS_MAX).collect()
}

/// Counts an arrival of this moment.
pub(super) fn count(connection: &Connection, at: Timestamp, torn: bool, bytes: u64) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO hour (hour, arrivals, torn, bytes) VALUES (?1, 1, ?2, ?3)
             ON CONFLICT (hour) DO UPDATE SET arrivals = arrivals + 1, torn = torn + excluded.torn,
                 bytes = bytes + excluded.bytes",
        )?
        .execute(params![
            at.0.div_euclid(HOUR_MS),
            torn,
            i64::try_from(bytes).unwrap_or(i64::MAX)
        ])?;
    Ok(())
}

/// See [`crate::Incidents::note_length`].
pub(super) fn note_length(
    connection: &Connection,
    place: MediaPlace,
    length: Duration,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO clip (incident, arrival, place, length_ms)
             SELECT incident, id, ?2, ?3 FROM arrival WHERE id = ?1",
        )?
        .execute(params![
            place.arrival.0,
            place.index.unwrap_or_default(),
            i64::try_from(length.as_millis()).unwrap_or(i64::MAX),
        ])?;
    Ok(())
}
