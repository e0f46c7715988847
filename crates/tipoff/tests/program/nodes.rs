//! Nodes whose spool is a PostgreSQL database: what they do when it fails, and that they lose nothing.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tipoff_testkit::postgres::{self, Cluster};

use crate::api::make_token;
use crate::harness::{Home, PICTURE, Server, mail, succeeded, wait_for};
use crate::hook::Hook;

/// Connections that send at the same time.
const CAMERAS: usize = 8;

/// Running nodes with one configuration, each with a data folder and ports of its own, and the webhook
/// that they all deliver to.
struct Nodes {
    homes: Vec<Home>,
    servers: Vec<Server>,
    hook: Hook,
}

impl Nodes {
    /// Starts nodes on this database.
    fn start(count: usize, database: &str) -> Self {
        let hook = Hook::start();
        let configuration = format!(
            "[spool]\nengine = \"postgres\"\nurl = {database:?}\n\
             [incidents]\nquiet = \"0 s\"\nflood = 0\n{}",
            hook.channel()
        );
        let homes: Vec<Home> = (0..count).map(|_| Home::new(&configuration)).collect();
        let servers = homes.iter().map(Home::start).collect();
        Self { homes, servers, hook }
    }

    /// Where a node receives mail.
    fn smtp(&self, node: usize) -> SocketAddr {
        self.servers[node].smtp[0]
    }

    /// Waits until the webhook has received all these, and says how many it has received again.
    fn wait_for_all(&self, subjects: &BTreeSet<String>) -> usize {
        wait_for("all acknowledged mails at the webhook", || {
            let delivered = self.hook.delivered();
            let is_there = |subject: &String| delivered.contains_key(subject);
            subjects.iter().all(is_there).then(|| delivered.values().map(|count| count - 1).sum())
        })
    }
}

/// Sends a mail with a picture; the reply that decided, of whatever command, or `None` if the connection broke.
pub fn try_mail(address: SocketAddr, subject: &str) -> Option<String> {
    try_sending(address, mail(subject, &[PICTURE]))
}

/// The same without a picture.
fn try_text(address: SocketAddr, subject: &str) -> Option<String> {
    try_sending(address, mail(subject, &[]))
}

fn try_sending(address: SocketAddr, text: Vec<u8>) -> Option<String> {
    try_sending_over(TcpStream::connect(address).ok()?, text)
}

/// Sends this mail over a new connection; the reply that decided.
pub fn try_sending_over(socket: TcpStream, mut text: Vec<u8>) -> Option<String> {
    let mut socket = BufReader::new(socket);
    socket.get_ref().set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    text.extend_from_slice(b".\r\n");
    let lines: [&[u8]; 6] = [
        b"",
        b"HELO camera\r\n",
        b"MAIL FROM:<camera@example.com>\r\n",
        b"RCPT TO:<me@example.com>\r\n",
        b"DATA\r\n",
        &text,
    ];
    let mut reply = String::new();
    for line in lines {
        socket.get_mut().write_all(line).ok()?;
        reply.clear();
        socket.read_line(&mut reply).ok().filter(|count| *count > 0)?;
        if !reply.starts_with(['2', '3']) {
            break;
        }
    }
    Some(reply)
}

/// Sends mails to nodes in turn until it is over; those that were acknowledged are noted.
fn send_until_over(
    nodes: &Nodes,
    next: &AtomicUsize,
    acknowledged: &Mutex<BTreeSet<String>>,
    over: &AtomicBool,
) {
    while !over.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let subject = format!("mail {number}");
        let reply = try_mail(nodes.smtp(number % nodes.homes.len()), &subject).unwrap_or_default();
        if reply.starts_with("250") {
            acknowledged.lock().unwrap().insert(subject);
        } else {
            assert!(reply.is_empty() || reply.starts_with('4'), "not put off: {reply}");
        }
    }
}

