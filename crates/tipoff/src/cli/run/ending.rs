//! The end of the program: in steps, within the time that service managers give.

use std::time::Duration;

use super::Ground;
use crate::runtime::shutdown::{Phase, Trigger};
use crate::service_manager;

/// After SIGTERM, whoever is in the middle of a message has this long to end it …
const GRACE: Duration = Duration::from_secs(8);
/// … this long to keep what came of it …
const GRACE_OVER: Duration = Duration::from_secs(1);
/// … and then the last transcripts are written: 10 s in all.
const GRACE_TRANSCRIPTS: Duration = Duration::from_secs(1);

/// What was begun is ended; what takes too long has only to keep what came.
pub(super) async fn end(trigger: &Trigger, ground: &Ground) {
    let tasks = ground.supervisor.tasks();
    tracing::info!("Stopping: what was begun is ended first.");
    service_manager::stopping();
    trigger.enter(Phase::Ending);
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        trigger.enter(Phase::Over);
        let _ = tokio::time::timeout(GRACE_OVER, tasks.wait()).await;
    }
    if tokio::time::timeout(GRACE_TRANSCRIPTS, ground.transcripts.flush()).await.is_err() {
        tracing::warn!("The last transcripts of sessions could not be kept in time.");
    }
}
