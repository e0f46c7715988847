//! What an engine provides: transactions, connections to read, and upkeep of its own.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::statement::Sql;
use crate::{Heard, Result, SpoolError};

/// The database of an engine.
pub trait Database: Send + Sync + 'static {
    /// Reads on a connection of its own, beside whoever writes. Statements of one `read` may see what was committed
    /// between them.
    ///
    /// # Errors
    /// Those of `read`; if there is no connection.
    fn read<T, R>(&self, read: R) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        R: FnOnce(&dyn Sql) -> Result<T> + Send + 'static;

    /// Does `work` in a transaction and returns when it is on stable storage. Work that fails leaves no trace. Jobs run one
    /// after the other: a job may check a count and then add a row. Where transactions run side by side, one that another
    /// came in the way of ([`SpoolError::Conflict`]) is undone and done again: so `work` changes nothing but rows.
    ///
    /// # Errors
    /// Those of `work`; if the transaction cannot be committed.
    fn write<T, W>(&self, work: W) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        W: Fn(&dyn Sql) -> Result<T> + Send + 'static;

    /// As [`Database::write`], for what an address or a device sends. Where transactions run side by side, those of one
    /// sender leave room for others (invariant 12).
    ///
    /// # Errors
    /// As [`Database::write`].
    fn write_for<T, W>(&self, _sender: &str, work: W) -> impl Future<Output = Result<T>> + Send
    where
        T: Send + 'static,
        W: Fn(&dyn Sql) -> Result<T> + Send + 'static,
    {
        self.write(work)
    }

    /// Whether changes can be committed now. If the last commit failed, makes `change` to see whether the next one
    /// succeeds.
    ///
    /// # Errors
    /// If it does not.
    fn check<W>(&self, change: W) -> impl Future<Output = Result<()>> + Send
    where
        W: Fn(&dyn Sql) -> Result<()> + Send + 'static;

    /// Whether other programs may work on this database at the same time, as nodes.
    fn is_shared(&self) -> bool;

    /// See [`crate::Nodes::announce`].
    fn announce(&self, _notice: String) {}

    /// See [`crate::Nodes::hear`].
    fn hear(&self) -> impl Future<Output = Heard> + Send {
        std::future::pending()
    }

    /// How often the writer broke down and was started again.
    fn writer_restarts(&self) -> u64;

    /// Gives the disk the room that was freed in the database, in steps that delay nobody. Returns the bytes that
    /// are still free in it.
    ///
    /// # Errors
    /// If the database fails.
    fn give_back(&self) -> impl Future<Output = Result<u64>> + Send;

    /// Size of the database with its log, without what is free in it, in bytes.
    ///
    /// # Errors
    /// If the database fails.
    fn bytes(&self) -> impl Future<Output = Result<u64>> + Send;
}

/// What a job returns. A panic in it is its own failure: it must not end the thread that works for everybody.
pub(crate) fn caught<T>(job: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(job))
        .unwrap_or_else(|_| Err(SpoolError::Database("a job ended unexpectedly".to_owned())))
}
