//! A rolling upgrade: nodes of this version and of a later one, which is made up here, use one spool.

use std::sync::Arc;

use tipoff_model::DeliveryState;
use tipoff_testkit::postgres::{Database as TestDatabase, Server};
use tokio::task::JoinSet;

use super::*;
use crate::contract::{self, NOW, Plain};
use crate::postgres::{CONNECTIONS, PostgresConfig, PostgresDatabase, PostgresSpool, Purpose};
use crate::{Incidents, Spool};

const NOW_VERSION: i64 = 1;

/// The next version only adds, to tables that every arrival and delivery uses.
const NEXT: Schema = Schema {
    migrations: &[
        Migration { version: 1, oldest_user: 1, sql: include_str!("../v1.sql") },
        Migration {
            version: 2,
            oldest_user: 1,
            sql: "ALTER TABLE incident ADD COLUMN severity BIGINT NOT NULL DEFAULT 3;
                  ALTER TABLE arrival ADD COLUMN note TEXT;
                  ALTER TABLE delivery ADD COLUMN urgency BIGINT;
                  ALTER TABLE device ADD COLUMN owner TEXT;
                  CREATE INDEX delivery_urgency ON delivery (urgency);
                  CREATE TABLE thing (id BIGINT PRIMARY KEY)",
        },
    ],
};

/// The version behind it takes something away.
const BREAKING: Schema = Schema {
    migrations: &[
        Migration { version: 1, oldest_user: 1, sql: include_str!("../v1.sql") },
        Migration { version: 2, oldest_user: 1, sql: "CREATE TABLE thing (id BIGINT)" },
        Migration { version: 3, oldest_user: 3, sql: "ALTER TABLE incident DROP COLUMN note" },
    ],
};

fn config(database: &TestDatabase<'_>) -> PostgresConfig {
    PostgresConfig { url: database.url().to_owned(), ca: None, connections: CONNECTIONS }
}

async fn node(
    database: &TestDatabase<'_>,
    folder: &std::path::Path,
    purpose: Purpose,
) -> Result<Arc<PostgresSpool>> {
    PostgresSpool::open(&config(database), folder, Arc::new(Plain), purpose).await.map(Arc::new)
}

/// A start of another version of the program.
async fn start(schema: &'static Schema, database: &TestDatabase<'_>) -> Result<()> {
    migrate(&PostgresDatabase::on(&config(database)).unwrap(), schema).await
}

/// Stores and delivers on both nodes, with statements that were prepared before.
async fn use_spool(nodes: &[&Arc<PostgresSpool>], round: u64) {
    for (number, node) in nodes.iter().enumerate() {
        let at = NOW.after(std::time::Duration::from_secs(1000 * round + 60 * number as u64));
        let stored = node.store(contract::arrival(&***node, "yard", at)).await.unwrap();
        let due = node.due("phone", at, 9, &[]).await.unwrap().deliveries;
        for delivery in &due {
            node.record(contract::ended(delivery, DeliveryState::Delivered)).await.unwrap();
        }
        assert!(due.iter().any(|delivery| delivery.alert.incident == stored.incident));
        assert_eq!(node.incident(stored.incident).await.unwrap().arrivals.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_serves_on_while_another_brings_the_next_version() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let one = node(&database, &folder.path().join("one"), Purpose::Receive).await.unwrap();
    let two = node(&database, &folder.path().join("two"), Purpose::Receive).await.unwrap();
    use_spool(&[&one, &two], 0).await;
    // What devices send meanwhile is stored, and two new nodes that start at once do everything once.
    let mut stores = JoinSet::new();
    for number in 0..40 {
        let node = Arc::clone(if number % 2 == 0 { &one } else { &two });
        let device = format!("device {}", number % 4);
        stores.spawn(async move { node.store(contract::arrival(&*node, &device, NOW)).await });
    }
    let (first, second) = tokio::join!(start(&NEXT, &database), start(&NEXT, &database));
    first.unwrap();
    second.unwrap();
    for stored in stores.join_all().await {
        stored.unwrap();
    }
    let versions = "SELECT string_agg(version || ' ' || oldest_user, ', ' ORDER BY version) FROM schema_version";
    assert_eq!(database.run(versions).unwrap(), "1 1, 2 1");
    for due in one.due("phone", NOW, 99, &[]).await.unwrap().deliveries {
        one.record(contract::ended(&due, DeliveryState::Delivered)).await.unwrap();
    }
    use_spool(&[&one, &two], 1).await;
    assert_eq!(database.run("SELECT count(*) FROM incident WHERE severity <> 3").unwrap(), "0");
    // A node of the earlier version may start again, and be looked at.
    drop(two);
    let two = node(&database, &folder.path().join("two"), Purpose::Receive).await.unwrap();
    use_spool(&[&two, &one], 2).await;
    node(&database, &folder.path().join("look"), Purpose::Look).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_takes_something_away_ends_those_before_it() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    drop(node(&database, folder.path(), Purpose::Receive).await.unwrap());
    start(&BREAKING, &database).await.unwrap();
    for purpose in [Purpose::Receive, Purpose::Look] {
        let refused = node(&database, folder.path(), purpose).await.err();
        let is_newer = matches!(refused, Some(SpoolError::Newer { found: 3, known: NOW_VERSION }));
        assert!(is_newer, "{refused:?}");
    }
    let refused = start(&NEXT, &database).await.err();
    assert!(matches!(refused, Some(SpoolError::Newer { found: 3, known: 2 })), "{refused:?}");
}

/// A migration that cannot get a table lets devices pass, and is done when the table is free.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_does_not_hold_up_devices_behind_a_long_transaction() {
    let database = Server::shared().unwrap().create_database().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let node = node(&database, folder.path(), Purpose::Receive).await.unwrap();
    use_spool(&[&node], 0).await;
    let other = PostgresDatabase::on(&config(&database)).unwrap();
    let reader = other.pool.get().await.unwrap();
    reader.batch_execute("BEGIN; SELECT count(*) FROM incident").await.unwrap();
    let use_meanwhile = async {
        let waits = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'ALTER%'";
        while database.run(waits).unwrap() != "1" {
            tokio::task::yield_now().await;
        }
        use_spool(&[&node], 1).await;
        assert_eq!(database.run("SELECT max(version) FROM schema_version").unwrap(), "1");
        reader.batch_execute("ROLLBACK").await.unwrap();
    };
    let (migrated, ()) = tokio::join!(start(&NEXT, &database), use_meanwhile);
    migrated.unwrap();
    use_spool(&[&node], 2).await;
}
