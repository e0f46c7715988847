//! No statement reads a table that grows with the history from its first to its last row. All statements that the
//! contract runs are noted, and their plans looked at: those for any values, of a planner that reads a table as a whole
//! only if it has no index for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use tipoff_testkit::postgres::Database;
use tokio_postgres::types::Type;

use crate::sql::spool::lock;

/// Statements with the types of their values.
static STATEMENTS: Mutex<BTreeMap<String, Vec<Type>>> = Mutex::new(BTreeMap::new());

/// Notes a statement that is run. A copy of the spool reads everything, and changes what has no plan.
pub(super) fn note(statement: &str, types: &[Type]) {
    if statement.starts_with("/* copy */") {
        return;
    }
    let words: Vec<&str> = statement.split_whitespace().collect();
    lock(&STATEMENTS).insert(words.join(" "), types.to_vec());
}

/// Texts are found by these indexes wherever they are sought by their pieces.
const TEXT_INDEXES: &[&str] =
    &["Bitmap Index Scan on words_index", "Bitmap Index Scan on device_words_index"];

/// Tables that grow with the history.
const HISTORY: &[&str] = &[
    "arrival",
    "attempt",
    "clip",
    "delivery",
    "delivery_arrival",
    "incident",
    "known_media",
    "mark",
    "path_bytes",
    "words",
];

/// Indexes of a bounded part of a table: what is locked, torn, pending or a summary.
const BOUNDED_INDEXES: &[&str] = &[
    "delivery_newest",
    "delivery_pending",
    "delivery_summary",
    "delivery_turns",
    "incident_locked",
    "known_media_torn",
];

/// The beginnings of statements that may begin at an end of a table, because they stop soon.
const ALLOWED: &[&str] = &[
    "SELECT arrival.id, received_at, blob, arrival.bytes, mail_digest",
    "SELECT began_at FROM incident ORDER BY id LIMIT 1",
    "SELECT received_at FROM arrival ORDER BY id DESC LIMIT 1",
];

/// A small history: a planner that knows an empty one takes any index.
const FILL: &str = "
    INSERT INTO device (key, name) SELECT 'plan' || n, 'plan' || n FROM generate_series(1, 500) AS n;
    CREATE TEMPORARY TABLE new AS SELECT 1000000 + n AS id, (SELECT max(id) FROM device) - n % 500 AS device
        FROM generate_series(1, 10000) AS n;
    INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
        SELECT id, device, 'motion', '', id, id FROM new;
    INSERT INTO arrival (id, incident, received_at, torn, event, blob, bytes, envelope, content)
        SELECT id, id, id, 0, 'motion', 'plan' || id, 1, '{}', '{}' FROM new;
    INSERT INTO words (incident, arrival, words) SELECT id, id, 'motion ' || id FROM new;
    INSERT INTO delivery (id, incident, channel, kind, state, created_at, due_at, ended_at)
        SELECT id, id, 'phone', 'first', 'delivered', id, id, id FROM new;
    INSERT INTO delivery_arrival (delivery, arrival) SELECT id, id FROM new;
    INSERT INTO path_bytes (arrival, path) SELECT id, 'x' FROM new;
    INSERT INTO clip (incident, arrival, place, length_ms) SELECT id, id, 0, 1 FROM new;
    INSERT INTO known_media (device, digest, incident, torn)
        SELECT device, CAST(CAST(id AS TEXT) AS BYTEA), id, 0 FROM new;
    INSERT INTO attempt (delivery, number, at, took_ms) SELECT id, 1, id, 1 FROM new;
    ANALYZE";

/// Statements of one call of psql.
const CHUNK: usize = 25;

/// The plan of each statement.
fn plans(database: &Database<'_>) -> Vec<(String, String)> {
    let statements: Vec<(String, Vec<Type>)> = lock(&STATEMENTS).clone().into_iter().collect();
    assert!(statements.len() > 100, "{}", statements.len());
    database.run(FILL).unwrap();
    statements.chunks(CHUNK).flat_map(|chunk| plans_of(database, chunk)).collect()
}

fn plans_of(database: &Database<'_>, statements: &[(String, Vec<Type>)]) -> Vec<(String, String)> {
    let mut script =
        "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan;".to_owned();
    for (number, (statement, types)) in statements.iter().enumerate() {
        let (names, nulls): (Vec<&str>, Vec<&str>) =
            types.iter().map(|kind| (kind.name(), "NULL")).unzip();
        let list = |items: Vec<&str>| match items.is_empty() {
            true => String::new(),
            false => format!("({})", items.join(", ")),
        };
        let (names, nulls) = (list(names), list(nulls));
        let explain = format!("EXPLAIN (COSTS OFF) EXECUTE s{number} {nulls}");
        write!(script, "PREPARE s{number} {names} AS {statement}; SELECT '---'; {explain};")
            .unwrap();
    }
    let answer = database.run(&script).unwrap();
    let plans = answer.split("---\n").skip(1).map(str::to_owned);
    statements.iter().map(|(statement, _)| statement.clone()).zip(plans).collect()
}

/// What a plan reads from the first to the last row of the history.
fn scans(plan: &str) -> Vec<String> {
    let lines: Vec<&str> = plan.lines().collect();
    let mut scans = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let node = line.trim_start_matches([' ', '-', '>']);
        let Some((_, table)) = node.split_once(" on ") else { continue };
        let is_history = table.split(' ').next().is_some_and(|table| HISTORY.contains(&table));
        let index = node.split_once(" using ").and_then(|(_, rest)| rest.split(' ').next());
        let is_bounded = index.is_some_and(|index| BOUNDED_INDEXES.contains(&index));
        // What an index is asked for stands below its node.
        let has_condition = lines.get(number + 1).is_some_and(|next| next.contains("Index Cond"));
        let is_scan = node.starts_with("Seq Scan") || index.is_some() && !has_condition;
        if is_history && is_scan && !is_bounded {
            scans.push(node.to_owned());
        }
    }
    scans
}

/// Whether a plan finds texts in another way than by their pieces.
fn misses_text_index((statement, plan): &(String, String)) -> bool {
    statement.contains("text_pieces(") && !TEXT_INDEXES.iter().any(|index| plan.contains(index))
}

/// Fails if a noted statement reads all of the history, or all words.
pub(super) fn check(database: &Database<'_>) {
    let plans = plans(database);
    let by_pieces = plans.iter().filter(|(statement, _)| statement.contains("text_pieces("));
    assert!(
        by_pieces.count() >= 6,
        "the contract searches in blocks, in all, in both orders, and for devices"
    );
    let missed: Vec<_> = plans.iter().filter(|plan| misses_text_index(plan)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
    let faults: Vec<String> = plans
        .iter()
        .filter(|(statement, _)| !ALLOWED.iter().any(|start| statement.starts_with(start)))
        .map(|(statement, plan)| (statement, scans(plan)))
        .filter(|(_, scans)| !scans.is_empty())
        .map(|(statement, scans)| format!("{}:\n    {statement}", scans.join("; ")))
        .collect();
    assert!(faults.is_empty(), "{} statements:\n{}", faults.len(), faults.join("\n"));
}
