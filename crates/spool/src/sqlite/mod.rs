//! The embedded engine: SQLite for what is known, a folder of blobs for what was received.
//!
//! One thread writes, a few connections read. No statement of the spool is written here: those are in
//! [`crate::sql`]. Triggers of the tables (`v12.sql`) keep the sums of bytes.

mod connection;
pub(crate) mod copying;
#[cfg(test)]
mod plans;
pub(crate) mod schema;
mod space;
mod statement;
mod text_index;
mod writer;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use rusqlite::{Connection, OpenFlags};
use tipoff_model::{RuleSource, Timestamp};

use crate::error::folder_error;
use crate::folder_lock::FolderLock;
use crate::sql::database::Database;
use crate::sql::identity::random_hex;
use crate::sql::spool::{Opening, SqlSpool, file_error};
use crate::sql::statement::Sql;
use crate::sql::sweep;
use crate::{Blobs, Result, S3Settings, SpoolError, durable};
use connection::{Readers, connect};
pub use space::Compacted;
use writer::Writer;

/// The spool of one machine.
pub type SqliteSpool = SqlSpool<SqliteDatabase>;

/// The database file, with its one writer.
pub struct SqliteDatabase {
    writer: Writer,
    readers: Arc<Readers>,
    /// Held while this spool is open for receiving.
    _lock: Option<FolderLock>,
}

impl SqlSpool<SqliteDatabase> {
    /// Opens the spool in `folder` and makes it where it is missing; refuses a folder on which
    /// another Tipoff receives. The bytes of arrivals are in the folder.
    ///
    /// # Errors
    /// [`SpoolError::Locked`], [`SpoolError::Newer`], [`SpoolError::TooOld`]; if the disk or the database fails.
    pub fn open(folder: &Path, rules: Arc<dyn RuleSource>) -> Result<Self> {
        Self::open_with(folder, rules, None)
    }

    /// The same with the bytes of arrivals in a bucket, if there is one.
    ///
    /// # Errors
    /// As [`Self::open`]; if the bucket's settings are unusable.
    pub fn open_with(
        folder: &Path,
        rules: Arc<dyn RuleSource>,
        bucket: Option<&S3Settings>,
    ) -> Result<Self> {
        durable::make_private_folder(folder).map_err(|error| folder_error(&error))?;
        let lock = FolderLock::take(folder)?;
        let blobs = |run: &str| Blobs::of_spool(folder, bucket, run);
        let spool = Self::open_shared(folder, rules, Some(lock), blobs)?;
        // The names of the database and of the folder of blobs: SQLite syncs those of its own logs only.
        durable::sync_folder(folder).map_err(file_error)?;
        Ok(spool)
    }

    /// Opens the spool beside a Tipoff that may be running on it: to look, and to retry.
    ///
    /// # Errors
    /// If there is no spool in the folder, and as [`Self::open`].
    pub fn open_beside(folder: &Path, rules: Arc<dyn RuleSource>) -> Result<Self> {
        Self::open_beside_with(folder, rules, None)
    }

    /// The same with the bytes of arrivals in a bucket, if there is one.
    ///
    /// # Errors
    /// As [`Self::open_beside`]; if the bucket's settings are unusable.
    pub fn open_beside_with(
        folder: &Path,
        rules: Arc<dyn RuleSource>,
        bucket: Option<&S3Settings>,
    ) -> Result<Self> {
        if !folder.join("spool.db").try_exists().map_err(|error| folder_error(&error))? {
            return Err(SpoolError::Empty(format!("the data folder {}", folder.display())));
        }
        Self::open_shared(folder, rules, None, |run| Blobs::of_spool(folder, bucket, run))
    }

    fn open_shared(
        folder: &Path,
        rules: Arc<dyn RuleSource>,
        lock: Option<FolderLock>,
        blobs: impl FnOnce(&str) -> io::Result<Blobs>,
    ) -> Result<Self> {
        let path = folder.join("spool.db");
        let mut connection = connect(&path, OpenFlags::default())?;
        if lock.is_some() {
            space::prepare(&connection, &path)?;
        }
        schema::migrate(&mut connection)?;
        // What undoes a job of the writer stays in memory: of a job that changes more than 64 KB of pages, as most
        // uploads do, SQLite would write it to a temporary file. A migration may change too much for that.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        let now = Timestamp::from(SystemTime::now());
        // One commit for all that a start writes: an outage may leave thousands of failed deliveries.
        let transaction = connection.unchecked_transaction()?;
        let opening = Opening::read(&*transaction, lock.is_some(), now)?;
        transaction.commit()?;
        let run = format!("{:x}{}", now.0, random_hex(4)?);
        let blobs = blobs(&run).map_err(file_error)?;
        if lock.is_some() {
            blobs.remove_leftovers().map_err(file_error)?;
        }
        let journal = match lock {
            Some(_) if !blobs.are_remote() => sweep::open_journal(folder, &connection)?,
            _ => None,
        };
        let blobs = blobs.with_journal(journal);
        let (names, file) = (blobs.clone(), path.clone());
        let reopen = move || connect(&file, OpenFlags::default());
        let sync_names = move || names.sync_names().map_err(file_error);
        let index_words = |connection: &Connection| match text_index::is_due(connection)? {
            true => text_index::step(connection),
            false => Ok(()),
        };
        let database = SqliteDatabase {
            writer: Writer::start(connection, reopen, sync_names, index_words)?,
            readers: Arc::new(Readers { path, idle: Mutex::default() }),
            _lock: lock,
        };
        Ok(Self::new(database, blobs, rules, opening))
    }
}

