//! A primary and two standbys with quorum-synchronous commit: an acknowledged commit is on the disks of
//! the primary and of at least one standby.

use std::fs::{self, File};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::OWNER;
use super::instance::{Instance, wait_for};
use super::programs::{give_to_server, psql, run, server_program};
use crate::network::Host;
use crate::server_folder::ServerFolder;

/// Names of the nodes in `synchronous_standby_names` and in `application_name`.
const NAMES: [&str; 3] = ["n0", "n1", "n2"];
/// The commits of whoever is the primary wait for one of the others; a node is never its own standby.
const QUORUM: &str = "ANY 1 (n0, n1, n2)";
const SETTINGS: &[(&str, &str)] = &[
    ("wal_level", "replica"),
    ("max_wal_senders", "10"),
    // What a standby may lack when it follows another primary; there are no replication slots.
    ("wal_keep_size", "2GB"),
    ("wal_receiver_timeout", "3s"),
    ("wal_sender_timeout", "3s"),
    ("wal_retrieve_retry_interval", "100ms"),
    ("max_connections", "200"),
    ("shared_buffers", "64MB"),
];

/// Three servers on the disk that sync as PostgreSQL does by default. Nodes are numbered from 0; node 0 is
/// the first primary. Nobody promotes a standby but the test.
pub struct Cluster {
    nodes: [Instance; 3],
    primary: AtomicUsize,
    /// Dropped last.
    _folder: ServerFolder,
}

impl Cluster {
    /// Starts a cluster with an empty database and waits until both standbys take part in the quorum.
    pub fn open() -> io::Result<Self> {
        Self::open_nodes([None, None, None])
    }

    /// The same with a machine for each node.
    pub fn open_on(hosts: [Host; 3]) -> io::Result<Self> {
        Self::open_nodes(hosts.map(Some))
    }

    fn open_nodes(hosts: [Option<Host>; 3]) -> io::Result<Self> {
        let folder = ServerFolder::new()?;
        give_to_server(folder.path())?;
        let [one, two, three] = hosts;
        let instance = |number: usize, host| {
            Instance::new_on(folder.path(), NAMES.get(number).copied().unwrap_or_default(), host)
        };
        let nodes = [instance(0, one)?, instance(1, two)?, instance(2, three)?];
        let cluster = Self { nodes, primary: AtomicUsize::new(0), _folder: folder };
        let [first, ..] = &cluster.nodes;
        first.initialise()?;
        first.configure(SETTINGS)?;
        first.start()?;
        cluster.administer(0, &format!("CREATE ROLE {OWNER} LOGIN"))?;
        cluster.administer(0, &format!("CREATE DATABASE {OWNER} OWNER {OWNER}"))?;
        cluster.rejoin(1)?;
        cluster.rejoin(2)?;
        first.configure(&[("synchronous_standby_names", QUORUM)])?;
        cluster.reload(0)?;
        cluster.wait_for_standbys(2)?;
        Ok(cluster)
    }

    /// The URL of the database for its owner, with all nodes; a client connects to the one that takes writes.
    pub fn url(&self) -> String {
        let hosts = self.nodes.each_ref().map(|node| node.address().to_string());
        url(OWNER, &hosts.join(","), OWNER, "target_session_attrs=read-write")
    }

    /// The URL of the database on one node only, which may be a standby.
    pub fn node_url(&self, node: usize) -> io::Result<String> {
        Ok(url(OWNER, &self.host(node)?, OWNER, "connect_timeout=5"))
    }

    /// Ports of the nodes on their addresses; they never change.
    pub fn ports(&self) -> [u16; 3] {
        self.nodes.each_ref().map(Instance::port)
    }

    /// The current primary; after [`Cluster::kill_primary`], the last one until another is promoted.
    pub fn primary(&self) -> usize {
        self.primary.load(Ordering::SeqCst)
    }

    /// Kills all processes of the primary with SIGKILL.
    pub fn kill_primary(&self) -> io::Result<()> {
        self.node(self.primary())?.kill()
    }

