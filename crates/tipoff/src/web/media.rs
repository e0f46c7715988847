//! Stored files and renditions as answers: signed links, ranges and `ETag`s.
//!
//! Only types that browsers show harmlessly are sent as themselves ([`SHOWN`]). Everything else is a download, because a file
//! of a device must not run as a page of ours.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tipoff_model::{AlertMedia, ArrivalId, Encoding, MediaPlace};
use tipoff_spool::Blobs;

use super::range::{self, RequestedRange};
use super::streaming_body::streaming_body;
use super::{AppState, etag};
use crate::runtime::links::{MediaLink, file_part, parse_file_part};

/// The types that a browser may show as themselves; everything else is saved, so that a page that
/// a device sent never runs on our address.
pub(super) const SHOWN: &[&str] =
    &["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/webm"];

/// The file of a signed link. The name in its path is for the reader; only the signature counts.
pub(super) async fn media(
    State(state): State<AppState>,
    Path((arrival, file, proof, _name)): Path<(i64, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(index) = parse_file_part(&file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let place = MediaPlace { arrival: ArrivalId(arrival), index };
    match state.links.media(place, &proof, state.clock.now()) {
        MediaLink::Open => {}
        MediaLink::Expired => {
            let why = "this link has expired; open the incident in the dashboard\n";
            return (StatusCode::GONE, why).into_response();
        }
        MediaLink::Foreign => {
            return (StatusCode::FORBIDDEN, "invalid link\n").into_response();
        }
    }
    match state.spool.media(place).await {
        Ok(Some(media)) => send(state.spool.blobs().clone(), media, &headers, false),
        Ok(None) => (StatusCode::GONE, "this file is no longer stored\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "Could not look up a linked file.");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// The file, or the range of it that the request wants.
pub(super) fn send(
    blobs: Blobs,
    media: AlertMedia,
    request: &HeaderMap,
    download: bool,
) -> Response {
    let (size, tag) = (media.media.size, tag_of(&media));
    let headers = headers(&media, &tag, download);
    answer(request, size, &tag, headers, move |part| read_part(&blobs, media, part))
}

/// A rendition of a video, or the range of it that the request wants.
pub(super) fn send_rendition(
    media: &AlertMedia,
    path: PathBuf,
    bytes: u64,
    request: &HeaderMap,
) -> Response {
    // A rendition that is made again later has another size.
    let tag = format!("\"{}-{}-mp4-{bytes}\"", media.place.arrival, file_part(media.place));
    let stem = media.media.name.rsplit_once('.').map_or(&*media.media.name, |(stem, _)| stem);
    let headers = file_headers("video/mp4", disposition(true, &format!("{stem}.mp4")), &tag);
    answer(request, bytes, &tag, headers, move |part| {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(part.start))?;
        Ok(file.take(part.end.saturating_sub(part.start)))
    })
}

/// Answers a conditional or range request for `size` bytes (RFC 9110, sections 13 and 14). `open` reads a range; it runs in a
/// blocking thread, after the headers are sent.
fn answer<R: Read>(
    request: &HeaderMap,
    size: u64,
    tag: &str,
    mut headers: HeaderMap,
    open: impl FnOnce(Range<u64>) -> io::Result<R> + Send + 'static,
) -> Response {
    let asked = |name| request.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if etag::is_known(request, tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    // `If-Range`: a range of a newer file does not fit to what the client has.
    let still = asked(header::IF_RANGE).is_none_or(|known| known == tag);
    let wanted = match asked(header::RANGE).filter(|_| still) {
        Some(range) => range::wanted(range, size),
        None => RequestedRange::Whole,
    };
    let mut set = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    let (status, part) = match wanted {
        RequestedRange::Nothing => {
            set(header::CONTENT_RANGE, format!("bytes */{size}"));
            return (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response();
        }
        RequestedRange::Whole => (StatusCode::OK, 0..size),
        RequestedRange::Part(part) => {
            let last = part.end.saturating_sub(1);
            set(header::CONTENT_RANGE, format!("bytes {}-{last}/{size}", part.start));
            (StatusCode::PARTIAL_CONTENT, part)
        }
    };
    set(header::CONTENT_LENGTH, (part.end - part.start).to_string());
    let body = streaming_body(move |pipe| {
        io::copy(&mut open(part)?, pipe)?;
        Ok(())
    });
    (status, headers, body).into_response()
}

/// The `ETag`. The size is part of it, because an appended upload is a different file.
fn tag_of(media: &AlertMedia) -> String {
    format!("\"{}-{}-{}\"", media.place.arrival, file_part(media.place), media.media.size)
}

/// The headers of a stored file: shown only if its type is in [`SHOWN`] and no download is requested.
fn headers(media: &AlertMedia, tag: &str, download: bool) -> HeaderMap {
    let shown = SHOWN.iter().find(|kind| **kind == media.media.content_type);
    let inline = shown.is_some() && !download;
    let kind = *shown.unwrap_or(&"application/octet-stream");
    file_headers(kind, disposition(inline, &media.media.name), tag)
}

/// The headers of every file. Files are private: only the reader's own browser may cache them, for a day.
fn file_headers(kind: &str, disposition: String, tag: &str) -> HeaderMap {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "private, max-age=86400".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, tag.to_owned()),
    ];
    let headers =
        headers.into_iter().filter_map(|(name, value)| Some((name, value.try_into().ok()?)));
    headers.collect()
}

/// `Content-Disposition` (RFC 6266): the name in ASCII for old clients, and in UTF-8. A name from a device can neither
/// end the header nor contain a folder.
pub(super) fn disposition(inline: bool, name: &str) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim_matches(['.', ' ']);
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let plain = |byte: u8| if is_plain(&byte) { char::from(byte) } else { '_' };
    let ascii: String = name.bytes().map(plain).collect();
    let encoded = |byte: u8| match is_plain(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    let whole: String = name.bytes().map(encoded).collect();
    match name.is_empty() {
        true => kind.to_owned(),
        false => format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{whole}"),
    }
}

/// A range of a file. An unencoded file is read from there on; an encoded one is decoded from its beginning.
fn read_part(
    blobs: &Blobs,
    mut media: AlertMedia,
    part: Range<u64>,
) -> io::Result<impl Read + use<>> {
    let (mut skip, length) = (part.start, part.end.saturating_sub(part.start));
    if media.media.encoding == Encoding::Identity {
        media.media.range.start = media.media.range.start.saturating_add(skip);
        skip = 0;
    }
    let mut reader = blobs.read(&media.blob, &media.media)?;
    io::copy(&mut (&mut reader).take(skip), &mut io::sink())?;
    Ok(reader.take(length))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn names_stay_in_their_place() {
        assert_eq!(disposition(true, ""), "inline");
        for (name, expected) in [
            ("a.jpg", "filename=\"a.jpg\"; filename*=UTF-8''a.jpg"),
            ("Hof 1.jpg", "filename=\"Hof_1.jpg\"; filename*=UTF-8''Hof%201.jpg"),
            ("ä.mp4", "filename=\"__.mp4\"; filename*=UTF-8''%C3%A4.mp4"),
            ("../../etc/passwd", "filename=\"passwd\"; filename*=UTF-8''passwd"),
            (
                "..\\x\"\r\nSet-Cookie: a",
                "filename=\"x___Set-Cookie__a\"; filename*=UTF-8''x%22%0D%0ASet-Cookie%3A%20a",
            ),
        ] {
            assert_eq!(disposition(false, name), format!("attachment; {expected}"), "{name}");
        }
    }
}
