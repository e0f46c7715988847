//! The size of the database file: what is freed in it goes back to the disk.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::SqliteDatabase;
use super::connection::connect;
use crate::folder_lock::FolderLock;
use crate::sql::shares;
use crate::sql::spool::SqlSpool;
use crate::{Result, SpoolError, Usage};

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

/// To rewrite a database, its size must be free on the disk so many times: for the copy, and for the log.
const COMPACT_PART: u64 = 2;

/// What a database took before it was rewritten and takes since, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Before.
    pub before: u64,
    /// Since.
    pub after: u64,
}

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

impl SqlSpool<SqliteDatabase> {
    /// Bytes that the incidents of a spool take, also while a Tipoff runs on it. Creates and changes nothing. `None` if it cannot be
    /// read, or is of another version.
    pub fn usage_of(folder: &Path) -> Option<Usage> {
        let path = folder.join("spool.db");
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        shares::usage(&connection).ok()
    }

    /// Rewrites the database so that it takes no more than it holds, and gives back what it frees from then on.
    ///
    /// # Errors
    /// A Tipoff receives on the folder, it holds no spool, or the disk has not twice the size of the database free.
    /// Nothing is lost then.
    pub fn compact(folder: &Path) -> Result<Compacted> {
        let path = folder.join("spool.db");
        let file_error = |error: std::io::Error| SpoolError::File(error.to_string());
        if !path.exists() {
            return Err(SpoolError::Empty(format!("the data folder {}", folder.display())));
        }
        let _lock = FolderLock::take(folder)?;
        let before = path.metadata().map_err(file_error)?.len();
        let disk = rustix::fs::statvfs(folder).map_err(|error| file_error(error.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < before.saturating_mul(COMPACT_PART) {
            return Err(SpoolError::File(format!(
                "the database has {before} bytes, and to rewrite it twice as many must be free: there are {free}"
            )));
        }
        let connection = connect(&path, OpenFlags::default())?;
        connection.pragma_update(None, "auto_vacuum", INCREMENTAL)?;
        connection.execute_batch("VACUUM")?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(Compacted { before, after: path.metadata().map_err(file_error)?.len() })
    }
}

/// See [`crate::sql::database::Database::give_back`].
pub(super) async fn give_back(database: &SqliteDatabase) -> Result<u64> {
    loop {
        let before = database.writer.run(free_pages).await?;
        if before <= SPARE_PAGES {
            return free_bytes(database).await;
        }
        let left = database.writer.run(|connection| {
            let mut give_back =
                connection.prepare_cached(&format!("PRAGMA incremental_vacuum({STEP_PAGES})"))?;
            let mut rows = give_back.query([])?;
            while rows.next()?.is_some() {}
            free_pages(connection)
        });
        // One that was made without it frees nothing.
        if left.await? >= before {
            return free_bytes(database).await;
        }
    }
}

async fn free_bytes(database: &SqliteDatabase) -> Result<u64> {
    let read = |connection: &Connection| {
        Ok(u64::try_from(free_pages(connection)?).unwrap_or(0) * page_bytes(connection)?)
    };
    database.readers.run(read).await
}

/// See [`crate::sql::database::Database::bytes`].
pub(super) async fn bytes(database: &SqliteDatabase) -> Result<u64> {
    let log = database.readers.path.with_extension("db-wal");
    let read = move |connection: &Connection| {
        let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let used = u64::try_from(pages - free_pages(connection)?).unwrap_or(0);
        let log = log.metadata().map_or(0, |file| file.len());
        Ok(used * page_bytes(connection)? + log)
    };
    database.readers.run(read).await
}

fn free_pages(connection: &Connection) -> Result<i64> {
    Ok(connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?)
}

fn page_bytes(connection: &Connection) -> Result<u64> {
    let bytes: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::contract;
    use crate::sqlite::SqliteSpool;

    #[test]
    fn a_large_database_of_an_earlier_version_shrinks_when_it_is_rewritten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert!(SqliteSpool::compact(folder).is_err(), "there is none");
        let path = folder.join("spool.db");
        let old = connect(&path, OpenFlags::default()).unwrap();
        let fill = "CREATE TABLE filler (bytes BLOB);
            WITH RECURSIVE piece (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM piece WHERE n < 80)
            INSERT INTO filler SELECT zeroblob(1000000) FROM piece;
            DELETE FROM filler;";
        old.execute_batch(fill).unwrap();
        drop(old);
        let open = || SqliteSpool::open(folder, Arc::new(contract::Plain)).unwrap();
        let spool = open();
        assert!(matches!(SqliteSpool::compact(folder), Err(SpoolError::Locked(_))));
        drop(spool);
        let large = path.metadata().unwrap().len();
        assert!(large > REWRITTEN_BYTES_MAX, "the start leaves it as it is: {large}");
        let compacted = SqliteSpool::compact(folder).unwrap();
        assert!(compacted.before == large && compacted.after < 1_000_000, "{compacted:?}");
        assert_eq!(path.metadata().unwrap().len(), compacted.after);
        let connection = connect(&path, OpenFlags::default()).unwrap();
        let mode: i64 =
            connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0)).unwrap();
        assert_eq!(mode, INCREMENTAL);
        drop(connection);
        drop(open());
    }
}
