//! Whoever holds the HTTP port's connections keeps nobody from the dashboard, and no probe from its answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::harness::{Home, Server, wait_for};
use crate::hostile::{connect_from, connect_many, from, is_closed, peak_memory_mb};

/// A probe gives up later than this.
const PROBE_MAX: Duration = Duration::from_secs(1);

/// The head of what is answered, and how long it took.
fn get(address: SocketAddr, path: &str, headers: &str) -> (String, Duration) {
    let began = Instant::now();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    let _ = socket.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

fn is_answered(server: &Server) {
    for (path, beginning) in
        [("/healthz", "200"), ("/readyz", "200"), ("/login", "200"), ("/", "303")]
    {
        let (answer, took) = get(server.http, path, "");
        assert!(answer.starts_with(&format!("HTTP/1.1 {beginning}")), "{path}: {answer}");
        assert!(took < PROBE_MAX, "{path}: {took:?}");
    }
}

/// Sends this, and then a byte now and then, until it is over.
fn trickle(
    mut sockets: Vec<TcpStream>,
    first: &'static [u8],
    over: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<Vec<TcpStream>> {
    let over = Arc::clone(over);
    for socket in &mut sockets {
        let _ = socket.write_all(first);
    }
    std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) {
            for socket in &mut sockets {
                let _ = socket.write_all(b"x");
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        sockets
    })
}

const HALF_A_HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ";
const HALF_A_BODY: &[u8] = b"POST /login HTTP/1.1\r\nHost: localhost\r\n\
    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000000\r\n\r\npassword=";

#[test]
fn trickling_requests_of_many_addresses_keep_nobody_out() {
    let home = Home::new("");
    let server = home.start();
    let over = Arc::new(AtomicBool::new(false));
    let attacks = [
        // Also from the very address of the probe.
        trickle(connect_many(1..=1, 256, server.http), HALF_A_HEAD, &over),
        trickle(connect_many(2..=5, 64, server.http), HALF_A_HEAD, &over),
        trickle(connect_many(2..=5, 64, server.http), HALF_A_BODY, &over),
        trickle(connect_many(2..=5, 64, server.http), &[0x16, 3, 1, 2, 0, 1], &over),
        trickle(connect_many(2..=254, 2, server.http), b"G", &over),
    ];
    for _ in 0..10 {
        is_answered(&server);
    }
    over.store(true, Ordering::Relaxed);
    for attack in attacks {
        attack.join().unwrap();
    }
    let memory = peak_memory_mb(server.pid());
    assert!(memory < 128, "{memory} MB");
    server.stop();
}

#[test]
fn endless_connections_delay_no_health_check() {
    let home = Home::new("");
    let server = home.start();
    let over = Arc::new(AtomicBool::new(false));
    let floods: Vec<_> = [1, 2, 3]
        .into_iter()
        .map(|number| {
            let (address, over) = (server.http, Arc::clone(&over));
            std::thread::spawn(move || {
                let mut kept = std::collections::VecDeque::new();
                while !over.load(Ordering::Relaxed) {
                    let mut socket = connect_from(from(number), address);
                    let _ = socket.write_all(HALF_A_HEAD);
                    kept.push_back(socket);
                    if kept.len() > 100 {
                        kept.pop_front();
                    }
                }
            })
        })
        .collect();
    for _ in 0..10 {
        is_answered(&server);
    }
    over.store(true, Ordering::Relaxed);
    for flood in floods {
        flood.join().unwrap();
    }
    server.stop();
}

#[test]
fn a_head_and_a_body_have_a_time_limit() {
    let home = Home::new("");
    let server = home.start();
    let over = Arc::new(AtomicBool::new(false));
    let mut idle = TcpStream::connect(server.http).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let silent = TcpStream::connect(server.http).unwrap();
    let head = trickle(vec![TcpStream::connect(server.http).unwrap()], HALF_A_HEAD, &over);
    let body = trickle(vec![TcpStream::connect(server.http).unwrap()], HALF_A_BODY, &over);
    wait_for("the end of those that say nothing", || {
        (is_closed(&idle) && is_closed(&silent)).then_some(())
    });
    // A byte now and then does not prolong it: what is closed is so before the standstill would end it.
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(5));
    over.store(true, Ordering::Relaxed);
    for sockets in [head.join().unwrap(), body.join().unwrap()] {
        assert!(is_closed(&sockets[0]), "{:?}", began.elapsed());
    }
    server.stop();
}

#[test]
fn event_streams_of_one_address_are_bounded_and_the_newest_work() {
    let home = Home::new("");
    home.start().stop();
    let token = home.run(&["token", "events"]);
    let token = token.split_whitespace().find(|word| word.starts_with("tip_")).unwrap().to_owned();
    let server = home.start();
    let request = format!(
        "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n",
    );
    let mut streams = Vec::new();
    for _ in 0..40 {
        let mut socket = TcpStream::connect(server.http).unwrap();
        socket.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 12];
        socket.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
        streams.push(socket);
    }
    let ended = |socket: &mut TcpStream| {
        // The end of a chunked answer; the connection itself may live on.
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut rest = Vec::new();
        let _ = socket.read_to_end(&mut rest);
        rest.ends_with(b"0\r\n\r\n")
    };
    let count = streams.iter_mut().filter_map(|socket| ended(socket).then_some(())).count();
    assert_eq!(count, 40 - 32, "the first ones made room");
    is_answered(&server);
    server.stop();
}
