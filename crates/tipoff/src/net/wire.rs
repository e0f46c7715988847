//! The bytes of one connection, plain or encrypted, read into borrowed buffers.
//!
//! A connection that says nothing holds no buffer: a thousand idle cameras cost next to nothing.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
#[cfg(feature = "legacy-tls")]
use std::task::Context;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::server::TlsStream;

use super::processor_turns::TurnShare;
use super::rewound::Rewound;
use crate::runtime::lock::lock;

/// One read takes at most this much.
const BUFFER_BYTES: usize = 64 * 1024;
/// Buffers kept for the next reader; under load more are made and given back to the system.
const IDLE_BUFFERS_MAX: usize = 8;

/// Buffers of full size that are lent at a time. Who reads while more are out gets a small one: a connection keeps
/// its buffer while it waits for its turn at the processor.
const LENT_MAX: usize = 128;
/// Size of a small buffer.
const SMALL_BUFFER_BYTES: usize = 4 * 1024;

/// Read buffers that connections borrow while they have something to say.
#[derive(Clone)]
pub(crate) struct Buffers {
    idle: Arc<Mutex<Vec<Box<[u8]>>>>,
    /// Buffers that are out.
    lent: Arc<AtomicUsize>,
    bytes: usize,
}

impl Default for Buffers {
    fn default() -> Self {
        Self::of(BUFFER_BYTES)
    }
}

impl Buffers {
    /// Buffers of this size: a connection of commands needs no large one, and may keep it while it waits.
    pub(crate) fn of(bytes: usize) -> Self {
        Self { idle: Arc::default(), lent: Arc::default(), bytes }
    }

    /// Lends a buffer: one that is idle, a new one, or a small one if too many are lent.
    fn take(&self) -> Box<[u8]> {
        if self.lent.fetch_add(1, Ordering::Relaxed) >= LENT_MAX {
            return vec![0; self.bytes.min(SMALL_BUFFER_BYTES)].into_boxed_slice();
        }
        let idle = lock(&self.idle).pop();
        idle.unwrap_or_else(|| vec![0; self.bytes].into_boxed_slice())
    }

    /// Takes a buffer back. It stays for the next reader if few are idle.
    fn give_back(&self, buffer: Box<[u8]>) {
        self.lent.fetch_sub(1, Ordering::Relaxed);
        if buffer.len() < self.bytes {
            return;
        }
        let mut kept = lock(&self.idle);
        if kept.len() < IDLE_BUFFERS_MAX {
            kept.push(buffer);
        }
    }
}

/// The bytes of one read. Its buffer is given back when it is dropped.
pub(crate) struct Chunk {
    /// `Some` until it is dropped.
    buffer: Option<Box<[u8]>>,
    /// Bytes of the buffer that were read.
    filled: usize,
    /// Where the buffer goes back to.
    home: Buffers,
}

impl Chunk {
    fn borrow(buffers: &Buffers) -> Self {
        Self { buffer: Some(buffers.take()), filled: 0, home: buffers.clone() }
    }

    /// The bytes; empty if the other side has closed the connection.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.as_deref().and_then(|buffer| buffer.get(..self.filled)).unwrap_or_default()
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        if let Some(buffer) = self.buffer.take() {
            self.home.give_back(buffer);
        }
    }
}

/// A connection that OpenSSL encrypts.
#[cfg(feature = "legacy-tls")]
type LegacyStream = tokio_openssl::SslStream<Rewound>;

/// A connection.
pub(crate) enum Wire {
    /// As it is.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<Rewound>>),
    /// Encrypted by OpenSSL.
    #[cfg(feature = "legacy-tls")]
    Legacy(Box<LegacyStream>),
}

impl Wire {
    /// Whether it is encrypted.
    pub(crate) fn is_tls(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }

