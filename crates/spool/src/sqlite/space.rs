//! The size of the database: what is freed in it goes back to the disk.

use std::path::Path;

use rusqlite::Connection;

use super::SqliteSpool;
use crate::Result;

/// The log is cut to this after it was written into the database, in bytes (SQLite: `journal_size_limit`).
const LOG_BYTES_MAX: i64 = 16 * 1024 * 1024;
/// An older spool of at most so many bytes is written anew at the start, so that it can give back what it frees.
/// Larger ones would hold up the start; they use again what they free, and do not shrink.
const REWRITTEN_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Pages given back in one transaction: it takes a few milliseconds.
const STEP_PAGES: u32 = 256;
/// Free pages that are kept for what comes next.
const SPARE_PAGES: i64 = 1024;
/// `PRAGMA auto_vacuum`: free pages are given back when asked.
const INCREMENTAL: i64 = 2;

/// Makes a new database, or a small old one, able to give back what it frees.
pub(super) fn prepare(connection: &Connection, path: &Path) -> Result<()> {
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    let mode: i64 = connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0))?;
    let size = path.metadata().map_or(u64::MAX, |file| file.len());
    if mode == INCREMENTAL || size > REWRITTEN_BYTES_MAX {
        return Ok(());
    }
    connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
    // Without it a database with tables stays as it is. On a full disk it fails, and nothing is lost.
    if let Err(error) = connection.execute_batch("VACUUM") {
        tracing::info!(%error, "The database does not give back what it frees.");
    }
    Ok(())
}

impl SqliteSpool {
    pub(super) async fn give_back_freed(&self) -> Result<u64> {
        loop {
            let before = self.writer.run(free_pages).await?;
            if before <= SPARE_PAGES {
                return self.free_bytes().await;
            }
            let left = self.writer.run(|connection| {
                let mut give_back = connection
                    .prepare_cached(&format!("PRAGMA incremental_vacuum({STEP_PAGES})"))?;
                let mut rows = give_back.query([])?;
                while rows.next()?.is_some() {}
                free_pages(connection)
            });
            // One that was made without it frees nothing.
            if left.await? >= before {
                return self.free_bytes().await;
            }
        }
    }

    async fn free_bytes(&self) -> Result<u64> {
        self.read(|connection| {
            Ok(u64::try_from(free_pages(connection)?).unwrap_or(0) * page_bytes(connection)?)
        })
        .await
    }

    pub(super) async fn measure_database(&self) -> Result<u64> {
        let log = self.readers.path.with_extension("db-wal");
        self.read(move |connection| {
            let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
            let used = u64::try_from(pages - free_pages(connection)?).unwrap_or(0);
            let log = log.metadata().map_or(0, |file| file.len());
            Ok(used * page_bytes(connection)? + log)
        })
        .await
    }
}

fn free_pages(connection: &Connection) -> Result<i64> {
    Ok(connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?)
}

fn page_bytes(connection: &Connection) -> Result<u64> {
    let bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}