impl Database for SqliteDatabase {
    async fn read<T, R>(&self, read: R) -> Result<T>
    where
        T: Send + 'static,
        R: FnOnce(&dyn Sql) -> Result<T> + Send + 'static,
    {
        self.readers.run(|connection| read(connection)).await
    }

    async fn write<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: Fn(&dyn Sql) -> Result<T> + Send + 'static,
    {
        self.writer.run(move |connection| work(connection)).await
    }

    async fn check<W>(&self, change: W) -> Result<()>
    where
        W: Fn(&dyn Sql) -> Result<()> + Send + 'static,
    {
        self.writer.check(move |connection| change(connection)).await
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn writer_restarts(&self) -> u64 {
        self.writer.restarts()
    }

    async fn give_back(&self) -> Result<u64> {
        space::give_back(self).await
    }

    async fn bytes(&self) -> Result<u64> {
        space::bytes(self).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Runtime;

    use super::*;
    use crate::sql::spool::lock;
    use crate::{Spool, contract};

    #[tokio::test(flavor = "multi_thread")]
    async fn the_contract_holds_and_no_statement_reads_all_of_the_history() {
        let folders = Mutex::new(Vec::new());
        contract::check(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("data");
            lock(&folders).push(folder);
            Box::new(move || Arc::new(SqliteSpool::open(&path, Arc::new(contract::Plain)).unwrap()))
        })
        .await;
        plans::check();
    }

    /// The bytes of arrivals are in objects, which all spools of one store share.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_contract_holds_with_objects() {
        let folders = Mutex::new(Vec::new());
        contract::check(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("data");
            lock(&folders).push(folder);
            let objects = Arc::new(object_store::memory::InMemory::new());
            // The suite waits for uploads on the threads of its own runtime.
            let requests: &Runtime = Box::leak(Box::new(Runtime::new().unwrap()));
            Box::new(move || {
                let _requests = requests.enter();
                durable::make_private_folder(&path).unwrap();
                let lock = FolderLock::take(&path).unwrap();
                let blobs = |run: &str| {
                    Blobs::on_client(Arc::clone(&objects) as _, &path.join("staging"), run)
                };
                let rules = Arc::new(contract::Plain);
                Arc::new(SqliteSpool::open_shared(&path, rules, Some(lock), blobs).unwrap())
            })
        })
        .await;
    }

    /// Counts how often the rules are taken.
    #[derive(Default)]
    struct Counted(std::sync::atomic::AtomicU32);

    impl RuleSource for Counted {
        fn current(&self) -> Arc<dyn tipoff_model::Planner> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Arc::new(contract::Plain)
        }
    }

    #[tokio::test]
    async fn an_arrival_is_judged_by_one_rule_set() {
        let folder = tempfile::tempdir().unwrap();
        let rules = Arc::new(Counted::default());
        let spool = SqliteSpool::open(folder.path(), Arc::clone(&rules) as _).unwrap();
        for taken in 1..=3 {
            let arrival = contract::arrival(&spool, "yard", contract::NOW);
            spool.store(arrival).await.unwrap();
            assert_eq!(rules.0.load(std::sync::atomic::Ordering::Relaxed), taken);
        }
    }

    #[tokio::test]
    async fn only_one_receives_on_a_folder_and_others_may_look() {
        let folder = tempfile::tempdir().unwrap();
        let planner = || Arc::new(contract::Plain);
        assert!(SqliteSpool::open_beside(folder.path(), planner()).is_err());
        let first = SqliteSpool::open(folder.path(), planner()).unwrap();
        let second = SqliteSpool::open(folder.path(), planner()).err();
        assert!(matches!(second, Some(SpoolError::Locked(_))));
        assert!(SqliteSpool::open_beside(folder.path(), planner()).is_ok());
        drop(first);
        assert!(SqliteSpool::open(folder.path(), planner()).is_ok());
    }

    #[test]
    fn every_commit_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("spool.db"), OpenFlags::default()).unwrap();
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        assert_eq!(pragma("synchronous"), Ok(2));
        let mode: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}
