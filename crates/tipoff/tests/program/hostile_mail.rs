//! Mails and commands that are made to keep the server busy, at full strength from addresses of their own: a
//! camera at another address is served as ever.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::harness::{Home, PICTURE, Server, mail, send, wait_for};

/// Without fair turns the 250 of a camera takes many seconds, also in an optimised build.
const WITHIN: Duration = Duration::from_secs(3);
/// One read of the server.
const CHUNK_BYTES: usize = 64 * 1024;
const MAILS: usize = 10;

/// What an attacker sends again and again behind its DATA.
const CONTENTS: &[&str] =
    &["\n", "..\r\n", "\r\n.\r.", "--x\n", "--b\r\n\r\n", "A:\n", ";base64,", "<"];

/// Connections that send without end, until they are dropped.
struct Attack {
    ends: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Attack {
    fn start(count: u8, attack: impl Fn(u8, &AtomicBool) + Clone + Send + 'static) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let one = |number| {
            let (ends, attack) = (Arc::clone(&ends), attack.clone());
            std::thread::spawn(move || {
                while !ends.load(Ordering::Relaxed) {
                    attack(number, &ends);
                }
            })
        };
        let threads = (0..count).map(one).collect();
        Self { ends, threads }
    }

    fn stop(self) {
        self.ends.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

/// A connection from an address of the attacker's own.
fn connect(address: SocketAddr, number: u8) -> std::io::Result<TcpStream> {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddr::from(([127, 0, 0, 2 + number], 0)))?;
    connect(&socket, &address)?;
    Ok(TcpStream::from(socket))
}

/// Up to the reply to DATA.
fn begin(address: SocketAddr, number: u8) -> Option<TcpStream> {
    let mut socket = connect(address, number).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    socket.set_write_timeout(Some(Duration::from_secs(1))).ok()?;
    socket.write_all(b"EHLO x\r\nMAIL FROM:<x@y>\r\nRCPT TO:<x@y>\r\nDATA\r\n").ok()?;
    let mut heard = [0; 4096];
    while !String::from_utf8_lossy(&heard).contains("354 ") {
        let count = socket.read(&mut heard).ok()?;
        if count == 0 {
            return None;
        }
    }
    Some(socket)
}

/// Sends mails of this content at full strength.
fn pour(address: SocketAddr, number: u8, ends: &AtomicBool) {
    let content = CONTENTS[usize::from(number) % CONTENTS.len()];
    let chunk = content.repeat(CHUNK_BYTES / content.len());
    let Some(mut socket) = begin(address, number) else { return };
    let head = "Content-Type: multipart/mixed; boundary=b\r\n\r\ntext\r\n";
    let _ = socket.write_all(head.as_bytes());
    while !ends.load(Ordering::Relaxed) && socket.write_all(chunk.as_bytes()).is_ok() {}
}

/// The slowest of a camera's mails, from the connection to the 250.
fn slowest_mail(server: &Server) -> Duration {
    let one = |number| {
        let mail = mail(&format!("Motion {number}"), &[PICTURE]);
        let began = Instant::now();
        assert!(send(server.smtp[0], "camera@example.com", &mail).starts_with("250"));
        began.elapsed()
    };
    (0..MAILS).map(one).max().unwrap()
}

#[test]
fn mails_that_keep_the_parser_busy_delay_no_camera() {
    let home = Home::new("");
    let server = home.start();
    let address = server.smtp[0];
    let attack = Attack::start(30, move |number, ends| pour(address, number, ends));
    let slowest = slowest_mail(&server);
    attack.stop();
    assert!(slowest < WITHIN, "{slowest:?}");
    server.stop();
}

#[test]
fn unread_replies_delay_no_camera() {
    let home = Home::new("[smtp]\nlisten = [\"127.0.0.1:0\"]\nmax_errors = 10000\n");
    let server = home.start();
    let address = server.smtp[0];
    let attack = Attack::start(30, move |number, ends| {
        let Ok(mut socket) = connect(address, number) else { return };
        let _ = socket.set_write_timeout(Some(Duration::from_secs(1)));
        let commands = "EHLO x\r\n".repeat(CHUNK_BYTES / 8);
        while !ends.load(Ordering::Relaxed) && socket.write_all(commands.as_bytes()).is_ok() {}
    });
    let slowest = slowest_mail(&server);
    attack.stop();
    assert!(slowest < WITHIN, "{slowest:?}");
    server.stop();
}

#[test]
fn a_mail_that_is_too_slow_is_ended_and_kept() {
    let home = Home::new("[smtp]\nlisten = [\"127.0.0.1:0\"]\nidle = \"1 s\"\n");
    let server = home.start();
    let mut socket = begin(server.smtp[0], 0).unwrap();
    socket.write_all(b"Subject: slow\r\n\r\n").unwrap();
    wait_for("the end of the session", || {
        // Some twenty bytes a second.
        std::thread::sleep(std::time::Duration::from_millis(50));
        socket.write_all(b"x").is_err().then_some(())
    });
    let incidents = wait_for("what came", || Some(home.incidents()).filter(|it| !it.is_empty()));
    assert_eq!(incidents.len(), 1);
    server.stop();
}

#[test]
fn a_web_page_stores_no_mail() {
    let home = Home::new("");
    let server = home.start();
    for verb in
        ["POST", "get", "Put", "OPTIONS", "CONNECT", "DELETE", "PATCH", "TRACE", "HEAD", "NOOP"]
    {
        for before in ["", "HELO x\r\n"] {
            let mut socket = TcpStream::connect(server.smtp[0]).unwrap();
            let request = format!(
                "{before}{verb} / HTTP/1.1\r\nHost: x\r\n\r\nHELO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\n\
                 DATA\r\nSubject: forged\r\n\r\nx\r\n.\r\n"
            );
            socket.write_all(request.as_bytes()).unwrap();
            let mut heard = String::new();
            let _ = socket.read_to_string(&mut heard);
            // One that comes before the greeting is answered as a web request.
            let is_refused = heard.contains("554 5.7.0") || heard.starts_with("HTTP/1.1 307");
            assert!(is_refused, "{verb}: {heard}");
            assert!(!heard.contains("354"), "{verb}: {heard}");
        }
    }
    assert!(home.incidents().is_empty());
    server.stop();
}
