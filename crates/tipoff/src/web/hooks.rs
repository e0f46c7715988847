//! Requests that services make to us, for the channel in their path. The channel checks that they are
//! from the service; nothing is believed before that.

use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tipoff_channels::{HookFault, HookRequest};

use super::AppState;
use super::extract::Path;

/// The largest request, in bytes. Telegram's updates are of a few kilobytes.
const BODY_BYTES_MAX: usize = 1 << 20;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/hooks/{channel}", post(receive))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

async fn receive(
    State(state): State<AppState>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let text = |value: &axum::http::HeaderValue| value.to_str().map(str::to_owned).ok();
    let pair = |(name, value): (&axum::http::HeaderName, _)| {
        Some((name.as_str().to_owned(), text(value)?))
    };
    let headers = headers.iter().filter_map(pair).collect();
    let request = HookRequest { headers, body: body.to_vec(), at: SystemTime::now() };
    match state.dispatch.receive(&channel, request).await {
        Some(Ok(())) => StatusCode::OK,
        Some(Err(HookFault::Forbidden)) => StatusCode::FORBIDDEN,
        Some(Err(HookFault::Unreadable)) => StatusCode::BAD_REQUEST,
        Some(Err(HookFault::Later)) => StatusCode::SERVICE_UNAVAILABLE,
        None => StatusCode::NOT_FOUND,
    }
}
