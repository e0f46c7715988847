//! The TLS handshake of a receiver, as the server: on a new connection, after STARTTLS or AUTH TLS, and on data
//! connections.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::transcript::TranscriptRecorder;
use crate::net::TlsFault;
use crate::net::tls::{Alpn, TlsPort};
use crate::net::wire::Wire;

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(20);

/// Begins TLS on an accepted connection, for the protocol of its port.
///
/// # Errors
/// The handshake failed, or did not end in time.
pub(super) async fn handshake(socket: TcpStream, port: &TlsPort, alpn: Alpn) -> io::Result<Wire> {
    // Boxed: a handshake is large, and most connections never make one.
    Box::pin(timeout(HANDSHAKE_MAX, port.accept(socket, alpn))).await?
}

/// Notes a failed handshake in the transcript, and logs what to change at the device.
pub(super) fn report_failure(
    peer: IpAddr,
    error: &io::Error,
    record: &TranscriptRecorder,
    port: &TlsPort,
    alpn: Alpn,
) {
    let fault = TlsFault::from(error);
    let times = port.tls.failure_due(peer, &fault);
    if let Some(times) = times {
        let hint = fault.hint(alpn.protocol());
        tracing::warn!(%peer, %error, times, "A device tried to encrypt and failed. {hint}");
    }
    record.tls_failed(fault);
}
