//! Which language a new connection speaks, from its first bytes.
//!
//! People type port 465 because Gmail did, and firmware starts TLS on any port. A TLS client
//! talks first and an SMTP client waits for the greeting, so a stranger is given a moment to show
//! which it is. Whoever was here before is not made to wait again.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a stranger at a plain port may take to begin TLS before it is greeted.
const STRANGER_AT_PLAIN: Duration = Duration::from_millis(300);
/// How long a stranger at a TLS port may take to begin before it is greeted in plain text: longer,
/// since there TLS is the likely thing and a far network may be slow.
const STRANGER_AT_TLS: Duration = Duration::from_secs(2);
/// How long a known TLS speaker may take: it is expected to begin at once.
const TLS_BEGINS: Duration = Duration::from_secs(10);
/// How many addresses are remembered for a listener.
const KNOWN_MAX: usize = 10_000;

/// The first byte of a TLS record with a ClientHello (RFC 8446, section 5.1). No SMTP command
/// begins with it.
const HANDSHAKE_RECORD: u8 = 0x16;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// Plain text; it waits for the greeting.
    Plain,
    /// TLS from the first byte.
    Tls,
}

/// What the addresses that came to one listener spoke last.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<IpAddr, Speaks>>);

impl Known {
    fn get(&self, peer: IpAddr) -> Option<Speaks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&peer).copied()
    }

    /// Remembers what `peer` turned out to speak.
    pub(crate) fn learn(&self, peer: IpAddr, speaks: Speaks) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX && !known.contains_key(&peer) {
            known.clear();
        }
        known.insert(peer, speaks);
    }

    /// The next connection of `peer` is a stranger's again: it did not speak as it used to.
    pub(crate) fn forget(&self, peer: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&peer);
    }
}

/// Finds out what a new connection speaks, without taking a byte from it.
pub(crate) async fn sniff(
    socket: &TcpStream,
    peer: IpAddr,
    tls_port: bool,
    known: &Known,
) -> io::Result<Speaks> {
    let patience = match known.get(peer) {
        Some(Speaks::Plain) => return Ok(Speaks::Plain),
        Some(Speaks::Tls) => TLS_BEGINS,
        None if tls_port => STRANGER_AT_TLS,
        None => STRANGER_AT_PLAIN,
    };
    let mut first = [0];
    let speaks = match timeout(patience, socket.peek(&mut first)).await {
        Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(Err(error)) => return Err(error),
        Ok(Ok(_)) if first == [HANDSHAKE_RECORD] => Speaks::Tls,
        // Talking before the greeting is rude, but plain.
        Ok(Ok(_)) | Err(_) => Speaks::Plain,
    };
    known.learn(peer, speaks);
    Ok(speaks)
}

/// Whether bytes that came where plain text was expected are the beginning of TLS.
pub(crate) fn is_client_hello(bytes: &[u8]) -> bool {
    bytes.first() == Some(&HANDSHAKE_RECORD)
}
