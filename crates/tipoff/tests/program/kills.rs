//! Three nodes on PostgreSQL with two quorum standbys and on an S3 server, of which one part after the other is killed or
//! cut off while cameras send.
//!
//! `TIPOFF_KILLS` sets how many times; a few are done without it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tipoff_testkit::postgres::Cluster;
use tipoff_testkit::s3::{self, S3};
use tipoff_testkit::tcp_proxy::{Link, TcpProxy};

use crate::faults::{Dice, KillableNode};
use crate::harness::{Home, wait_for};
use crate::hook::Hook;
use crate::nodes::try_mail;

/// Cameras that send at the same time.
const CAMERAS: usize = 6;
const NODES: usize = 3;
/// Deliveries of a channel that are under way at the same time.
const UNDER_WAY_MAX: usize = 8;
/// Acknowledged mails between two faults.
const BETWEEN: usize = 15;

/// A node, with what lies between it and the database, and between it and the bucket.
struct Node {
    program: KillableNode,
    to_database: Vec<TcpProxy>,
    to_bucket: TcpProxy,
}

impl Node {
    fn new(cluster: &Cluster, bucket: &S3, hook: &Hook) -> Self {
        let to_database: Vec<TcpProxy> =
            cluster.ports().into_iter().map(|port| TcpProxy::to_port(port).unwrap()).collect();
        let to_bucket = TcpProxy::to_port(bucket.port()).unwrap();
        let mut url = cluster.url();
        for (port, proxy) in cluster.ports().iter().zip(&to_database) {
            url = url.replace(&format!(":{port}"), &format!(":{}", proxy.port()));
        }
        let home = Home::new(&format!(
            "[spool]\nengine = \"postgres\"\nurl = {url:?}\nmedia = \"s3://{}/cameras\"\n\
             [spool.s3]\nendpoint = \"http://127.0.0.1:{}\"\nregion = \"eu-central-1\"\n\
             access_key = \"{}\"\nsecret_key = \"{}\"\n\
             [incidents]\nquiet = \"0 s\"\nflood = 0\n{}",
            s3::BUCKET,
            to_bucket.port(),
            s3::KEY_ID,
            s3::SECRET,
            hook.channel()
        ));
        let program = KillableNode::start(move || home.start());
        Self { program, to_database, to_bucket }
    }

    fn links(&self) -> impl Iterator<Item = &TcpProxy> {
        self.to_database.iter().chain([&self.to_bucket])
    }
}

/// What is done to the parts.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Node(usize),
    Primary,
    Bucket,
    /// A node and the database: connections are reset, or nothing arrives.
    Database(usize, Link),
    /// A node and the bucket.
    Media(usize, Link),
    /// A node and everything behind it.
    Island(usize),
}

impl Fault {
    fn any(dice: &mut Dice) -> Self {
        let node = dice.below(NODES as u64) as usize;
        let link = if dice.below(2) == 0 { Link::Reset } else { Link::Silent };
        match dice.below(8) {
            0..=2 => Self::Node(node),
            3 => Self::Primary,
            4 => Self::Bucket,
            5 => Self::Database(node, link),
            6 => Self::Media(node, link),
            _ => Self::Island(node),
        }
    }
}

struct Scene {
    cluster: Cluster,
    bucket: S3,
    hook: Hook,
    nodes: Vec<Node>,
    /// The subjects of acknowledged mails, with when they were.
    acknowledged: Mutex<BTreeMap<String, Instant>>,
    next: AtomicUsize,
    over: AtomicBool,
}

impl Scene {
    fn new() -> Self {
        let (cluster, bucket, hook) =
            (Cluster::open().unwrap(), S3::open().unwrap(), Hook::start());
        let nodes = (0..NODES).map(|_| Node::new(&cluster, &bucket, &hook)).collect();
        let (acknowledged, next, over) = Default::default();
        Self { cluster, bucket, hook, nodes, acknowledged, next, over }
    }

