//! Files of arrivals: the original bytes, thumbnails, and videos as browsers play them.
//!
//! A file is named by its arrival and its place in it, never by a path. Originals are read from the stored blob; thumbnails
//! and renditions come from the caches of `media`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tipoff_model::{ArrivalId, MediaKind, MediaPlace};
use utoipa::{IntoParams, ToSchema};

use super::super::error_responses::NotFound;
use super::super::extract::{Path, Query};
use super::super::problem::Problem;
use super::super::reader_language::{text, texts};
use super::super::{AppState, media};
use crate::media::renditions::Rendition;
use crate::runtime::fair_queue::Owner;
use crate::runtime::links::parse_file_part;

/// How a file is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct FileQuery {
    /// With any value: the file is to be saved, not shown.
    download: Option<String>,
}

/// A file of an arrival, as it is; ranges are answered, so that videos can be sought in.
#[utoipa::path(
    get, path = "/api/v1/arrivals/{arrival}/files/{file}", tag = "files",
    params(
        ("arrival" = i64, Path, description = "The arrival's number"),
        ("file" = String, Path, description = "Its place in the arrival, from 0; `raw`: the arrival as it came"),
        FileQuery,
    ),
    responses(
        (status = 200, description = "The file", content_type = "*/*"),
        (status = 206, description = "The range that was asked for", content_type = "*/*"),
        (status = 304, description = "It is as it was when it had the tag that was given"),
        NotFound,
        (status = 416, description = "It has no such range"),
    ),
)]
pub(in super::super) async fn file(
    State(state): State<AppState>,
    Path((arrival, file)): Path<(i64, String)>,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = place(arrival, &file)?;
    let media = state.spool.media(place).await?.ok_or_else(unknown_file)?;
    Ok(media::send(state.spool.blobs().clone(), media, &headers, query.download.is_some()))
}

/// The thumbnail of a picture or video: a JPEG of at most 480 × 360 pixels.
#[utoipa::path(
    get, path = "/api/v1/arrivals/{arrival}/files/{file}/thumbnail", tag = "files",
    params(
        ("arrival" = i64, Path, description = "The arrival's number"),
        ("file" = String, Path, description = "Its place in the arrival, from 0"),
    ),
    responses(
        (status = 200, description = "The thumbnail", content_type = "image/jpeg"),
        NotFound,
    ),
)]
pub(in super::super) async fn thumbnail(
    State(state): State<AppState>,
    Path((arrival, file)): Path<(i64, String)>,
) -> Result<Response, Problem> {
    let place = place(arrival, &file)?;
    let missing = || Problem::not_found("problem-no-thumbnail");
    let media = state.spool.media(place).await?.ok_or_else(missing)?;
    let jpeg = state.thumbnails.thumbnail(media).await.map_err(|error| {
        tracing::warn!(%error, "Could not store a thumbnail.");
        missing()
    })?;
    let headers =
        [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, max-age=604800")];
    Ok((headers, jpeg.ok_or_else(missing)?).into_response())
}

/// A video as browsers play it: an MP4 with H.264. The first request starts the conversion; repeat it until
/// the video is returned. One video is converted at a time, and only while requests for it come.
#[utoipa::path(
    get, path = "/api/v1/arrivals/{arrival}/files/{file}/rendition", tag = "files",
    params(
        ("arrival" = i64, Path, description = "The arrival's number"),
        ("file" = String, Path, description = "Its place in the arrival, from 0"),
    ),
    responses(
        (status = 200, description = "The video", content_type = "video/mp4"),
        (status = 202, description = "It is being made", body = RenditionProgress),
        (status = 206, description = "The range that was asked for", content_type = "video/mp4"),
        (status = 304, description = "It is as it was when it had the tag that was given"),
        NotFound,
        (status = 416, description = "It has no such range"),
        (status = 422, description = "It cannot be made", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many are being made", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(in super::super) async fn rendition(
    State(state): State<AppState>,
    Path((arrival, file)): Path<(i64, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = place(arrival, &file)?;
    rendition_of(&state, place, &headers).await
}

/// How far a rendition is.
#[derive(Serialize, ToSchema)]
struct RenditionProgress {
    /// From 0 to 100; null while it waits for others.
    percent: Option<u8>,
}

/// The rendition of a video, or its progress. Shared incidents use it too, after they have checked the link.
pub(in super::super) async fn rendition_of(
    state: &AppState,
    place: MediaPlace,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let media = state.spool.media(place).await?.ok_or_else(unknown_file)?;
    if media.media.kind != MediaKind::Video {
        return Err(Problem::not_found("problem-no-video"));
    }
    let owner = Owner::of(&*state.spool, place.arrival).await?;
    let asked = state.renditions.ask(media.clone(), owner).await.map_err(|error| {
        tracing::warn!(%error, "Could not read the stored renditions.");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, text("problem-incident-renditions-unread"))
    })?;
    let later = [(header::RETRY_AFTER, "1")];
    Ok(match asked {
        Rendition::Ready(path, bytes) => media::send_rendition(&media, path, bytes, headers),
        Rendition::Making(percent) => {
            (StatusCode::ACCEPTED, later, Json(RenditionProgress { percent })).into_response()
        }
        Rendition::Crowded => {
            let why = text("problem-incident-renditions-many");
            (later, Problem::new(StatusCode::SERVICE_UNAVAILABLE, why)).into_response()
        }
        Rendition::None(why) => {
            let detail = why.in_words(texts());
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
    })
}

/// A 404.
pub(in super::super) fn unknown_file() -> Problem {
    Problem::not_found("problem-no-file")
}

/// The place of a file; 404 unless `file` is `raw` or a number.
fn place(arrival: i64, file: &str) -> Result<MediaPlace, Problem> {
    let index = parse_file_part(file).ok_or_else(unknown_file)?;
    Ok(MediaPlace { arrival: ArrivalId(arrival), index })
}
