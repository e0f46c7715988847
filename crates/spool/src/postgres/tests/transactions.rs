//! Transactions that meet: none blocks another without need, and none loses an arrival.

use std::sync::Mutex;

use tipoff_model::DeliveryState;
use tipoff_testkit::postgres::{Cluster, Server};

use super::super::*;
use super::{config, two_nodes};
use crate::sql::spool::lock;
use crate::sql::statement::{Lock, Value};
use crate::{Devices, Incidents, Spool, contract};

/// What was asked ahead is asked again after a change of its table, and after a lock.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_before_a_change_or_a_lock_is_not_used() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    let (asked_tx, mut asked_rx) = tokio::sync::mpsc::channel(1);
    let (changed_tx, changed_rx) = std::sync::mpsc::channel::<()>();
    let work = move |sql: &dyn Sql| {
        let read = |sql: &dyn Sql| {
            let select = "SELECT value FROM choice WHERE what = 'mode'";
            sql.row(select, &[], |row| row.get::<String>(0))
        };
        let flush = || sql.one("SELECT 1", &[], |_| Ok(()));
        let set = "INSERT INTO choice (what, value, at) VALUES ('mode', ?1, 0)
            ON CONFLICT (what) DO UPDATE SET value = excluded.value";
        let value = |text: &'static str| [Value::Text(text.into())];
        sql.expect(&|ahead| drop(read(ahead)))?;
        flush()?;
        let _ = asked_tx.blocking_send(());
        let _ = changed_rx.recv();
        sql.lock(Lock::Opening)?;
        assert_eq!(read(sql)?.as_deref(), Some("other"), "asked after the lock");
        sql.expect(&|ahead| drop(read(ahead)))?;
        sql.change(set, &value("first"))?;
        assert_eq!(read(sql)?.as_deref(), Some("first"), "asked before it was sent");
        sql.expect(&|ahead| drop(read(ahead)))?;
        flush()?;
        sql.execute(set, &value("second"))?;
        assert_eq!(read(sql)?.as_deref(), Some("second"), "asked after the answer came");
        Ok(())
    };
    let reader = tokio::spawn(async move { a.database.write(work).await });
    asked_rx.recv().await.unwrap();
    b.choose_mode("other".to_owned(), contract::NOW).await.unwrap();
    drop(changed_tx);
    reader.await.unwrap().unwrap();
}

/// Stores an arrival in a transaction that stays open, with all its writes made, until the sender is dropped.
async fn hold(
    node: &Arc<PostgresSpool>,
    device: &str,
) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<crate::Stored>) {
    let arrival = contract::arrival(&**node, device, contract::NOW);
    let (release_tx, release_rx) = std::sync::mpsc::channel::<()>();
    let (written_tx, mut written_rx) = tokio::sync::mpsc::channel(1);
    let work = move |sql: &dyn Sql| {
        let stored = crate::sql::store::store(sql, &contract::Plain, arrival.clone(), u64::MAX)?;
        sql.one("SELECT 1", &[], |_| Ok(()))?;
        let _ = written_tx.blocking_send(());
        let _ = release_rx.recv();
        Ok(stored)
    };
    let node = Arc::clone(node);
    let held = tokio::spawn(async move { node.database.write(work).await.unwrap() });
    written_rx.recv().await.unwrap();
    (release_tx, held)
}

/// No row is written by the arrivals of all devices: a commit that waits for a standby delays no other device.
#[tokio::test(flavor = "multi_thread")]
async fn arrivals_of_two_devices_do_not_wait_for_each_other() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    for device in ["yard", "gate"] {
        a.store(contract::arrival(&*a, device, contract::NOW)).await.unwrap();
    }
    let (release, held) = hold(&a, "yard").await;
    let store = b.store(contract::arrival(&*b, "gate", contract::NOW));
    let stored = tokio::time::timeout(std::time::Duration::from_secs(10), store).await;
    stored.expect("it waits for the commit of another device").unwrap();
    assert!(!held.is_finished());
    drop(release);
    held.await.unwrap();
    let hours = a.figures(contract::NOW, contract::NOW).await.unwrap().hours;
    assert_eq!(hours.iter().map(|hour| hour.arrivals).collect::<Vec<_>>(), [4]);
}

/// An arrival that waits for the lock of its device sees what was committed meanwhile, although what it reads was sent
/// with the lock.
#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_sees_what_its_device_sent_while_it_waited() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    let minute_ago = contract::NOW.before(std::time::Duration::from_secs(60));
    a.store(contract::arrival(&*a, "yard", minute_ago)).await.unwrap();
    let (release, held) = hold(&a, "yard").await;
    let arrival = contract::arrival(&*b, "yard", contract::NOW);
    let second = tokio::spawn({
        let b = Arc::clone(&b);
        async move { b.store(arrival).await.unwrap() }
    });
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while database.run(waits).unwrap().trim() != "1" {
        assert!(!second.is_finished(), "it does not wait for its device");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    drop(release);
    let (first, second) = (held.await.unwrap(), second.await.unwrap());
    assert!(!first.joined && second.joined);
    assert_eq!(second.incident, first.incident);
    assert!(second.arrival > first.arrival);
}

