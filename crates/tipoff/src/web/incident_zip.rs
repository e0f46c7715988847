//! One or several incidents as a zip file: all original mails and files, and the facts as JSON.
//!
//! It is written while it is sent, so neither memory nor disk needs space for it. Files are stored without compression:
//! pictures and videos do not shrink.

use std::io::{self, Write};

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tipoff_model::{AlertMedia, MediaPlace, Protocol, Timestamp};
use tipoff_spool::{ArrivalLine, Blobs, IncidentDetail};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::AppState;
use super::incident_types::IncidentFull;
use super::media::disposition;
use super::problem::Problem;
use super::reader_language::text;
use super::streaming_body::{Pipe, streaming_body};
use crate::runtime::utc::utc;

/// Maximum length of a name in the zip, in bytes: some systems take no more than 255 in a path.
const NAME_BYTES_MAX: usize = 100;

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
    name: String,
    /// Becomes the file's time in the zip.
    received_at: Timestamp,
    /// Where its bytes are.
    media: AlertMedia,
}

/// Sends it as a zip (PKWARE's APPNOTE 6.3): files as they are, for pictures and videos do not shrink.
pub(super) async fn send(state: &AppState, detail: &IncidentDetail) -> Result<Response, Problem> {
    let incident = read(state, detail, String::new()).await?;
    Ok(respond(state, &format!("incident-{}.zip", detail.line.id), vec![incident]))
}

/// Sends several incidents as a zip, each in a folder that its time, device and number name.
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
    let mut incidents = Vec::new();
    for detail in details {
        incidents.push(read(state, detail, folder(detail)).await?);
    }
    Ok(respond(state, "incidents.zip", incidents))
}

/// `2026-11-24 Front yard 17/`
fn folder(detail: &IncidentDetail) -> String {
    let date = utc(detail.line.began_at);
    let date = date.split('T').next().unwrap_or_default();
    format!("{date} {} {}/", safe(&detail.line.device), detail.line.id)
}

async fn read(
    state: &AppState,
    detail: &IncidentDetail,
    folder: String,
) -> Result<ZipIncident, Problem> {
    let mut items = Vec::new();
    for (name, received_at, place) in contents(&detail.arrivals) {
        if let Some(media) = state.spool.media(place).await? {
            items.push(ZipItem { name, received_at, media });
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

/// Each mail and each file, under a name that begins with the arrival's number: names are unique, and sort by time.
pub(crate) fn contents(
    arrivals: &[ArrivalLine],
) -> impl Iterator<Item = (String, Timestamp, MediaPlace)> + '_ {
    arrivals.iter().flat_map(|arrival| {
        let (id, at) = (arrival.id, arrival.received_at);
        let files = (0..).zip(&arrival.content.media).map(move |(index, media)| {
            let place = MediaPlace { arrival: id, index: Some(index) };
            (format!("{id}-{index}-{}", safe(&media.name)), at, place)
        });
        let extension = match arrival.envelope.protocol {
            Protocol::Smtp => Some("eml"),
            Protocol::Http => Some("http"),
            Protocol::Mqtt => Some("mqtt"),
            // An upload is its file.
            Protocol::Ftp => None,
        };
        let raw =
            |extension| (format!("{id}.{extension}"), at, MediaPlace { arrival: id, index: None });
        files.chain(extension.map(raw))
    })
}

/// A name without a path and without what some system does not take in a name, its ending kept.
pub(crate) fn safe(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let forbidden = |it: char| it.is_control() || "<>:\"|?*".contains(it);
    let name: String = name.chars().map(|it| if forbidden(it) { '_' } else { it }).collect();
    let name = name.trim_matches([' ', '.']);
    let mut ends = name.char_indices().map(|(at, _)| name.get(at..).unwrap_or_default());
    ends.find(|end| end.len() <= NAME_BYTES_MAX).unwrap_or_default().to_owned()
}

/// Writes the zip. The facts of each incident come before its files, so that a download that broke off still has them.
fn pack(pipe: &mut Pipe, blobs: &Blobs, incidents: &[ZipIncident]) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(pipe);
    for ZipIncident { folder, began_at, facts, items } in incidents {
        let name = format!("{folder}incident.json");
        zip.start_file(name, options(*began_at, facts.len() as u64))?;
        zip.write_all(facts)?;
        for ZipItem { name, received_at, media } in items {
            let name = format!("{folder}{name}");
            zip.start_file(name, options(*received_at, media.media.size))?;
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
    fn names_are_safe_on_any_system() {
        let long = "x".repeat(200);
        for (name, expected) in [
            ("Hof 1.jpg", "Hof 1.jpg"),
            ("../../etc/passwd", "passwd"),
            ("..\\boot.ini", "boot.ini"),
            ("a:b?.jpg", "a_b_.jpg"),
            ("..", ""),
            ("\u{7}ä\n.mp4", "_ä_.mp4"),
        ] {
            assert_eq!(safe(name), expected);
        }
        let name = safe(&format!("{long}ä.jpg"));
        assert!(name.ends_with("xä.jpg") && name.len() == NAME_BYTES_MAX, "{name}");
    }

    #[test]
    fn times_are_kept_to_two_seconds() {
        let time: jiff::Timestamp = "2026-11-24T13:14:16Z".parse().unwrap();
        let time = dos_time(Timestamp::from_ms(time.as_millisecond())).unwrap();
        assert_eq!((time.year(), time.month(), time.day()), (2026, 11, 24));
        assert_eq!((time.hour(), time.minute(), time.second()), (13, 14, 16));
        assert_eq!(dos_time(Timestamp::from_ms(0)), None, "a zip begins in 1980");
    }
}
