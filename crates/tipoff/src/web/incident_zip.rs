//! One or several incidents as a zip file: all original mails and files, and the facts as JSON.
//!
//! It is written while it is sent, so neither memory nor disk needs space for it. Files are stored without compression:
//! pictures and videos do not shrink.

use std::io::{self, Write};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tipoff_model::{AlertMedia, Timestamp};
use tipoff_spool::{Blobs, IncidentDetail};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::AppState;
use super::incident_files::{self, IncidentFile};
use super::incident_types::IncidentFull;
use super::media::disposition;
use super::problem::Problem;
use super::reader_language::text;
use super::streaming_body::{Pipe, streaming_body};

/// Maximum size of the files of several incidents together, in bytes.
const BYTES_MAX: u64 = 4_000_000_000;

/// An incident in the zip.
struct ZipIncident {
    /// The folder of its files, with a slash; empty if it is the only incident.
    folder: String,
    began_at: Timestamp,
    /// `incident.json`.
    facts: Vec<u8>,
    items: Vec<ZipItem>,
}

/// A file in the zip.
struct ZipItem {
    /// Its path, and the time that it has in the zip.
    file: IncidentFile,
    /// Where its bytes are.
    media: AlertMedia,
}

/// Sends it as a zip (PKWARE's APPNOTE 6.3): files as they are, for pictures and videos do not shrink.
pub(super) async fn send(state: &AppState, detail: &IncidentDetail) -> Result<Response, Problem> {
    let incident = read(state, detail, String::new()).await?;
    Ok(respond(state, &format!("incident-{}.zip", detail.line.id), vec![incident]))
}

/// Sends several incidents as a zip, each in a folder of its own.
pub(super) async fn send_all(
    state: &AppState,
    details: &[IncidentDetail],
) -> Result<Response, Problem> {
    let bytes: u64 =
        details.iter().flat_map(|detail| &detail.arrivals).map(|it| it.blob.size).sum();
    if bytes > BYTES_MAX {
        let detail = text("problem-incident-zip-too-large");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    let clock = &state.modes.rules.now().clock;
    let mut incidents = Vec::new();
    for detail in details {
        incidents.push(read(state, detail, incident_files::folder(&detail.line, clock)).await?);
    }
    Ok(respond(state, "incidents.zip", incidents))
}

async fn read(
    state: &AppState,
    detail: &IncidentDetail,
    folder: String,
) -> Result<ZipIncident, Problem> {
    let mut items = Vec::new();
    for file in incident_files::files(&folder, detail) {
        if let Some(media) = state.spool.media(file.place).await? {
            items.push(ZipItem { file, media });
        }
    }
    let unwritten = |error| {
        tracing::error!(%error, "Could not describe an incident.");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text("problem-incident-not-described"))
    };
    let facts = serde_json::to_vec_pretty(&IncidentFull::from(detail)).map_err(unwritten)?;
    Ok(ZipIncident { folder, began_at: detail.line.began_at, facts, items })
}

fn respond(state: &AppState, name: &str, incidents: Vec<ZipIncident>) -> Response {
    let blobs = state.spool.blobs().clone();
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(false, name)),
    ];
    (headers, streaming_body(move |pipe| pack(pipe, &blobs, &incidents))).into_response()
}

/// Writes the zip. The facts of each incident come before its files, so that a download that broke off still has them.
fn pack(pipe: &mut Pipe, blobs: &Blobs, incidents: &[ZipIncident]) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(pipe);
    for ZipIncident { folder, began_at, facts, items } in incidents {
        let name = format!("{folder}incident.json");
        zip.start_file(name, options(*began_at, facts.len() as u64))?;
        zip.write_all(facts)?;
        for ZipItem { file, media } in items {
            zip.start_file(&*file.path, options(file.received_at, media.media.size))?;
            io::copy(&mut blobs.read(&media.blob, &media.media)?, &mut zip)?;
        }
    }
    zip.finish()?;
    Ok(())
}

/// Sizes from 4 GB on need the large format (APPNOTE, section 4.3.9.2).
pub(crate) fn options(time: Timestamp, size: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(dos_time(time).unwrap_or_default())
        .large_file(size >= u64::from(u32::MAX))
}

/// A zip has times without a zone: they are in UTC.
fn dos_time(time: Timestamp) -> Option<DateTime> {
    let time = jiff::Timestamp::from_millisecond(time.as_ms()).ok()?;
    let time = time.to_zoned_datetime(jiff::tz::TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).ok();
    DateTime::from_date_and_time(
        time.year().try_into().ok()?,
        part(time.month())?,
        part(time.day())?,
        part(time.hour())?,
        part(time.minute())?,
        part(time.second())?,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_kept_to_two_seconds() {
        let time: jiff::Timestamp = "2026-11-24T13:14:16Z".parse().unwrap();
        let time = dos_time(Timestamp::from_ms(time.as_millisecond())).unwrap();
        assert_eq!((time.year(), time.month(), time.day()), (2026, 11, 24));
        assert_eq!((time.hour(), time.minute(), time.second()), (13, 14, 16));
        assert_eq!(dos_time(Timestamp::from_ms(0)), None, "a zip begins in 1980");
    }
}
