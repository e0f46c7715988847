//! Sweeps: incidents that need not be kept any longer, and blobs that no arrival names (docs/spool.md, A2), but for
//! uploads that a device may go on with.

use std::cell::RefCell;
use std::path::Path;

use tipoff_model::{BlobName, Timestamp};

use super::database::Database;
use super::resent;
use super::retention::{self, Phase};
use super::spool::SqlSpool;
use super::spool::file_error;
use super::statement::{Sql, params};
use crate::blobs::segments;
use crate::unfinished::Journal;
use crate::{Result, RetentionLimits, Swept};

/// Names of blobs looked up in one query.
const ORPHANS_STEP: usize = 500;

impl<D: Database> SqlSpool<D> {
    pub(super) async fn sweep_all(&self, keep: RetentionLimits, now: Timestamp) -> Result<Swept> {
        let mut total = Swept::default();
        self.write(move |sql| resent::forget_old(sql, now)).await?;
        let mut next = Some(Phase::FIRST);
        while let Some(phase) = next {
            let under_way = self.blobs.room.by_sender();
            let step =
                move |sql: &dyn Sql| retention::step(sql, keep, &under_way, now, phase.clone());
            let step = self.write(step).await?;
            // Only after the commit: a crash in between leaves orphans, which the next start sweeps.
            self.blobs.remove(step.blobs).await;
            if step.swept.incidents > 0 {
                total.incidents += step.swept.incidents;
                total.bytes += step.swept.bytes;
                total.undelivered += step.swept.undelivered;
                total.oldest = step.swept.oldest;
            }
            next = step.next;
        }
        self.blobs.remove(self.blobs.take_old_unfinished(now)).await;
        Ok(total)
    }

    pub(super) async fn remove_orphans(&self) -> Result<u64> {
        let mut found = self.blobs.possible_orphans().await.map_err(file_error)?;
        let mut removed = 0;
        while !found.is_empty() {
            let step = found.split_off(found.len().saturating_sub(ORPHANS_STEP));
            let orphans = self.read(move |sql| unnamed(sql, step)).await?;
            removed += orphans.len() as u64;
            self.blobs.remove(orphans).await;
        }
        Ok(removed)
    }
}

/// The journal of uploads, with those that a crash cut off.
///
/// # Errors
/// If the journal or the database cannot be read: a start without them could remove what a device goes on with.
pub(crate) fn open_journal(folder: &Path, sql: &dyn Sql) -> Result<Option<Journal>> {
    let failed = RefCell::new(None);
    // A blob that cannot be looked up stays in the journal: without its line, a sweep would remove it.
    let is_named = |blob: &BlobName| match unnamed(sql, vec![blob.clone()]) {
        Ok(unnamed) => unnamed.is_empty(),
        Err(error) => {
            failed.replace(Some(error));
            false
        }
    };
    let (path, blobs) = (folder.join("uploads.journal"), folder.join("blobs"));
    let journal = Journal::open(&path, &blobs, is_named).map_err(file_error)?;
    failed.into_inner().map_or(Ok(journal), Err)
}

/// Those of the blobs that no arrival names.
fn unnamed(sql: &dyn Sql, mut blobs: Vec<BlobName>) -> Result<Vec<BlobName>> {
    let all = "SELECT coalesce(segments, blob) FROM arrival WHERE blob = ?1";
    let mut failed = None;
    let has = |list: &BlobName, blob: &BlobName| {
        segments::segments(list).iter().any(|segment| segment.name == blob.0)
    };
    let named = |blob: &BlobName| {
        let list =
            sql.row(all, params![segments::first(&blob.0)], |row| row.get(0).map(BlobName))?;
        Ok(list.is_some_and(|list| has(&list, blob)))
    };
    blobs.retain(|blob| match named(blob) {
        Ok(named) => !named,
        Err(error) => {
            failed = Some(error);
            false
        }
    });
    failed.map_or(Ok(blobs), Err)
}
