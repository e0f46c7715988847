//! Killed at random moments under load: what was acknowledged is delivered (invariant 1).

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::harness::{Home, PICTURE, mail, wait_for};
use crate::hook::Hook;

const CAMERAS: usize = 8;

/// Sends mails until the server is gone; the subjects that were acknowledged.
fn send_until_it_dies(
    address: SocketAddr,
    next: &AtomicUsize,
    acknowledged: &Mutex<HashSet<String>>,
    over: &AtomicBool,
) {
    while !over.load(Ordering::Relaxed) {
        let subject = format!("mail {}", next.fetch_add(1, Ordering::Relaxed));
        if try_send(address, &mail(&subject, &[PICTURE]))
            .is_some_and(|reply| reply.starts_with("250"))
        {
            acknowledged.lock().unwrap().insert(subject);
        }
    }
}

/// The reply to the end of DATA, if the connection lived that long.
fn try_send(address: SocketAddr, mail: &[u8]) -> Option<String> {
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
    let kills = if std::env::var_os("TIPOFF_TEST_SOAK").is_some() { 100 } else { 20 };
    let hook = Hook::start();
    let home = Home::new(&format!("[incidents]\nquiet = \"0 s\"\n{}", hook.channel()));
    let next = AtomicUsize::new(0);
    let acknowledged: Mutex<HashSet<String>> = Mutex::default();
    for _ in 0..kills {
        let server = home.start();
        let address = server.smtp[0];
        let over = AtomicBool::new(false);
        let before = acknowledged.lock().unwrap().len();
        std::thread::scope(|scope| {
            for _ in 0..CAMERAS {
                scope.spawn(|| send_until_it_dies(address, &next, &acknowledged, &over));
            }
            // The moment is random by what the machine does meanwhile, and by the count.
            let wanted = before + 5 + next.load(Ordering::Relaxed) % 17;
            wait_for("some acknowledged mails", || {
                (acknowledged.lock().unwrap().len() >= wanted).then_some(())
            });
            server.kill();
            over.store(true, Ordering::Relaxed);
        });
    }
    let server = home.start();
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.len() > kills * 5);
    let missing = || {
        let delivered: HashSet<String> = hook
            .alerts()
            .iter()
            .map(|alert| alert["subject"].as_str().unwrap().to_owned())
            .collect();
        acknowledged.difference(&delivered).count()
    };
    wait_for("every acknowledged mail at the webhook", || (missing() == 0).then_some(()));
    server.stop();
    // And nothing that was not acknowledged is left lying about.
    let server = home.start();
    let blobs = || walk(&home.data_dir().join("blobs")).len();
    let stored = home.incidents().len();
    wait_for("the orphans' removal", || (blobs() == stored).then_some(()));
    server.stop();
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let days = std::fs::read_dir(folder).unwrap().flatten();
    days.flat_map(|day| std::fs::read_dir(day.path()).unwrap().flatten())
        .map(|file| file.path())
        .collect()
}
