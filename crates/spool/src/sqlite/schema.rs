//! The tables, and how an older spool becomes a newer one. A migration, once released, is never
//! changed: a change is a new one at the end.

use rusqlite::Connection;

use crate::{Result, SpoolError};

/// Each brings a spool of the version before to its version. The first makes a new spool: no release wrote
/// an earlier version.
const MIGRATIONS: &[(i64, &str)] = &[
    (OLDEST, include_str!("v7.sql")),
    (8, include_str!("v8.sql")),
    (9, include_str!("v9.sql")),
    (10, include_str!("v10.sql")),
    (11, include_str!("v11.sql")),
    (12, include_str!("v12.sql")),
    (13, include_str!("v13.sql")),
    (14, include_str!("v14.sql")),
    (15, include_str!("v15.sql")),
    (16, include_str!("v16.sql")),
    (17, include_str!("v17.sql")),
    (18, include_str!("v18.sql")),
    (19, include_str!("v19.sql")),
    (20, include_str!("v20.sql")),
    (21, include_str!("v21.sql")),
    (NEWEST, include_str!("v22.sql")),
];

/// The oldest version of a spool that is converted.
const OLDEST: i64 = 7;
/// The version that this program reads and writes.
const NEWEST: i64 = 22;

/// Brings the spool to the newest version.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > NEWEST {
        return Err(SpoolError::Newer { found, known: NEWEST });
    }
    // A database of version 0 has no tables yet.
    if found != 0 && found < OLDEST {
        return Err(SpoolError::TooOld { found, oldest: OLDEST });
    }
    for (version, migration) in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spool as a program of this version made it.
    fn of_version(newest: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for (version, migration) in MIGRATIONS.iter().filter(|(version, _)| *version <= newest) {
            connection.execute_batch(migration).unwrap();
            connection.pragma_update(None, "user_version", version).unwrap();
        }
        connection
    }

    /// The statement of each table and index without comments, a line each, in the order in which a table's
    /// indexes were made.
    fn statements(connection: &Connection) -> String {
        let sql = "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema
            ORDER BY tbl_name, rowid";
        let mut select = connection.prepare(sql).unwrap();
        let rows = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let line = |row: rusqlite::Result<String>| {
            let row = row.unwrap();
            let lines = row.lines().map(|line| line.split("--").next().unwrap_or_default());
            let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
            let line = words.join(" ").replace(" ,", ",").replace(" )", ")").replace("( ", "(");
            line + "\n"
        };
        rows.map(line).collect()
    }

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
        assert_eq!(tables, 39);
    }

    #[test]
    fn every_version_from_the_base_on_has_one_migration() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, (OLDEST..=NEWEST).collect::<Vec<_>>());
    }

    /// The fixture holds the tables that the seven migrations before the first release made.
    #[test]
    fn the_base_has_the_tables_of_the_migrations_that_it_replaces() {
        assert_eq!(statements(&of_version(OLDEST)), include_str!("v7_tables.txt"));
    }

    #[test]
    fn a_spool_of_each_version_from_the_base_on_becomes_a_new_one() {
        let mut new = Connection::open_in_memory().unwrap();
        migrate(&mut new).unwrap();
        for &(version, _) in MIGRATIONS {
            let mut older = of_version(version);
            migrate(&mut older).unwrap();
            assert_eq!(statements(&older), statements(&new), "of version {version}");
        }
    }

    /// The one password of earlier versions, and the browser that logged in with it.
    #[test]
    fn the_password_becomes_the_first_owners() {
        let mut connection = of_version(11);
        let before = "INSERT INTO meta (key, value) VALUES ('password', 'hash');
            INSERT INTO login (print, created_at, seen_at) VALUES (x'01', 5, 6);";
        connection.execute_batch(before).unwrap();
        migrate(&mut connection).unwrap();
        let sql = "SELECT name || role || password || login.id || login.seen_at
            FROM account JOIN login ON login.account = account.id";
        let owner: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(owner, "ownerownerhash16");
        let left = "SELECT count(*) FROM meta WHERE key = 'password'";
        assert_eq!(connection.query_row(left, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    }

    #[test]
    fn the_sums_of_hours_are_kept() {
        let mut connection = of_version(17);
        let before = "INSERT INTO hour (hour, arrivals, torn, bytes, first_incident, last_incident)
            VALUES (1, 2, 3, 4, 5, 6), (7, 0, 0, 0, NULL, NULL)";
        connection.execute_batch(before).unwrap();
        migrate(&mut connection).unwrap();
        let sql = "SELECT group_concat(concat_ws(' ', hour, sum_row, arrivals, torn, bytes,
                                                 first_incident, last_incident), ', ') FROM hour";
        let after: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(after, "1 0 2 3 4 5 6, 7 0 0 0 0");
    }

    #[test]
    fn a_spool_of_a_newer_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", NEWEST + 1).unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(matches!(error, SpoolError::Newer { found: 23, known: 22 }), "{error}");
    }

    #[test]
    fn a_spool_from_before_the_first_release_is_left_alone() {
        for version in [-1, 1, OLDEST - 1] {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.pragma_update(None, "user_version", version).unwrap();
            let error = migrate(&mut connection).unwrap_err();
            assert!(
                matches!(error, SpoolError::TooOld { found, oldest: 7 } if found == version),
                "{error}"
            );
            assert_eq!(statements(&connection), "");
        }
    }
}
