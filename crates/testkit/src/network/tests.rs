//! Needs root; says so where it is not.

use std::net::UdpSocket;
use std::process::Command;
use std::time::Instant;

use super::*;

/// Two hosts with a socket each, connected to the other's. `None`: there are no namespaces here.
struct Pair {
    network: Network,
    hosts: [Host; 2],
    sockets: [UdpSocket; 2],
}

impl Pair {
    fn new() -> Option<Self> {
        let network = match Network::open() {
            Ok(network) => network,
            Err(error) => {
                eprintln!("skipped: no network namespaces: {error}");
                return None;
            }
        };
        let hosts = [("one", 1), ("two", 2)]
            .map(|(name, number)| network.add(name, &[Ipv4Addr::new(10, 99, 0, number)]).unwrap());
        let sockets = hosts
            .each_ref()
            .map(|host| host.run(|| UdpSocket::bind((host.address(), 9)).unwrap()).unwrap());
        let [one, two] = &sockets;
        one.connect(two.local_addr().unwrap()).unwrap();
        two.connect(one.local_addr().unwrap()).unwrap();
        Some(Self { network, hosts, sockets })
    }

    /// How long a packet is on its way. `None`: it does not arrive within this time.
    fn time(&self, from: usize, to: usize, max: Duration) -> Option<Duration> {
        let (began, text) = (Instant::now(), format!("{:?}", Instant::now()));
        // Without a link, this fails.
        let _ = self.sockets[from].send(text.as_bytes());
        let mut bytes = [0; 100];
        loop {
            let left = max.checked_sub(began.elapsed()).filter(|left| !left.is_zero())?;
            self.sockets[to].set_read_timeout(Some(left)).unwrap();
            let count = self.sockets[to].recv(&mut bytes).ok()?;
            if &bytes[..count] == text.as_bytes() {
                return Some(began.elapsed());
            }
        }
    }

    fn arrives(&self, from: usize, to: usize) -> bool {
        // Addresses are asked for again after a cable was pulled.
        (0..20).any(|_| self.time(from, to, Duration::from_millis(200)).is_some())
    }

    fn is_cut(&self, from: usize, to: usize) -> bool {
        self.time(from, to, Duration::from_millis(300)).is_none()
    }
}

#[test]
fn a_cut_has_a_direction() {
    let Some(pair) = Pair::new() else { return };
    let [one, two] = &pair.hosts;
    assert!(pair.arrives(0, 1) && pair.arrives(1, 0));
    pair.network.cut(one, two).unwrap();
    assert!(pair.is_cut(0, 1) && pair.arrives(1, 0));
    pair.network.heal(one, two).unwrap();
    assert!(pair.arrives(0, 1));
}

#[test]
fn an_unplugged_host_reaches_nobody() {
    let Some(pair) = Pair::new() else { return };
    assert!(pair.arrives(0, 1));
    pair.hosts[0].unplug().unwrap();
    assert!(pair.is_cut(0, 1) && pair.is_cut(1, 0));
    pair.hosts[0].plug().unwrap();
    assert!(pair.arrives(0, 1) && pair.arrives(1, 0));
}

#[test]
fn a_slow_host_sends_late_and_loses() {
    let Some(pair) = Pair::new() else { return };
    let (delay, patience) = (Duration::from_millis(200), Duration::from_secs(10));
    assert!(pair.arrives(0, 1));
    pair.hosts[0].slow_down(delay, 0).unwrap();
    assert!(pair.time(0, 1, patience).unwrap() >= delay);
    assert!(pair.time(1, 0, patience).unwrap() < delay);
    pair.hosts[0].speed_up().unwrap();
    assert!(pair.arrives(0, 1));
    pair.hosts[0].slow_down(Duration::ZERO, 100).unwrap();
    assert!(pair.is_cut(0, 1));
    pair.hosts[0].speed_up().unwrap();
    assert!(pair.arrives(0, 1) && pair.arrives(1, 0));
}

/// Whole connections, with segments and checksums as the kernel leaves them to the interface.
#[test]
fn a_slow_host_sends_much_data() {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    let Some(pair) = Pair::new() else { return };
    let [one, two] = &pair.hosts;
    one.slow_down(Duration::from_millis(20), 1).unwrap();
    let data: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let listener = two.run(|| TcpListener::bind((two.address(), 9)).unwrap()).unwrap();
    let received = std::thread::scope(|scope| {
        let received = scope.spawn(|| {
            let (mut socket, mut bytes) = (listener.accept().unwrap().0, Vec::new());
            socket.read_to_end(&mut bytes).unwrap();
            bytes
        });
        let mut socket = one.run(|| TcpStream::connect((two.address(), 9)).unwrap()).unwrap();
        socket.write_all(&data).unwrap();
        drop(socket);
        received.join().unwrap()
    });
    assert!(received == data, "{} of {} bytes", received.len(), data.len());
}

fn namespaces() -> String {
    let output = Command::new("ip").args(["netns", "list"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_network_ends_with_its_processes_and_those_of_killed_tests_are_removed() {
    let Some(pair) = Pair::new() else { return };
    let prefix = pair.network.prefix.clone();
    assert!(namespaces().contains(&prefix));
    let mut sleep =
        pair.hosts[0].run(|| Command::new("sleep").arg("600").spawn().unwrap()).unwrap();
    drop(pair);
    assert!(!sleep.wait().unwrap().success());
    assert!(!namespaces().contains(&prefix));
    // No process has this number.
    let leftover = format!("tipoff-{}-0-one", i32::MAX);
    run(Command::new("ip").args(["netns", "add", &leftover])).unwrap();
    drop(Network::open().unwrap());
    assert!(!namespaces().contains(&leftover));
}
