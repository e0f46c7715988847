//! Blobs that no arrival names (docs/spool.md, A2): removed, but for uploads that a device may go on with.

use std::path::Path;

use rusqlite::Connection;
use tipoff_model::BlobName;

use super::{SqliteSpool, file_error};
use crate::unfinished::Journal;
use crate::{Result, SpoolError};

/// Names of blobs looked up in one query.
const ORPHANS_STEP: usize = 500;

impl SqliteSpool {
    pub(super) async fn remove_blobs(&self, names: Vec<BlobName>) {
        let blobs = self.blobs.clone();
        let removal = tokio::task::spawn_blocking(move || {
            for name in names {
                if let Err(error) = blobs.remove(&name) {
                    tracing::warn!(blob = %name, %error, "A file could not be removed.");
                }
            }
        });
        let _ = removal.await;
    }

    pub(super) async fn remove_orphans(&self) -> Result<u64> {
        let blobs = self.blobs.clone();
        let mut found = tokio::task::spawn_blocking(move || blobs.of_earlier_runs())
            .await
            .map_err(|_| SpoolError::Closed)?
            .map_err(file_error)?;
        let mut removed = 0;
        while !found.is_empty() {
            let step = found.split_off(found.len().saturating_sub(ORPHANS_STEP));
            let orphans = self.read(move |connection| unnamed(connection, step)).await?;
            removed += orphans.len() as u64;
            self.remove_blobs(orphans).await;
        }
        Ok(removed)
    }
}

/// The journal of uploads, with those that a crash cut off.
pub(super) fn open_journal(folder: &Path, connection: &Connection) -> Result<Option<Journal>> {
    // One that cannot be looked up is none.
    let is_named = |blob: &BlobName| {
        unnamed(connection, vec![blob.clone()]).map_or(true, |unnamed| unnamed.is_empty())
    };
    let (path, blobs) = (folder.join("uploads.journal"), folder.join("blobs"));
    Journal::open(&path, &blobs, is_named).map_err(file_error)
}

/// Those of the blobs that no arrival names.
fn unnamed(connection: &Connection, mut blobs: Vec<BlobName>) -> Result<Vec<BlobName>> {
    let mut named =
        connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM arrival WHERE blob = ?1)")?;
    let mut failed = None;
    blobs.retain(|blob| match named.query_row([&blob.0], |row| row.get::<_, bool>(0)) {
        Ok(named) => !named,
        Err(error) => {
            failed = Some(error);
            false
        }
    });
    failed.map_or(Ok(blobs), |error| Err(error.into()))
}
