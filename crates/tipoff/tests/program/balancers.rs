//! Balancers that send the PROXY header: made by hand, by curl, and HAProxy itself.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::camera::connect_from;
use crate::harness::{Client, Home, PATIENCE, PICTURE, Server, mail, require, succeeded, wait_for};

/// The address that the test's balancers connect from.
const BALANCER: &str = "127.0.0.4";
/// A LOCAL header of version 2.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

/// A configuration in which [`BALANCER`] is named for all ports, with further settings.
fn configuration(smtp: &str, ftp: &str, http: &str) -> String {
    let named = format!("proxy_protocol = [\"{BALANCER}\"]\n");
    format!(
        "[smtp]\nlisten = [\"127.0.0.1:0\", \"smtps://127.0.0.1:0\"]\n{named}{smtp}\
         [ftp]\nlisten = [\"127.0.0.1:0\", \"ftps://127.0.0.1:0\"]\n{named}{ftp}\
         [http]\nlisten = \"127.0.0.1:0\"\n{named}{http}"
    )
}

fn start() -> (Home, Server) {
    let home = Home::new(&configuration("", "", ""));
    let server = home.start();
    (home, server)
}

/// A header of version 1 for a device at this address.
fn text(device: &str) -> Vec<u8> {
    format!("PROXY TCP4 {device} 198.51.100.1 51000 25\r\n").into_bytes()
}

/// A header of version 2, with an extension.
fn binary(device: &str) -> Vec<u8> {
    let device: std::net::Ipv4Addr = device.parse().unwrap();
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x13".to_vec();
    header.extend(device.octets());
    header.extend([198, 51, 100, 1, 0xc7, 0x38, 0, 25]);
    header.extend(b"\x04\0\x04zero");
    header
}

/// A connection from this address that begins with these bytes.
fn beginning(source: &str, to: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut socket = connect_from(source, to);
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.write_all(bytes).unwrap();
    socket
}

