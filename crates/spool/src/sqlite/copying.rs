//! The embedded engine as the source or the target of a copy (`crate::copy`).

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::connection::{Readers, connect};
use super::writer::Writer;
use super::{SqliteDatabase, schema, space, text_index};
use crate::Result;
use crate::sql::catalog::{Catalog, quoted};
use crate::sql::statement::{Sql, params};

/// The database file in `folder`, which the caller has locked. Triggers and references do nothing on its connections:
/// every row is copied as it is.
///
/// # Errors
/// If the spool is newer than this program, or the disk or the database fails.
pub(crate) fn open(folder: &Path) -> Result<SqliteDatabase> {
    let path = folder.join("spool.db");
    let mut connection = connect(&path, OpenFlags::default())?;
    space::prepare(&connection, &path)?;
    schema::migrate(&mut connection)?;
    drop(connection);
    let file = path.clone();
    let reopen = move || plain(&file);
    Ok(SqliteDatabase {
        writer: Writer::start(plain(&path)?, reopen, || Ok(()), |_| Ok(()))?,
        readers: Arc::new(Readers { path, idle: Mutex::default() }),
        _lock: None,
    })
}

fn plain(path: &Path) -> Result<Connection> {
    let connection = connect(path, OpenFlags::default())?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    Ok(connection)
}

/// A connection for [`index_step`].
///
/// # Errors
/// If the database fails.
pub(crate) fn index_connection(folder: &Path) -> Result<Connection> {
    connect(&folder.join("spool.db"), OpenFlags::default())
}

/// Indexes the words of the next arrivals that were copied. Returns the number of the last one; `None` if all are
/// indexed.
///
/// # Errors
/// If the database fails.
pub(crate) fn index_step(connection: &Connection) -> Result<Option<i64>> {
    if !text_index::lags(connection)? {
        return Ok(None);
    }
    text_index::step(connection)?;
    text_index::mark(connection).map(Some)
}

/// See [`Catalog`].
pub(crate) struct SqliteCatalog;

impl Catalog for SqliteCatalog {
    #[cfg(test)]
    fn tables(&self, sql: &dyn Sql) -> Result<Vec<String>> {
        let select = "/* copy */ SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        sql.rows(select, params![], |row| row.get(0))
    }

    fn columns(&self, sql: &dyn Sql, table: &str) -> Result<Vec<String>> {
        let select = "/* copy */ SELECT name FROM pragma_table_info(?1) ORDER BY cid";
        sql.rows(select, params![table], |row| row.get(0))
    }

    fn key(&self, sql: &dyn Sql, table: &str) -> Result<Vec<String>> {
        let select = "/* copy */ SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
        sql.rows(select, params![table], |row| row.get(0))
    }

    fn about_rows(&self, sql: &dyn Sql, table: &str) -> Result<i64> {
        let select = format!("/* copy */ SELECT count(*) FROM {}", quoted(table));
        sql.one(&select, params![], |row| row.get(0))
    }

    fn begin(&self, _: &dyn Sql, _: &[&str]) -> Result<()> {
        // The connection has no triggers.
        Ok(())
    }

    fn empty(&self, sql: &dyn Sql, tables: &[&str]) -> Result<()> {
        for table in tables {
            sql.change(&format!("/* copy */ DELETE FROM {}", quoted(table)), params![])?;
        }
        sql.change("INSERT INTO words_index (words_index) VALUES ('delete-all')", params![])?;
        sql.change("DELETE FROM words_dirty", params![])?;
        sql.change("UPDATE words_mark SET arrival = 0", params![])
    }

    fn set_last_number(&self, sql: &dyn Sql, table: &str, last: i64) -> Result<()> {
        // Only tables with AUTOINCREMENT remember it.
        let select = "/* copy */ SELECT instr(sql, 'AUTOINCREMENT') > 0 FROM sqlite_schema
             WHERE type = 'table' AND name = ?1";
        if sql.row(select, params![table], |row| row.get::<bool>(0))? != Some(true) {
            return Ok(());
        }
        let update = "/* copy */ UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1";
        if sql.execute(update, params![table, last])? == 0 {
            let insert = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
            sql.change(insert, params![table, last])?;
        }
        Ok(())
    }

    fn end(&self, _: &dyn Sql, _: &[&str]) -> Result<()> {
        Ok(())
    }
}
