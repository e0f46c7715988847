//! A connection from a chosen address of this machine, spoken line by line.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

/// The camera gives up after this long.
const ANSWER_MAX: Duration = Duration::from_secs(60);
const LINE_BYTES_MAX: u64 = 4_096;

/// One connection.
pub(super) struct Dialog(BufReader<TcpStream>);

impl Dialog {
    /// Connects from 127.0.0.`source`.
    pub(super) fn open(source: u8, to: SocketAddr) -> Result<Self> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        bind(&socket, &SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, source)), 0))?;
        connect(&socket, &to)?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_write_timeout(Some(ANSWER_MAX))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// The socket itself.
    pub(super) fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }

    /// Writes bytes as they are.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.get_mut().write_all(bytes)?)
    }

    /// Writes a line and reads the reply, which must begin with `wanted`; its last line.
    pub(super) fn say(&mut self, line: &str, wanted: &str) -> Result<String> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.expect(wanted).with_context(|| line.to_owned())
    }

    /// Reads a reply (RFC 5321, section 4.2.1; RFC 959, section 4.2).
    pub(super) fn expect(&mut self, wanted: &str) -> Result<String> {
        loop {
            let mut line = String::new();
            self.0.by_ref().take(LINE_BYTES_MAX).read_line(&mut line)?;
            if line.is_empty() {
                bail!("the connection ended");
            }
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            if !line.starts_with(wanted) {
                bail!("answered {}", line.trim_end());
            }
            return Ok(line);
        }
    }

    /// USER and PASS after the greeting.
    pub(super) fn log_in(&mut self, user: &str, password: &str) -> Result<()> {
        self.expect("220")?;
        self.say(&format!("USER {user}"), "331")?;
        self.say(&format!("PASS {password}"), "230").map(drop)
    }

    /// A data connection.
    pub(super) fn passive(&mut self, source: u8) -> Result<Self> {
        let reply = self.say("PASV", "227")?;
        let address = crate::upload::passive(&reply).context("PASV")?;
        Self::open(source, address)
    }

    /// Everything up to the end of the connection.
    pub(super) fn rest(&mut self) -> Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest)?;
        Ok(rest)
    }
}
