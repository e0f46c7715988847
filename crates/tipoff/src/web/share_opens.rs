//! How often shared links were opened. Counted in memory and written at intervals, so that a visitor with a link
//! cannot cause a write for each request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::runtime::lock::lock;
use tipoff_model::Timestamp;
use tipoff_spool::{Spool, SpoolError};

/// Minimum time between two writes. Reading the list of links also writes.
const WRITE_EVERY: Duration = Duration::from_secs(10);

/// Counts that are not written yet.
#[derive(Clone, Default)]
pub(crate) struct ShareOpens(Arc<Mutex<PendingOpens>>);

/// Openings that are not written yet.
#[derive(Default)]
struct PendingOpens {
    /// Openings by the number of the link.
    counts: HashMap<i64, u64>,
    /// When they were written last.
    written: Option<Instant>,
}

impl ShareOpens {
    /// Counts an opening of an existing link, whose numbers are bounded.
    pub(super) async fn count(&self, spool: &dyn Spool, link: i64, now: Timestamp) {
        let is_due = {
            let mut pending = lock(&self.0);
            *pending.counts.entry(link).or_default() += 1;
            pending.written.is_none_or(|written| written.elapsed() >= WRITE_EVERY)
        };
        if is_due && let Err(error) = self.write(spool, now).await {
            tracing::warn!(%error, "Could not record that a shared link was opened.");
        }
    }

    /// Writes what was counted.
    pub(super) async fn write(&self, spool: &dyn Spool, now: Timestamp) -> Result<(), SpoolError> {
        let counts: Vec<(i64, u64)> = {
            let mut pending = lock(&self.0);
            pending.written = Some(Instant::now());
            pending.counts.drain().collect()
        };
        if counts.is_empty() {
            return Ok(());
        }
        spool.note_opened(counts, now).await
    }
}
