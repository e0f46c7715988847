//! The tables, and how an older spool becomes a newer one. A migration, once released, is never
//! changed: a change is a new one at the end.

use rusqlite::Connection;

use crate::{Result, SpoolError};

/// Each brings the spool from the version of its place to the next.
const MIGRATIONS: &[&str] = &[
    include_str!("v1.sql"),
    include_str!("v2.sql"),
    include_str!("v3.sql"),
    include_str!("v4.sql"),
    include_str!("v5.sql"),
    include_str!("v6.sql"),
    include_str!("v7.sql"),
    include_str!("v8.sql"),
    include_str!("v9.sql"),
    include_str!("v10.sql"),
    include_str!("v11.sql"),
    include_str!("v12.sql"),
    include_str!("v13.sql"),
];

/// Brings the spool to the newest version.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(SpoolError::Newer { found, known });
    }
    for (version, migration) in (1_i64..).zip(MIGRATIONS) {
        if version > found {
            let transaction = connection.transaction()?;
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_spool_gets_every_table_and_a_second_start_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let tables: i64 = connection
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(tables, 26);
    }

    /// The one password of earlier versions, and the browser that logged in with it.
    #[test]
    fn the_password_becomes_the_first_owners() {
        let mut connection = Connection::open_in_memory().unwrap();
        for migration in MIGRATIONS.iter().take(11) {
            connection.execute_batch(migration).unwrap();
        }
        connection.pragma_update(None, "user_version", 11).unwrap();
        let before = "INSERT INTO meta (key, value) VALUES ('password', 'hash');
            INSERT INTO login (print, created_at, seen_at) VALUES (x'01', 5, 6);";
        connection.execute_batch(before).unwrap();
        migrate(&mut connection).unwrap();
        let sql = "SELECT name || role || password || login.id || login.seen_at
            FROM user JOIN login ON login.user = user.id";
        let owner: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(owner, "ownerownerhash16");
        let left = "SELECT count(*) FROM meta WHERE key = 'password'";
        assert_eq!(connection.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }

    #[test]
    fn a_spool_of_a_newer_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 1000).unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(matches!(error, SpoolError::Newer { found: 1000, .. }), "{error}");
    }
}