/// What a device sends to several nodes at once is one device's, in one incident, and in the order of the numbers:
/// whoever saw an arrival saw all with smaller numbers. A delivery that covers up to one arrival depends on it.
#[tokio::test(flavor = "multi_thread")]
async fn arrivals_of_a_device_are_committed_in_the_order_of_their_numbers() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, nodes) = two_nodes(&database).await;
    assert_eq!(nodes[0].identity(), nodes[1].identity());
    let mut stores = tokio::task::JoinSet::new();
    for number in 0..40 {
        let node = Arc::clone(&nodes[number % 2]);
        stores.spawn(async move {
            let stored =
                node.store(contract::arrival(&*node, "yard", contract::NOW)).await.unwrap();
            let seen = node.incident(stored.incident).await.unwrap();
            let numbers: Vec<_> = seen.arrivals.iter().map(|arrival| arrival.id).collect();
            (stored, numbers)
        });
    }
    let stored = stores.join_all().await;
    let incident = stored[0].0.incident;
    let all = nodes[0].incident(incident).await.unwrap().arrivals;
    let all: Vec<_> = all.iter().map(|arrival| arrival.id).collect();
    assert_eq!(all.len(), 40);
    for (stored, seen) in stored {
        assert_eq!(stored.incident, incident);
        assert!(seen.contains(&stored.arrival));
        assert_eq!(seen, all[..seen.len()], "an earlier number came later");
    }
}

/// An arrival that another node stores while an attempt is recorded is alerted: it is a follow-up, or in the delivery.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_while_an_attempt_is_recorded_is_alerted() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    for round in 0..20 {
        let device = format!("device {round}");
        let first = a.store(contract::arrival(&*a, &device, contract::NOW)).await.unwrap();
        let due = a.due("phone", contract::NOW, 1, &[]).await.unwrap().deliveries.remove(0);
        let (stored, recorded) = tokio::join!(
            b.store(contract::arrival(&*b, &device, contract::NOW)),
            a.record(contract::ended(&due, DeliveryState::Delivered)),
        );
        recorded.unwrap();
        let stored = stored.unwrap();
        assert_eq!(stored.incident, first.incident);
        let covered = format!(
            "SELECT count(*) FROM delivery_arrival JOIN delivery ON delivery.id = delivery
             WHERE arrival = {} AND channel = 'phone' AND state = 'pending'",
            stored.arrival
        );
        assert_eq!(database.run(&covered).unwrap().trim(), "1");
    }
}

/// A commit whose answer was lost is looked up by its blob, and not stored again.
#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_whose_commit_was_not_answered_is_found() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    let new = contract::arrival(&*a, "yard", contract::NOW);
    let (blob, missing) = (new.blob.clone(), contract::arrival(&*a, "yard", contract::NOW).blob);
    let mut stored = a.store(new).await.unwrap();
    stored.channels.sort();
    assert_eq!(b.find_stored(&blob, "lost".to_owned()).await.unwrap(), stored);
    assert!(matches!(
        b.find_stored(&missing, "lost".to_owned()).await,
        Err(SpoolError::Database(_))
    ));
}

/// PostgreSQL reports a commit as done if its wait for a standby runs out of time. Such a commit could be lost with the
/// primary, so no time limit of the server ends that wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_no_standby_has_is_not_acknowledged() {
    let cluster = Cluster::open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&format!("{}&options=-c%20statement_timeout%3D1000", cluster.url()));
    let open =
        PostgresSpool::open(&config, folder.path(), Arc::new(contract::Plain), Purpose::Receive);
    let spool = Arc::new(open.await.unwrap());
    let standbys: Vec<usize> = (0..3).filter(|node| *node != cluster.primary()).collect();
    standbys.iter().for_each(|node| cluster.pause(*node).unwrap());
    let arrival = contract::arrival(&*spool, "yard", contract::NOW);
    let stored = tokio::spawn({
        let spool = Arc::clone(&spool);
        async move { spool.store(arrival).await }
    });
    let waits = "SELECT count(*) FROM pg_stat_activity
        WHERE wait_event = 'SyncRep' AND now() - query_start > interval '3 s'";
    while cluster.run(waits).unwrap().trim() != "1" {
        assert!(!stored.is_finished(), "no standby has it");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    standbys.iter().for_each(|node| cluster.resume(*node).unwrap());
    stored.await.unwrap().unwrap();
}

