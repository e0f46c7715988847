//! The attacks. Each continues at full strength until it is stopped, and reconnects when it is refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::dialog::Dialog;

/// Attackers come from 127.0.0.2 on.
const FIRST_SOURCE: u8 = 2;
/// After being turned away.
const PAUSE: Duration = Duration::from_millis(20);
/// Between the bytes of a trickle.
const TRICKLE: Duration = Duration::from_secs(1);
const MB: usize = 1_000_000;
/// Below the largest message.
const HOSTILE_MAIL_BYTES: usize = 45 * MB;

/// Where the server listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) smtp: SocketAddr,
    pub(super) ftp: SocketAddr,
    pub(super) http: SocketAddr,
    pub(super) passive: u16,
}

/// What an attacker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Attack {
    /// 30 connections send mails of bare line ends
    LineEnds,
    /// 30 connections send mails of stuffed dots
    Dots,
    /// 30 connections send pipelined NOOP without reading the replies
    Noops,
    /// 30 connections send pipelined DELE in a tree of 1,900 names
    Deletions,
    /// 10 connections send 1,000 pipelined STAT in a tree of 1,900 names, without reading the replies
    Listings,
    /// 500 users make trees of 1,900 names
    Trees,
    /// 21 addresses hold 100 silent connections each, to SMTP and to FTP
    Silence,
    /// 300 connections send a request of one byte a second
    SlowRequests,
    /// 100 connections send a mail of one byte a second
    SlowMails,
    /// 100 sessions say PASV and nothing else
    PassivePorts,
    /// 10 connections upload at full speed
    Uploads,
    /// 16 connections send small mails of ever new senders
    Senders,
    /// 20 connections guess passwords at SMTP and FTP, 20 at the dashboard
    Guesses,
    /// 16 connections open and close
    Churn,
}

/// An attack that runs; it ends when this is dropped after `stop` has been set.
pub(super) struct Running(Vec<JoinHandle<()>>);

impl Drop for Running {
    fn drop(&mut self) {
        for thread in self.0.drain(..) {
            // What an attacker's thread ended with is of no interest.
            let _ = thread.join();
        }
    }
}

/// What one attacker does again and again: its number, and whether to stop.
type Act = fn(Ports, u16, &AtomicBool) -> Result<()>;

impl Attack {
    /// Begins the attack.
    pub(super) fn begin(self, ports: Ports, stop: &Arc<AtomicBool>) -> Result<Running> {
        let (attackers, act): (u16, Act) = match self {
            Self::LineEnds => (30, |ports, number, stop| mail_of(ports, number, b"\n", stop)),
            Self::Dots => (30, |ports, number, stop| mail_of(ports, number, b"..\r\n", stop)),
            Self::Noops => (30, noops),
            Self::Deletions => (30, deletions),
            Self::Listings => (10, listings),
            Self::Trees => (8, trees),
            Self::Silence => (21, silence),
            Self::SlowRequests => (3, slow_requests),
            Self::SlowMails => (4, slow_mails),
            Self::PassivePorts => (2, passive_ports),
            Self::Uploads => (10, uploads),
            Self::Senders => (16, senders),
            Self::Guesses => (40, guesses),
            Self::Churn => (16, churn),
        };
        let begin = |number: u16| {
            let stop = Arc::clone(stop);
            thread::Builder::new().stack_size(256 * 1024).spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    if act(ports, number, &stop).is_err() {
                        thread::sleep(PAUSE);
                    }
                }
            })
        };
        Ok(Running((0..attackers).map(begin).collect::<std::io::Result<_>>()?))
    }
}

/// Ten addresses for each attack, or as many as it has attackers.
fn source(number: u16) -> u8 {
    FIRST_SOURCE.saturating_add(u8::try_from(number % 200).unwrap_or(0))
}

fn until_stopped(stop: &AtomicBool) -> Result<()> {
    if stop.load(Ordering::Relaxed) { bail!("stopped") } else { Ok(()) }
}

/// A session up to the 354.
fn in_data(ports: Ports, number: u16, sender: &str) -> Result<Dialog> {
    let mut session = Dialog::open(source(number), ports.smtp)?;
    session.expect("220")?;
    session.say("EHLO x", "250")?;
    session.say(&format!("MAIL FROM:<{sender}>"), "250")?;
    session.say("RCPT TO:<me@example.org>", "250")?;
    session.say("DATA", "354")?;
    Ok(session)
}

fn mail_of(ports: Ports, number: u16, line: &[u8], stop: &AtomicBool) -> Result<()> {
    let piece = line.repeat(65_536 / line.len());
    let mut session = in_data(ports, number % 10, "hostile@example.org")?;
    session.write(b"Subject: x\r\n\r\n")?;
    for _ in 0..HOSTILE_MAIL_BYTES / piece.len() {
        until_stopped(stop)?;
        session.write(&piece)?;
    }
    session.write(b"\r\n.\r\n")?;
    session.expect("250").map(drop)
}

fn noops(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    let mut session = Dialog::open(source(number % 10), ports.smtp)?;
    session.expect("220")?;
    let piece = b"NOOP\r\n".repeat(10_000);
    session.stream().set_write_timeout(Some(Duration::from_secs(2)))?;
    loop {
        until_stopped(stop)?;
        session.write(&piece)?;
    }
}

