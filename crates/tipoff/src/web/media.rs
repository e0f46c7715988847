//! A stored file, by a signed link.

use std::io::Read;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, stream};
use tipoff_model::{AlertMedia, ArrivalId, MediaPlace};
use tipoff_spool::Blobs;
use tokio::sync::mpsc;

use super::State;
use super::links::parse_file_part;

/// Pieces on their way between the disk and the reader: this many of this size.
const PIECES: usize = 4;
const PIECE_BYTES: usize = 32 * 1024;

/// The types that a browser may show as themselves; everything else is saved, so that a page that
/// a device sent never runs on our address.
const SHOWN: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"];

/// The file of this link.
pub(super) async fn media(
    Shared(state): Shared<State>,
    Path((arrival, file, signature, _name)): Path<(i64, String, String, String)>,
    headers: axum::http::HeaderMap,
) -> Response {
    let Some(index) = parse_file_part(&file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let place = MediaPlace { arrival: ArrivalId(arrival), index };
    if !state.links.is_signed(place, &signature) {
        return (StatusCode::FORBIDDEN, "this link is not one of ours\n").into_response();
    }
    match state.spool.media(place).await {
        Ok(Some(media)) => send(state.spool.blobs().clone(), media, &headers, false),
        Ok(None) => (StatusCode::GONE, "this file is no longer kept\n").into_response(),
        Err(error) => {
            tracing::error!(%error, "A linked file cannot be found.");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

pub(super) fn send(
    blobs: Blobs,
    media: AlertMedia,
    _headers: &axum::http::HeaderMap,
    download: bool,
) -> Response {
    let shown = SHOWN.iter().find(|kind| **kind == media.media.content_type);
    let disposition = if shown.is_some() && !download { "inline" } else { "attachment" };
    let headers = [
        (header::CONTENT_TYPE, (*shown.unwrap_or(&"application/octet-stream")).to_owned()),
        (header::CONTENT_LENGTH, media.media.size.to_string()),
        (header::CONTENT_DISPOSITION, disposition.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "private, max-age=86400".to_owned()),
    ];
    (headers, Body::from_stream(pieces(blobs, media))).into_response()
}

/// Reads on a thread that may block, no faster than the other side takes it.
fn pieces(blobs: Blobs, media: AlertMedia) -> impl Stream<Item = std::io::Result<Bytes>> {
    let (pieces_tx, pieces_rx) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        let mut reader = match blobs.read(&media.blob, &media.media) {
            Ok(reader) => reader,
            Err(error) => return drop(pieces_tx.blocking_send(Err(error))),
        };
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let sent = match reader.read(&mut piece) {
                Ok(0) => return,
                Ok(count) => pieces_tx.blocking_send(Ok(Bytes::copy_from_slice(
                    piece.get(..count).unwrap_or_default(),
                ))),
                Err(error) => return drop(pieces_tx.blocking_send(Err(error))),
            };
            if sent.is_err() {
                return;
            }
        }
    });
    stream::unfold(pieces_rx, |mut pieces_rx| async move {
        pieces_rx.recv().await.map(|piece| (piece, pieces_rx))
    })
}
