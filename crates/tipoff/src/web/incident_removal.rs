//! Incidents that an owner removes: from the spool, from the caches of files, and from the pages that are open.

use tipoff_model::{DeviceId, IncidentId};
use tipoff_spool::{IncidentFilter, Removal, Spool, SpoolError};

use super::AppState;
use crate::runtime::blocking::blocking;
use crate::runtime::events::LiveEvent;

/// Incidents that are removed in one transaction.
const STEP: u32 = 100;

/// The next incidents of a device to remove, of those before one where it is given, and where those behind them begin.
pub(crate) async fn next_of_device(
    spool: &dyn Spool,
    device: DeviceId,
    before: Option<IncidentId>,
) -> Result<(Vec<IncidentId>, Option<IncidentId>), SpoolError> {
    let filter =
        IncidentFilter { device: Some(device), silent: true, before, ..IncidentFilter::default() };
    let lines = spool.incidents(&filter, STEP).await?;
    let ids: Vec<IncidentId> = lines.iter().map(|line| line.id).collect();
    let behind = ids.last().copied().filter(|_| ids.len() >= STEP as usize);
    Ok((ids, behind))
}

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
