//! No statement reads a table that grows with the history from its first to its last row. All statements that the
//! contract runs are noted, and their plans looked at.

use std::collections::BTreeSet;
use std::sync::Mutex;

use rusqlite::Connection;

use super::schema;
use crate::sql::spool::lock;

static STATEMENTS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Notes a statement that is run.
pub(super) fn note(statement: &str) {
    let words: Vec<&str> = statement.split_whitespace().collect();
    lock(&STATEMENTS).insert(words.join(" "));
}

/// Tables whose size does not grow with the history: bounded by the number of devices, channels, people or hours, or
/// by a limit of their own.
const BOUNDED: &[&str] = &[
    "audit",
    "choice",
    "device",
    "expects_folders",
    "heard",
    "hour",
    "it",
    "lease",
    "login",
    "node",
    "paused",
    "push_subscription",
    "session",
    "share",
    "share_link",
    "token",
    "torn_mail",
    "account",
    // Named parts of statements, each of which is limited.
    "CONSTANT",
    "counted",
    "found",
    "known",
    "latest",
    "next",
];

/// Indexes of a bounded part of a table: what is locked, torn or pending.
const BOUNDED_INDEXES: &[&str] = &["incident_locked", "known_media_torn"];

/// The beginnings of statements that may read a table, and why.
const ALLOWED: &[(&str, &str)] = &[
    ("/* copy */", "a copy of the spool reads everything"),
    ("SELECT arrival.id, received_at, blob, arrival.bytes, mail_digest", "the newest, by number"),
    ("SELECT began_at FROM incident ORDER BY id LIMIT 1", "the first row"),
    ("SELECT received_at FROM arrival ORDER BY id DESC LIMIT 1", "the last row"),
];

/// What a plan reads from the first to the last row.
fn scans(connection: &Connection, statement: &str) -> Vec<String> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    let mut rows = explain.raw_query();
    let mut scans = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let step: String = row.get(3).unwrap();
        let table = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
        let is_bounded = |table: &str| {
            let index = step.rsplit(' ').next().unwrap_or_default();
            table.starts_with('(') || BOUNDED.contains(&table) || BOUNDED_INDEXES.contains(&index)
        };
        if table.is_some_and(|table| !is_bounded(table)) {
            scans.push(step);
        }
    }
    scans
}

/// Fails if a noted statement reads all of the history.
pub(super) fn check() {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    let statements = lock(&STATEMENTS).clone();
    assert!(statements.len() > 100, "{}", statements.len());
    let is_allowed =
        |statement: &str| ALLOWED.iter().any(|(start, _)| statement.starts_with(start));
    let faults: Vec<String> = statements
        .iter()
        .filter(|statement| !is_allowed(statement))
        .map(|statement| (statement, scans(&connection, statement)))
        .filter(|(_, scans)| !scans.is_empty())
        .map(|(statement, scans)| format!("{}:\n    {statement}", scans.join("; ")))
        .collect();
    assert!(faults.is_empty(), "{} statements:\n{}", faults.len(), faults.join("\n"));
}
