//! Several nodes on one database.

use std::sync::Mutex;

use tipoff_testkit::postgres::Server;
use tipoff_testkit::s3::S3;

use super::super::*;
use super::{bucket, config, two_nodes, wait_until};
use crate::sql::spool::lock;
use crate::{Heard, Incidents, Nodes, Spool, contract};

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
