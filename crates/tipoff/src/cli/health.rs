//! `tipoff health`: whether the running Tipoff can store and deliver alerts, as `/readyz` answers. For the health checks of
//! containers, in which there is no other HTTP client.
//!
//! It reads `[http]` alone and asks the port: no secret, no right in the data folder and no valid rest of the
//! configuration is needed, because an edit with a fault changes nothing for the running program.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{Ending, Failure, own_url};
use crate::config::{Http, Networks};
use crate::net::proxy_header::LOCAL_HEADER;

/// Time limit for the connection and the answer together. `/readyz` itself answers in 0.8 s; the rest is for a machine
/// that is busy.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Bytes of the answer that are read.
const ANSWER_BYTES_MAX: usize = 4_096;
const QUESTION: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// How to print the answer.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// For programs: one JSON object
    #[arg(long)]
    json: bool,
}

/// Exit code 0 if Tipoff is ready, else 1 with the reason in a sentence.
pub(super) fn run(args: &Args, http: &Result<Http, String>) -> Ending {
    let health = look(http);
    if args.json {
        let reason = health.as_ref().err();
        println!("{}", serde_json::json!({ "ready": health.is_ok(), "reason": reason }));
        return health.map_err(|_| Failure::Told);
    }
    health.map_err(|reason| Failure::Failed(anyhow::anyhow!(reason)))?;
    println!("ready");
    Ok(())
}

fn look(http: &Result<Http, String>) -> Result<(), String> {
    let http = http.as_ref().map_err(Clone::clone)?;
    let Some(listen) = http.listen else {
        return Err(
            "the HTTP port is off (`listen` in [http]), so its health cannot be asked".to_owned()
        );
    };
    let address = own_url::from_here(listen.address);
    if address.port() == 0 {
        return Err("the HTTP port is another one at each start: set `listen` in [http]".to_owned());
    }
    match ask(address, &http.proxy_protocol) {
        Ok(answer) => judge(address, &answer),
        Err(error) => Err(failed(address, &error)),
    }
}

/// The answer of the port: the beginning of the response, cut at its limit. Also a port with TLS tells its health without
/// encryption.
fn ask(address: SocketAddr, balancers: &Networks) -> io::Result<String> {
    let end = Instant::now() + ANSWER_MAX;
    let left = || match end.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::Error::from(io::ErrorKind::TimedOut)),
        left => Ok(left),
    };
    let mut socket = TcpStream::connect_timeout(&address, left()?)?;
    socket.set_write_timeout(Some(left()?))?;
    if balancers.contains(socket.local_addr()?.ip()) {
        // As a balancer's own check: else the connection is refused.
        socket.write_all(&LOCAL_HEADER)?;
    }
    socket.write_all(QUESTION)?;
    let (mut answer, mut piece) = (Vec::new(), [0; 512]);
    while answer.len() < ANSWER_BYTES_MAX {
        socket.set_read_timeout(Some(left()?))?;
        let read = socket.read(&mut piece)?;
        if read == 0 {
            break;
        }
        answer.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The meaning of an answer.
fn judge(address: SocketAddr, answer: &str) -> Result<(), String> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    // Whatever answers may be another program: its text is not for a terminal.
    let body: String = body.trim().chars().filter(|it| !it.is_control()).collect();
    match (status, body.as_str()) {
        (Some("200"), "ready") => Ok(()),
        (Some("503"), reason) if !reason.is_empty() => {
            Err(format!("Tipoff is not ready: {reason}"))
        }
        _ => Err(format!("what answers at {address} is no Tipoff: compare `listen` in [http]")),
    }
}

/// Why there is no answer.
fn failed(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!(
            "nothing listens on {address}: Tipoff does not run, or with another `listen` in [http]"
        ),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            format!("Tipoff does not answer at {address} within {} s", ANSWER_MAX.as_secs())
        }
        _ => format!("Tipoff does not answer at {address}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn only_a_ready_tipoff_is_healthy() {
        let address = "127.0.0.1:8080".parse().unwrap();
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nready\n", None),
            (
                "HTTP/1.1 503 Service Unavailable\r\n\r\nthe disk is full\n",
                Some("the disk is full"),
            ),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\nno \u{1b}[31m\n", Some("no [31m")),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", Some("no Tipoff")),
            ("HTTP/1.1 200 OK\r\n\r\n<html>", Some("no Tipoff")),
            ("HTTP/1.1 404 Not Found\r\n\r\n", Some("no Tipoff")),
            ("220 mail ready\r\n", Some("no Tipoff")),
            ("", Some("no Tipoff")),
        ] {
            let reason = judge(address, answer).err();
            assert_eq!(reason.is_some(), expected.is_some(), "{answer}");
            assert!(reason.unwrap_or_default().contains(expected.unwrap_or_default()), "{answer}");
        }
    }

    #[test]
    fn an_endless_answer_is_cut_and_none_is_not_waited_for() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = holder.local_addr().unwrap();
        let late = ask(address, &Networks::default()).unwrap_err();
        assert!(failed(address, &late).contains("within 2 s"), "{late:?}");
        let talker = std::thread::spawn(move || {
            let (_silent, mut socket) = (holder.accept().unwrap(), holder.accept().unwrap().0);
            while socket.write_all(&[b'x'; 512]).is_ok() {}
        });
        let answer = ask(address, &Networks::default()).unwrap();
        assert!(answer.len() < ANSWER_BYTES_MAX + 512);
        talker.join().unwrap();
        let gone = ask(address, &Networks::default()).unwrap_err();
        assert!(failed(address, &gone).contains("nothing listens"), "{gone:?}");
    }
}
