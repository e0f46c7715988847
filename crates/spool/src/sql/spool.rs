//! The spool on a database, whichever the engine is. [`super::operations`] has what it does.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tipoff_model::RuleSource;

use super::database::Database;
use super::statement::Sql;
use crate::core::known_mails::KnownMails;
use crate::core::repeated_files::TornDevices;
use crate::core::turns::Turns;
use crate::{Blobs, Result, SpoolError};

/// The spool on a database, with its blobs. All that it keeps in memory can be read from the database again.
pub struct SqlSpool<D> {
    pub(crate) database: D,
    pub(super) blobs: Blobs,
    pub(super) identity: String,
    pub(super) rules: Arc<dyn RuleSource>,
    pub(super) torn_devices: Mutex<TornDevices>,
    /// The keys of discovered devices that somebody named.
    pub(super) named: Mutex<HashSet<String>>,
    pub(super) known_mails: Mutex<KnownMails>,
    /// Of each channel, who had the latest turns.
    pub(super) turns: Mutex<HashMap<String, Arc<Mutex<Turns>>>>,
}

/// What a spool reads from its database before it opens.
pub(crate) struct Opening {
    pub(super) identity: String,
    pub(super) remembered: Remembered,
}

/// What a spool keeps in memory of what its database holds.
pub(super) struct Remembered {
    pub(super) torn_devices: TornDevices,
    pub(super) named: HashSet<String>,
    pub(super) known_mails: KnownMails,
}

impl<D: Database> SqlSpool<D> {
    /// A spool on this database, which has its newest tables, with these blobs.
    pub(crate) fn new(
        database: D,
        blobs: Blobs,
        rules: Arc<dyn RuleSource>,
        opening: Opening,
    ) -> Self {
        let Opening { identity, remembered } = opening;
        Self {
            database,
            blobs,
            identity,
            rules,
            torn_devices: Mutex::new(remembered.torn_devices),
            named: Mutex::new(remembered.named),
            known_mails: Mutex::new(remembered.known_mails),
            turns: Mutex::default(),
        }
    }

    /// See [`Database::read`].
    pub(super) fn read<T, R>(&self, read: R) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        R: FnOnce(&dyn Sql) -> Result<T> + Send + 'static,
    {
        self.database.read(read)
    }

    /// See [`Database::write`].
    pub(super) fn write<T, W>(&self, work: W) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        W: Fn(&dyn Sql) -> Result<T> + Send + 'static,
    {
        self.database.write(work)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What is guarded here is whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn file_error(error: std::io::Error) -> SpoolError {
    SpoolError::File(error.to_string())
}
