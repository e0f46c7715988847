//! Ten machines: a balancer, three nodes, a primary with two standbys, an S3 server, the service that receives alerts,
//! and the cameras. The balancer and the nodes have the configuration files of packaging/cluster.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use tipoff_testkit::network::{Host, Network};
use tipoff_testkit::postgres::Cluster;
use tipoff_testkit::s3::{self, S3};

use super::receipts::Receipts;
use crate::faults::KillableNode;
use crate::harness::{Home, Server, require, wait_for};

/// Delivers every alert three times, so that each node has something to do.
pub const CHANNELS: [&str; 3] = ["one", "two", "three"];
/// Addresses of cameras: uploads of one address go to one node.
pub const CAMERA_ADDRESSES: [Ipv4Addr; 12] = {
    let mut addresses = [at(101); 12];
    let mut number = 0;
    while number < 12 {
        addresses[number as usize] = at(101 + number);
        number += 1;
    }
    addresses
};
const NAMES: [&str; 3] = ["a", "b", "c"];
/// The ports for data connections that the balancer forwards to each node.
const FTP_PORTS: [&str; 3] = ["50000-50033", "50034-50066", "50067-50099"];

const fn at(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(172, 30, 0, number)
}

fn packaged(name: &str) -> String {
    format!("{}/../../packaging/cluster/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// HAProxy.
struct Balancer(Child);

impl Balancer {
    fn start(host: &Host) -> Self {
        let mut haproxy = Command::new(require("haproxy"));
        // Fewer connections than in the file, for which root may lack the open files.
        haproxy.args(["-db", "-n", "2000", "-f", &packaged("haproxy.cfg")]);
        haproxy.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let balancer = Self(host.run(|| haproxy.spawn().unwrap()).unwrap());
        let address = (host.address(), 2525);
        wait_for("HAProxy", || host.run(|| TcpStream::connect(address).ok()).unwrap().map(drop));
        balancer
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A node and the machine that it runs on.
pub struct Node {
    pub name: &'static str,
    pub host: Host,
    pub program: KillableNode,
}

/// All machines and what runs on them.
pub struct Scene {
    pub receipts: Receipts,
    _balancer: Balancer,
    pub nodes: Vec<Node>,
    pub bucket: S3,
    pub cluster: Cluster,
    pub databases: [Host; 3],
    pub store: Host,
    pub service: Host,
    pub balancer: Host,
    pub cameras: Host,
    pub network: Network,
}

impl Scene {
    /// Starts everything. `None`, with a message: there are no network namespaces here.
    pub fn start() -> Option<Self> {
        let network = match Network::open() {
            Ok(network) => network,
            Err(error) => {
                eprintln!("skipped: no network namespaces: {error}");
                return None;
            }
        };
        let add = |name: &str, number| network.add(name, &[at(number)]).unwrap();
        let databases = [("db-0", 21), ("db-1", 22), ("db-2", 23)].map(|(name, at)| add(name, at));
        let (store, service, balancer) = (add("s3", 31), add("service", 41), add("balancer", 1));
        let cameras = network.add("cameras", &CAMERA_ADDRESSES).unwrap();
        let hosts =
            [("node-a", 11), ("node-b", 12), ("node-c", 13)].map(|(name, at)| add(name, at));
        let cluster = Cluster::open_on(databases.clone()).unwrap();
        let bucket = S3::open_on(store.clone()).unwrap();
        let receipts = service.run(|| Receipts::start(service.address())).unwrap();
        let configuration = configuration(&receipts);
        let environment = environment(&cluster, &bucket, &balancer);
        let ports = databases.iter().zip(cluster.ports());
        let at = |(host, port): (&Host, u16)| SocketAddr::from((host.address(), port));
        let database: Vec<SocketAddr> = ports.map(at).collect();
        let nodes = hosts.into_iter().zip(NAMES).zip(FTP_PORTS).map(|((host, name), ports)| {
            let mut environment = environment.clone();
            environment.extend([("NODE", name.to_owned()), ("FTP_PORTS", ports.to_owned())]);
            let program = node(&configuration, host.clone(), environment, database.clone());
            Node { name, host, program }
        });
        let nodes = nodes.collect();
        let _balancer = Balancer::start(&balancer);
        Some(Self {
            receipts,
            _balancer,
            nodes,
            bucket,
            cluster,
            databases,
            store,
            service,
            balancer,
            cameras,
            network,
        })
    }
}

/// The packaged file with what the test adds.
fn configuration(receipts: &Receipts) -> String {
    let packaged = std::fs::read_to_string(packaged("tipoff.toml")).unwrap();
    let channels = CHANNELS.map(|name| receipts.channel(name)).concat();
    format!("{packaged}[incidents]\nquiet = \"0 s\"\nflood = 0\n{channels}")
}

/// What compose.yaml gives to all nodes.
fn environment(cluster: &Cluster, bucket: &S3, balancer: &Host) -> Vec<(&'static str, String)> {
    vec![
        ("DATABASE_URL", cluster.url()),
        ("FTP_ADDRESS", balancer.address().to_string()),
        ("AWS_ENDPOINT_URL", bucket.url()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", s3::KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", s3::SECRET.to_owned()),
    ]
}

fn node(
    file: &str,
    host: Host,
    environment: Vec<(&'static str, String)>,
    database: Vec<SocketAddr>,
) -> KillableNode {
    let home = Home::new("");
    let data = home.data_dir();
    home.put("tipoff.toml", file.replace("/var/lib/tipoff", data.to_str().unwrap()).as_bytes());
    KillableNode::start(move || {
        let mut command = home.command(&["run"]);
        command.envs(environment.clone());
        // A node that starts without a database ends. After a pulled cable the addresses are asked for again.
        let is_there = |address: &SocketAddr| TcpStream::connect(address).is_ok();
        let reaches_all = || database.iter().all(is_there).then_some(());
        host.run(|| {
            wait_for("the way to the database", reaches_all);
            Server::start(command)
        })
        .unwrap()
    })
}
