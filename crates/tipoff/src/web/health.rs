//! For those who watch the program: is it well, and how much does it do.

use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::State;
use crate::shutdown::Phase;
use tipoff_spool::IncidentFilter;

/// `200 ok` while the spool answers, else `503`.
pub(super) async fn healthz(Shared(state): Shared<State>) -> Response {
    if spool_answers(&state).await { "ok\n".into_response() } else { not(SPOOL_IS_SILENT) }
}

const SPOOL_IS_SILENT: &str = "the spool does not answer\n";

/// A small question, because it is asked often.
async fn spool_answers(state: &State) -> bool {
    let asked = state.spool.incidents(&IncidentFilter::default(), 1).await;
    if let Err(error) = &asked {
        tracing::error!(%error, "The spool does not answer.");
    }
    asked.is_ok()
}

/// How long the spool's writer may take: it writes what waits before.
const WRITER_TIME: Duration = Duration::from_secs(5);

async fn spool_writes(state: &State) -> bool {
    match tokio::time::timeout(WRITER_TIME, state.spool.check_writer()).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::error!(%error, "The spool cannot store anything.");
            false
        }
        Err(_) => {
            let seconds = WRITER_TIME.as_secs();
            tracing::error!(seconds, "The spool's writer does not answer in time.");
            false
        }
    }
}

fn not(why: &'static str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
}

/// `200 ready` while what devices send can be stored and delivered: every task runs, the spool answers and
/// writes, there is room for more, and the program is not about to end. Else `503` with what is missing.
pub(super) async fn readyz(Shared(state): Shared<State>) -> Response {
    if state.supervisor.shutdown().phase() != Phase::Running {
        return not("it is stopping\n");
    }
    let down = state.supervisor.down();
    if !down.is_empty() {
        let why = format!("not running: {}\n", down.join(", "));
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    }
    if !spool_answers(&state).await {
        return not(SPOOL_IS_SILENT);
    }
    if !spool_writes(&state).await {
        return not("the spool cannot store anything\n");
    }
    let min_free = state.retention.load().min_free;
    match state.spool.blobs().free_bytes() {
        Ok(free) if free >= min_free => "ready\n".into_response(),
        Ok(_) => not("the disk is full: less than retention.min_free is left\n"),
        Err(_) => not("the disk does not tell how much is free\n"),
    }
}

/// The OpenMetrics text format.
pub(super) async fn metrics(Shared(state): Shared<State>) -> Response {
    let Ok(stats) = state.spool.stats().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match state.metrics.render(&stats) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