    /// Sends mails until it is over, each to the next node, as a balancer does.
    fn send(&self) {
        while !self.over.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let subject = format!("mail {number}");
            let Some(address) = self.nodes[number % NODES].program.smtp() else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            let reply = try_mail(address, &subject).unwrap_or_default();
            if reply.starts_with("250") {
                self.acknowledged.lock().unwrap().insert(subject, Instant::now());
            } else {
                assert!(reply.is_empty() || reply.starts_with('4'), "not put off: {reply}");
            }
        }
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    /// Waits for so many more acknowledged mails.
    fn wait_for_more(&self, fault: Fault) {
        let wanted = self.count() + BETWEEN;
        wait_for(&format!("mails after {fault:?}"), || (self.count() >= wanted).then_some(()));
    }

    /// Lets something fail, and brings it back while cameras go on sending.
    fn suffer(&self, fault: Fault, pause: Duration) {
        match fault {
            Fault::Node(node) => {
                self.nodes[node].program.kill();
                self.wait_for_more(fault);
                self.nodes[node].program.start_again();
            }
            Fault::Primary => {
                let old = self.cluster.primary();
                self.cluster.kill_primary().unwrap();
                self.cluster.fail_over().unwrap();
                self.wait_for_more(fault);
                self.cluster.rejoin(old).unwrap();
                self.cluster.wait_for_standbys(2).unwrap();
            }
            Fault::Bucket => {
                self.bucket.kill();
                std::thread::sleep(pause);
                self.bucket.start().unwrap();
            }
            Fault::Database(node, link) => {
                self.cut(self.nodes[node].to_database.iter(), link, pause);
            }
            Fault::Media(node, link) => self.cut([&self.nodes[node].to_bucket], link, pause),
            Fault::Island(node) => self.cut(self.nodes[node].links(), Link::Silent, pause),
        }
        self.wait_for_more(fault);
    }

    fn cut<'a>(&self, links: impl IntoIterator<Item = &'a TcpProxy>, link: Link, pause: Duration) {
        let links: Vec<_> = links.into_iter().collect();
        links.iter().for_each(|proxy| proxy.set(link));
        std::thread::sleep(pause);
        links.iter().for_each(|proxy| proxy.heal());
    }
}

#[test]
fn no_acknowledged_mail_is_lost_whatever_fails() {
    let scene = Scene::new();
    let kills = std::env::var("TIPOFF_KILLS").ok().map(|count| count.parse::<usize>().unwrap());
    let mut dice = Dice::new(0x5eed);
    let few = [
        Fault::Node(0),
        Fault::Bucket,
        Fault::Island(1),
        Fault::Primary,
        Fault::Database(2, Link::Reset),
    ];
    let faults: Vec<Fault> = match kills {
        Some(count) => (0..count).map(|_| Fault::any(&mut dice)).collect(),
        None => few.to_vec(),
    };
    let faults_count = faults.len();
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..CAMERAS).map(|_| scope.spawn(|| scene.send())).collect();
        wait_for("mails before the first fault", || (scene.count() >= BETWEEN).then_some(()));
        for fault in faults {
            eprintln!("{fault:?} after {} mails", scene.count());
            // Longer than leases last, every other time.
            let pause = Duration::from_millis(500 + 7500 * dice.below(2));
            scene.suffer(fault, pause);
            assert!(senders.iter().all(|sender| !sender.is_finished()), "a sender has failed");
        }
        scene.over.store(true, Ordering::Relaxed);
    });
    let acknowledged: BTreeSet<String> =
        scene.acknowledged.lock().unwrap().keys().cloned().collect();
    wait_for("all acknowledged mails at the webhook", || {
        let delivered = scene.hook.delivered();
        acknowledged.iter().all(|subject| delivered.contains_key(subject)).then_some(())
    });
    let again: usize = scene.hook.delivered().values().map(|count| count - 1).sum();
    eprintln!("{} mails, {faults_count} faults, {again} delivered again", acknowledged.len());
    // What was under way at a fault, and could not be recorded.
    assert!(again <= faults_count * UNDER_WAY_MAX, "{again} delivered again");
}
