//! The end of the program: in steps, within the time that service managers give.

use std::time::Duration;

use crate::runtime::shutdown::{Phase, Trigger};
use crate::service_manager;
use crate::services::Services;

/// After SIGTERM, transfers in progress have this long to finish …
const GRACE: Duration = Duration::from_secs(8);
/// … this long to store what has arrived …
const GRACE_OVER: Duration = Duration::from_secs(1);
/// … and then the last transcripts are written: 10 s in all.
const GRACE_TRANSCRIPTS: Duration = Duration::from_secs(1);

/// Lets work in progress finish. Work that takes too long only stores what has arrived.
pub(super) async fn end(trigger: &Trigger, services: &Services) {
    let tasks = services.supervisor.tasks();
    tracing::info!("Stopping; transfers and deliveries in progress may finish.");
    service_manager::stopping();
    trigger.enter(Phase::Ending);
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        trigger.enter(Phase::Over);
        let _ = tokio::time::timeout(GRACE_OVER, tasks.wait()).await;
    }
    let last = async { tokio::join!(services.transcripts.flush(), services.leases.leave()) };
    if tokio::time::timeout(GRACE_TRANSCRIPTS, last).await.is_err() {
        tracing::warn!("The last session transcripts could not be stored in time.");
    }
}