/// A session in a tree of 1,900 names.
fn in_tree(ports: Ports, number: u16, user: &str) -> Result<Dialog> {
    let mut session = Dialog::open(source(number), ports.ftp)?;
    session.log_in(user, "x")?;
    for first in (0..1_900).step_by(100) {
        let lines: String = (first..first + 100).map(|name| format!("MKD n{name}\r\n")).collect();
        session.write(lines.as_bytes())?;
        for _ in 0..100 {
            session.expect("")?;
        }
    }
    Ok(session)
}

fn deletions(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    let mut session = in_tree(ports, number % 10, &format!("user{number}"))?;
    let piece = b"DELE x\r\n".repeat(1_000);
    loop {
        until_stopped(stop)?;
        session.write(&piece)?;
        for _ in 0..1_000 {
            session.expect("")?;
        }
    }
}

fn listings(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    let mut session = in_tree(ports, number, "lister")?;
    session.stream().set_write_timeout(Some(Duration::from_secs(5)))?;
    session.write(&b"STAT /\r\n".repeat(1_000))?;
    wait(stop, 20)
}

fn trees(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    for user in 0..500 {
        until_stopped(stop)?;
        drop(in_tree(ports, number, &format!("user{number}x{user}"))?);
    }
    Ok(())
}

/// Waits for some seconds, or until it is stopped.
fn wait(stop: &AtomicBool, seconds: u32) -> Result<()> {
    for _ in 0..seconds {
        until_stopped(stop)?;
        thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

fn silence(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    let mut held = Vec::new();
    for connection in 0..200 {
        let port = if connection % 2 == 0 { ports.smtp } else { ports.ftp };
        held.extend(Dialog::open(source(number), port));
    }
    wait(stop, 20)
}

/// Sends a byte a second over as many connections as can be had.
fn trickle(
    stop: &AtomicBool,
    connections: u16,
    bytes: &[u8],
    open: impl Fn() -> Result<Dialog>,
) -> Result<()> {
    let mut held: Vec<Dialog> = Vec::new();
    for byte in bytes.iter().cycle().take(300) {
        until_stopped(stop)?;
        for _ in held.len()..usize::from(connections) {
            held.extend(open());
        }
        held.retain_mut(|dialog| dialog.write(&[*byte]).is_ok());
        thread::sleep(TRICKLE);
    }
    Ok(())
}

fn slow_requests(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    trickle(stop, 100, b"GET / HTTP/1.1\r\nx-a: b\r\nx-a: b\r\n", || {
        Dialog::open(source(number), ports.http)
    })
}

fn slow_mails(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    trickle(stop, 25, b"Subject: x\r\n", || in_data(ports, number, "slow@example.org"))
}

fn passive_ports(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    let mut held = Vec::new();
    for _ in 0..50 {
        let mut session = Dialog::open(source(number), ports.ftp)?;
        session.log_in("x", "x")?;
        held.push(session);
    }
    for _ in 0..20 {
        for session in &mut held {
            session.say("PASV", "")?;
        }
        wait(stop, 1)?;
    }
    Ok(())
}

fn uploads(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    let piece = vec![number as u8; 256 * 1024];
    let mut session = Dialog::open(source(number), ports.ftp)?;
    session.log_in("uploader", "x")?;
    session.say("TYPE I", "200")?;
    for file in 0..1_000 {
        let mut data = session.passive(source(number))?;
        session.say(&format!("STOR {file}.avi"), "150")?;
        for _ in 0..200 * MB / piece.len() {
            until_stopped(stop)?;
            data.write(&piece)?;
        }
        drop(data);
        session.expect("226")?;
    }
    Ok(())
}

fn senders(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    for mail in 0..10_000 {
        until_stopped(stop)?;
        let mut session = in_data(ports, number, &format!("cam{number}x{mail}@example.org"))?;
        session.write(format!("Subject: Motion {mail}\r\n\r\nAlarm {mail}\r\n.\r\n").as_bytes())?;
        session.expect("250")?;
    }
    Ok(())
}

fn guesses(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    until_stopped(stop)?;
    match number % 4 {
        0 => {
            let mut session = Dialog::open(source(number), ports.smtp)?;
            session.expect("220")?;
            session.say("EHLO x", "250")?;
            for _ in 0..100 {
                session.say("AUTH PLAIN AGZyb250AHdyb25n", "")?;
                until_stopped(stop)?;
            }
            Ok(())
        }
        1 => {
            let mut session = Dialog::open(source(number), ports.ftp)?;
            session.log_in("front", "wrong")
        }
        _ => {
            let mut dialog = Dialog::open(source(number), ports.http)?;
            let body = "password=wrong&next=/";
            dialog.write(
                format!(
                    "POST /login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
                     Content-Type: application/x-www-form-urlencoded\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    ports.http,
                    body.len()
                )
                .as_bytes(),
            )?;
            dialog.rest().map(drop)
        }
    }
}

fn churn(ports: Ports, number: u16, stop: &AtomicBool) -> Result<()> {
    for _ in 0..1_000 {
        until_stopped(stop)?;
        for port in [ports.smtp, ports.ftp, ports.http] {
            drop(Dialog::open(source(number), port)?);
        }
    }
    Ok(())
}
