//! A TCP proxy between two parties, which cuts, delays and slows their connections without privileges:
//! between a node and the database, a node and S3, a node and a balancer.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::ports::ReservedPort;

/// Bytes that are forwarded at once; a tenth of this if the rate is limited, so that it is even.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that are under way in one direction, at most.
const PIECES_MAX: usize = 64;
/// Open connections at most; more wait to be accepted.
const CONNECTIONS_MAX: usize = 2_000;

/// How the proxy treats bytes, in each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// They are forwarded at once.
    #[default]
    Healthy,
    /// They are forwarded later, and no faster than this in bytes per second, for each connection.
    Slow {
        /// Added to the way of each piece; a round trip takes twice this.
        delay: Duration,
        /// `None`: without a limit.
        rate: Option<u32>,
    },
    /// Connections are reset (RST), also new ones.
    Reset,
    /// Nothing is forwarded, also no end of a connection; new connections are accepted, and then silent. What was sent
    /// meanwhile arrives after the link has healed, as with packets that TCP repeats.
    Silent,
}

/// A proxy on a port of its own; it ends when this is dropped, and its connections break.
pub struct TcpProxy {
    port: ReservedPort,
    link: watch::Sender<Link>,
    /// Its own, so that it serves tests without a runtime. `Some` until it is dropped.
    runtime: Option<Runtime>,
}

impl TcpProxy {
    /// Starts a proxy to this address, which need not be reachable yet.
    pub fn to(target: SocketAddr) -> io::Result<Self> {
        let port = ReservedPort::new()?;
        let (link, state) = watch::channel(Link::Healthy);
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = std::net::TcpListener::bind(("127.0.0.1", port.number()))?;
        listener.set_nonblocking(true)?;
        runtime.spawn(accept(listener, target, state));
        Ok(Self { port, link, runtime: Some(runtime) })
    }

    /// Starts a proxy to this port of 127.0.0.1.
    pub fn to_port(port: u16) -> io::Result<Self> {
        Self::to(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// The proxy's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The proxy's address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port()))
    }

    /// Changes the treatment of all connections, open and new.
    pub fn set(&self, link: Link) {
        self.link.send_replace(link);
    }

    /// Forwards everything at once again.
    pub fn heal(&self) {
        self.set(Link::Healthy);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: std::net::TcpListener, target: SocketAddr, link: watch::Receiver<Link>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        let Ok((client, _)) = listener.accept().await else { continue };
        let link = link.clone();
        tokio::spawn(async move {
            connect(client, target, link).await;
            drop(permit);
        });
    }
}

/// Serves one connection to its end.
async fn connect(mut client: TcpStream, target: SocketAddr, mut link: watch::Receiver<Link>) {
    // A silent link lets no connection reach its target.
    let state = link.wait_for(|link| *link != Link::Silent).await.map(|link| *link);
    if state.unwrap_or(Link::Reset) == Link::Reset {
        return reset(&client);
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return reset(&client) };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let is_whole = {
        let (client, server) = (client.split(), server.split());
        let there = forward(client.0, server.1, link.clone());
        let back = forward(server.0, client.1, link.clone());
        tokio::select! {
            ends = async { tokio::try_join!(there, back) } => ends.is_ok(),
            _ = link.wait_for(|link| *link == Link::Reset) => false,
        }
    };
    if !is_whole {
        reset(&client);
        reset(&server);
    }
}

/// Makes the close of this stream a reset.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// When a piece was received, and its bytes; no bytes: the end.
type Piece = (Instant, Vec<u8>);

/// Forwards one direction until its end, which is forwarded too.
async fn forward(
    from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    link: watch::Receiver<Link>,
) -> io::Result<()> {
    let (send, receive) = mpsc::channel(PIECES_MAX);
    tokio::try_join!(read(from, send, link.clone()), write(to, receive, link)).map(drop)
}

async fn read(
    mut from: ReadHalf<'_>,
    send: mpsc::Sender<Piece>,
    link: watch::Receiver<Link>,
) -> io::Result<()> {
    loop {
        let is_limited = matches!(*link.borrow(), Link::Slow { rate: Some(_), .. });
        let mut bytes = vec![0; if is_limited { PIECE_BYTES / 10 } else { PIECE_BYTES }];
        let count = from.read(&mut bytes).await?;
        bytes.truncate(count);
        if send.send((Instant::now(), bytes)).await.is_err() || count == 0 {
            return Ok(());
        }
    }
}

async fn write(
    mut to: WriteHalf<'_>,
    mut receive: mpsc::Receiver<Piece>,
    mut link: watch::Receiver<Link>,
) -> io::Result<()> {
    while let Some((arrived, bytes)) = receive.recv().await {
        // The link as it is when the piece goes on.
        let state = link.wait_for(|link| *link != Link::Silent).await.map(|link| *link);
        if let Link::Slow { delay, rate } = state.map_err(io::Error::other)? {
            sleep_until(arrived + delay).await;
            sleep(time_on_the_link(bytes.len(), rate)).await;
        }
        match bytes.is_empty() {
            true => to.shutdown().await?,
            false => to.write_all(&bytes).await?,
        }
    }
    Ok(())
}

/// How long so many bytes take; a rate of zero counts as one byte per second.
fn time_on_the_link(bytes: usize, rate: Option<u32>) -> Duration {
    let seconds = |rate: u32| bytes as f64 / f64::from(rate.max(1));
    Duration::from_secs_f64(rate.map_or(0.0, seconds))
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);
    /// How long a silence is watched.
    const WHILE: Duration = Duration::from_millis(200);

