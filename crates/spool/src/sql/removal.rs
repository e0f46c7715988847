//! Incidents that their owner removes: see [`crate::Incidents::remove_incidents`].

use std::collections::BTreeSet;

use tipoff_model::{ArrivalId, BlobName, IncidentId};

use super::retention::{of_these, remove_rows};
use super::statement::{Lock, Sql};
use crate::core::retention::STEP_INCIDENTS;
use crate::{Removal, Result};

/// Removes the rows, and returns the files, which are removed after the commit.
pub(super) fn remove(sql: &dyn Sql, ids: &[IncidentId]) -> Result<(Removal, Vec<BlobName>)> {
    let ids: Vec<i64> = ids.iter().take(STEP_INCIDENTS as usize).map(|id| id.0).collect();
    let select = "SELECT device FROM incident WHERE id IN ";
    let devices = of_these(sql, select, &ids, |row| row.get(0))?;
    let devices: BTreeSet<i64> = devices.into_iter().collect();
    for device in &devices {
        sql.lock(Lock::Device(*device))?;
    }
    let (mut removal, chosen) = choose(sql, &ids, &devices)?;
    let select = "SELECT channel FROM delivery WHERE state = 'pending' AND incident IN ";
    removal.withdrawn = of_these(sql, select, &chosen, |row| row.get(0))?;
    let select = "SELECT id FROM arrival WHERE incident IN ";
    removal.arrivals = of_these(sql, select, &chosen, |row| row.get(0).map(ArrivalId))?;
    let (_, blobs) = remove_rows(sql, &chosen, devices)?;
    removal.removed = chosen.into_iter().map(IncidentId).collect();
    Ok((removal, blobs))
}

/// Decides which of the incidents are removed, once their devices are locked. One that was given to another device
/// meanwhile is left.
fn choose(sql: &dyn Sql, ids: &[i64], devices: &BTreeSet<i64>) -> Result<(Removal, Vec<i64>)> {
    let select = "SELECT id, device, locked_at IS NOT NULL,
            EXISTS (SELECT 1 FROM delivery WHERE delivery.incident = incident.id
                    AND kind = 'summary' AND state || '' = 'pending')
        FROM incident WHERE id IN ";
    let (mut removal, mut chosen) = (Removal::default(), Vec::new());
    of_these(sql, select, ids, |row| {
        let (id, is_locked, has_summary) = (row.get(0)?, row.get(2)?, row.get(3)?);
        match (is_locked, has_summary) {
            (true, _) => removal.locked.push(IncidentId(id)),
            (false, true) => removal.summary_pending.push(IncidentId(id)),
            (false, false) if devices.contains(&row.get(1)?) => chosen.push(id),
            (false, false) => {}
        }
        Ok(())
    })?;
    chosen.sort_unstable();
    Ok((removal, chosen))
}
