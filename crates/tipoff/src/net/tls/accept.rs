//! A handshake as the server: reads the ClientHello, chooses who serves the client, and hands over.

use std::io;
use std::sync::Arc;

use rustls::PeerIncompatible;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::alpn::Alpn;
use super::choice::{Choice, choose};
use super::identity::Identity;
use super::{Loaded, RsaCertificate, Tls};
use crate::net::client_hello::{HelloReader, Progress};
use crate::net::rewound::Rewound;
use crate::net::wire::Wire;

/// Bytes of one read.
const READ_BYTES: usize = 1024;

/// What a port offers that begins TLS.
#[derive(Clone)]
pub(crate) struct TlsPort {
    /// The certificates.
    pub(crate) tls: Arc<Tls>,
    /// Whether OpenSSL may serve clients that are too old for rustls (`legacy_tls`).
    pub(crate) allows_legacy: bool,
}

impl TlsPort {
    /// Begins TLS.
    ///
    /// # Errors
    /// The connection failed, or the client and the server have nothing in common.
    pub(crate) async fn accept(&self, socket: TcpStream, alpn: Alpn) -> io::Result<Wire> {
        let (socket, progress) = read_hello(socket).await?;
        let loaded = self.tls.current();
        let choice = loaded.choose(&progress, self.allows_legacy)?;
        #[cfg(feature = "legacy-tls")]
        if choice == Choice::Legacy {
            let rsa = loaded.rsa().await;
            let identity = rsa.as_ref().unwrap_or(&loaded.main);
            let stream = loaded.legacy.accept(identity, socket, alpn).await?;
            return Ok(Wire::Legacy(Box::new(stream)));
        }
        let identity = loaded.identity(choice).await;
        let stream = TlsAcceptor::from(identity.config(alpn)).accept(socket).await?;
        Ok(Wire::Tls(Box::new(stream)))
    }
}

impl Tls {
    /// Begins TLS 1.2 or later.
    ///
    /// # Errors
    /// The connection failed, or the client and the server have nothing in common.
    pub(crate) async fn accept_modern(
        &self,
        socket: TcpStream,
        alpn: Alpn,
    ) -> io::Result<TlsStream<Rewound>> {
        let (socket, progress) = read_hello(socket).await?;
        let loaded = self.current();
        let identity = loaded.identity(loaded.choose(&progress, false)?).await;
        TlsAcceptor::from(identity.config(alpn)).accept(socket).await
    }
}

impl Loaded {
    fn choose(&self, progress: &Progress, allows_legacy: bool) -> io::Result<Choice> {
        let has_rsa = !matches!(self.rsa, RsaCertificate::None);
        match progress {
            Progress::Complete(hello) => {
                Ok(choose(hello, &self.main.ability, has_rsa, allows_legacy))
            }
            Progress::Ssl2 if allows_legacy => Ok(Choice::Legacy),
            // rustls does not know this format.
            Progress::Ssl2 => {
                let error = rustls::Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered);
                Err(io::Error::new(io::ErrorKind::InvalidData, error))
            }
            // rustls reports what is wrong.
            Progress::Unreadable | Progress::Incomplete => Ok(Choice::Main),
        }
    }

    /// The certificate for a client that rustls serves.
    async fn identity(&self, choice: Choice) -> Arc<Identity> {
        let rsa = if choice == Choice::Rsa { self.rsa().await } else { None };
        rsa.unwrap_or_else(|| Arc::clone(&self.main))
    }
}

/// Reads the ClientHello. The TLS library then reads the same bytes.
async fn read_hello(socket: TcpStream) -> io::Result<(Rewound, Progress)> {
    let mut reader = HelloReader::default();
    loop {
        socket.readable().await?;
        let mut bytes = [0; READ_BYTES];
        let progress = match socket.try_read(&mut bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => reader.push(bytes.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        if progress != Progress::Incomplete {
            return Ok((Rewound::new(reader.into_bytes(), socket), progress));
        }
    }
}