/// All bytes until the server closes the connection.
fn all(mut socket: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The stored sessions, once there are so many.
fn sessions(home: &Home, count: usize) -> Vec<Value> {
    wait_for("the sessions", || {
        let list = home.json(&["sessions", "--limit", "1000", "--json"]);
        let list = list.as_array().unwrap().clone();
        (list.len() >= count).then_some(list)
    })
}

fn logged(server: &Server, words: &str) {
    wait_for(words, || server.log().contains(words).then_some(()));
}

fn send_mail(client: &mut Client, from: &str) {
    client.begin(from);
    client.send(&mail("Motion", &[PICTURE]));
    client.must(".", "250");
    client.must("QUIT", "221");
}

/// Reads a GET's answer.
fn get(mut socket: TcpStream, path: &str, host: &str) -> String {
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    all(socket)
}

#[test]
fn the_device_in_the_header_is_the_peer_of_everything() {
    let (home, server) = start();
    for (number, header, device) in
        [(1, text("192.168.7.20"), "192.168.7.20"), (2, binary("192.168.7.21"), "192.168.7.21")]
    {
        let mut client = Client::over(beginning(BALANCER, server.smtp[0], &header));
        send_mail(&mut client, &format!("cam@{device}"));
        let list = sessions(&home, number);
        assert_eq!(list[0]["peer"], device, "{list:?}");
        let shown = home.json(&["sessions", "show", &list[0]["session"].to_string(), "--json"]);
        assert!(shown.to_string().contains("Through the balancer 127.0.0.4"), "{shown}");
    }
    // The balancer is in a private network, and this device is not: it needs a login.
    for header in [text("8.8.8.8"), binary("8.8.8.8"), b"PROXY UNKNOWN\r\n".to_vec()] {
        let mut client = Client::over(beginning(BALANCER, server.smtp[0], &header));
        client.must("EHLO camera", "250");
        client.must("MAIL FROM:<cam@example.com>", "530");
        client.must("QUIT", "221");
    }
    // The HTTP port names the device in its log.
    for header in [text("192.168.7.22"), binary("192.168.7.22")] {
        let socket = beginning(BALANCER, server.http, &header);
        let answer = get(socket, "/", "evil.example.org");
        assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    }
    logged(&server, "peer=192.168.7.22");
    // Who connects without a balancer is served as before.
    server.get("/readyz");
    send_mail(&mut Client::connect(server.smtp[0]), "direct@example.com");
    server.stop();
}

#[test]
fn a_header_of_somebody_else_is_refused_and_not_believed() {
    let (home, server) = start();
    for (from, header) in [
        ("127.0.0.9", text("192.168.7.20")),
        ("127.0.0.10", binary("192.168.7.20")),
        ("127.0.0.11", LOCAL.to_vec()),
    ] {
        for (ports, reply) in
            [(&server.smtp, "421 4.7.0 No PROXY header"), (&server.ftp, "421 No PROXY header")]
        {
            for port in &ports[..2] {
                let said = all(beginning(from, *port, &header));
                assert!(said.contains(reply), "{port}: {said}");
            }
        }
        assert_eq!(all(beginning(from, server.http, &header)), "");
    }
    logged(&server, "A PROXY header was refused");
    let list = sessions(&home, 12);
    assert_eq!(list.len(), 12);
    for session in list {
        assert!(session["peer"].as_str().unwrap().starts_with("127.0.0."), "{session}");
        assert_eq!(session["outcome"], "turned_away");
        assert!(session["hint"].as_str().unwrap().contains("`proxy_protocol`"), "{session}");
    }
    // A device behind the balancer cannot add one of its own either.
    let two = [text("192.168.7.20"), text("10.1.1.1"), b"EHLO camera\r\n".to_vec()].concat();
    let said = all(beginning(BALANCER, server.smtp[0], &two));
    assert!(said.contains("421 4.7.0 No PROXY header"), "{said}");
    assert_eq!(sessions(&home, 13)[0]["peer"], "192.168.7.20");
    server.stop();
}

#[test]
fn a_balancer_without_a_valid_header_is_closed_without_a_word() {
    let (home, server) = start();
    let oversized = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff".as_slice(), &[0; 65_535]].concat();
    for port in [server.smtp[0], server.smtp[1], server.ftp[0], server.http] {
        for bytes in [
            &b"EHLO camera\r\n"[..],
            b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n",
            b"\x16\x03\x01\x02\0\x01",
            &[b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat(),
            &oversized,
        ] {
            // It may be closed while it is written.
            let mut socket = connect_from(BALANCER, port);
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            let _ = socket.write_all(bytes);
            assert_eq!(all(socket), "", "{port}: {:?}", &bytes[..bytes.len().min(20)]);
        }
        // A header that is cut, and one that does not end.
        let cut = beginning(BALANCER, port, b"PROXY TCP4 192.168");
        cut.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(all(cut), "");
    }
    let slow: Vec<TcpStream> = [server.smtp[0], server.ftp[1], server.http]
        .map(|port| beginning(BALANCER, port, b"PROXY "))
        .into();
    for socket in slow {
        assert_eq!(all(socket), "");
    }
    for reason in ["something else", "malformed", "too long", "ended within it", "in time"] {
        logged(&server, reason);
    }
    assert!(server.log().contains("balancer=127.0.0.4"));
    assert_eq!(home.json(&["sessions", "--json"]), serde_json::json!([]));
    server.stop();
}

#[test]
fn limits_count_for_the_device_and_not_for_the_balancer() {
    let home = Home::new(&configuration("max_connections_per_address = 2\n", "", ""));
    let server = home.start();
    let mut open = Vec::new();
    for device in 1..=5 {
        for _ in 0..2 {
            let header = text(&format!("192.168.7.{device}"));
            open.push(Client::over(beginning(BALANCER, server.smtp[0], &header)));
        }
    }
    for (header, reply) in [
        (text("192.168.7.3"), "421 4.7.0 Too many connections from your address"),
        (binary("192.168.7.3"), "421 4.7.0 Too many connections from your address"),
        (text("192.168.7.6"), "220"),
    ] {
        let mut client = Client::silently_over(beginning(BALANCER, server.smtp[0], &header));
        let said = client.hear();
        assert!(said.starts_with(reply), "{said}");
    }
    assert!(sessions(&home, 2).iter().any(|it| it["peer"] == "192.168.7.3"));
    server.stop();
}

#[test]
fn health_checks_work_and_leave_no_trace() {
    let (home, server) = start();
    for header in [LOCAL, b"PROXY TCP4 127.0.0.4 127.0.0.1 5 25\r\n", b"PROXY UNKNOWN\r\n"] {
        for port in [server.smtp[0], server.ftp[0]] {
            let mut client = Client::over(beginning(BALANCER, port, header));
            client.must("NOOP", if port == server.smtp[0] { "250" } else { "200" });
            client.must("QUIT", "221");
        }
        let answer = get(beginning(BALANCER, server.http, header), "/readyz", "balancer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    // Whether the port is open.
    for port in [server.smtp[0], server.ftp[0], server.http] {
        drop(connect_from(BALANCER, port));
        crate::camera::reset(connect_from(BALANCER, port));
    }
    // What comes after them is listed, and only that. A mail on a balancer's own connection is one.
    send_mail(&mut Client::connect(server.smtp[0]), "direct@example.com");
    send_mail(&mut Client::over(beginning(BALANCER, server.smtp[0], LOCAL)), "own@example.com");
    let list = sessions(&home, 2);
    assert_eq!(list.len(), 2, "{list:?}");
    assert_eq!(list[0]["peer"], BALANCER);
    assert!(!server.log().contains("WARN"), "{}", server.log());
    server.stop();
}

/// A camera behind a balancer that has logged in at FTP.
fn camera(server: &Server, device: &str) -> Client {
    let header = format!("PROXY TCP4 {device} 198.51.100.1 51000 21\r\n");
    let mut client = Client::over(beginning(BALANCER, server.ftp[0], header.as_bytes()));
    client.must("USER cam", "331");
    client.must("PASS cam", "230");
    client
}

/// Where PASV leads to.
fn passive(client: &mut Client) -> SocketAddr {
    let reply = client.say("PASV");
    let inside = reply.split(['(', ')']).nth(1).unwrap_or_else(|| panic!("{reply}"));
    let numbers: Vec<u8> = inside.split(',').map(|it| it.parse().unwrap()).collect();
    let host: [u8; 4] = numbers[..4].try_into().unwrap();
    SocketAddr::from((host, u16::from_be_bytes([numbers[4], numbers[5]])))
}

#[test]
fn data_connections_come_straight_to_the_node_or_through_the_balancer() {
    let home = Home::new(&configuration("", "passive_ports = \"24100-24119\"\n", ""));
    let server = home.start();
    // Straight, from the device's own address, to the node's own.
    let mut client = camera(&server, "127.0.0.20");
    client.must("EPSV", "502");
    let at = passive(&mut client);
    assert_eq!(at.ip(), server.ftp[0].ip());
    let mut data = connect_from("127.0.0.20", at);
    client.must("STOR straight.jpg", "150");
    data.write_all(PICTURE).unwrap();
    drop(data);
    assert!(client.hear().starts_with("226"));
    // Through the balancer, with a header.
    for (name, header) in [("v1.jpg", text("127.0.0.20")), ("v2.jpg", binary("127.0.0.20"))] {
        let at = passive(&mut client);
        // A header of another device, of a stranger, and none at all.
        drop(beginning(BALANCER, at, &text("127.0.0.21")));
        drop(beginning("127.0.0.9", at, &header));
        drop(connect_from(BALANCER, at));
        let mut data = beginning(BALANCER, at, &header);
        client.must(&format!("STOR {name}"), "150");
        data.write_all(PICTURE).unwrap();
        drop(data);
        let reply = client.hear();
        assert!(reply.starts_with("226"), "{reply}");
    }
    let mut data = beginning(BALANCER, passive(&mut client), &text("127.0.0.20"));
    client.must("RETR v2.jpg", "150");
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, PICTURE);
    assert!(client.hear().starts_with("226"));
    client.must("QUIT", "221");
    assert_eq!(home.incidents()[0]["arrivals"], 3);
    server.stop();
}

/// Runs curl as a balancer with a header of version 1.
fn curl(arguments: &[&str]) {
    let output = Command::new(require("curl"))
        .args(["-sS", "-k", "-m", "30", "--haproxy-protocol", "--interface", BALANCER])
        .args(arguments)
        .output()
        .unwrap();
    succeeded(&output);
}

#[test]
fn curl_as_a_balancer_in_plain_text_and_with_tls_at_once() {
    let (home, server) = start();
    let mail = home.put("mail.eml", &mail("Motion", &[PICTURE]));
    let mail = mail.to_str().unwrap();
    for url in [format!("smtp://{}", server.smtp[0]), format!("smtps://{}", server.smtp[1])] {
        let from = ["--mail-from", "cam@example.com", "--mail-rcpt", "me@example.com"];
        curl(&[&["-T", mail, &url], &from[..]].concat());
    }
    for scheme in ["http", "https"] {
        curl(&["-f", &format!("{scheme}://{}/readyz", server.http)]);
    }
    let list = sessions(&home, 2);
    assert!(list.iter().all(|it| it["outcome"] == "delivered"), "{list:?}");
    assert!(list.iter().any(|it| it["tls"].is_string()), "{list:?}");
    server.stop();
}

#[test]
fn doctor_and_check_name_the_balancers() {
    let home = Home::new(
        "[smtp]\nlisten = [\"127.0.0.1:0\"]\nproxy_protocol = [\"127.0.0.1\"]\n\
         [ftp]\nlisten = [\"127.0.0.1:0\"]\nproxy_protocol = [\"127.0.0.1\"]\n",
    );
    let server = home.start();
    let (smtp, ftp) = (server.smtp[0], server.ftp[0]);
    home.configure(&format!(
        "[smtp]\nlisten = [\"{smtp}\"]\nproxy_protocol = [\"127.0.0.1\"]\n\
         [ftp]\nlisten = [\"{ftp}\"]\nproxy_protocol = [\"127.0.0.1\"]\n"
    ));
    let said = home.command(&["doctor"]).output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    for port in [smtp, ftp] {
        assert!(said.contains(&format!("{port} is answered by the running Tipoff")), "{said}");
    }
    assert!(said.contains("[smtp] 127.0.0.1/32; [ftp] 127.0.0.1/32"), "{said}");
    let said = home.run(&["check"]);
    assert!(said.contains("expects PROXY headers for [smtp] from 127.0.0.1/32"), "{said}");
    server.stop();
}

/// HAProxy in front of a server.
struct HaProxy {
    child: Child,
    /// Its ports, by name.
    ports: Vec<(&'static str, SocketAddr)>,
    socket: std::path::PathBuf,
}

impl HaProxy {
    /// With these listeners: a name, what a server line of HAProxy says in addition, and the server's port.
    /// `data`: ports that lead to the same ports of 127.0.0.1.
    fn start(
        home: &Home,
        listeners: &[(&'static str, &str, SocketAddr)],
        data: Option<&str>,
    ) -> Self {
        let socket = home.file("haproxy.sock");
        let mut file = format!(
            "global\n  stats socket {}\ndefaults\n  mode tcp\n  timeout connect 5s\n  \
             timeout client 60s\n  timeout server 60s\n  source {BALANCER}\n",
            socket.display()
        );
        let mut ports = Vec::new();
        for (name, settings, server) in listeners {
            // A port that is free now; HAProxy takes no port 0 that it would name.
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            writeln!(file, "listen {name}\n  bind {free}\n  {settings}").unwrap();
            // Two kinds of headers, as for two nodes.
            writeln!(file, "  server one {server} check inter 100ms send-proxy").unwrap();
            writeln!(file, "  server two {server} check inter 100ms send-proxy-v2").unwrap();
            ports.push((*name, free));
        }
        if let Some(data) = data {
            writeln!(file, "listen data\n  bind {data}\n  server node 127.0.0.1 send-proxy-v2")
                .unwrap();
        }
        let path = home.put("haproxy.cfg", file.as_bytes());
        let child = Command::new(require("haproxy"))
            .args(["-db", "-f"])
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, ports, socket }
    }

    fn at(&self, name: &str) -> SocketAddr {
        self.ports.iter().find(|(it, _)| *it == name).unwrap().1
    }

    /// How the last checks of all servers ended, such as `L7OK`.
    fn checks(&self) -> Vec<String> {
        let Ok(mut socket) = UnixStream::connect(&self.socket) else { return Vec::new() };
        socket.write_all(b"show stat -1 4 -1\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let lines = answer.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        lines.filter_map(|line| line.split(',').nth(36)).map(str::to_owned).collect()
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn haproxy_with_checks_of_all_three_protocols() {
    let (home, server) = start();
    let haproxy = HaProxy::start(
        &home,
        &[
            ("smtp", "option smtpchk HELO balancer", server.smtp[0]),
            ("ftp", "option tcp-check\n  tcp-check expect string 220", server.ftp[0]),
            ("http", "option httpchk GET /readyz", server.http),
        ],
        None,
    );
    wait_for("six good checks", || {
        let checks = haproxy.checks();
        (checks.len() == 6 && checks.iter().all(|it| it == "L7OK")).then_some(())
    });
    assert_eq!(home.json(&["sessions", "--json"]), serde_json::json!([]), "checks are not listed");
    // Each server once: both headers.
    for number in 1..=2 {
        let socket = connect_from("127.0.0.30", haproxy.at("smtp"));
        send_mail(&mut Client::over(socket), "cam@example.com");
        let list = sessions(&home, number);
        assert_eq!((list.len(), &list[0]["peer"]), (number, &"127.0.0.30".into()), "{list:?}");
        let answer = get(connect_from("127.0.0.31", haproxy.at("http")), "/readyz", "x");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let mut client = Client::over(connect_from("127.0.0.30", haproxy.at("ftp")));
    client.must("USER cam", "331");
    client.must("PASS cam", "230");
    let mut data = connect_from("127.0.0.30", passive(&mut client));
    client.must("STOR x.jpg", "150");
    data.write_all(PICTURE).unwrap();
    drop(data);
    assert!(client.hear().starts_with("226"));
    client.must("QUIT", "221");
    assert_eq!(sessions(&home, 3).len(), 3);
    assert!(!server.log().contains("WARN"), "{}", server.log());
    server.stop();
}

#[test]
fn haproxy_with_ftp_data_ports_of_one_node() {
    let ftp = "public_address = \"127.0.0.2\"\npassive_ports = \"24130-24139\"\n";
    let home = Home::new(&configuration("", ftp, ""));
    let server = home.start();
    let listeners = [("ftp", "option tcp-check", server.ftp[0])];
    let haproxy = HaProxy::start(&home, &listeners, Some("127.0.0.2:24130-24139"));
    wait_for("HAProxy", || (haproxy.checks().len() == 3).then_some(()));
    let mut client = Client::over(connect_from("127.0.0.30", haproxy.at("ftp")));
    client.must("USER cam", "331");
    client.must("PASS cam", "230");
    for name in ["1.jpg", "2.jpg"] {
        let at = passive(&mut client);
        assert_eq!(at.ip().to_string(), "127.0.0.2");
        let mut data = connect_from("127.0.0.30", at);
        client.must(&format!("STOR {name}"), "150");
        data.write_all(PICTURE).unwrap();
        drop(data);
        assert!(client.hear().starts_with("226"));
    }
    let mut data = connect_from("127.0.0.30", passive(&mut client));
    client.must("RETR 1.jpg", "150");
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, PICTURE);
    assert!(client.hear().starts_with("226"));
    client.must("QUIT", "221");
    assert!(!server.log().contains("WARN"), "{}", server.log());
    server.stop();
}

#[test]
fn the_configuration_of_haproxy_in_the_book_is_valid() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/cluster/haproxy.cfg");
    succeeded(&Command::new(require("haproxy")).args(["-c", "-f", file]).output().unwrap());
    let (config, book) =
        (std::fs::read_to_string(file).unwrap(), include_str!("../../../../docs/balancers.md"));
    let quoted = book.split("```\n").find(|part| part.starts_with("defaults\n")).unwrap();
    for line in quoted.lines().filter(|line| !line.is_empty()) {
        assert!(config.lines().any(|it| it == line), "{line}");
    }
}