#[test]
fn a_mail_is_delivered_once_and_its_incident_is_in_the_database() {
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    let nodes = Nodes::start(1, database.url());
    let reply = try_mail(nodes.smtp(0), "front door").unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    assert_eq!(nodes.wait_for_all(&BTreeSet::from(["front door".to_owned()])), 0);
    assert_eq!(database.run("SELECT count(*) FROM incident").unwrap(), "1");
    assert_eq!(nodes.homes[0].incidents().len(), 1);
    assert!(!nodes.homes[0].data_dir().join("spool.db").exists());
}

/// Which node but `dead` holds the channel, once one does.
fn holder(nodes: &Nodes, dead: Option<usize>) -> usize {
    wait_for("a node that holds the channel", || {
        let holds = |node: &usize| {
            let metrics = nodes.servers[*node].get("/metrics");
            metrics.lines().any(|line| line == "tipoff_leases{kind=\"channel\"} 1")
        };
        (0..nodes.servers.len()).filter(|node| Some(*node) != dead).find(holds)
    })
}

/// Alerts of mails to any node are sent once, by the node that has the channel.
#[test]
fn each_alert_is_sent_by_one_of_several_nodes() {
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    let nodes = Nodes::start(3, database.url());
    holder(&nodes, None);
    let subjects: BTreeSet<String> = (0..30).map(|number| format!("mail {number}")).collect();
    std::thread::scope(|scope| {
        for (number, subject) in subjects.iter().enumerate() {
            let nodes = &nodes;
            scope.spawn(move || {
                let reply = try_text(nodes.smtp(number % 3), subject).unwrap();
                assert!(reply.starts_with("250"), "{reply}");
            });
        }
    });
    assert_eq!(nodes.wait_for_all(&subjects), 0);
    assert_eq!(database.run("SELECT count(*) FROM delivery WHERE attempts > 1").unwrap(), "0");
}

/// The others take over what a killed node held. No alert is later than a quarter of a minute.
#[test]
fn a_killed_nodes_channel_goes_on_at_another_node() {
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    let nodes = Nodes::start(3, database.url());
    let killed = holder(&nodes, None);
    nodes.servers[killed].kill_now();
    let began = Instant::now();
    let subject = "after the kill".to_owned();
    let reply = try_text(nodes.smtp((killed + 1) % 3), &subject).unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    assert_eq!(nodes.wait_for_all(&[subject].into()), 0);
    let late = began.elapsed();
    assert!(late < Duration::from_secs(15), "{late:?}");
    assert_ne!(holder(&nodes, Some(killed)), killed);
}

