//! Connections to the database file.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::sql::spool::lock;
use crate::{Result, SpoolError};

/// How long one connection waits for another process (`tipoff incidents retry`) to commit.
const BUSY_MAX: Duration = Duration::from_secs(10);
/// Prepared statements that a connection keeps. Storing an arrival takes about 50, an attempt and a session ten more: with
/// fewer than are in turn, each would be prepared anew.
const STATEMENTS_MAX: usize = 128;
/// Connections kept for reading; more are opened while all are in use.
const IDLE_READERS_MAX: usize = 4;
/// How much of the file each of them keeps in memory.
const READER_CACHE_KIB: i32 = 512;

/// Connections for reading; WAL lets them read while the writer writes.
pub(super) struct Readers {
    pub(super) path: std::path::PathBuf,
    pub(super) idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Reads on a thread for blocking work.
    pub(super) async fn run<T, R>(self: &Arc<Self>, read: R) -> Result<T>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let readers = Arc::clone(self);
        tokio::task::spawn_blocking(move || readers.with(read))
            .await
            .map_err(|_| SpoolError::Closed)?
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let answer = read(&connection);
        // One whose file or disk has failed may fail for ever.
        if matches!(answer, Err(SpoolError::Database(_) | SpoolError::File(_))) {
            return answer;
        }
        let mut idle = lock(&self.idle);
        if idle.len() < IDLE_READERS_MAX {
            idle.push(connection);
        }
        answer
    }
}

pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_MAX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Plans do not depend on bound values. Otherwise SQLite prepares a statement that compares a column of no index
    // with a parameter anew at each use (sqlite3_bind: `expmask`): three of them for each mail.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
        // The system keeps the pages anyway.
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    } else {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // NORMAL would not sync each commit: invariant 1 needs FULL.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
    }
    Ok(connection)
}
