//! The uploading side: a camera that opens a session for each file, as busybox's ftpput does. Each
//! file is like no other, for who has seen one may not want it again.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// No server takes so long for an answer; one that does is stuck.
const ANSWER_MAX: Duration = Duration::from_secs(120);
/// How much is handed over at once.
const STEP_BYTES: usize = 256 * 1024;

/// How a load is put on a server.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// How many files.
    pub(crate) files: u64,
    /// How large each is.
    pub(crate) bytes: u64,
    /// How many sessions at a time, each for one file.
    pub(crate) sessions: usize,
    /// The number of the first file: no two loads share one.
    pub(crate) first: u64,
}

impl Load {
    /// Uploads all files; the time that took. Every file must be taken.
    pub(crate) fn run(self) -> Result<Duration> {
        let next = AtomicU64::new(0);
        let step: Vec<u8> = (0..STEP_BYTES).map(|at| (at % 251) as u8).collect();
        let begun = Instant::now();
        thread::scope(|scope| {
            let cameras: Vec<_> =
                (0..self.sessions).map(|_| scope.spawn(|| self.camera(&next, &step))).collect();
            for camera in cameras {
                camera.join().map_err(|_| anyhow::anyhow!("a camera broke down"))??;
            }
            Ok(begun.elapsed())
        })
    }

    fn camera(self, next: &AtomicU64, step: &[u8]) -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.files {
                return Ok(());
            }
            upload(self.address, self.first + number, self.bytes, step)?;
        }
    }
}

/// Logs in, uploads a file, and takes leave.
fn upload(address: SocketAddr, number: u64, bytes: u64, step: &[u8]) -> Result<()> {
    let mut control = Control::open(address)?;
    control.say("USER anonymous", "331")?;
    control.say("PASS camera@example.com", "230")?;
    control.say("TYPE I", "200")?;
    let data = passive(&control.say("PASV", "227")?).context("PASV")?;
    let mut data = TcpStream::connect(data)?;
    control.say(&format!("STOR in/{number}.jpg"), "1")?;
    // A JPEG from its first to its last byte, as far as its marks tell.
    let head = [b"\xFF\xD8\xFF\xE0".as_slice(), &number.to_be_bytes()].concat();
    data.write_all(&head)?;
    let mut left = bytes.saturating_sub(head.len() as u64 + 2);
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(step.len());
        data.write_all(step.get(..count).unwrap_or_default())?;
        left -= count as u64;
    }
    data.write_all(b"\xFF\xD9")?;
    drop(data);
    control.expect("226")?;
    control.say("QUIT", "221")?;
    Ok(())
}

struct Control(BufReader<TcpStream>);

impl Control {
    fn open(address: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(ANSWER_MAX))?;
        let mut control = Self(BufReader::with_capacity(1024, socket));
        control.expect("220")?;
        Ok(control)
    }

    fn say(&mut self, line: &str, wanted: &str) -> Result<String> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.expect(wanted).with_context(|| line.to_owned())
    }

    fn expect(&mut self, wanted: &str) -> Result<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                bail!("the connection ended");
            }
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            if line.starts_with(wanted) {
                return Ok(line);
            }
            bail!("answered {}", line.trim_end());
        }
    }
}

/// The address in `227 … (h1,h2,h3,h4,p1,p2)`.
fn passive(reply: &str) -> Option<SocketAddr> {
    let inside = reply.split(['(', ')']).nth(1)?;
    let numbers: Vec<u8> = inside.split(',').filter_map(|number| number.parse().ok()).collect();
    let [a, b, c, d, high, low] = numbers.try_into().ok()?;
    Some(SocketAddr::from(([a, b, c, d], u16::from_be_bytes([high, low]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_pasv_is_read() {
        let reply = "227 Entering Passive Mode (127,0,0,1,200,10).\r\n";
        assert_eq!(passive(reply), Some("127.0.0.1:51210".parse().unwrap()));
        assert_eq!(passive("227 what"), None);
    }
}
