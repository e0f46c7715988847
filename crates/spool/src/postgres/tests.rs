use std::sync::Mutex;

use tipoff_model::DeliveryState;
use tipoff_testkit::postgres::{Cluster, Server};

use super::*;
use crate::sql::spool::lock;
use crate::sql::statement::Lock;
use crate::{Devices, Incidents, Spool, contract};

fn config(url: &str) -> PostgresConfig {
    PostgresConfig { url: url.to_owned(), ca: None, connections: CONNECTIONS }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_and_no_statement_reads_all_of_the_history() {
    let server = Server::shared().unwrap();
    let kept = Mutex::default();
    contract::check(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let database = server.create_database().unwrap();
        let config = config(database.url());
        let kept: &Mutex<Vec<_>> = &kept;
        lock(kept).push((folder, database));
        Box::new(move || {
            let open =
                PostgresSpool::open(&config, &path, Arc::new(contract::Plain), Purpose::Receive);
            let open = tokio::task::block_in_place(|| Handle::current().block_on(open));
            Arc::new(open.unwrap())
        })
    })
    .await;
    let last = lock(&kept).pop();
    plans::check(&last.unwrap().1);
}

/// The round trips to the database for an arrival that opens an incident, and for one that joins it, once all statements
/// are prepared.
#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_takes_few_round_trips() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = PostgresConfig { connections: 1, ..config(database.url()) };
    let open =
        PostgresSpool::open(&config, folder.path(), Arc::new(contract::Plain), Purpose::Receive);
    let spool = open.await.unwrap();
    let mut taken = Vec::new();
    for minute in [0, 0, 1, 1] {
        let at = contract::NOW.after(std::time::Duration::from_secs(60 * minute));
        let before = spool.database.round_trips.load(Ordering::Relaxed);
        spool.store(contract::arrival(&spool, "yard", at)).await.unwrap();
        taken.push(spool.database.round_trips.load(Ordering::Relaxed) - before);
    }
    assert!(taken[2] <= 22 && taken[3] <= 27, "{taken:?}");
}

/// Two nodes on one database.
async fn two_nodes(
    database: &tipoff_testkit::postgres::Database<'_>,
) -> (tempfile::TempDir, [Arc<PostgresSpool>; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let config = config(database.url());
    let open = |name: &str| {
        let rules = Arc::new(contract::Plain);
        let folder = folder.path().join(name);
        let config = config.clone();
        async move {
            Arc::new(PostgresSpool::open(&config, &folder, rules, Purpose::Receive).await.unwrap())
        }
    };
    // Both make the tables at the same time.
    let (a, b) = tokio::join!(open("a"), open("b"));
    (folder, [a, b])
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

/// New devices that two nodes hear of at the same time are stored once.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_two_nodes_hear_of_at_once_is_one() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, nodes) = two_nodes(&database).await;
    let mut stores = tokio::task::JoinSet::new();
    for number in 0..30 {
        let node = Arc::clone(&nodes[number % 2]);
        let name = format!("device {}", number / 6);
        stores.spawn(
            async move { node.store(contract::arrival(&*node, &name, contract::NOW)).await },
        );
    }
    for stored in stores.join_all().await {
        stored.unwrap();
    }
    assert_eq!(database.run("SELECT count(*) FROM device").unwrap().trim(), "5");
    assert_eq!(database.run("SELECT count(*) FROM incident").unwrap().trim(), "5");
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
