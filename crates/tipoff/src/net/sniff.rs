//! Whether a new connection speaks TLS or plain text, from its first bytes.
//!
//! People type port 465 because Gmail did, and firmware starts TLS on any port. A TLS client sends first, and an SMTP or FTP
//! client waits for the greeting: so a new address gets a moment to begin TLS. An address that was here before does not wait
//! again.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::runtime::lock::lock;

/// Time for TLS to begin at a plain port, before the greeting. A ClientHello comes with the first round trip; firmware that
/// needs longer is recognised at its second try.
const AT_PLAIN: Duration = Duration::from_millis(50);
/// The same at a TLS port, where TLS is expected: slow firmware takes seconds to make its keys, and a plain
/// greeting would end its handshake for good.
const AT_TLS: Duration = Duration::from_secs(5);
/// The same for an address that has spoken TLS there. Then it is greeted: another device may be behind it.
const KNOWN_AT_TLS: Duration = Duration::from_secs(15);
/// How many addresses are remembered for a listener.
const KNOWN_MAX: usize = 10_000;

/// The first byte of a TLS record with a ClientHello (RFC 8446, section 5.1). No SMTP command
/// begins with it.
const HANDSHAKE_RECORD: u8 = 0x16;

/// The first byte of a ClientHello in the format of SSL 2.0 (`client_hello.rs`): the upper half of its length.
const SSL2_HELLO: u8 = 0x80;

/// How web requests begin.
const WEB_REQUESTS: [&[u8]; 5] = [b"GET /", b"HEAD /", b"POST /", b"PUT /", b"OPTIONS /"];

/// Bytes that are looked at: as many as the longest of [`WEB_REQUESTS`].
const REQUEST_BYTES: usize = 9;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// Plain text; it waits for the greeting.
    Plain,
    /// TLS from the first byte.
    Tls,
    /// A web request, without waiting for a greeting. It is in one segment.
    Http,
}

/// What an address has spoken. Several devices may be behind one address, so it may be both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Spoken {
    plain: bool,
    tls: bool,
}

/// What the addresses that came to one listener have spoken.
#[derive(Default)]
pub(crate) struct KnownPeers(Mutex<HashMap<IpAddr, Spoken>>);

impl KnownPeers {
    /// Whether `peer` has always been plain, so that it need not be waited for.
    fn is_plain(&self, peer: IpAddr) -> bool {
        let known = lock(&self.0);
        known.get(&peer).is_some_and(|spoken| spoken.plain && !spoken.tls)
    }

    /// Whether `peer` has ever spoken TLS.
    fn speaks_tls(&self, peer: IpAddr) -> bool {
        let known = lock(&self.0);
        known.get(&peer).is_some_and(|spoken| spoken.tls)
    }

    /// Remembers what `peer` turned out to speak.
    pub(crate) fn learn(&self, peer: IpAddr, speaks: Speaks) {
        let mut known = lock(&self.0);
        if known.len() >= KNOWN_MAX && !known.contains_key(&peer) {
            known.clear();
        }
        let spoken = known.entry(peer).or_default();
        match speaks {
            Speaks::Plain => spoken.plain = true,
            Speaks::Tls => spoken.tls = true,
            Speaks::Http => {}
        }
    }
}

/// Finds out what a new connection speaks, without taking a byte from it.
pub(crate) async fn sniff(
    socket: &TcpStream,
    peer: IpAddr,
    tls_port: bool,
    known: &KnownPeers,
) -> io::Result<Speaks> {
    // On a TLS port nobody is taken to be plain: one plain try, or another device behind the same address,
    // would have the next TLS client greeted in plain text.
    if !tls_port && known.is_plain(peer) {
        return Ok(Speaks::Plain);
    }
    let patience = match tls_port {
        true if known.speaks_tls(peer) => KNOWN_AT_TLS,
        true => AT_TLS,
        false => AT_PLAIN,
    };
    let mut first = [0; REQUEST_BYTES];
    let speaks = match timeout(patience, socket.peek(&mut first)).await {
        Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(Err(error)) => return Err(error),
        Ok(Ok(_)) if is_client_hello(&first) || first.first() == Some(&SSL2_HELLO) => Speaks::Tls,
        Ok(Ok(count)) if is_web_request(first.get(..count).unwrap_or_default()) => Speaks::Http,
        // Talking before the greeting is rude, but plain.
        Ok(Ok(_)) | Err(_) => Speaks::Plain,
    };
    if !tls_port || speaks == Speaks::Tls {
        known.learn(peer, speaks);
    }
    Ok(speaks)
}

