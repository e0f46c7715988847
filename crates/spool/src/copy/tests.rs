use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt as _;
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use tipoff_model::DeliveryState;
use tipoff_testkit::postgres::{Database, Server};

use super::*;
use crate::contract::{self, NOW, Plain};
use crate::{
    CONNECTIONS, Engine, IncidentFilter, Incidents, PostgresConfig, Spool, SqliteSpool, open,
    open_beside,
};

pub(super) fn embedded(folder: &Path) -> SpoolConfig {
    SpoolConfig { folder: folder.to_owned(), engine: Engine::Embedded, bucket: None }
}

pub(super) fn shared(folder: &Path, database: &Database<'_>) -> SpoolConfig {
    let url = database.url().to_owned();
    let engine = Engine::Postgres(PostgresConfig { url, ca: None, connections: CONNECTIONS });
    SpoolConfig { folder: folder.to_owned(), engine, bucket: None }
}

/// A row for every table, with the values that engines treat differently.
const ROWS: &str = "
    INSERT INTO meta (key, value) VALUES ('empty', ''), ('long', 'é€𝄞' || char(10) || '''\"?1$1');
    UPDATE device SET merged_into = 3 WHERE id = 1;
    UPDATE device SET recorder = 2, label = 'Ärger', password = 'x', user_name = 'u' WHERE id = 3;
    INSERT INTO heard VALUES ('10.0.0.1', 'smtp', '', 1, 5), ('10.0.0.1', 'ftp', 'b' || char(0), 1, 6),
        ('Z', 'smtp', 'a', 2, -1), ('a', 'smtp', 'é', 2, 9223372036854775807);
    INSERT INTO clip VALUES (1, 1, 0, 1500);
    INSERT INTO known_media VALUES (1, x'00', 1, 1), (1, x'ff00', 1, 0);
    INSERT INTO last_error VALUES ('other', 3, 'no');
    INSERT INTO paused VALUES ('hook');
    INSERT INTO choice VALUES ('mode', 'away', 7);
    INSERT INTO session (id, protocol, peer, began_at, ended_at, device, outcome, failed, arrivals, lines)
        VALUES (7, 'smtp', '10.0.0.1', 1, 2, 1, 'x', 0, '[1]', '[\"EHLO' || char(0) || '\"]');
    INSERT INTO torn_mail VALUES (1, 1, 3);
    INSERT INTO path_bytes VALUES (1, x'fffe00');
    INSERT INTO expects_folders VALUES ('tree', 4);
    INSERT INTO account (id, name, role, created_at, totp) VALUES (4, 'Owner', 'owner', 1, x'0102');
    INSERT INTO recovery_code VALUES (4, x'');
    INSERT INTO login (digest, account, created_at, seen_at, address, browser)
        VALUES (x'aa', 4, 1, 2, '', 'b');
    INSERT INTO token (id, name, digest, created_at, maker) VALUES (9, 't', x'bb', 1, 4);
    DELETE FROM token;
    INSERT INTO token (name, digest, created_at, maker) VALUES ('t', x'bb', 1, NULL);
    INSERT INTO share_link (incident, made_by, created_at, expires_at) VALUES (1, 'me', 1, 2);
    INSERT INTO mark (reader, incident, seen, starred) VALUES ('account/4', 1, 1, 0);
    INSERT INTO push_subscription (id, reader, browser, endpoint, p256dh, auth, origin, devices, events, created_at)
        VALUES (2, 'account/4', 'Firefox', 'https://a', 'p', 's', '', '[]', '[]', 8);
    INSERT INTO audit (at, actor_kind, actor, what, object, detail, count)
        VALUES (1, 'user', 'me', 'lock', '1', '', 1);
";

/// A spool of the embedded engine in which every table has rows, and some numbers were given to rows that are gone.
pub(super) async fn fill(folder: &Path) {
    let spool = SqliteSpool::open(folder, Arc::new(Plain)).unwrap();
    for minute in 0..7 {
        let device = ["yard", "door", "gate"][minute % 3];
        let at = NOW.after(Duration::from_secs(60 * minute as u64));
        let mut arrival = contract::arrival(&spool, device, at);
        arrival.content.text = format!("Something moved {minute}.");
        spool.store(arrival).await.unwrap();
    }
    let late = NOW.after(Duration::from_secs(4000));
    for state in [DeliveryState::Delivered, DeliveryState::Pending, DeliveryState::Refused] {
        let due = spool.due("phone", late, 1, &[]).await.unwrap().deliveries.remove(0);
        spool.record(contract::ended(&due, state)).await.unwrap();
    }
    spool.lock(tipoff_model::IncidentId(2), "me".to_owned(), NOW).await.unwrap();
    drop(spool);
    let connection = Connection::open(folder.join("spool.db")).unwrap();
    connection.execute_batch(ROWS).unwrap();
    // Of what was removed, the number is remembered.
    connection
        .execute_batch("UPDATE sqlite_sequence SET seq = 70 WHERE name = 'incident'")
        .unwrap();
}

/// All rows of a spool of the embedded engine, by table; a text as PostgreSQL keeps it.
fn dump(folder: &Path) -> Vec<(String, Vec<Vec<Cell>>)> {
    let connection = Connection::open(folder.join("spool.db")).unwrap();
    let names = tables::names().into_iter().chain(["sqlite_sequence"]);
    let table = |name: &str| {
        let keys = copy_notes::KEYS.join("', '");
        let filter =
            if name == "meta" { format!("WHERE key NOT IN ('{keys}')") } else { String::new() };
        let mut select = connection.prepare(&format!("SELECT * FROM {name} {filter}")).unwrap();
        let columns = select.column_count();
        let rows = select.query_map([], |row| {
            (0..columns)
                .map(|column| row.get::<_, Cell>(column))
                .collect::<rusqlite::Result<Vec<_>>>()
        });
        let mut rows: Vec<Vec<Cell>> = rows.unwrap().map(Result::unwrap).collect();
        for cell in rows.iter_mut().flatten() {
            if let Cell::Text(text) = cell {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        rows.sort_by_key(|row| format!("{row:?}"));
        (name.to_owned(), rows)
    };
    names.map(table).collect()
}

pub(super) fn assert_equal(one: &Path, other: &Path) {
    for ((table, rows), (_, others)) in dump(one).into_iter().zip(dump(other)) {
        // Numbers of tables that give them by the largest row are no loss.
        assert_eq!(rows, others, "{table}");
    }
}

pub(super) async fn copy(source: &SpoolConfig, target: &SpoolConfig) -> Result<Copied> {
    run(source, target, false, 3, &mut |_| {}).await
}

/// Copies until the `last` report, and is killed there. Returns the reports; `None` if the copy was complete before.
async fn copy_and_die(
    source: &SpoolConfig,
    target: &SpoolConfig,
    last: usize,
) -> Option<Vec<CopyProgress>> {
    let reports = Mutex::new(Vec::new());
    let mut report = |progress: CopyProgress| {
        let mut reports = crate::sql::spool::lock(&reports);
        reports.push(progress);
        assert!(reports.len() < last, "killed on purpose");
    };
    let done = AssertUnwindSafe(run(source, target, false, 3, &mut report)).catch_unwind().await;
    match done {
        Ok(done) => {
            done.unwrap();
            None
        }
        Err(_) => Some(reports.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_both_engines_is_copied_or_named_and_has_the_same_columns() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let (one, other) = (folder.path().join("a"), folder.path().join("b"));
    std::fs::create_dir_all(&one).unwrap();
    let sides = [
        Side::target(&embedded(&one), "run").await.unwrap(),
        Side::target(&shared(&other, &database), "run").await.unwrap(),
    ];
    let is_named = |table: &str| {
        tables::NOT_COPIED.iter().any(|(name, _)| match name.strip_suffix('*') {
            Some(beginning) => table.starts_with(beginning),
            None => *name == table,
        })
    };
    let mut columns = Vec::new();
    for side in &sides {
        let catalog = side.catalog();
        let read = move |sql: &dyn Sql| {
            let found = catalog.tables(sql)?;
            let mut columns = Vec::new();
            for table in tables::names() {
                let mut of_table = catalog.columns(sql, table)?;
                of_table.sort_unstable();
                assert!(!catalog.key(sql, table)?.is_empty(), "{table} has no key");
                columns.push((table, of_table));
            }
            Ok((found, columns))
        };
        let (found, of_side) = side.read(read).await.unwrap();
        let names = tables::names();
        for table in &found {
            let is_copied = names.contains(&table.as_str());
            assert!(is_copied != is_named(table), "{table} is in none of the lists, or in both");
        }
        assert!(names.iter().all(|name| found.iter().any(|table| table == name)));
        columns.push(of_side);
    }
    assert_eq!(columns[0], columns[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_is_the_same_on_the_other_engine_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fill(&a).await;
    for (table, rows) in dump(&a) {
        assert!(!rows.is_empty(), "{table} has no rows: the test looks at nothing");
    }
    let there = copy(&embedded(&a), &shared(&b, &database)).await.unwrap();
    let back = copy(&shared(&b, &database), &embedded(&c)).await.unwrap();
    assert_eq!(there, back);
    assert_eq!((there.files, there.bytes, there.missing), (7, 63, 0));
    assert!(!there.shares_files && there.rows > 60, "{there:?}");
    assert_equal(&a, &c);
    // Both are spools as others are: their sums are kept, texts are found, and no number is given again.
    for config in [shared(&b, &database), embedded(&c)] {
        let spool = open(&config, Arc::new(Plain)).await.unwrap();
        let before = spool.usage().await.unwrap().bytes;
        let new = contract::arrival(&*spool, "yard", NOW.after(Duration::from_secs(9000)));
        let stored = spool.store(new).await.unwrap();
        assert_eq!((stored.incident.0, stored.arrival.0), (71, 8));
        assert!(spool.usage().await.unwrap().bytes > before);
        let text = "moved 3".to_owned();
        let filter = IncidentFilter { text, silent: true, ..IncidentFilter::default() };
        assert_eq!(spool.incidents(&filter, 9).await.unwrap().len(), 1);
        let detail = spool.incident(tipoff_model::IncidentId(3)).await.unwrap();
        let blob = spool.blobs().path(&detail.arrivals[0].blob.name).unwrap();
        assert_eq!(std::fs::read(blob).unwrap(), b"a picture");
    }
}

/// Killed after every few steps: what was copied is not copied again, and nothing opens what is incomplete.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_killed_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fill(&a).await;
    let (first, second) = (shared(&b, &database), embedded(&c));
    for (source, target) in [(embedded(&a), &first), (first.clone(), &second)] {
        let mut rows = 0;
        let mut kills = 0;
        while let Some(reports) = copy_and_die(&source, target, 1 + kills).await {
            kills += 1;
            let is_rows = |progress: &&CopyProgress| matches!(progress.stage, CopyStage::Rows(_));
            rows += reports.iter().filter(is_rows).count();
            let opened = open(target, Arc::new(Plain)).await.err();
            assert!(matches!(opened, Some(SpoolError::Unfinished)), "{opened:?}");
            let beside = open_beside(target, Arc::new(Plain)).await.err();
            assert!(matches!(beside, Some(SpoolError::Unfinished)), "{beside:?}");
        }
        assert!(kills > 5, "{kills}");
        let pages = dump(&a).iter().map(|(_, rows)| rows.len().div_ceil(3)).sum::<usize>();
        assert!(rows <= pages + 3, "{rows} pages were copied, of {pages}");
    }
    assert_equal(&a, &c);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_source_got_since_the_kill_is_in_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fill(&a).await;
    let target = shared(&b, &database);
    assert!(copy_and_die(&embedded(&a), &target, 20).await.is_some());
    let spool = SqliteSpool::open(&a, Arc::new(Plain)).unwrap();
    spool.store(contract::arrival(&spool, "yard", NOW)).await.unwrap();
    drop(spool);
    copy(&embedded(&a), &target).await.unwrap();
    copy(&target, &embedded(&c)).await.unwrap();
    assert_equal(&a, &c);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_rows_or_of_another_spool_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fill(&a).await;
    drop(SqliteSpool::open(&c, Arc::new(Plain)).unwrap());
    let refused = |done: Result<Copied>, words: &str| {
        let error = done.unwrap_err();
        assert!(matches!(error, SpoolError::Copy(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    refused(copy(&embedded(&a), &embedded(&c)).await, "not empty: its table meta has rows");
    let missing = copy(&embedded(&folder.path().join("no")), &embedded(&c)).await;
    assert!(matches!(missing, Err(SpoolError::Empty(_))), "{missing:?}");
    assert!(!folder.path().join("no").exists());
    let target = shared(&b, &database);
    assert!(copy_and_die(&embedded(&a), &target, 9).await.is_some());
    refused(copy(&embedded(&c), &target).await, "unfinished copy of another spool");
    let unfinished = copy(&target, &embedded(&folder.path().join("d"))).await;
    assert!(matches!(unfinished, Err(SpoolError::Unfinished)), "{unfinished:?}");
    copy(&embedded(&a), &target).await.unwrap();
    refused(copy(&embedded(&a), &target).await, "not empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_or_a_file_that_differs_is_named_and_the_copy_begins_anew_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fill(&a).await;
    let (source, target) = (embedded(&a), shared(&b, &database));
    let mut die_when_copied = |progress: CopyProgress| {
        assert!(!matches!(progress.stage, CopyStage::ComparingRows(_)), "killed on purpose");
    };
    let copied = run(&source, &target, false, 3, &mut die_when_copied);
    assert!(AssertUnwindSafe(copied).catch_unwind().await.is_err());
    for (change, undo, words) in [
        ("subject = 'x' WHERE id = 4", "subject = 'Motion' WHERE id = 4", "incident 4 differs"),
        ("id = 99 WHERE id = 6", "id = 6 WHERE id = 99", "is not in the copy"),
    ] {
        let update = "ALTER TABLE arrival DISABLE TRIGGER USER; UPDATE incident SET";
        let cut = "ALTER TABLE words DROP CONSTRAINT IF EXISTS words_incident_fkey;
            ALTER TABLE arrival DROP CONSTRAINT IF EXISTS arrival_incident_fkey;
            ALTER TABLE delivery DROP CONSTRAINT IF EXISTS delivery_incident_fkey;";
        database.run(&format!("{cut} {update} {change}")).unwrap();
        let error = copy(&source, &target).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        database.run(&format!("{update} {undo}")).unwrap();
    }
    let blob = database.run("SELECT blob FROM arrival WHERE id = 5").unwrap();
    std::fs::write(b.join("blobs").join(&blob), b"a pictore").unwrap();
    let error = copy(&source, &target).await.unwrap_err().to_string();
    assert_eq!(error, format!("the file {blob} differs in the copy"));
    run(&source, &target, true, 3, &mut |_| {}).await.unwrap();
}

/// A file that the source lost is no reason to lose the rest.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_the_source_lacks_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fill(&a).await;
    let connection = Connection::open(a.join("spool.db")).unwrap();
    let blob = |id: i64| -> String {
        connection
            .query_row("SELECT blob FROM arrival WHERE id = ?1", [id], |row| row.get(0))
            .unwrap()
    };
    let (gone, short) = (blob(2), blob(3));
    drop(connection);
    std::fs::remove_file(a.join("blobs").join(&gone)).unwrap();
    std::fs::write(a.join("blobs").join(&short), b"a").unwrap();
    let copied = copy(&embedded(&a), &shared(&b, &database)).await.unwrap();
    let names = [format!("{gone} of arrival 2"), format!("{short} of arrival 3")];
    assert_eq!((copied.files, copied.missing), (6, 2));
    assert_eq!(copied.missing_names, names);
    // The same folder: files stay where they are.
    let other = Server::shared().unwrap().create_database().unwrap();
    let copied = copy(&embedded(&a), &shared(&a, &other)).await.unwrap();
    assert!(copied.shares_files);
    assert_eq!((copied.missing, copied.missing_names), (2, names.to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_in_use_is_neither_source_nor_target() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fill(&a).await;
    let (file, server) = (embedded(&a), shared(&b, &database));
    let running = SqliteSpool::open(&a, Arc::new(Plain)).unwrap();
    assert!(matches!(copy(&file, &server).await, Err(SpoolError::Locked(_))));
    drop(running);
    let running = open(&server, Arc::new(Plain)).await.unwrap();
    assert!(matches!(copy(&file, &server).await, Err(SpoolError::InUse(_))));
    assert!(matches!(copy(&server, &embedded(&c)).await, Err(SpoolError::InUse(_))));
    drop(running);
    copy(&server, &embedded(&c)).await.unwrap();
}

/// A node is found by its beats, wherever its connections are; the row of a dead one is no reason to wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_beats_is_found_and_a_dead_one_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    fill(&a).await;
    let server = shared(&b, &database);
    copy(&embedded(&a), &server).await.unwrap();
    let insert = "INSERT INTO node (run, name, beat, wants) VALUES ('r', 'north', 1, '')";
    database.run(insert).unwrap();
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                database.run("UPDATE node SET beat = beat + 1").unwrap();
            }
        });
        let back = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(copy(&server, &embedded(&c)))
        });
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(matches!(&back, Err(SpoolError::InUse(name)) if name == "north"), "{back:?}");
    });
    copy(&server, &embedded(&c)).await.unwrap();
    assert_equal(&a, &c);
}

/// A Tipoff that is started on the source during a copy is noticed at the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_opened_during_the_copy_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fill(&a).await;
    let mut open_once = Some(a.clone());
    let mut report = |_| {
        if let Some(folder) = open_once.take() {
            drop(SqliteSpool::open_beside(&folder, Arc::new(Plain)).unwrap());
        }
    };
    let (source, target) = (embedded(&a), shared(&b, &database));
    let error = run(&source, &target, false, 3, &mut report).await.unwrap_err();
    assert!(error.to_string().contains("a Tipoff used the source"), "{error}");
    copy(&source, &target).await.unwrap();
}

/// Numbers of devices, of which there are few and which nobody outside names, may be the next ones in a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_spool_gives_no_number_again_that_was_given_since_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let [a, b] = ["a", "b"].map(|name| folder.path().join(name));
    fill(&a).await;
    let (file, server) = (embedded(&a), shared(&b, &database));
    copy(&file, &server).await.unwrap();
    for config in [file, server] {
        let running = open(&config, Arc::new(Plain)).await.unwrap();
        let refused = leave_out_numbers(&config).await.err();
        assert!(
            matches!(refused, Some(SpoolError::Locked(_) | SpoolError::InUse(_))),
            "{refused:?}"
        );
        drop(running);
        assert_eq!(leave_out_numbers(&config).await.unwrap(), 1_000_000_000);
        let spool = open(&config, Arc::new(Plain)).await.unwrap();
        let at = NOW.after(Duration::from_secs(9000));
        let stored = spool.store(contract::arrival(&*spool, "yard", at)).await.unwrap();
        assert_eq!((stored.incident.0, stored.arrival.0), (1_000_000_071, 1_000_000_008));
        let mut due = spool.due("phone", at, 99, &[]).await.unwrap().deliveries;
        due.sort_by_key(|due| due.alert.delivery);
        assert!(due.pop().unwrap().alert.delivery.0 > 1_000_000_000);
        assert_eq!(spool.last_session().await.unwrap(), 1_000_000_007);
    }
    assert!(leave_out_numbers(&embedded(&folder.path().join("no"))).await.is_err());
}
