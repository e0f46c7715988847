//! The sending side: a camera that opens a connection for each mail and waits for each answer.
//! It never pipelines, retries or reads more than the answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::mail::{self, Mail};

/// No server takes so long for an answer; one that does is stuck.
const ANSWER_SECONDS_MAX: Duration = Duration::from_secs(60);
/// The largest answer: EHLO's, with many extensions.
const ANSWER_BYTES_MAX: usize = 4_096;

/// A connection on which the greeting and EHLO are done.
pub(crate) struct Session {
    stream: TcpStream,
    answer: [u8; ANSWER_BYTES_MAX],
}

impl Session {
    /// Connects, waits for the greeting and sends EHLO.
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let mut session = Self::greeted(address)?;
        session.say(b"EHLO camera\r\n", b'2')?;
        Ok(session)
    }

    /// Connects and waits for the greeting.
    pub(crate) fn greeted(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_SECONDS_MAX))?;
        stream.set_write_timeout(Some(ANSWER_SECONDS_MAX))?;
        let mut session = Self { stream, answer: [0; ANSWER_BYTES_MAX] };
        session.expect(b'2').context("greeting")?;
        Ok(session)
    }

    /// Says what comes before the mail, up to the 354.
    fn envelope(&mut self, camera: usize) -> Result<()> {
        self.say(format!("MAIL FROM:<camera{camera}@bench.example>\r\n").as_bytes(), b'2')?;
        self.say(b"RCPT TO:<alarm@mailrise.xyz>\r\n", b'2')?;
        self.say(b"DATA\r\n", b'3')
    }

    /// Sends a mail in one go and waits until it is taken.
    pub(crate) fn send(&mut self, camera: usize, number: u64, mail: &Mail) -> Result<()> {
        self.envelope(camera)?;
        write_both(&mut self.stream, mail::head(camera, number).as_bytes(), mail.with_dot())?;
        self.expect(b'2').context("mail")
    }

    /// Sends a mail and waits until it is accepted. Returns when its last byte was handed to the kernel.
    pub(crate) fn send_timed(&mut self, number: u64, mail: &Mail) -> Result<Instant> {
        self.envelope(0)?;
        write_both(&mut self.stream, mail::head(0, number).as_bytes(), mail.without_dot())?;
        // Taken before the write: the other side may have read the dot before the write returns.
        let dot_at = Instant::now();
        self.stream.write_all(mail::DOT)?;
        self.expect(b'2').context("mail")?;
        Ok(dot_at)
    }

    /// Takes leave and waits for the answer.
    pub(crate) fn quit(mut self) -> Result<()> {
        self.say(b"QUIT\r\n", b'2')
    }

    fn say(&mut self, line: &[u8], wanted: u8) -> Result<()> {
        self.stream.write_all(line)?;
        self.expect(wanted).with_context(|| String::from_utf8_lossy(line).trim_end().to_owned())
    }

    /// Reads one answer, which must be of the wanted class (RFC 5321, section 4.2.1).
    fn expect(&mut self, wanted: u8) -> Result<()> {
        let mut filled = 0;
        loop {
            let free = self.answer.get_mut(filled..).unwrap_or_default();
            let count = self.stream.read(free)?;
            if count == 0 {
                bail!("the connection ended");
            }
            filled += count;
            let answer = self.answer.get(..filled).unwrap_or_default();
            if !is_whole(answer) {
                continue;
            }
            if answer.first() == Some(&wanted) {
                return Ok(());
            }
            bail!("answered {}", String::from_utf8_lossy(answer).trim_end());
        }
    }
}

/// Whether the last line of the answer is there: a space, or nothing, behind its code.
fn is_whole(answer: &[u8]) -> bool {
    let Some(lines) = answer.strip_suffix(b"\n") else {
        return false;
    };
    let last = lines.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    last.get(3) != Some(&b'-')
}

/// Writes two pieces with one call where the socket takes them at once.
fn write_both(stream: &mut TcpStream, first: &[u8], second: &[u8]) -> std::io::Result<()> {
    let slices = [std::io::IoSlice::new(first), std::io::IoSlice::new(second)];
    let written = stream.write_vectored(&slices)?;
    stream.write_all(first.get(written..).unwrap_or_default())?;
    let begun = written.saturating_sub(first.len());
    stream.write_all(second.get(begun..).unwrap_or_default())
}

/// How a load is put on a server.
#[derive(Clone, Copy)]
pub(crate) struct Load<'a> {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// How many mails.
    pub(crate) mails: u64,
    /// How many connections at a time, each for one mail.
    pub(crate) connections: usize,
    /// The mail.
    pub(crate) mail: &'a Mail,
}

impl Load<'_> {
    /// Sends all mails; the time that took. Every mail must be taken.
    pub(crate) fn run(self) -> Result<Duration> {
        let next = AtomicU64::new(0);
        let begun = Instant::now();
        thread::scope(|scope| {
            let cameras: Vec<_> = (0..self.connections)
                .map(|camera| (camera, &next))
                .map(|(camera, next)| scope.spawn(move || self.camera(camera, next)))
                .collect();
            for camera in cameras {
                camera.join().map_err(|_| anyhow::anyhow!("a sender broke down"))??;
            }
            Ok(begun.elapsed())
        })
    }

    fn camera(self, camera: usize, next: &AtomicU64) -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.mails {
                return Ok(());
            }
            let mut session = Session::open(self.address)?;
            session.send(camera, number, self.mail)?;
            session.quit()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_the_line_that_has_no_hyphen() {
        for (answer, whole) in [
            (&b"220 here\r\n"[..], true),
            (b"250\r\n", true),
            (b"220 here\r", false),
            (b"", false),
            (b"250-a\r\n", false),
            (b"250-a\r\n250-b\r\n", false),
            (b"250-a\r\n250 b\r\n", true),
            (b"250-a\r\n250 b", false),
            (b"250-a b\r\n250-c\r\n", false),
        ] {
            assert_eq!(is_whole(answer), whole, "{}", answer.escape_ascii());
        }
    }

    #[test]
    fn two_pieces_larger_than_the_socket_takes_at_once_arrive_whole() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        let reader = thread::spawn(move || {
            let mut all = Vec::new();
            other.read_to_end(&mut all).unwrap();
            all
        });
        let (first, second) = (vec![1; 9_000_000], vec![2; 9_000_000]);
        write_both(&mut stream, &first, &second).unwrap();
        drop(stream);
        assert!(reader.join().unwrap() == [first, second].concat());
    }
}