/// Asks the API of a node.
fn ask(node: &Server, token: &str, method: &str, path: &str, body: &str) -> String {
    let url = format!("http://{}{path}", node.http);
    let token = format!("Authorization: Bearer {token}");
    let json = "Content-Type: application/json";
    let arguments = ["-sS", "-f", "-X", method, "-H", json, "-H", &token, "-d", body, &url];
    let output = Command::new("curl").args(arguments).output().unwrap();
    succeeded(&output);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What is changed at one node holds at the others within a second.
#[test]
fn changes_at_one_node_hold_at_all() {
    let database = postgres::Server::shared().unwrap().create_database().unwrap();
    let nodes = Nodes::start(2, database.url());
    let holder = holder(&nodes, None);
    let (with, without) = (&nodes.servers[holder], &nodes.servers[1 - holder]);
    // Pages of a node show what happens at the other.
    let events = TcpStream::connect(with.http).unwrap();
    let mut request = &events;
    let host = with.http;
    let token = make_token(&nodes.homes[0], &["nodes"]);
    let bearer = format!("Authorization: Bearer {token}");
    write!(request, "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\n{bearer}\r\n\r\n").unwrap();
    let mut lines = BufReader::new(events.try_clone().unwrap()).lines();
    let until = |lines: &mut std::io::Lines<BufReader<TcpStream>>, wanted: &str| {
        let began = Instant::now();
        lines.map(Result::unwrap).find(|line| line.contains(wanted)).unwrap();
        began.elapsed()
    };
    until(&mut lines, "200 OK");
    let path = "/api/v1/channels/hook/paused";
    ask(without, &token, "PUT", path, "{\"paused\":true}");
    let paused = || {
        let channels: Value =
            serde_json::from_str(&ask(with, &token, "GET", "/api/v1/channels", "")).unwrap();
        channels.to_string().contains("\"paused\"")
    };
    assert!(until(&mut lines, "event: channel") < Duration::from_secs(1));
    wait_for("the pause at the other node", || paused().then_some(()));
    assert!(try_text(nodes.smtp(1 - holder), "paused").unwrap().starts_with("250"));
    assert!(until(&mut lines, "event: incident") < Duration::from_secs(1));
    assert!(nodes.hook.delivered().is_empty());
    ask(without, &token, "PUT", path, "{\"paused\":false}");
    nodes.wait_for_all(&["paused".to_owned()].into());
    // A channel that is added at one is in use at the other, and removed from both.
    let names = |server: &Server| -> Vec<String> {
        let channels: Value =
            serde_json::from_str(&ask(server, &token, "GET", "/api/v1/channels", "")).unwrap();
        let names = channels.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    };
    let added =
        serde_json::json!({"name": "x", "type": "webhook", "settings": {"url": nodes.hook.url()}});
    ask(without, &token, "POST", "/api/v1/channels", &added.to_string());
    assert_eq!(names(without), ["hook", "x"]);
    wait_for("the channel at the other node", || (names(with) == ["hook", "x"]).then_some(()));
    ask(with, &token, "POST", "/api/v1/channels/x/remove", "");
    wait_for("its end at the first", || (names(without) == ["hook"]).then_some(()));
    // Links of alerts open at every node, and devices see one certificate.
    let file = |node: usize, name: &str| std::fs::read(nodes.homes[node].data_dir().join(name));
    for name in ["link.key", "tls/certificate.pem", "tls/key.pem"] {
        assert_eq!(file(0, name).unwrap(), file(1, name).unwrap(), "{name}");
    }
}

#[test]
fn devices_are_put_off_while_the_database_is_down_and_all_goes_on_by_itself() {
    let database = postgres::Server::open().unwrap();
    let own = database.create_database().unwrap();
    let nodes = Nodes::start(1, own.url());
    assert!(try_mail(nodes.smtp(0), "before").unwrap().starts_with("250"));
    database.stop().unwrap();
    let reply = try_mail(nodes.smtp(0), "during").unwrap();
    assert!(reply.starts_with("451"), "{reply}");
    database.start().unwrap();
    wait_for("a mail to be acknowledged", || {
        try_mail(nodes.smtp(0), "after")?.starts_with("250").then_some(())
    });
    nodes.wait_for_all(&["before", "after"].map(str::to_owned).into());
    assert!(!nodes.hook.delivered().contains_key("during"));
}

#[test]
fn no_acknowledged_mail_is_lost_when_the_primary_is_killed_under_load() {
    let cluster = Cluster::open().unwrap();
    let nodes = Nodes::start(1, &cluster.url());
    let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let acknowledged: Mutex<BTreeSet<String>> = Mutex::default();
    let count = || acknowledged.lock().unwrap().len();
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..CAMERAS)
            .map(|_| scope.spawn(|| send_until_over(&nodes, &next, &acknowledged, &over)))
            .collect();
        let more = |wanted: usize| {
            let is_lost = senders.iter().any(|sender| sender.is_finished());
            assert!(!is_lost, "a sender has failed");
            (count() >= wanted).then_some(())
        };
        wait_for("mails before the kill", || more(50));
        cluster.kill_primary().unwrap();
        let before = count();
        cluster.fail_over().unwrap();
        wait_for("mails after the failover", || more(before + 50));
        over.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    let again = nodes.wait_for_all(&acknowledged);
    // Deliveries that were under way when the primary died.
    assert!(again <= CAMERAS, "{again} delivered again");
}
