//! Killed at random moments under load: what was acknowledged is delivered (invariant 1).

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::harness::{Home, PICTURE, Server, mail, wait_for};
use crate::hook::Hook;

const CAMERAS: usize = 8;

/// Sends something of this name to a server; whether it was acknowledged.
type Send = fn(&Server, &str) -> bool;

/// Sends until the server is gone; the names that were acknowledged.
fn send_until_it_dies(
    server: &Server,
    send: Send,
    next: &AtomicUsize,
    acknowledged: &Mutex<HashSet<String>>,
    over: &AtomicBool,
) {
    while !over.load(Ordering::Relaxed) {
        let name = format!("number {}", next.fetch_add(1, Ordering::Relaxed));
        if send(server, &name) {
            acknowledged.lock().unwrap().insert(name);
        }
    }
}

fn send_mail(server: &Server, name: &str) -> bool {
    let reply = try_send(server.smtp[0], &mail(name, &[PICTURE]));
    reply.is_some_and(|reply| reply.starts_with("250"))
}

fn upload_file(server: &Server, name: &str) -> bool {
    try_upload(server.ftp[0], name).is_some()
}

/// Uploads a picture like no other; nothing: it was not acknowledged.
pub fn try_upload(address: SocketAddr, name: &str) -> Option<()> {
    try_upload_by(TcpStream::connect, address, name)
}

/// The same with connections that are made so.
pub fn try_upload_by(
    connect: impl Fn(SocketAddr) -> std::io::Result<TcpStream>,
    address: SocketAddr,
    name: &str,
) -> Option<()> {
    let mut control = BufReader::new(connect(address).ok()?);
    control.get_ref().set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let expect = |control: &mut BufReader<TcpStream>, code: &str| {
        let mut reply = String::new();
        control.read_line(&mut reply).ok()?;
        reply.starts_with(code).then_some(reply)
    };
    expect(&mut control, "220")?;
    for (line, code) in [("USER cam\r\n", "331"), ("PASS x\r\n", "230")] {
        control.get_mut().write_all(line.as_bytes()).ok()?;
        expect(&mut control, code)?;
    }
    control.get_mut().write_all(b"EPSV\r\n").ok()?;
    let reply = expect(&mut control, "229")?;
    let port: u16 = reply.split('|').nth(3)?.parse().ok()?;
    let mut data = connect(SocketAddr::new(address.ip(), port)).ok()?;
    control.get_mut().write_all(format!("STOR a/{name}.jpg\r\n").as_bytes()).ok()?;
    expect(&mut control, "150")?;
    data.write_all(PICTURE).ok()?;
    data.write_all(name.as_bytes()).ok()?;
    drop(data);
    expect(&mut control, "226").map(drop)
}

/// The reply to the end of DATA, if the connection lived that long.
pub fn try_send(address: SocketAddr, mail: &[u8]) -> Option<String> {
    let mut socket = BufReader::new(TcpStream::connect(address).ok()?);
    socket.get_ref().set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let mut reply = String::new();
    let mut hear = |socket: &mut BufReader<TcpStream>| {
        reply.clear();
        socket.read_line(&mut reply).ok().filter(|count| *count > 0)?;
        Some(reply.clone())
    };
    hear(&mut socket)?;
    let from = "MAIL FROM:<camera@example.com>\r\n";
    for line in ["HELO camera\r\n", from, "RCPT TO:<me@example.com>\r\n", "DATA\r\n"] {
        socket.get_mut().write_all(line.as_bytes()).ok()?;
        hear(&mut socket)?;
    }
    socket.get_mut().write_all(mail).ok()?;
    socket.get_mut().write_all(b".\r\n").ok()?;
    hear(&mut socket)
}

#[test]
fn no_acknowledged_mail_is_lost_over_random_kills() {
    let subject = |alert: &Value| alert["subject"].as_str().unwrap().to_owned();
    nothing_acknowledged_is_lost(send_mail, &subject);
}

#[test]
fn no_acknowledged_upload_is_lost_over_random_kills() {
    let name = |alert: &Value| {
        let name = alert["media"][0]["name"].as_str().unwrap();
        name.strip_suffix(".jpg").unwrap().to_owned()
    };
    nothing_acknowledged_is_lost(upload_file, &name);
}

fn nothing_acknowledged_is_lost(send: Send, name: &dyn Fn(&Value) -> String) {
    let kills = if std::env::var_os("TIPOFF_TEST_SOAK").is_some() { 100 } else { 20 };
    let hook = Hook::start();
    let home = Home::new(&format!("[incidents]\nquiet = \"0 s\"\nflood = 0\n{}", hook.channel()));
    let next = AtomicUsize::new(0);
    let acknowledged: Mutex<HashSet<String>> = Mutex::default();
    for _ in 0..kills {
        let server = home.start();
        let over = AtomicBool::new(false);
        let before = acknowledged.lock().unwrap().len();
        std::thread::scope(|scope| {
            for _ in 0..CAMERAS {
                scope.spawn(|| send_until_it_dies(&server, send, &next, &acknowledged, &over));
            }
            // The moment is random by what the machine does meanwhile, and by the count.
            let wanted = before + 5 + next.load(Ordering::Relaxed) % 17;
            wait_for("some that are acknowledged", || {
                (acknowledged.lock().unwrap().len() >= wanted).then_some(())
            });
            server.kill_now();
            over.store(true, Ordering::Relaxed);
        });
    }
    let server = home.start();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > kills * 5);
    let missing = || {
        let delivered: HashSet<String> = hook.alerts().iter().map(name).collect();
        acknowledged.difference(&delivered).count()
    };
    wait_for("everything acknowledged at the webhook", || (missing() == 0).then_some(()));
    server.stop();
    // And nothing that was not acknowledged is left lying about.
    let server = home.start();
    let blobs = || walk(&home.data_dir().join("blobs")).len();
    let stored: i64 = home.incidents().iter().map(|it| it["arrivals"].as_i64().unwrap()).sum();
    wait_for("the orphans' removal", || (blobs() as i64 == stored).then_some(()));
    server.stop();
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let days = std::fs::read_dir(folder).unwrap().flatten();
    days.flat_map(|day| std::fs::read_dir(day.path()).unwrap().flatten())
        .map(|file| file.path())
        .collect()
}
