//! Requests that services send to us, for the channel in their path.
//!
//! The channel checks that a request is from its service; nothing is believed before that. A press of a button becomes an
//! action (`actions.rs`), which writes the entry of the audit log.

use std::time::UNIX_EPOCH;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{MethodRouter, post};
use tipoff_channels::{HookFault, HookRequest};
use tipoff_model::Timestamp;

use super::AppState;
use super::extract::Path;

/// Maximum size of a request, in bytes. An update of Telegram has a few kilobytes.
const BODY_BYTES_MAX: usize = 1 << 20;

pub(super) fn route() -> MethodRouter<AppState> {
    post(receive).layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Passes a request to its channel. The status tells the service whether to send it again.
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
    let at = UNIX_EPOCH + state.clock.now().since(Timestamp::from_ms(0));
    let request = HookRequest { headers, body: body.to_vec(), at };
    match state.dispatch.receive(&channel, request).await {
        Some(Ok(())) => StatusCode::OK,
        Some(Err(HookFault::Forbidden)) => StatusCode::FORBIDDEN,
        Some(Err(HookFault::Unreadable)) => StatusCode::BAD_REQUEST,
        Some(Err(HookFault::Later)) => StatusCode::SERVICE_UNAVAILABLE,
        None => StatusCode::NOT_FOUND,
    }
}