    /// Promotes the standby that has received the most and lets the other follow it; its number.
    ///
    /// Every acknowledged commit survives this. The old primary must be killed, stopped or paused.
    pub fn fail_over(&self) -> io::Result<usize> {
        let mut best: Option<(u64, usize)> = None;
        for standby in self.running_standbys() {
            let received = "SELECT coalesce(pg_last_wal_receive_lsn(), '0/0') - '0/0'::pg_lsn";
            let bytes = self.administer(standby, received)?.parse().map_err(io::Error::other)?;
            best = best.max(Some((bytes, standby)));
        }
        let (_, standby) = best.ok_or_else(|| io::Error::other("no standby runs"))?;
        self.promote(standby)?;
        Ok(standby)
    }

    /// Promotes one standby and lets the other follow it, if it runs.
    ///
    /// Acknowledged commits are lost if the other has received more ([`Cluster::fail_over`] looks), and the other
    /// cannot follow then.
    pub fn promote(&self, standby: usize) -> io::Result<()> {
        if self.administer(standby, "SELECT pg_promote(true, 60)")? != "t" {
            return Err(io::Error::other(format!("node {standby} was not promoted")));
        }
        let followers: Vec<usize> =
            self.running_standbys().filter(|other| *other != standby).collect();
        self.primary.store(standby, Ordering::SeqCst);
        for follower in &followers {
            self.follow(*follower)?;
            self.reload(*follower)?;
        }
        self.wait_for_standbys(followers.len())
    }

    /// Replaces a node's data by a copy of the primary's and starts it as a standby: an old primary, or a standby that
    /// was stopped for too long.
    pub fn rejoin(&self, node: usize) -> io::Result<()> {
        let instance = self.node(node)?;
        instance.kill()?;
        if instance.data().exists() {
            fs::remove_dir_all(instance.data())?;
        }
        let mut backup = server_program("pg_basebackup")?;
        let primary = self.node(self.primary())?.address();
        backup.args(["--username", "postgres", "--checkpoint", "fast"]);
        backup.args(["--wal-method", "stream", "--no-sync", "--host", &primary.ip().to_string()]);
        backup.args(["--port", &primary.port().to_string(), "--pgdata"]).arg(instance.data());
        instance.there(|| run(&mut backup))?;
        File::create(instance.data().join("standby.signal"))?;
        give_to_server(&instance.data().join("standby.signal"))?;
        instance.configure(&[("synchronous_standby_names", QUORUM)])?;
        self.follow(node)?;
        instance.start()
    }

    /// Waits until at least so many standbys take part in the quorum of the primary.
    pub fn wait_for_standbys(&self, count: usize) -> io::Result<()> {
        let sql = "SELECT count(*) FROM pg_stat_replication \
                   WHERE state = 'streaming' AND sync_state = 'quorum'";
        wait_for("the standbys", || {
            let answer = self.administer(self.primary(), sql)?;
            Ok(answer.parse().is_ok_and(|found: usize| found >= count))
        })
    }

    /// Stops a node in order; it writes what it has to its disk.
    pub fn stop(&self, node: usize) -> io::Result<()> {
        self.node(node)?.stop()
    }

    /// Kills all processes of a node with SIGKILL.
    pub fn kill(&self, node: usize) -> io::Result<()> {
        self.node(node)?.kill()
    }

    /// Starts a stopped or killed node with the data it has. An old primary needs [`Cluster::rejoin`] if
    /// another was promoted.
    pub fn start(&self, node: usize) -> io::Result<()> {
        self.node(node)?.start()
    }

    /// Suspends a node: its connections stay open and nothing answers.
    pub fn pause(&self, node: usize) -> io::Result<()> {
        self.node(node)?.pause()
    }

    /// Resumes a suspended node.
    pub fn resume(&self, node: usize) -> io::Result<()> {
        self.node(node)?.resume()
    }

    /// The log of a node.
    pub fn log(&self, node: usize) -> io::Result<String> {
        Ok(self.node(node)?.log())
    }

    /// Runs statements as the owner of the database on the primary. The result has a row a line and `|` between
    /// columns. A commit waits as long as there is no standby.
    pub fn run(&self, statements: &str) -> io::Result<String> {
        let url = self.node_url(self.primary())?;
        self.node(self.primary())?.there(|| psql(&url, statements))
    }

