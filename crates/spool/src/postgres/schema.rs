//! The tables, and how an older shared spool becomes a newer one while other nodes use it.
//!
//! A migration only adds: a node of the version before serves beside one of the new version. One that cannot be so
//! raises the oldest version that may open the spool. A migration, once released, is never changed.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::PostgresDatabase;
use super::statement::Session;
use crate::sql::statement::{Lock, Sql, params};
use crate::{Result, SpoolError};

/// The tables that this program makes and uses.
pub(super) const CURRENT: Schema =
    Schema { migrations: &[Migration { version: 1, oldest_user: 1, sql: include_str!("v1.sql") }] };

/// How long a migration waits for a table that a transaction of another node uses, before it lets go of all that it has
/// and begins again. Shorter than `deadlock_timeout` (1 s): no transaction of a device is ended for a migration, and none
/// waits behind it for long.
const LOCK_MAX: &str = "SET LOCAL lock_timeout = '200ms'";
/// How long a migration begins again.
const MIGRATION_MAX: Duration = Duration::from_secs(30);
/// Before it does.
const MIGRATION_PAUSE: Duration = Duration::from_millis(200);

/// Brings the spool of `database` to the newest version of `schema`, while other nodes use it.
///
/// # Errors
/// As [`Schema::migrate`]; [`SpoolError::Conflict`] if a long transaction uses a table that is to be changed.
pub(super) async fn migrate(database: &PostgresDatabase, schema: &'static Schema) -> Result<()> {
    let deadline = Instant::now() + MIGRATION_MAX;
    loop {
        match database.transaction(|session| schema.migrate(session)).await {
            Err(SpoolError::Conflict(_)) if Instant::now() < deadline => {
                sleep(MIGRATION_PAUSE).await;
            }
            done => return done,
        }
    }
}

/// A step to a newer version.
pub(super) struct Migration {
    /// The version that the spool has after it.
    version: i64,
    /// The oldest version of the program that can use the spool from then on: the one before, if it only adds.
    oldest_user: i64,
    /// Its statements.
    sql: &'static str,
}

/// The versions of the tables that a program knows.
pub(super) struct Schema {
    /// In the order of their versions, which begin with 1.
    migrations: &'static [Migration],
}

impl Schema {
    /// The version that the program makes.
    fn newest(&self) -> i64 {
        self.migrations.last().map_or(0, |migration| migration.version)
    }

    /// Brings the spool to the newest version, in the transaction of `session`. Another node that starts waits until it
    /// is done; nodes that run go on.
    ///
    /// # Errors
    /// [`SpoolError::Newer`] if only newer programs can use the spool; if the database fails.
    fn migrate(&self, session: &Session) -> Result<()> {
        let sql: &dyn Sql = session;
        sql.lock(Lock::Opening)?;
        session.batch(
            "CREATE TABLE IF NOT EXISTS schema_version (
                 version BIGINT PRIMARY KEY,
                 -- The oldest program that can use the spool from then on.
                 oldest_user BIGINT NOT NULL
             )",
        )?;
        let (found, oldest_user) = version(sql)?;
        self.check(found, oldest_user)?;
        for migration in self.migrations.iter().filter(|migration| migration.version > found) {
            session.batch(LOCK_MAX)?;
            session.batch(migration.sql)?;
            let note = "INSERT INTO schema_version (version, oldest_user) VALUES (?1, ?2)";
            sql.execute(note, params![migration.version, migration.oldest_user])?;
        }
        Ok(())
    }

    /// Whether a spool can be looked at: it has the tables that the program knows.
    ///
    /// # Errors
    /// If there is none yet, an older one, or one that only newer programs can use.
    pub(super) fn is_current(&self, session: &Session) -> Result<()> {
        let sql: &dyn Sql = session;
        let exists = "SELECT to_regclass('schema_version') IS NOT NULL";
        if !sql.one(exists, params![], |row| row.get::<bool>(0))? {
            return Err(SpoolError::Empty("the database".to_owned()));
        }
        let (found, oldest_user) = version(sql)?;
        self.check(found, oldest_user)?;
        match found < self.newest() {
            true => Err(SpoolError::Database("its spool is of an earlier version".to_owned())),
            false => Ok(()),
        }
    }

    fn check(&self, found: i64, oldest_user: i64) -> Result<()> {
        match oldest_user > self.newest() {
            true => Err(SpoolError::Newer { found, known: self.newest() }),
            false => Ok(()),
        }
    }
}

/// The version of a spool, and the oldest version of the program that can use it. 0: it has no tables.
fn version(sql: &dyn Sql) -> Result<(i64, i64)> {
    let select =
        "SELECT coalesce(max(version), 0), coalesce(max(oldest_user), 0) FROM schema_version";
    sql.one(select, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

#[cfg(test)]
mod tests;
