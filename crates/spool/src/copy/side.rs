//! The source or the target of a copy, whatever its engine.

use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use crate::folder_lock::FolderLock;
use crate::postgres::PostgresDatabase;
use crate::postgres::copying::{self as postgres, PostgresCatalog};
use crate::sql::catalog::Catalog;
use crate::sql::database::Database;
use crate::sql::spool::file_error;
use crate::sql::statement::Sql;
use crate::sqlite::SqliteDatabase;
use crate::sqlite::copying::{self as sqlite, SqliteCatalog};
use crate::{Blobs, Engine, Result, S3Settings, SpoolConfig, SpoolError, durable};

/// The database of one side, open for a copy.
enum Open {
    Sqlite(SqliteDatabase),
    Postgres(Box<PostgresDatabase>),
}

/// One side of a copy.
pub(super) struct Side {
    open: Open,
    folder: PathBuf,
    bucket: Option<S3Settings>,
    pub(super) blobs: Blobs,
}

impl Side {
    /// Opens the spool that is copied. The caller has locked the folders.
    ///
    /// # Errors
    /// There is none, a Tipoff uses it, or the database fails.
    pub(super) async fn source(config: &SpoolConfig, run: &str) -> Result<Self> {
        Self::open(config, run, false).await
    }

    /// Opens the target, and makes its tables.
    ///
    /// # Errors
    /// A Tipoff uses it, or the database fails.
    pub(super) async fn target(config: &SpoolConfig, run: &str) -> Result<Self> {
        Self::open(config, run, true).await
    }

    async fn open(config: &SpoolConfig, run: &str, is_target: bool) -> Result<Self> {
        let open = match &config.engine {
            Engine::Embedded => Open::Sqlite(sqlite::open(&config.folder)?),
            Engine::Postgres(database) => {
                Open::Postgres(Box::new(postgres::open(database, is_target).await?))
            }
        };
        let (folder, bucket) = (config.folder.clone(), config.bucket.clone());
        let blobs = Blobs::of_spool(&folder, bucket.as_ref(), run).map_err(file_error)?;
        durable::sync_folder(&config.folder).map_err(file_error)?;
        Ok(Self { open, folder, bucket, blobs })
    }

    /// Whether both have the same place for the bytes of arrivals.
    pub(super) fn shares_files_with(&self, other: &Self) -> bool {
        let folder = |side: &Self| side.folder.canonicalize().ok();
        match (&self.bucket, &other.bucket) {
            (Some(own), Some(others)) => own.is_same_place(others),
            (None, None) => folder(self).is_some_and(|own| folder(other) == Some(own)),
            _ => false,
        }
    }

    /// What the engine knows of its tables.
    pub(super) fn catalog(&self) -> &'static dyn Catalog {
        match self.open {
            Open::Sqlite(_) => &SqliteCatalog,
            Open::Postgres(_) => &PostgresCatalog,
        }
    }

    /// See [`Database::read`].
    pub(super) async fn read<T, R>(&self, read: R) -> Result<T>
    where
        T: Send + 'static,
        R: FnOnce(&dyn Sql) -> Result<T> + Send + 'static,
    {
        match &self.open {
            Open::Sqlite(database) => database.read(read).await,
            Open::Postgres(database) => database.read(read).await,
        }
    }

    /// See [`Database::write`].
    pub(super) async fn write<T, W>(&self, write: W) -> Result<T>
    where
        T: Send + 'static,
        W: Fn(&dyn Sql) -> Result<T> + Send + 'static,
    {
        match &self.open {
            Open::Sqlite(database) => database.write(write).await,
            Open::Postgres(database) => database.write(write).await,
        }
    }

    /// Makes the index of words of the embedded engine, and reports the number of the last indexed arrival. PostgreSQL has
    /// made its own.
    ///
    /// # Errors
    /// If the database fails.
    pub(super) async fn index_words(&self, report: &mut (dyn FnMut(i64) + Send)) -> Result<()> {
        if let Open::Postgres(_) = self.open {
            return Ok(());
        }
        let mut connection = sqlite::index_connection(&self.folder)?;
        loop {
            let step = spawn_blocking(move || {
                sqlite::index_step(&connection).map(|indexed| (connection, indexed))
            });
            let (back, indexed) = step.await.map_err(|_| SpoolError::Closed)??;
            connection = back;
            match indexed {
                Some(arrival) => report(arrival),
                None => return Ok(()),
            }
        }
    }
}

/// Makes sure that there is a file of the embedded engine to copy. A database says so itself.
///
/// # Errors
/// There is none.
pub(super) fn check_exists(config: &SpoolConfig) -> Result<()> {
    if matches!(config.engine, Engine::Embedded) && !config.folder.join("spool.db").exists() {
        return Err(SpoolError::Empty(format!("the data folder {}", config.folder.display())));
    }
    Ok(())
}

/// Locks the data folders as a running Tipoff does. Dropping them unlocks.
///
/// # Errors
/// [`SpoolError::Locked`] if a Tipoff runs on one of them.
pub(super) fn lock_folders(folders: [&Path; 2]) -> Result<Vec<FolderLock>> {
    let mut locked: Vec<PathBuf> = Vec::new();
    let mut locks = Vec::new();
    for folder in folders {
        durable::make_private_folder(folder).map_err(file_error)?;
        let folder = folder.canonicalize().map_err(file_error)?;
        if locked.contains(&folder) {
            continue;
        }
        locks.push(FolderLock::take(&folder)?);
        locked.push(folder);
    }
    Ok(locks)
}