    /// Runs statements as a superuser on one node, in the database `postgres`.
    pub fn administer(&self, node: usize, statements: &str) -> io::Result<String> {
        let url = url("postgres", &self.host(node)?, "postgres", "connect_timeout=5");
        self.node(node)?.there(|| psql(&url, statements))
    }

    fn running_standbys(&self) -> impl Iterator<Item = usize> {
        let standbys = (0..self.nodes.len()).filter(|node| *node != self.primary());
        standbys.filter(|node| self.nodes.get(*node).is_some_and(Instance::is_running))
    }

    /// Lets a node, once it reads its configuration, receive from the primary.
    fn follow(&self, node: usize) -> io::Result<()> {
        let name = NAMES.get(node).ok_or(io::ErrorKind::NotFound)?;
        let at = self.node(self.primary())?.address();
        let (host, port) = (at.ip(), at.port());
        let primary = format!("host={host} port={port} user=postgres application_name={name}");
        self.node(node)?.configure(&[("primary_conninfo", &primary)])
    }

    fn reload(&self, node: usize) -> io::Result<()> {
        self.administer(node, "SELECT pg_reload_conf()").map(drop)
    }

    fn host(&self, node: usize) -> io::Result<String> {
        Ok(self.node(node)?.address().to_string())
    }

    fn node(&self, node: usize) -> io::Result<&Instance> {
        self.nodes.get(node).ok_or_else(|| io::Error::other(format!("there is no node {node}")))
    }
}

fn url(user: &str, hosts: &str, database: &str, options: &str) -> String {
    format!("postgresql://{user}@{hosts}/{database}?{options}")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64};

    use super::*;

    #[test]
    fn a_row_acknowledged_before_the_kill_is_there_after_the_promotion() {
        let cluster = Cluster::open().unwrap();
        cluster.run("CREATE TABLE thing (id BIGINT)").unwrap();
        let url = cluster.node_url(0).unwrap();
        let (acknowledged, killed) = (AtomicU64::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                while psql(&url, "INSERT INTO thing VALUES (1)").is_ok() {
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                assert!(killed.load(Ordering::SeqCst), "a write failed before the kill");
            });
            let enough = || Ok(acknowledged.load(Ordering::SeqCst) > 20 || writer.is_finished());
            wait_for("rows", enough).unwrap();
            killed.store(true, Ordering::SeqCst);
            cluster.kill_primary().unwrap();
        });
        let promoted = cluster.fail_over().unwrap();
        assert_eq!((promoted != 0, cluster.primary()), (true, promoted));

        let count: u64 = cluster.run("SELECT count(*) FROM thing").unwrap().parse().unwrap();
        let acknowledged = acknowledged.load(Ordering::SeqCst);
        // The last insert may be stored without an answer.
        assert!((acknowledged..=acknowledged + 1).contains(&count), "{acknowledged} {count}");

        cluster.rejoin(0).unwrap();
        cluster.wait_for_standbys(2).unwrap();
        psql(&cluster.url(), "INSERT INTO thing VALUES (2)").unwrap();
        cluster.kill_primary().unwrap();
        cluster.fail_over().unwrap();
        assert_eq!(cluster.run("SELECT count(*) FROM thing WHERE id = 2").unwrap(), "1");
    }

    #[test]
    fn a_commit_waits_for_one_of_two_standbys() {
        let cluster = Cluster::open().unwrap();
        cluster.run("CREATE TABLE thing (id BIGINT)").unwrap();
        cluster.pause(1).unwrap();
        cluster.run("INSERT INTO thing VALUES (1)").unwrap();
        cluster.stop(2).unwrap();
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        std::thread::scope(|scope| {
            let insert = scope.spawn(|| cluster.run("INSERT INTO thing VALUES (2)"));
            wait_for("a waiting commit", || Ok(cluster.administer(0, waits)? == "1")).unwrap();
            assert!(!insert.is_finished());
            cluster.resume(1).unwrap();
            insert.join().unwrap().unwrap();
        });
        cluster.start(2).unwrap();
        cluster.wait_for_standbys(2).unwrap();
    }
}
