//! The engine on a real PostgreSQL server: the contract, and what belongs to this engine alone.

mod nodes;
mod search;
mod transactions;

use std::sync::Mutex;
use std::time::Duration;

use tipoff_testkit::postgres::Server;
use tipoff_testkit::s3::{self, S3};
use tokio::runtime::Runtime;

use super::*;
use crate::sql::spool::lock;
use crate::{Spool, contract};

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

/// Waits until this is so.
async fn wait_until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), wait).await.unwrap();
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
