//! Incidents that an owner removes: from the spool, from the caches of files, and from the pages that are open.

use tipoff_model::IncidentId;
use tipoff_spool::{Removal, SpoolError};

use super::AppState;
use crate::runtime::blocking::blocking;
use crate::runtime::events::LiveEvent;

/// Removes at most 100 incidents.
pub(super) async fn remove_incidents(
    state: &AppState,
    ids: Vec<IncidentId>,
) -> Result<Removal, SpoolError> {
    let removal = state.spool.remove_incidents(ids).await?;
    let (thumbnails, renditions) = (state.thumbnails.clone(), state.renditions.clone());
    let arrivals = removal.arrivals.clone();
    let forget = move || {
        thumbnails.forget(&arrivals);
        renditions.forget(&arrivals);
        Ok(())
    };
    if let Err(error) = blocking(forget).await {
        tracing::warn!(%error, "Thumbnails of removed incidents could not be removed.");
    }
    if !removal.removed.is_empty() {
        state.events.publish(LiveEvent::Removed { incidents: removal.removed.clone() });
    }
    Ok(removal)
}
