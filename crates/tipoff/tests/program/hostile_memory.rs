//! Hundreds of mails under way that each hold as much as a mail may, and never end.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::harness::{Home, PICTURE, mail, send, wait_for};
use crate::hostile::{connect_many, peak_memory_mb};

/// The whole program has no more than this under any attack of strangers, in MB.
const MEMORY_MAX_MB: u64 = 128;
/// A camera's mail takes no longer meanwhile, also without optimisation.
const WITHIN: Duration = Duration::from_secs(3);
/// Text, and a header's line, that is held whole.
const LONG_BYTES: usize = 60_000;

/// Text before the parts, of a part, and of a header that does not end.
fn content() -> Vec<u8> {
    let text = format!("{}\r\n", "x".repeat(998)).repeat(LONG_BYTES / 1_000);
    let field = "x".repeat(LONG_BYTES);
    format!(
        "Subject: held\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{text}--b\r\n\r\n{text}\
         --b\r\nX-Field: {field}",
    )
    .into_bytes()
}

fn begin(mut socket: TcpStream, content: &[u8]) -> TcpStream {
    socket.write_all(b"EHLO x\r\nMAIL FROM:<x@y>\r\nRCPT TO:<x@y>\r\nDATA\r\n").unwrap();
    wait_for_reply(&mut socket, "354 ");
    socket.write_all(content).unwrap();
    socket
}

/// Reads replies up to the one with this code.
fn wait_for_reply(socket: &mut TcpStream, code: &str) {
    let mut heard = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&heard).lines().any(|line| line.starts_with(code)) {
        let count = socket.read(&mut buffer).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&buffer[..count]);
    }
}

fn mail_is_stored_soon(address: SocketAddr) {
    let began = Instant::now();
    assert!(send(address, "front@example.com", &mail("Motion", &[PICTURE])).starts_with("250"));
    assert!(began.elapsed() < WITHIN, "{:?}", began.elapsed());
}

#[test]
fn unfinished_mails_share_a_memory_budget_and_lose_nothing() {
    let home = Home::new("");
    let server = home.start();
    let content = content();
    let sockets = connect_many(2..=11, 100, server.smtp[0]);
    let mut sockets: Vec<TcpStream> = sockets
        .into_iter()
        .enumerate()
        .map(|(number, socket)| {
            if number % 250 == 0 {
                mail_is_stored_soon(server.smtp[0]);
            }
            begin(socket, &content)
        })
        .collect();
    mail_is_stored_soon(server.smtp[0]);
    let memory = peak_memory_mb(server.pid());
    assert!(memory < MEMORY_MAX_MB, "{memory} MB");
    // Many of them end at once, and are taken: also those whose parser was given up.
    let mut ending: Vec<TcpStream> = sockets.drain(..20).collect();
    for socket in &mut ending {
        socket.write_all(b"\r\n\r\nend\r\n.\r\n").unwrap();
    }
    mail_is_stored_soon(server.smtp[0]);
    for socket in &mut ending {
        wait_for_reply(socket, "250 2.0.0");
    }
    wait_for("the mails that ended", || {
        let incidents = home.incidents();
        incidents.iter().any(|it| it["subject"] == "held").then_some(())
    });
    drop(sockets);
    server.stop();
}
