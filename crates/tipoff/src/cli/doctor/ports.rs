//! The ports: whether Tipoff can listen on them, or which program does.
//!
//! A port is bound for a moment to see that it is free. Where it is not, whoever listens is asked
//! one question in the protocol of the port: a running Tipoff is recognised by its answer, another
//! program is quoted.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::own_url;
use super::finding::Finding;
use crate::config::{Config, Ftp, Networks};
use crate::net::proxy_header::LOCAL_HEADER;

/// Time limit for connecting to a port and for its answer together.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read: enough for a greeting or a short HTTP response.
const ANSWER_BYTES_MAX: u64 = 2_048;
/// Characters of another program's answer that are printed.
const SHOWN_CHARS_MAX: usize = 60;
/// Ports of data connections that are tried, from the first one on. A range may have 60,000.
const PASSIVE_TRIED_MAX: usize = 1_000;

/// The protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Smtp,
    Ftp,
    Http,
}

impl Protocol {
    /// The name of the check in the output.
    fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP port",
            Self::Ftp => "FTP port",
            Self::Http => "HTTP port",
        }
    }

    /// The bytes that are sent to whoever has the port. A mail or FTP server greets first and takes
    /// `QUIT` as the end of the session. Bytes are sent at once because a TLS port of Tipoff waits
    /// for the client's first ones.
    fn question(self) -> &'static [u8] {
        match self {
            Self::Smtp | Self::Ftp => b"QUIT\r\n",
            Self::Http => b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        }
    }

    /// Whether this is the answer of a healthy Tipoff: its greeting, or `ok` of `/healthz`.
    fn is_tipoff(self, answer: &str) -> bool {
        let mut lines = answer.lines();
        let first = lines.next().unwrap_or_default();
        match self {
            Self::Smtp | Self::Ftp => first.starts_with("220 ") && first.contains("Tipoff"),
            Self::Http => first.starts_with("HTTP/1.1 200") && lines.next_back() == Some("ok"),
        }
    }
}

/// Checks every address of the configuration at the same time. `in_use`: whether a Tipoff runs on
/// the data folder; `None` if unknown.
pub(super) async fn listeners(config: &Config, in_use: Option<bool>) -> Vec<Finding> {
    let Config { smtp, ftp, http, .. } = config;
    let ports = smtp.listen.iter().map(|it| (Protocol::Smtp, it.at.address, &smtp.proxy_protocol));
    let ports = ports
        .chain(ftp.listen.iter().map(|it| (Protocol::Ftp, it.address, &ftp.proxy_protocol)))
        .chain(http.listen.iter().map(|it| (Protocol::Http, it.address, &http.proxy_protocol)));
    let ports = ports.map(|(protocol, address, balancers)| Port { protocol, address, balancers });
    join_all(ports.map(|port| listener(port, in_use))).await
}

/// A port of the configuration.
#[derive(Clone, Copy)]
struct Port<'a> {
    protocol: Protocol,
    address: SocketAddr,
    /// The networks from where connections begin with a PROXY header.
    balancers: &'a Networks,
}

/// Checks one address. Port 0 is a hint: the system chooses another port at each start, and cameras
/// have a fixed one.
async fn listener(port: Port<'_>, in_use: Option<bool>) -> Finding {
    let Port { protocol, address, .. } = port;
    let about = protocol.name();
    if address.port() == 0 {
        return Finding::hint(
            about,
            format!("{address}: any that is free, another one at each start"),
            "set `listen` to a port of your choice, which the cameras can be told",
        );
    }
    match TcpListener::bind(address) {
        Ok(_) if in_use == Some(true) => Finding::hint(
            about,
            format!("{address} is free, though a Tipoff runs on the data folder"),
            "it was started with other settings, or options of `tipoff run`: start it again to use these",
        ),
        Ok(_) => Finding::fine(about, format!("{address} is free")),
        // Asked also if this user may not bind the port: the running Tipoff may, with
        // CAP_NET_BIND_SERVICE.
        Err(error) => {
            let answer = timeout(ANSWER_MAX, answer(port)).await;
            let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            held(protocol, address, &error, answer.ok().as_deref(), in_use)
        }
    }
}

