//! What the data connections of one session share, and how one is encrypted.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tipoff_ftp::{Protection, TransferFailure};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::net::TlsFault;
use crate::net::sniff::is_client_hello;
use crate::net::tls::{Alpn, TlsPort};
use crate::net::wire::Wire;
use crate::receive::handshake::handshake;
use crate::receive::transcript::{MissingConnection, SessionProblem, TranscriptRecorder};
use crate::runtime::per_minute::{PerMinute, network};

/// How long to wait for the first byte of an upload that may be TLS: the device that uploads sends first.
const UPLOAD_BEGINS_MAX: Duration = Duration::from_secs(10);
/// How long to wait for TLS before a download where a device has not said whether it encrypts.
const UNDECLARED_MAX: Duration = Duration::from_secs(1);
/// The same where it has said that it does not.
const DECLINED_MAX: Duration = Duration::from_millis(250);

/// Why there is no data connection. Whoever returns it has logged it and noted it in the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataFault {
    /// The device did not connect, or could not be connected to.
    NotConnected,
    /// TLS failed.
    NotEncrypted,
}

impl From<DataFault> for TransferFailure {
    fn from(why: DataFault) -> Self {
        match why {
            DataFault::NotConnected => Self::NoConnection,
            DataFault::NotEncrypted => Self::NotEncrypted,
        }
    }
}

/// Counts failed data connections by address: the log warns of each address once a minute.
#[derive(Default)]
pub(super) struct DataWarnings {
    /// No passive port was free.
    pub(super) no_port: PerMinute<IpAddr>,
    /// The device named an address that is not its own.
    pub(super) foreign: PerMinute<IpAddr>,
    /// The data connection did not come.
    pub(super) missing: PerMinute<IpAddr>,
}

/// What all data connections of a session share.
#[derive(Clone)]
pub(super) struct DataContext {
    /// The device's address: connections from other addresses are refused.
    pub(super) peer: IpAddr,
    pub(super) tls: TlsPort,
    /// The transcript of the session.
    pub(super) record: TranscriptRecorder,
    /// Bounds the log.
    pub(super) warnings: Arc<DataWarnings>,
}

impl DataContext {
    /// Encrypts a connection if that is agreed on, or if it begins so.
    pub(super) async fn protect(
        &self,
        socket: TcpStream,
        protection: Protection,
        is_upload: bool,
    ) -> Result<Wire, DataFault> {
        let patience = match protection {
            _ if is_upload => UPLOAD_BEGINS_MAX,
            Protection::Declined => DECLINED_MAX,
            _ => UNDECLARED_MAX,
        };
        let encrypts = match protection {
            Protection::Clear => false,
            Protection::Private => true,
            Protection::Declined | Protection::Unspecified => {
                timeout(patience, begins_tls(&socket)).await.unwrap_or(false)
            }
        };
        if !encrypts {
            return Ok(Wire::Plain(socket));
        }
        let wire = handshake(socket, &self.tls, Alpn::FtpData).await;
        Ok(self.encrypted(wire.map_err(|error| self.not_encrypted(&error))?))
    }

    /// Notes how the connection is encrypted.
    pub(super) fn encrypted(&self, wire: Wire) -> Wire {
        let how = wire.encryption().unwrap_or_default();
        self.record.note(&format!("It is encrypted with {how}."));
        wire
    }

    /// Logs and notes that there is no connection, and what to do.
    pub(super) fn not_connected(&self, missing: MissingConnection, error: &io::Error) -> DataFault {
        if let Some(times) = self.warnings.missing.due(network(self.peer)) {
            tracing::warn!(
                peer = %self.peer,
                %error,
                times,
                "A device's data connection did not come: where it stays like this, switch between \
                 passive and active in the device, and see that the passive ports are let through.",
            );
        }
        self.record.note(&format!("There is no data connection: {error}."));
        self.record.problem(SessionProblem::NoDataConnection(missing));
        DataFault::NotConnected
    }

    /// Logs and notes that the connection could not be encrypted, and what to do.
    pub(super) fn not_encrypted(&self, error: &io::Error) -> DataFault {
        let fault = TlsFault::from(error);
        if let Some(times) = self.tls.tls.failure_due(self.peer, &fault) {
            tracing::warn!(
                peer = %self.peer,
                %error,
                times,
                "A device's data connection could not be encrypted, though its control connection could: \
                 {fault}. Where it stays like this, switch encryption off in the device.",
            );
        }
        self.record.data_tls_failed(fault);
        DataFault::NotEncrypted
    }
}

/// Whether the first byte is one of TLS. Waits for it.
pub(super) async fn begins_tls(socket: &TcpStream) -> bool {
    let mut first = [0];
    matches!(socket.peek(&mut first).await, Ok(1) if is_client_hello(&first))
}
