use std::sync::Mutex;
use std::time::Duration;

use tipoff_model::DeliveryState;
use tipoff_testkit::postgres::{Cluster, Server};
use tipoff_testkit::s3::{self, S3};
use tokio::runtime::Runtime;

use super::*;
use crate::core::incident_search::{Order, Wanted};
use crate::sql::spool::lock;
use crate::sql::statement::{Lock, Value};
use crate::{Devices, Heard, Incidents, Nodes, Spool, contract};

fn config(url: &str) -> PostgresConfig {
    PostgresConfig { url: url.to_owned(), ca: None, connections: CONNECTIONS }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds() {
    contract_holds(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds_with_a_bucket() {
    let server = S3::open().unwrap();
    contract_holds(Some(&server)).await;
    assert!(server.counts().put > 100);
}

/// A node or a database without power says nothing, and both sides notice it.
#[tokio::test]
async fn both_sides_notice_that_a_machine_is_silent() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (url, tls) = connection::settings(&config(database.url())).unwrap();
    let seconds = |time: Option<&Duration>| time.map(Duration::as_secs);
    assert_eq!(seconds(url.get_tcp_user_timeout()), Some(5));
    assert_eq!(seconds(url.get_keepalives_interval().as_ref()), Some(1));
    let (client, driver) = url.connect(tls).await.unwrap();
    let driver = tokio::spawn(driver);
    for (name, value) in [
        ("tcp_user_timeout", "5000"),
        ("tcp_keepalives_idle", "3"),
        ("tcp_keepalives_interval", "1"),
        ("tcp_keepalives_count", "2"),
    ] {
        let row = client.query_one("SELECT current_setting($1)", &[&name]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), value, "{name}");
    }
    drop(client);
    driver.await.unwrap().unwrap();
}

/// The settings of the test server's bucket.
fn bucket(server: &S3, prefix: &str) -> S3Settings {
    let some = |text: &str| Some(text.to_owned());
    S3Settings {
        endpoint: Some(server.url()),
        region: some("eu-central-1"),
        access_key: some(s3::KEY_ID),
        secret_key: some(s3::SECRET),
        ..S3Settings::parse(&format!("s3://{}/{prefix}", s3::BUCKET)).unwrap()
    }
}

/// Checks the contract on databases of their own, with media in a folder or a bucket.
async fn contract_holds(objects: Option<&S3>) {
    let server = Server::shared().unwrap();
    let kept = Mutex::default();
    // The suite waits for uploads on the threads of its own runtime.
    let requests: &Runtime = Box::leak(Box::new(Runtime::new().unwrap()));
    contract::check(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let database = server.create_database().unwrap();
        let config = config(database.url());
        let kept: &Mutex<Vec<_>> = &kept;
        let number = lock(kept).len();
        let bucket = objects.map(|objects| bucket(objects, &format!("t{number}")));
        lock(kept).push((folder, database));
        Box::new(move || {
            let (place, rules) = ((&*path, bucket.as_ref()), Arc::new(contract::Plain));
            let open = PostgresSpool::open_with(&config, place, rules, Purpose::Receive);
            Arc::new(tokio::task::block_in_place(|| requests.block_on(open)).unwrap())
        })
    })
    .await;
    let last = lock(&kept).pop();
    plans::check(&last.unwrap().1);
}

/// Three round trips, and that of the writes with their COMMIT, once all statements are prepared: for an arrival that
/// opens an incident and for one that joins it, also where the rules count recent alerts.
#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_takes_few_round_trips() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = PostgresConfig { connections: 1, ..config(database.url()) };
    let open =
        PostgresSpool::open(&config, folder.path(), Arc::new(contract::Plain), Purpose::Receive);
    let spool = open.await.unwrap();
    for (mode, discovered, trips_max) in
        [("away", false, [3, 4]), ("away", true, [3, 4]), ("asked", false, [4, 4])]
    {
        spool.choose_mode(mode.to_owned(), contract::NOW).await.unwrap();
        let mut taken = Vec::new();
        for minute in [0, 0, 1, 1] {
            let at = contract::NOW.after(std::time::Duration::from_secs(60 * minute));
            let device = format!("{mode} {discovered}");
            let mut arrival = contract::arrival(&spool, &device, at);
            arrival.device.discovered = discovered;
            let before = spool.database.round_trips.load(Ordering::Relaxed);
            spool.store(arrival).await.unwrap();
            taken.push(spool.database.round_trips.load(Ordering::Relaxed) - before);
        }
        assert!(taken[2] <= trips_max[0] && taken[3] <= trips_max[1], "{mode}: {taken:?}");
    }
}