    /// How it is encrypted, if it is: version and cipher.
    pub(crate) fn encryption(&self) -> Option<String> {
        let stream = match self {
            Self::Plain(_) => return None,
            Self::Tls(stream) => stream,
            #[cfg(feature = "legacy-tls")]
            Self::Legacy(stream) => return Some(legacy_encryption(stream.ssl())),
        };
        let (_, connection) = stream.get_ref();
        let version = match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2",
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3",
            _ => "TLS",
        };
        let cipher = connection.negotiated_cipher_suite().map(|cipher| cipher.suite());
        let cipher = cipher.as_ref().and_then(|cipher| cipher.as_str()).unwrap_or("no cipher");
        Some(format!("{version} ({cipher})"))
    }

    /// The address of this machine that the other side has connected to.
    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0.socket(),
            #[cfg(feature = "legacy-tls")]
            Self::Legacy(stream) => stream.get_ref().socket(),
        }
    }

    /// Waits for bytes and reads them. Dropping it loses none.
    pub(crate) async fn read(&mut self, buffers: &Buffers) -> io::Result<Chunk> {
        loop {
            // The TLS layer may hold bytes that the socket no longer has, so it is asked first.
            let mut chunk = Chunk::borrow(buffers);
            if let Some(filled) = self.read_now(&mut chunk).await? {
                chunk.filled = filled;
                return Ok(chunk);
            }
            drop(chunk);
            self.socket().readable().await?;
        }
    }

    /// Waits for bytes until `deadline` and reads them in a turn of `share`; `None` if none came. Waiting for the
    /// turn holds no buffer, and is no silence of the other side. Dropping it loses no bytes.
    pub(crate) async fn read_in_turn(
        &mut self,
        buffers: &Buffers,
        share: &mut TurnShare,
        deadline: Instant,
    ) -> io::Result<Option<Chunk>> {
        // The TLS layer may hold bytes that the socket no longer has, so it is asked first.
        let mut is_ready = self.is_tls();
        loop {
            if !is_ready {
                match timeout_at(deadline, self.socket().readable()).await {
                    Ok(ready) => ready?,
                    Err(_) => return Ok(None),
                }
            }
            share.take().await;
            let mut chunk = Chunk::borrow(buffers);
            if let Some(filled) = self.read_now(&mut chunk).await? {
                chunk.filled = filled;
                return Ok(Some(chunk));
            }
            drop(chunk);
            share.pause();
            is_ready = false;
        }
    }

    /// As [`Wire::read`] where urgent data may come: a read ends before the urgent byte, and Tokio would take that for
    /// the end of what there is and wait for more.
    pub(crate) async fn read_with_urgent(&mut self, buffers: &Buffers) -> io::Result<Chunk> {
        let Self::Plain(socket) = self else {
            return self.read(buffers).await;
        };
        loop {
            let mut chunk = Chunk::borrow(buffers);
            match socket.try_read(chunk.buffer.as_deref_mut().unwrap_or_default()) {
                Ok(filled) => {
                    chunk.filled = filled;
                    return Ok(chunk);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => drop(chunk),
                Err(error) => return Err(error),
            }
            socket.readable().await?;
        }
    }

    /// Reads what is there now; `None` if nothing is.
    async fn read_now(&mut self, chunk: &mut Chunk) -> io::Result<Option<usize>> {
        let mut buffer = ReadBuf::new(chunk.buffer.as_deref_mut().unwrap_or_default());
        poll_fn(|context| {
            let poll = match self {
                Self::Plain(socket) => Pin::new(socket).poll_read(context, &mut buffer),
                Self::Tls(stream) => Pin::new(stream).poll_read(context, &mut buffer),
                #[cfg(feature = "legacy-tls")]
                Self::Legacy(stream) => read_legacy(stream, context, &mut buffer),
            };
            match poll {
                Poll::Ready(Ok(())) => Poll::Ready(Ok(Some(buffer.filled().len()))),
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Ready(Ok(None)),
            }
        })
        .await
    }

    /// Writes all bytes, and flushes what TLS holds.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            #[cfg(feature = "legacy-tls")]
            Self::Legacy(stream) => stream.write_all(bytes).await,
        }
    }

    /// Closes the connection for writing, after what was written: with the end of TLS (close_notify) if it is encrypted.
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        let closed = poll_fn(|context| match self {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            #[cfg(feature = "legacy-tls")]
            Self::Legacy(stream) => Pin::new(stream).poll_shutdown(context),
        });
        closed.await
    }
}

/// Reads from a connection that OpenSSL encrypts. An end without that of TLS (close_notify) is an error, as of rustls.
#[cfg(feature = "legacy-tls")]
fn read_legacy(
    stream: &mut LegacyStream,
    context: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let poll = Pin::new(&mut *stream).poll_read(context, buffer);
    if !matches!(poll, Poll::Ready(Ok(()))) || !buffer.filled().is_empty() {
        return poll;
    }
    // A read returns both ends as the same; a peek does not.
    match Pin::new(stream).poll_peek(context, &mut [0]) {
        Poll::Ready(Err(error)) if error.code() != openssl::ssl::ErrorCode::ZERO_RETURN => {
            Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()))
        }
        _ => poll,
    }
}

/// Version and cipher of a connection that OpenSSL encrypts, named as those of rustls.
#[cfg(feature = "legacy-tls")]
fn legacy_encryption(ssl: &openssl::ssl::SslRef) -> String {
    use openssl::ssl::SslVersion;
    let version = match ssl.version2() {
        Some(SslVersion::TLS1) => "TLS 1.0",
        Some(SslVersion::TLS1_1) => "TLS 1.1",
        Some(SslVersion::TLS1_2) => "TLS 1.2",
        Some(SslVersion::TLS1_3) => "TLS 1.3",
        _ => "TLS",
    };
    let cipher = ssl.current_cipher().and_then(|cipher| cipher.standard_name());
    format!("{version} ({})", cipher.unwrap_or("no cipher"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_wait_with_what_they_have_read_take_little() {
        let buffers = Buffers::default();
        let chunks: Vec<Chunk> = (0..1_000).map(|_| Chunk::borrow(&buffers)).collect();
        let bytes = |chunk: &Chunk| chunk.buffer.as_ref().map_or(0, |buffer| buffer.len());
        let most = LENT_MAX * BUFFER_BYTES + 1_000 * SMALL_BUFFER_BYTES;
        assert!(chunks.iter().map(bytes).sum::<usize>() <= most);
        drop(chunks);
        assert_eq!(bytes(&Chunk::borrow(&buffers)), BUFFER_BYTES);
    }
}