/// Whether these are the first bytes of a web request (RFC 9112, section 3). Nothing else begins so.
fn is_web_request(bytes: &[u8]) -> bool {
    WEB_REQUESTS.iter().any(|request| bytes.starts_with(request))
}

/// Whether bytes that came where plain text was expected are the beginning of TLS. Not in the format of SSL 2.0, because a file
/// may begin so.
pub(crate) fn is_client_hello(bytes: &[u8]) -> bool {
    bytes.first() == Some(&HANDSHAKE_RECORD)
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn on_a_tls_port_nobody_is_taken_to_be_plain() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at_tls, at_plain) = (KnownPeers::default(), KnownPeers::default());
        for (tls_port, first, speaks) in [
            (true, b'E', Speaks::Plain),
            (true, HANDSHAKE_RECORD, Speaks::Tls),
            (true, b'E', Speaks::Plain),
            // A plain port learns, and from then on does not look.
            (false, b'E', Speaks::Plain),
            (false, HANDSHAKE_RECORD, Speaks::Plain),
            (true, HANDSHAKE_RECORD, Speaks::Tls),
            (true, SSL2_HELLO, Speaks::Tls),
        ] {
            let known = if tls_port { &at_tls } else { &at_plain };
            let mut device = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            device.write_all(&[first]).await.unwrap();
            let (socket, peer) = listener.accept().await.unwrap();
            socket.readable().await.unwrap();
            let found = sniff(&socket, peer.ip(), tls_port, known).await.unwrap();
            assert_eq!(found, speaks, "{tls_port} {first}");
        }
    }

    #[tokio::test]
    async fn a_web_request_is_known_and_not_remembered_as_plain() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let known = KnownPeers::default();
        for (first, speaks) in [
            (b"GET / HTTP/1.1\r\n".as_slice(), Speaks::Http),
            (b"OPTIONS / HTTP/1.1\r\n", Speaks::Http),
            (b"GET well soon\r\n", Speaks::Plain),
        ] {
            let mut device = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            device.write_all(first).await.unwrap();
            let (socket, peer) = listener.accept().await.unwrap();
            socket.readable().await.unwrap();
            assert_eq!(sniff(&socket, peer.ip(), false, &known).await.unwrap(), speaks);
            assert_eq!(known.is_plain(peer.ip()), speaks == Speaks::Plain);
        }
    }

    /// What is found where the device says its first byte after so many seconds; `None`: it says none.
    async fn found_after(
        known: &KnownPeers,
        seconds: u64,
        first: Option<u8>,
    ) -> io::Result<Speaks> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut device = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, peer) = listener.accept().await.unwrap();
        let device = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            if let Some(first) = first {
                device.write_all(&[first]).await.unwrap();
            }
            device
        });
        let found = sniff(&socket, peer.ip(), true, known).await;
        drop(device);
        found
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_tls_port_slow_tls_is_awaited() {
        let known = KnownPeers::default();
        // Whoever says nothing may be a plain client, and is not learnt as one.
        assert_eq!(found_after(&known, 100, None).await.unwrap(), Speaks::Plain);
        for seconds in [3, 4, 14, 3] {
            let found = found_after(&known, seconds, Some(HANDSHAKE_RECORD)).await;
            assert_eq!(found.unwrap(), Speaks::Tls, "{seconds} s");
        }
        let silent = found_after(&known, 100, None).await;
        assert_eq!(silent.unwrap(), Speaks::Plain, "another device behind the same address");
        // One that was greeted too early is understood from its next try on.
        let known = KnownPeers::default();
        let found = found_after(&known, 11, Some(HANDSHAKE_RECORD)).await;
        assert_eq!(found.unwrap(), Speaks::Plain);
        known.learn(IpAddr::from([127, 0, 0, 1]), Speaks::Tls);
        let found = found_after(&known, 11, Some(HANDSHAKE_RECORD)).await;
        assert_eq!(found.unwrap(), Speaks::Tls);
    }

    #[test]
    fn only_who_was_always_plain_is_not_waited_for() {
        let known = KnownPeers::default();
        let peer = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 20));
        assert!(!known.is_plain(peer));
        known.learn(peer, Speaks::Plain);
        assert!(known.is_plain(peer));
        known.learn(peer, Speaks::Tls);
        known.learn(peer, Speaks::Plain);
        assert!(!known.is_plain(peer), "two devices may share an address");
    }

    #[test]
    fn strangers_without_number_do_not_fill_the_memory() {
        let known = KnownPeers::default();
        for number in 0..u32::try_from(KNOWN_MAX).unwrap() + 10 {
            known.learn(IpAddr::V4(number.into()), Speaks::Plain);
        }
        assert!(known.0.lock().unwrap().len() <= KNOWN_MAX);
    }
}