    /// A server that sends back what it receives, and its proxy.
    fn echo() -> TcpProxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut &stream, &mut &stream);
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                });
            }
        });
        TcpProxy::to(target).unwrap()
    }

    fn client(proxy: &TcpProxy) -> TcpStream {
        let stream = TcpStream::connect(proxy.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn ask(stream: &mut TcpStream, text: &str) -> io::Result<String> {
        stream.write_all(text.as_bytes())?;
        answer(stream, text.len())
    }

    fn answer(stream: &mut TcpStream, bytes: usize) -> io::Result<String> {
        let mut answer = vec![0; bytes];
        stream.read_exact(&mut answer)?;
        Ok(String::from_utf8(answer).unwrap())
    }

    #[test]
    fn a_healthy_link_forwards_bytes_and_the_end() {
        let proxy = echo();
        let mut stream = client(&proxy);
        let sent: Vec<u8> = (0..2_000_000_u32).map(|it| it.to_le_bytes()[0]).collect();
        let mut writer = stream.try_clone().unwrap();
        let copy = sent.clone();
        let writing = std::thread::spawn(move || {
            writer.write_all(&copy).unwrap();
            writer.shutdown(std::net::Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        writing.join().unwrap();
        assert!(received == sent);
    }

    #[test]
    fn a_reset_breaks_open_and_new_connections_until_healed() {
        let proxy = echo();
        let mut stream = client(&proxy);
        assert_eq!(ask(&mut stream, "one").unwrap(), "one");
        proxy.set(Link::Reset);
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert!(ask(&mut client(&proxy), "two").is_err());
        proxy.heal();
        assert_eq!(ask(&mut client(&proxy), "three").unwrap(), "three");
    }

    #[test]
    fn a_silent_link_delivers_after_it_has_healed() {
        let proxy = echo();
        let mut stream = client(&proxy);
        assert_eq!(ask(&mut stream, "one").unwrap(), "one");
        proxy.set(Link::Silent);
        let mut new = client(&proxy);
        for stream in [&mut stream, &mut new] {
            stream.set_read_timeout(Some(WHILE)).unwrap();
            assert_eq!(ask(stream, "two").unwrap_err().kind(), ErrorKind::WouldBlock);
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        proxy.heal();
        assert_eq!(answer(&mut stream, 3).unwrap(), "two");
        assert_eq!(answer(&mut new, 3).unwrap(), "two");
    }

    #[test]
    fn a_delay_counts_once_in_each_direction() {
        let proxy = echo();
        let mut stream = client(&proxy);
        ask(&mut stream, "one").unwrap();
        proxy.set(Link::Slow { delay: Duration::from_millis(150), rate: None });
        let begin = std::time::Instant::now();
        ask(&mut stream, "two").unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(300));
    }

    #[test]
    fn a_rate_is_not_exceeded() {
        let proxy = echo();
        proxy.set(Link::Slow { delay: Duration::ZERO, rate: Some(100_000) });
        let begin = std::time::Instant::now();
        ask(&mut client(&proxy), &"x".repeat(30_000)).unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(300));
    }

    #[test]
    fn an_unreachable_target_is_a_reset() {
        let closed = ReservedPort::new().unwrap();
        let proxy = TcpProxy::to_port(closed.number()).unwrap();
        assert!(ask(&mut client(&proxy), "one").is_err());
    }
}