/// The answer of whoever has the port: the first line of a greeting, or a whole HTTP response.
/// Where this machine itself is in a network of balancers, the connection begins as a balancer's health check.
async fn answer(port: Port<'_>) -> io::Result<String> {
    let Port { protocol, address, balancers } = port;
    let mut socket = TcpStream::connect(own_url::from_here(address)).await?;
    let mut bytes = Vec::new();
    if balancers.contains(socket.local_addr()?.ip()) {
        socket.write_all(&LOCAL_HEADER).await?;
    }
    socket.write_all(protocol.question()).await?;
    if protocol == Protocol::Http {
        socket.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await?;
    } else {
        while !bytes.contains(&b'\n') && bytes.len() < ANSWER_BYTES_MAX as usize {
            if socket.read_buf(&mut bytes).await? == 0 {
                break;
            }
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What it means that a port cannot be bound (`error`), and that `answer` comes from there. A
/// Tipoff with another data folder is a hint: two may run on one machine, with different ports.
fn held(
    protocol: Protocol,
    address: SocketAddr,
    error: &io::Error,
    answer: Option<&str>,
    in_use: Option<bool>,
) -> Finding {
    let about = protocol.name();
    match answer {
        Some(answer) if protocol.is_tipoff(answer) => match in_use {
            Some(false) => Finding::hint(
                about,
                format!("{address} is answered by a Tipoff with another data folder"),
                "ask about that one, with its `--config` or `--data-dir`",
            ),
            _ => Finding::fine(about, format!("{address} is answered by the running Tipoff")),
        },
        _ => match error.kind() {
            io::ErrorKind::AddrInUse => Finding::wrong(
                about,
                format!("{address} is held by another program{}", shown(answer)),
                "stop it (`ss -ltnp` names it), or set another `listen`",
            ),
            io::ErrorKind::PermissionDenied => Finding::wrong(
                about,
                format!("{address} is not permitted: ports below 1024 need it"),
                "use a port above, or grant CAP_NET_BIND_SERVICE to the service",
            ),
            io::ErrorKind::AddrNotAvailable => Finding::wrong(
                about,
                format!("{address} is not an address of this machine"),
                "set `listen` to one that it has, or to 0.0.0.0 for all",
            ),
            _ => Finding::wrong(about, format!("{address}: {error}"), "check `listen`"),
        },
    }
}

/// The beginning of an answer, by which the program may be recognised. Control characters are left
/// out, because the answer may be any bytes and is printed on a terminal.
fn shown(answer: Option<&str>) -> String {
    let first = answer.and_then(|answer| answer.lines().next()).unwrap_or_default();
    let clean: String = first.chars().filter(|it| !it.is_control()).take(SHOWN_CHARS_MAX).collect();
    if clean.is_empty() { clean } else { format!(", which says {clean:?}") }
}

/// The ports of data connections; `None` without an FTP listener. A running Tipoff binds such a
/// port only while sessions need it, so most are free even then.
pub(super) fn passive(config: &Config, in_container: bool) -> Option<Finding> {
    let ftp = &config.ftp;
    let is_named = ftp.public_address.is_some() || config.public_address.is_some();
    let ip = ftp.listen.first()?.address.ip();
    let tried = ftp.passive_ports.clone().take(PASSIVE_TRIED_MAX);
    let free = tried.filter(|port| TcpListener::bind((ip, *port)).is_ok()).count();
    Some(judge_passive(ftp, free, in_container && !is_named))
}

/// Wrong if no port is free: then no file can be uploaded. A hint in a container whose own address
/// `PASV` would answer.
fn judge_passive(ftp: &Ftp, free: usize, answers_container: bool) -> Finding {
    let about = "FTP data ports";
    let (first, last) = (ftp.passive_ports.start(), ftp.passive_ports.end());
    if free == 0 {
        return Finding::wrong(
            about,
            format!("none of {first}-{last} is free"),
            "set another range as `passive_ports` in [ftp]",
        );
    }
    if answers_container {
        return Finding::hint(
            about,
            "this is a container, and devices may not reach the address that it sees",
            format!(
                "unless it uses the network of its host: publish {first}-{last} and set \
                 TIPOFF_PUBLIC_ADDRESS to the host's address"
            ),
        );
    }
    Finding::fine(about, format!("{free} free in {first}-{last}"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Mark;
    use super::*;

    /// A port without balancers.
    fn port(protocol: Protocol, address: SocketAddr) -> Port<'static> {
        static NONE: std::sync::LazyLock<Networks> = std::sync::LazyLock::new(Networks::default);
        Port { protocol, address, balancers: &NONE }
    }

    const HEALTHY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nok\n";

    #[test]
    fn who_answers() {
        for (protocol, answer, is_tipoff) in [
            (Protocol::Smtp, "220 nas.lan Tipoff ready\r\n", true),
            (Protocol::Ftp, "220 Tipoff FTP server ready\r\n", true),
            (Protocol::Smtp, "220 mail.example.com ESMTP Postfix\r\n", false),
            (Protocol::Smtp, "421 4.7.0 Too many connections\r\n", false),
            (Protocol::Smtp, "", false),
            (Protocol::Http, HEALTHY, true),
            (Protocol::Http, "HTTP/1.1 200 OK\r\n\r\n<html>", false),
            (Protocol::Http, "HTTP/1.1 404 Not Found\r\n\r\nok\n", false),
        ] {
            assert_eq!(protocol.is_tipoff(answer), is_tipoff, "{answer}");
        }
    }

    #[test]
    fn what_it_means_that_a_port_is_held() {
        use io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied};
        let address = SocketAddr::from(([0, 0, 0, 0], 25));
        let ours = Some("220 nas Tipoff ready\r\n");
        for (error, answer, in_use, mark, word) in [
            (AddrInUse, ours, Some(true), Mark::Fine, "running Tipoff"),
            (PermissionDenied, ours, Some(true), Mark::Fine, "running Tipoff"),
            (AddrInUse, ours, None, Mark::Fine, "running Tipoff"),
            (AddrInUse, ours, Some(false), Mark::Hint, "another data folder"),
            (
                AddrInUse,
                Some("220 Postfix\x1b\r\n"),
                Some(true),
                Mark::Wrong,
                "says \"220 Postfix\"",
            ),
            (AddrInUse, None, Some(false), Mark::Wrong, "by another program"),
            (PermissionDenied, None, Some(false), Mark::Wrong, "not permitted"),
            (AddrNotAvailable, None, Some(false), Mark::Wrong, "not an address"),
        ] {
            let finding = held(Protocol::Smtp, address, &error.into(), answer, in_use);
            assert_eq!(finding.mark, mark, "{finding:?}");
            assert!(finding.found.contains(word), "{finding:?}");
        }
    }

    #[tokio::test]
    async fn a_port_is_free_or_held_by_whoever_answers() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = holder.local_addr().unwrap();
        let greeter = std::thread::spawn(move || {
            use std::io::{Read, Write};
            let (mut socket, _) = holder.accept().unwrap();
            socket.write_all(b"220 mail.example.com ESMTP\r\n").unwrap();
            let mut said = String::new();
            socket.read_to_string(&mut said).unwrap();
            said
        });
        let finding = listener(port(Protocol::Smtp, address), Some(false)).await;
        assert_eq!(finding.mark, Mark::Wrong);
        assert!(finding.found.contains("mail.example.com"), "{finding:?}");
        assert_eq!(greeter.join().unwrap(), "QUIT\r\n");
        // Its holder is gone.
        let finding = listener(port(Protocol::Smtp, address), Some(false)).await;
        assert_eq!(finding.mark, Mark::Fine, "{finding:?}");
        let finding = listener(port(Protocol::Smtp, address), Some(true)).await;
        assert_eq!(finding.mark, Mark::Hint, "{finding:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_says_nothing_is_not_waited_for_long() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let finding =
            listener(port(Protocol::Http, holder.local_addr().unwrap()), Some(false)).await;
        assert_eq!(finding.mark, Mark::Wrong);
        assert!(finding.found.ends_with("by another program"), "{finding:?}");
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = holder.local_addr().unwrap();
        let talker = std::thread::spawn(move || {
            use std::io::Write;
            let (mut socket, _) = holder.accept().unwrap();
            while socket.write_all(&[b'x'; 512]).is_ok() {}
        });
        let answer = answer(port(Protocol::Smtp, address)).await.unwrap();
        assert!(shown(Some(&answer)).len() < SHOWN_CHARS_MAX + 20);
        talker.join().unwrap();
    }
}
