//! The shared engine as the source or the target of a copy (`crate::copy`).

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::schema::{self, CURRENT};
use super::{PostgresConfig, PostgresDatabase};
use crate::core::leases::DEAD_AFTER;
use crate::sql::catalog::{Catalog, quoted};
use crate::sql::database::Database;
use crate::sql::statement::{Sql, params};
use crate::{Result, SpoolError};

/// Connections of a copy: it does one thing at a time.
const CONNECTIONS: usize = 2;
/// How long a copy waits until other connections of a Tipoff have ended: those of one that was stopped a moment ago.
const IN_USE_MAX: Duration = Duration::from_secs(5);
/// Between two looks.
const IN_USE_PAUSE: Duration = Duration::from_millis(200);
/// From so many rows on a table is not counted: PostgreSQL's own estimate is near enough.
const COUNTED_MAX: i64 = 100_000;

/// The database of `config`. Makes the tables if it `is_target`.
///
/// # Errors
/// [`SpoolError::InUse`] if a Tipoff uses it; if it is no target and holds no spool of this version; if the database
/// fails.
pub(crate) async fn open(config: &PostgresConfig, is_target: bool) -> Result<PostgresDatabase> {
    let config = PostgresConfig { connections: CONNECTIONS, ..config.clone() };
    let database = PostgresDatabase::on(&config)?;
    let deadline = Instant::now() + IN_USE_MAX;
    while let Some(client) = database.read(other_client).await? {
        if Instant::now() > deadline {
            return Err(SpoolError::InUse(client));
        }
        sleep(IN_USE_PAUSE).await;
    }
    check_nodes(&database).await?;
    match is_target {
        true => schema::migrate(&database, &CURRENT).await?,
        false => database.transaction(|session| CURRENT.is_current(session)).await?,
    }
    Ok(database)
}

/// Makes sure that no node lives, also if it is cut off for the moment or is behind a pool of connections. The rows of dead
/// nodes stay until another node removes them.
///
/// # Errors
/// [`SpoolError::InUse`] if one counts its beats; if the database fails.
async fn check_nodes(database: &PostgresDatabase) -> Result<()> {
    let before = database.read(nodes).await?;
    if before.is_empty() {
        return Ok(());
    }
    sleep(DEAD_AFTER).await;
    let now = database.read(nodes).await?;
    match now.into_iter().find(|node| !before.contains(node)) {
        Some((_, name, _)) => Err(SpoolError::InUse(name)),
        None => Ok(()),
    }
}

/// The run, the name and the beats of each node. None if the spool has no tables yet.
fn nodes(sql: &dyn Sql) -> Result<Vec<(String, String, i64)>> {
    let exists = "SELECT to_regclass('node') IS NOT NULL";
    if !sql.one(exists, params![], |row| row.get::<bool>(0))? {
        return Ok(Vec::new());
    }
    let select = "SELECT run, name, beat FROM node";
    sql.rows(select, params![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// Another client that calls itself as this one does, as all nodes of a configuration do; where it is.
fn other_client(sql: &dyn Sql) -> Result<Option<String>> {
    let select = "SELECT coalesce(host(client_addr), 'the server itself') FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND backend_type = 'client backend'
           AND application_name = current_setting('application_name')
         LIMIT 1";
    sql.row(select, params![], |row| row.get(0))
}

/// See [`Catalog`].
pub(crate) struct PostgresCatalog;

impl Catalog for PostgresCatalog {
    #[cfg(test)]
    fn tables(&self, sql: &dyn Sql) -> Result<Vec<String>> {
        let select = "SELECT relname::text FROM pg_class
             WHERE relnamespace = current_schema()::regnamespace
               AND relkind IN ('r', 'p') AND NOT relispartition
             ORDER BY relname";
        sql.rows(select, params![], |row| row.get(0))
    }

    fn columns(&self, sql: &dyn Sql, table: &str) -> Result<Vec<String>> {
        let select = "SELECT attname::text FROM pg_attribute
             WHERE attrelid = to_regclass(?1) AND attnum > 0 AND NOT attisdropped
             ORDER BY attnum";
        sql.rows(select, params![quoted(table)], |row| row.get(0))
    }

    fn key(&self, sql: &dyn Sql, table: &str) -> Result<Vec<String>> {
        let select = "SELECT attname::text
             FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
             WHERE indrelid = to_regclass(?1) AND indisprimary
             ORDER BY array_position(CAST(indkey AS SMALLINT[]), attnum)";
        sql.rows(select, params![quoted(table)], |row| row.get(0))
    }

    fn about_rows(&self, sql: &dyn Sql, table: &str) -> Result<i64> {
        let estimate = "SELECT CAST(reltuples AS BIGINT) FROM pg_class WHERE oid = to_regclass(?1)";
        let rows = sql.row(estimate, params![quoted(table)], |row| row.get(0))?.unwrap_or(0);
        if rows > COUNTED_MAX {
            return Ok(rows);
        }
        let first = format!(
            "/* copy */ SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {COUNTED_MAX}) AS first",
            quoted(table)
        );
        sql.one(&first, params![], |row| row.get(0))
    }

    fn begin(&self, sql: &dyn Sql, tables: &[&str]) -> Result<()> {
        alter_triggers(sql, tables, "DISABLE")
    }

    fn empty(&self, sql: &dyn Sql, tables: &[&str]) -> Result<()> {
        let own = ["device_words"];
        let names: Vec<String> = tables.iter().chain(&own).map(|table| quoted(table)).collect();
        sql.change(&format!("/* copy */ TRUNCATE {}", names.join(", ")), params![])
    }

    fn set_last_number(&self, sql: &dyn Sql, table: &str, last: i64) -> Result<()> {
        if last > 0 {
            let set = "SELECT setval(pg_get_serial_sequence(?1, 'id'), ?2)";
            sql.one(set, params![quoted(table), last], |_| Ok(()))?;
        }
        Ok(())
    }

    fn end(&self, sql: &dyn Sql, tables: &[&str]) -> Result<()> {
        alter_triggers(sql, tables, "ENABLE")?;
        let fill = "/* copy */ INSERT INTO device_words (device, words)
            SELECT id, lower(coalesce(label, name)) FROM device
            ON CONFLICT (device) DO UPDATE SET words = excluded.words";
        sql.change(fill, params![])
    }
}

/// Whoever owns a table may disable its triggers, but not those that check references.
fn alter_triggers(sql: &dyn Sql, tables: &[&str], how: &str) -> Result<()> {
    for table in tables {
        let alter = format!("/* copy */ ALTER TABLE {} {how} TRIGGER USER", quoted(table));
        sql.change(&alter, params![])?;
    }
    Ok(())
}
