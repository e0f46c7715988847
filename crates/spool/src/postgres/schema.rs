//! The tables, and how an older shared spool becomes a newer one while other nodes use it.
//!
//! A migration only adds: a node of the version before serves beside one of the new version. One that cannot be so
//! raises the oldest version that may open the spool. A migration, once released, is never changed.

use super::statement::Session;
use crate::sql::statement::{Lock, Sql, params};
use crate::{Result, SpoolError};

/// The migrations, by version.
const MIGRATIONS: &[(i64, &str)] = &[(NEWEST, include_str!("v1.sql"))];
/// The version that this program makes.
const NEWEST: i64 = 1;
/// The oldest version of the program that can use a spool of the newest version.
const OLDEST_USER: i64 = 1;

/// Brings the spool to the newest version, in the transaction of `session`. Another node waits until it is done.
///
/// # Errors
/// [`SpoolError::Newer`] if only newer programs can use the spool; if the database fails.
pub(super) fn migrate(session: &Session) -> Result<()> {
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
    check(found, oldest_user)?;
    for (version, migration) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        session.batch(migration)?;
        let note = "INSERT INTO schema_version (version, oldest_user) VALUES (?1, ?2)";
        sql.execute(note, params![*version, OLDEST_USER])?;
    }
    Ok(())
}

/// Whether a spool can be looked at: it has the tables that this program knows.
///
/// # Errors
/// If there is none yet, an older one, or one that only newer programs can use.
pub(super) fn is_current(session: &Session) -> Result<()> {
    let sql: &dyn Sql = session;
    let exists = "SELECT to_regclass('schema_version') IS NOT NULL";
    if !sql.one(exists, params![], |row| row.get::<bool>(0))? {
        return Err(SpoolError::Database("it holds no spool yet".to_owned()));
    }
    let (found, oldest_user) = version(sql)?;
    check(found, oldest_user)?;
    match found < NEWEST {
        true => Err(SpoolError::Database("its spool is of an earlier version".to_owned())),
        false => Ok(()),
    }
}

/// The version of a spool, and the oldest version of the program that can use it. 0: it has no tables.
fn version(sql: &dyn Sql) -> Result<(i64, i64)> {
    let select =
        "SELECT coalesce(max(version), 0), coalesce(max(oldest_user), 0) FROM schema_version";
    sql.one(select, params![], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn check(found: i64, oldest_user: i64) -> Result<()> {
    match oldest_user > NEWEST {
        true => Err(SpoolError::Newer { found, known: NEWEST }),
        false => Ok(()),
    }
}
