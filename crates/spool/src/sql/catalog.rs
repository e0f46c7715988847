//! What an engine knows of its tables, for whoever copies them all. Statements begin with a comment because they may read all
//! of the history, as no other statement may.

use super::statement::Sql;
use crate::Result;

/// What differs between engines when all rows are copied.
pub(crate) trait Catalog: Send + Sync {
    /// The names of all tables, without parts of others.
    ///
    /// # Errors
    /// If the database fails.
    #[cfg(test)]
    fn tables(&self, sql: &dyn Sql) -> Result<Vec<String>>;

    /// The columns of a table, in their order.
    ///
    /// # Errors
    /// If the database fails.
    fn columns(&self, sql: &dyn Sql, table: &str) -> Result<Vec<String>>;

    /// The columns of a table's primary key, in the order of the key.
    ///
    /// # Errors
    /// If the database fails.
    fn key(&self, sql: &dyn Sql, table: &str) -> Result<Vec<String>>;

    /// About how many rows a table has.
    ///
    /// # Errors
    /// If the database fails.
    fn about_rows(&self, sql: &dyn Sql, table: &str) -> Result<i64>;

    /// Prepares the target, which is empty: triggers do nothing until [`Catalog::end`].
    ///
    /// # Errors
    /// If the database fails.
    fn begin(&self, sql: &dyn Sql, tables: &[&str]) -> Result<()>;

    /// Removes all rows of an unfinished copy.
    ///
    /// # Errors
    /// If the database fails.
    fn empty(&self, sql: &dyn Sql, tables: &[&str]) -> Result<()>;

    /// The next row of a table with numbers gets a larger one than `last`.
    ///
    /// # Errors
    /// If the database fails.
    fn set_last_number(&self, sql: &dyn Sql, table: &str, last: i64) -> Result<()>;

    /// Triggers work again.
    ///
    /// # Errors
    /// If the database fails.
    fn end(&self, sql: &dyn Sql, tables: &[&str]) -> Result<()>;
}

/// A name as a statement takes it, whatever words the engine reserves.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
