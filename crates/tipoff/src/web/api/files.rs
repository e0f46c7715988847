//! Files of arrivals, whole and small.

use axum::extract::State as Shared;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tipoff_model::{ArrivalId, MediaPlace};
use utoipa::IntoParams;

use super::super::links::parse_file_part;
use super::super::problem::{Asked, Named, Problem};
use super::super::{State, media};

/// How a file is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FileQuery {
    /// If it is there, with any value: to be saved, not shown.
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
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "It has no such range"),
    ),
)]
pub(super) async fn file(
    Shared(state): Shared<State>,
    Named((arrival, file)): Named<(i64, String)>,
    Asked(query): Asked<FileQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = place(arrival, &file)?;
    let media = state.spool.media(place).await?.ok_or_else(|| Problem::not_found("file"))?;
    Ok(media::send(state.spool.blobs().clone(), media, &headers, query.download.is_some()))
}

/// A small picture of a picture or video: a JPEG of at most 480 × 360 pixels.
#[utoipa::path(
    get, path = "/api/v1/arrivals/{arrival}/files/{file}/thumbnail", tag = "files",
    params(
        ("arrival" = i64, Path, description = "The arrival's number"),
        ("file" = String, Path, description = "Its place in the arrival, from 0"),
    ),
    responses(
        (status = 200, description = "The small picture", content_type = "image/jpeg"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn thumbnail(
    Shared(state): Shared<State>,
    Named((arrival, file)): Named<(i64, String)>,
) -> Result<Response, Problem> {
    let place = place(arrival, &file)?;
    let missing = || Problem::not_found("small picture");
    let media = state.spool.media(place).await?.ok_or_else(missing)?;
    let jpeg = state.gallery.thumbnail(media).await.map_err(|error| {
        tracing::warn!(%error, "A small picture could not be kept.");
        missing()
    })?;
    let headers =
        [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "private, max-age=604800")];
    Ok((headers, jpeg.ok_or_else(missing)?).into_response())
}

fn place(arrival: i64, file: &str) -> Result<MediaPlace, Problem> {
    let index = parse_file_part(file).ok_or_else(|| Problem::not_found("file"))?;
    Ok(MediaPlace { arrival: ArrivalId(arrival), index })
}