/// A history whose numbers are in blocks of each level, with texts that are rare and others that are only old.
const HISTORY: &str = "
    INSERT INTO device (id, key, name) VALUES (1, 'yard', 'Yard');
    CREATE TEMPORARY TABLE new AS SELECT n, 1 + n * (1 + n / 100) * 150 AS id FROM generate_series(1, 600) AS n;
    INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
        SELECT id, 1, 'motion', '', id, id FROM new;
    INSERT INTO words (incident, arrival, words) SELECT id, n,
        CASE WHEN n < 300 THEN 'person' ELSE 'motion' END || CASE n % 50 WHEN 7 THEN ' gate_b' ELSE ' door' END FROM new;
    INSERT INTO words (incident, arrival, words) SELECT id, 1000 + n, 'zaun ' || n FROM new WHERE n % 3 = 0";

/// Whatever blocks a search reads, it finds the next incidents with its texts, also where these came with several
/// arrivals.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_the_next_incidents_of_all_blocks() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, _]) = two_nodes(&database).await;
    database.run(HISTORY).unwrap();
    let numbers = |select: &str| -> Vec<i64> {
        let answer = database.run(select).unwrap();
        answer.lines().map(|line| line.parse().unwrap()).collect()
    };
    let all = numbers("SELECT id FROM incident ORDER BY id");
    for texts in [
        &["door"][..],
        &["person"],
        &["gate_"],
        &["gate", "zaun"],
        &["motion", "zaun 9"],
        &["xy"],
        &["z"],
        &["57"],
    ] {
        let having: Vec<String> =
            texts.iter().map(|text| format!("bool_or(strpos(words, '{text}') > 0)")).collect();
        let with =
            format!("SELECT incident FROM words GROUP BY incident HAVING {}", having.join(" AND "));
        let with = numbers(&with);
        for (order, max, place) in [
            (Order::NewestFirst, 5, 600),
            (Order::NewestFirst, 1_000, 600),
            (Order::NewestFirst, 64, 350),
            (Order::OldestFirst, 5, 0),
            (Order::OldestFirst, 64, 120),
            (Order::OldestFirst, 1_000, 0),
        ] {
            let (above, below) = match order {
                Order::NewestFirst => (0, all.get(place).copied().unwrap_or(i64::MAX)),
                Order::OldestFirst => (all[place], i64::MAX - 1),
            };
            let wanted = Wanted { above, below, order, max };
            let expected = wanted.first_of(with.clone());
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            let asked = texts.clone();
            let found =
                a.database.read(move |sql| sql.incidents_with(&asked, &wanted)).await.unwrap();
            assert_eq!(found, Some(expected), "{texts:?} {wanted:?}");
        }
    }
}

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

/// Two spool values on one database, as two nodes have them.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_their_work() {
    let kept = Mutex::default();
    let server = Server::shared().unwrap();
    let open = |config: PostgresConfig, path: std::path::PathBuf| {
        let open = async move {
            PostgresSpool::open(&config, &path, Arc::new(contract::Plain), Purpose::Receive).await
        };
        let spool: Arc<dyn Spool> =
            Arc::new(tokio::task::block_in_place(|| Handle::current().block_on(open)).unwrap());
        spool
    };
    let fresh = || {
        let folder = tempfile::tempdir().unwrap();
        let database = server.create_database().unwrap();
        let (path, config) = (folder.path().join("data"), config(database.url()));
        let kept: &Mutex<Vec<_>> = &kept;
        lock(kept).push((folder, database));
        Box::new(move || open(config.clone(), path.clone())) as Box<dyn Fn() -> Arc<dyn Spool>>
    };
    contract::leases::check(&fresh).await;
    let open = fresh();
    contract::leases::two_values_on_one_database_agree([open(), open()]).await;
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