/// Two transactions that lock the same rows in opposite order wait for each other. The server ends one, which is done
/// again: both are stored.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_transactions_that_wait_for_each_other_both_are_done() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    database.run("INSERT INTO meta (key, value) VALUES ('left', ''), ('right', '')").unwrap();
    let both_have_one = Arc::new(std::sync::Barrier::new(2));
    let times = Arc::new(AtomicU64::new(0));
    let write = |node: &Arc<PostgresSpool>, rows: [&'static str; 2]| {
        let (both_have_one, times) = (Arc::clone(&both_have_one), Arc::clone(&times));
        let is_first = AtomicBool::new(true);
        let node = Arc::clone(node);
        async move {
            let work = move |sql: &dyn Sql| {
                times.fetch_add(1, Ordering::Relaxed);
                let append = "UPDATE meta SET value = value || 'x' WHERE key = ?1";
                sql.execute(append, &[rows[0].to_owned().into()])?;
                if is_first.swap(false, Ordering::Relaxed) {
                    both_have_one.wait();
                }
                sql.change(append, &[rows[1].to_owned().into()])
            };
            node.database.write(work).await
        }
    };
    let (left, right) = tokio::join!(write(&a, ["left", "right"]), write(&b, ["right", "left"]));
    left.unwrap();
    right.unwrap();
    assert_eq!(times.load(Ordering::Relaxed), 3, "one of them was done again");
    let values = "SELECT value FROM meta WHERE key IN ('left', 'right')";
    assert_eq!(database.run(values).unwrap().trim(), "xx\nxx");
}

/// How many transactions wait for a lock that is no row's.
fn waiting(database: &tipoff_testkit::postgres::Database<'_>) -> String {
    let select = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
        WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted";
    database.run(select).unwrap().trim().to_owned()
}

async fn wait_until_so_many_wait(database: &tipoff_testkit::postgres::Database<'_>, count: &str) {
    while waiting(database) != count {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// An arrival that finds its device just before a person merges it on another node is stored as one of the other device.
#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_during_a_merge_is_of_the_device_that_stays() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    for device in ["old", "new"] {
        a.store(contract::arrival(&*a, device, contract::NOW)).await.unwrap();
    }
    let id = |key: &str| {
        let id = database.run(&format!("SELECT id FROM device WHERE key = '{key}'")).unwrap();
        tipoff_model::DeviceId(id.trim().parse().unwrap())
    };
    let (old, new) = (id("old"), id("new"));
    // Whoever holds the device's lock first; the others get it in the order in which they come.
    let (let_go_tx, let_go_rx) = std::sync::mpsc::channel::<()>();
    let let_go_rx = Mutex::new(let_go_rx);
    let (node, hold) = (Arc::clone(&a), move |sql: &dyn Sql| {
        sql.lock(Lock::Device(old.0))?;
        sql.execute("SELECT 1", &[])?;
        lock(&let_go_rx).recv().unwrap();
        Ok(())
    });
    let holder = tokio::spawn(async move { node.database.write(hold).await });
    let is_held = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'
        AND datname = current_database()";
    while database.run(is_held).unwrap().trim() != "1" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let node = Arc::clone(&a);
    let merge =
        tokio::spawn(
            async move { node.change_device(old, crate::DeviceChange::MergeInto(new)).await },
        );
    wait_until_so_many_wait(&database, "1").await;
    let at = contract::NOW.after(std::time::Duration::from_secs(3600));
    let arrival = contract::arrival(&*b, "old", at);
    let node = Arc::clone(&b);
    let stored = tokio::spawn(async move { node.store(arrival).await });
    wait_until_so_many_wait(&database, "2").await;
    let_go_tx.send(()).unwrap();
    holder.await.unwrap().unwrap();
    assert!(merge.await.unwrap().unwrap());
    let stored = stored.await.unwrap().unwrap();
    let device = format!("SELECT device FROM incident WHERE id = {}", stored.incident);
    assert_eq!(database.run(&device).unwrap().trim(), new.0.to_string());
    let left = format!("SELECT count(*) FROM heard WHERE device = {}", old.0);
    assert_eq!(database.run(&left).unwrap().trim(), "0");
}

/// Retention removes the devices, the holders and the incidents of arrivals that come at the same time to another node.
/// Every arrival is stored, and the sums of the holders are right.
#[tokio::test(flavor = "multi_thread")]
async fn arrivals_are_stored_while_everything_else_of_their_address_is_removed() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    let keep = crate::RetentionLimits {
        age: std::time::Duration::from_secs(365 * 24 * 3600),
        guard: crate::AgeGuard::default(),
        bytes_max: 0,
    };
    for round in 0..12_u64 {
        let at = contract::NOW.after(std::time::Duration::from_secs(60 * round));
        let mut stores = tokio::task::JoinSet::new();
        for number in 0..6 {
            let (node, mut arrival) = (Arc::clone(&b), contract::arrival(&*b, "", at));
            arrival.device.key = format!("discovered/10.0.0.1/{number}");
            arrival.device.name = arrival.device.key.clone();
            arrival.device.discovered = true;
            stores.spawn(async move { node.store(arrival).await });
        }
        let (swept, stored) = tokio::join!(a.sweep(keep, at), stores.join_all());
        swept.unwrap();
        stored.into_iter().for_each(|stored| drop(stored.unwrap()));
        let wrong = "SELECT count(*) FROM incident WHERE NOT EXISTS
                (SELECT FROM share WHERE share.id = share)
             UNION ALL SELECT count(*) FROM share WHERE bytes <>
                (SELECT coalesce(sum(bytes), 0) FROM incident WHERE share = share.id)";
        assert_eq!(database.run(wrong).unwrap().trim(), "0\n0");
    }
}
