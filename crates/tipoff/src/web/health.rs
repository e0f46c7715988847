//! Health, readiness and metrics, for monitoring.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::AppState;
use crate::nodes::LeaseFigures;
use crate::readiness::{self, Missing};
use crate::runtime::telemetry::Format;

/// `200 ok` while the spool answers, else `503`.
pub(super) async fn healthz(State(state): State<AppState>) -> Response {
    answer(state.health.unanswered(&state.spool).await, "ok\n")
}

/// `200 ready` while what devices send can be stored and delivered: every task runs, the spool answers and
/// writes, there is room for more, and the program is not about to end. Else `503` with what is missing.
pub(super) async fn readyz(State(state): State<AppState>) -> Response {
    let AppState { supervisor, spool, health, disk, .. } = &state;
    answer(readiness::missing(supervisor, spool, disk, health).await, "ready\n")
}

/// `200` with `well`, or `503` with what is missing.
fn answer(missing: Option<Missing>, well: &'static str) -> Response {
    match missing {
        None => well.into_response(),
        Some(Missing { what, .. }) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{what}\n")).into_response()
        }
    }
}

/// The metrics, in the format that is accepted.
pub(super) async fn metrics(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let accept = headers.get_all(header::ACCEPT).into_iter().filter_map(|it| it.to_str().ok());
    let accept = accept.collect::<Vec<_>>().join(",");
    let accept = headers.contains_key(header::ACCEPT).then_some(accept.as_str());
    let format = Format::accepted(accept);
    let Ok(stats) = state.spool.stats().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    if let Some(LeaseFigures { channels, tasks, nodes, .. }) = state.health.leases.figures() {
        state.metrics.node(channels, tasks, nodes);
    }
    if let Some(connections) = state.spool.connections() {
        state.metrics.connections(connections);
    }
    state.metrics.cameras(&state.pulls.counts());
    state.metrics.lag(&stats.due_since, state.clock.now());
    match state.metrics.render(&stats, format) {
        Ok(text) => ([(header::CONTENT_TYPE, format.content_type())], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