/// What one node stores in the bucket another one reads, and its sweep leaves what the first is about to commit.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_with_one_bucket_read_each_others_arrivals() {
    let server = S3::open().unwrap();
    let database = Server::shared().unwrap().create_database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (config, bucket) = (config(database.url()), bucket(&server, "nodes"));
    let open = async |name: &str| {
        let (place, rules) = (folder.path().join(name), Arc::new(contract::Plain));
        let place = (&*place, Some(&bucket));
        PostgresSpool::open_with(&config, place, rules, Purpose::Receive).await.unwrap()
    };
    let (a, b) = (open("a").await, open("b").await);
    let arrival = contract::arrival(&a, "yard", contract::NOW);
    assert_eq!(server.counts().put, 1);
    b.sweep_orphans().await.unwrap();
    let stored = a.store(arrival).await.unwrap();
    let blob = b.incident(stored.incident).await.unwrap().arrivals.remove(0).blob;
    assert_eq!(contract::bytes(&b, &blob).await.unwrap(), b"a picture");
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

/// What `node` hears until this comes.
async fn heard_until(node: &PostgresSpool, wanted: &Heard) {
    let hear = async { while node.hear().await != *wanted {} };
    let within = std::time::Duration::from_secs(30);
    assert!(tokio::time::timeout(within, hear).await.is_ok(), "{wanted:?} was not heard");
}

/// A node hears the others and not itself. Where notices may be missing, it hears that and looks by itself.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_hear_each_other_and_of_gaps() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (folder, [a, b]) = two_nodes(&database).await;
    let (config, rules) = (config(database.url()), Arc::new(contract::Plain));
    let c = PostgresSpool::open(&config, folder.path(), rules, Purpose::Look).await.unwrap();
    for node in [&*a, &b, &c] {
        assert_eq!(node.hear().await, Heard::Gap, "what was before is not known");
    }
    let notice = |text: &str| Heard::Notice(text.to_owned());
    // All send while they listen.
    let [of_a, of_b] = [Arc::clone(&a), Arc::clone(&b)].map(|node| {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        let listens = tokio::spawn(async move {
            loop {
                let next = node.hear().await;
                lock(&kept).push(next);
            }
        });
        (heard, listens)
    });
    a.announce("from a".to_owned());
    b.announce("from b".to_owned());
    heard_until(&c, &notice("from a")).await;
    b.announce("again".to_owned());
    heard_until(&c, &notice("again")).await;
    let is_complete = || lock(&of_a.0).len() == 2 && lock(&of_b.0).len() == 1;
    wait_until(is_complete).await;
    assert_eq!(*lock(&of_a.0), [notice("from b"), notice("again")]);
    assert_eq!(*lock(&of_b.0), [notice("from a")]);
    // A mail that one node stored may come again at another.
    let digest = crate::MailDigest { digest: [7; 16], has_message_id: true };
    let mail =
        crate::NewArrival { digest: Some(digest), ..contract::arrival(&*a, "yard", contract::NOW) };
    let stored = a.store(mail).await.unwrap();
    wait_until(|| b.known_mail(&digest, contract::NOW).is_some()).await;
    assert_eq!(b.known_mail(&digest, contract::NOW).unwrap().0, stored.arrival);
    database
        .run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query LIKE '%pg_notify%' AND pid <> pg_backend_pid()")
        .unwrap();
    heard_until(&c, &Heard::Gap).await;
    a.announce("afterwards".to_owned());
    heard_until(&c, &notice("afterwards")).await;
    of_a.1.abort();
    of_b.1.abort();
}

/// What a node reads again after a gap is what others stored meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_deaf_knows_the_mails_of_the_others() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    let digest = crate::MailDigest { digest: [8; 16], has_message_id: true };
    let now = b.time().await.unwrap();
    let mail = crate::NewArrival { digest: Some(digest), ..contract::arrival(&*a, "yard", now) };
    let stored = a.store(mail).await.unwrap();
    assert!(b.known_mail(&digest, now).is_none());
    heard_until(&b, &Heard::Gap).await;
    assert_eq!(b.known_mail(&digest, now).map(|(arrival, _)| arrival), Some(stored.arrival));
}

/// Waits until this is so.
async fn wait_until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.unwrap();
}

/// All nodes agree on what the first one has said, and no two runs have the same number.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_agree_on_secrets_and_have_numbers_of_their_own() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let (_folder, [a, b]) = two_nodes(&database).await;
    let agreed = tokio::join!(a.agree("key", "of a".to_owned()), b.agree("key", "of b".to_owned()));
    let (of_a, of_b) = (agreed.0.unwrap(), agreed.1.unwrap());
    assert_eq!(of_a, of_b);
    assert_eq!(a.agree("key", "later".to_owned()).await.unwrap(), of_a);
    let numbers = tokio::join!(a.run_number(), b.run_number());
    assert_ne!(numbers.0.unwrap(), numbers.1.unwrap());
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
