//! For those who watch the program: is it well, and how much does it do.

use std::time::Duration;

use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::State;
use crate::observe::Format;
use crate::shutdown::Phase;
use crate::supervise::Supervisor;
use tipoff_spool::{IncidentFilter, Spool};

/// `200 ok` while the spool answers, else `503`.
pub(super) async fn healthz(Shared(state): Shared<State>) -> Response {
    match spool_answers(&*state.spool).await {
        true => "ok\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the spool does not answer\n").into_response(),
    }
}

/// A small question, because it is asked often.
async fn spool_answers(spool: &dyn Spool) -> bool {
    let asked = spool.incidents(&IncidentFilter::default(), 1).await;
    if let Err(error) = &asked {
        tracing::error!(%error, "The spool does not answer.");
    }
    asked.is_ok()
}

/// How long the spool's writer may take: it writes what waits before.
const WRITER_TIME: Duration = Duration::from_secs(5);

async fn spool_writes(spool: &dyn Spool) -> bool {
    match tokio::time::timeout(WRITER_TIME, spool.check_writer()).await {
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

/// `200 ready` while what devices send can be stored and delivered: every task runs, the spool answers and
/// writes, there is room for more, and the program is not about to end. Else `503` with what is missing.
pub(super) async fn readyz(Shared(state): Shared<State>) -> Response {
    let min_free = state.retention.load().min_free;
    match missing(&state.supervisor, &*state.spool, min_free).await {
        None => "ready\n".into_response(),
        Some(Missing { what, .. }) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("{what}\n")).into_response()
        }
    }
}

/// What is missing for work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    /// In words.
    pub(crate) what: String,
    /// Whether it may be mended by starting the program again: a full disk is not.
    pub(crate) restart_mends: bool,
}

impl Missing {
    fn mended_by_restart(what: impl Into<String>) -> Option<Self> {
        Some(Self { what: what.into(), restart_mends: true })
    }

    fn lasting(what: impl Into<String>) -> Option<Self> {
        Some(Self { what: what.into(), restart_mends: false })
    }
}

/// What is missing for work; nothing, if all is there.
pub(crate) async fn missing(
    supervisor: &Supervisor,
    spool: &dyn Spool,
    min_free: u64,
) -> Option<Missing> {
    if supervisor.shutdown().phase() != Phase::Running {
        return Missing::lasting("it is stopping");
    }
    let down = supervisor.down();
    if !down.is_empty() {
        return Missing::mended_by_restart(format!("not running: {}", down.join(", ")));
    }
    if !spool_answers(spool).await {
        return Missing::mended_by_restart("the spool does not answer");
    }
    let room = match spool.blobs().free_bytes() {
        Ok(free) if free >= min_free => None,
        Ok(_) => Missing::lasting("the disk is full: less than retention.min_free is left"),
        Err(_) => Missing::lasting("the disk does not tell how much is free"),
    };
    if !spool_writes(spool).await {
        let what = "the spool cannot store anything";
        // On a full disk it is the disk's fault.
        return if room.is_none() {
            Missing::mended_by_restart(what)
        } else {
            Missing::lasting(what)
        };
    }
    room
}

/// The metrics, in the format that is accepted.
pub(super) async fn metrics(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    let accept = headers.get_all(header::ACCEPT).into_iter().filter_map(|it| it.to_str().ok());
    let accept = accept.collect::<Vec<_>>().join(",");
    let accept = headers.contains_key(header::ACCEPT).then_some(accept.as_str());
    let format = Format::accepted(accept);
    let Ok(stats) = state.spool.stats().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match state.metrics.render(&stats, format) {
        Ok(text) => ([(header::CONTENT_TYPE, format.content_type())], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::observe::Metrics;
    use crate::shutdown;
    use crate::testing::Stand;

    #[tokio::test]
    async fn it_is_not_ready_while_a_task_is_down_the_disk_is_full_or_it_stops() {
        let stand = Stand::new("");
        let (trigger, shutdown) = shutdown::channel();
        let supervisor = Supervisor::new(shutdown, Arc::new(Metrics::new()));
        let missing = async |min_free| {
            missing(&supervisor, &*stand.spool, min_free).await.map(|missing| missing.what)
        };
        assert_eq!(missing(0).await, None);
        let full = missing(u64::MAX).await.unwrap();
        assert!(full.starts_with("the disk is full"), "{full}");
        supervisor.spawn("channel phone", || async { panic!("on purpose") });
        let down = loop {
            match missing(0).await {
                None => tokio::task::yield_now().await,
                Some(down) => break down,
            }
        };
        assert_eq!(down, "not running: channel phone");
        trigger.enter(Phase::Ending);
        assert_eq!(missing(0).await.unwrap(), "it is stopping");
    }
}
