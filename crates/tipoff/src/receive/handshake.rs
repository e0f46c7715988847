//! The TLS handshake of a receiver, as the server: on a new connection, after STARTTLS or AUTH TLS, and on data
//! connections.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::transcript::TranscriptRecorder;
use crate::net::TlsFault;
use crate::net::tls::{Alpn, Tls};
use crate::net::wire::Wire;

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(20);

/// Begins TLS on an accepted connection, for the protocol of its port.
///
/// # Errors
/// The handshake failed, or did not end in time.
pub(super) async fn handshake(socket: TcpStream, tls: &Tls, alpn: Alpn) -> io::Result<Wire> {
    let acceptor = TlsAcceptor::from(tls.config(alpn));
    // Boxed: a handshake is large, and most connections never make one.
    let stream = Box::pin(timeout(HANDSHAKE_MAX, acceptor.accept(socket))).await??;
    Ok(Wire::Tls(Box::new(stream)))
}

/// Notes a failed handshake in the transcript, and logs what to change at the device.
pub(super) fn report_failure(
    peer: IpAddr,
    error: &io::Error,
    record: &TranscriptRecorder,
    tls: &Arc<Tls>,
) {
    let fault = TlsFault::from(error);
    let times = tls.failure_due(peer, &fault);
    record.tls_failed(fault);
    let Some(times) = times else {
        return;
    };
    tracing::warn!(
        %peer,
        %error,
        times,
        "A device tried to encrypt and failed. If it is old (before TLS 1.2) or refuses \
         certificates that it does not know, switch encryption off in the device.",
    );
}
