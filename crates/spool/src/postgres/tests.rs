use std::sync::Mutex;

use tipoff_testkit::postgres::Server;

use super::*;
use crate::sql::spool::lock;
use crate::{Spool, contract};

fn config(url: &str) -> PostgresConfig {
    PostgresConfig { url: url.to_owned(), ca: None, connections: CONNECTIONS }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds() {
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
            let open = PostgresSpool::open(&config, &path, Arc::new(contract::Plain));
            let open = tokio::task::block_in_place(|| Handle::current().block_on(open));
            Arc::new(open.unwrap())
        })
    })
    .await;
}

/// The round trips to the database for an arrival that opens an incident, and for one that joins it, once all statements
/// are prepared.
#[tokio::test(flavor = "multi_thread")]
async fn an_arrival_takes_few_round_trips() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = PostgresConfig { connections: 1, ..config(database.url()) };
    let open = PostgresSpool::open(&config, folder.path(), Arc::new(contract::Plain));
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

/// Two spool values on one database, as two nodes have them.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_their_work() {
    let kept = Mutex::default();
    let server = Server::shared().unwrap();
    let open = |config: PostgresConfig, path: std::path::PathBuf| {
        let open =
            async move { PostgresSpool::open(&config, &path, Arc::new(contract::Plain)).await };
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
