//! The data connection of one transfer: how it is made, and whether it is encrypted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tipoff_ftp::{DataMode, Failure, Protection};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::listen;
use super::passive::{Passive, begins_tls};
use super::transcript::{Recorder, Trouble};
use crate::net::TlsFault;
use crate::net::tls::{Alpn, Tls};
use crate::net::wire::Wire;
use crate::runtime::per_minute::{PerMinute, network};

/// How long this machine tries to connect to a device.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// How long the first byte of an upload is waited for where it may be TLS: whoever uploads talks first.
const UPLOAD_BEGINS_MAX: Duration = Duration::from_secs(10);
/// How long TLS is waited for before a download where a device has not said whether it encrypts.
const UNTOLD_MAX: Duration = Duration::from_secs(1);
/// The same where it has said that it does not.
const DECLINED_MAX: Duration = Duration::from_millis(250);

/// Why there is no data connection. When it is made, it has been logged and noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataFault {
    /// The device did not connect, or could not be connected to.
    NotConnected,
    /// TLS failed.
    NotEncrypted,
}

impl From<DataFault> for Failure {
    fn from(why: DataFault) -> Self {
        match why {
            DataFault::NotConnected => Self::NoConnection,
            DataFault::NotEncrypted => Self::NotEncrypted,
        }
    }
}

/// What the log tells of addresses whose data connections fail, once a minute.
#[derive(Default)]
pub(super) struct Complaints {
    /// No passive port was free.
    pub(super) no_port: PerMinute<IpAddr>,
    /// An address that is not the device's was named.
    pub(super) foreign: PerMinute<IpAddr>,
    /// The connection did not come.
    pub(super) missing: PerMinute<IpAddr>,
}

/// What all data connections of a session share.
#[derive(Clone)]
pub(super) struct DataContext {
    /// The device's address: nobody else may take its place.
    pub(super) peer: IpAddr,
    pub(super) tls: Arc<Tls>,
    pub(super) record: Recorder,
    pub(super) complaints: Arc<Complaints>,
}

/// A data connection that is to be made.
pub(super) struct Plan {
    pub(super) data: DataMode,
    pub(super) protection: Protection,
    /// Whether the device sends.
    pub(super) is_upload: bool,
    /// Where a passive one is awaited, or has come already.
    pub(super) passive: Option<Passive>,
    pub(super) context: DataContext,
}

impl Plan {
    /// Makes the connection.
    pub(super) async fn open(self) -> Result<Wire, DataFault> {
        let Self { data, protection, is_upload, passive, context } = self;
        match (data, passive) {
            (DataMode::Active(address), _) => {
                let socket =
                    connect(address).await.map_err(|error| context.not_connected(&error))?;
                context.record.note(&format!("A data connection to {address}."));
                context.protect(socket, protection, is_upload).await
            }
            (DataMode::Passive, Some(passive)) => {
                passive.open(protection, is_upload, &context).await
            }
            (DataMode::Passive, None) => {
                Err(context.not_connected(&io::ErrorKind::NotConnected.into()))
            }
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    timeout(CONNECT_MAX, TcpStream::connect(address)).await?
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
            _ => UNTOLD_MAX,
        };
        let encrypts = match protection {
            Protection::Clear => false,
            Protection::Private => true,
            Protection::Declined | Protection::Untold => {
                timeout(patience, begins_tls(&socket)).await.unwrap_or(false)
            }
        };
        if !encrypts {
            return Ok(Wire::Plain(socket));
        }
        let wire = listen::handshake(socket, &self.tls, Alpn::FtpData).await;
        Ok(self.encrypted(wire.map_err(|error| self.not_encrypted(&error))?))
    }

    /// Notes how it is encrypted.
    pub(super) fn encrypted(&self, wire: Wire) -> Wire {
        let how = wire.encryption().unwrap_or_default();
        self.record.note(&format!("It is encrypted with {how}."));
        wire
    }

    /// Says that there is no connection, and what to do.
    pub(super) fn not_connected(&self, error: &io::Error) -> DataFault {
        if let Some(times) = self.complaints.missing.due(network(self.peer)) {
            tracing::warn!(
                peer = %self.peer,
                %error,
                times,
                "A device's data connection did not come: where it stays like this, switch between \
                 passive and active in the device, and see that the passive ports are let through.",
            );
        }
        self.record.note(&format!("There is no data connection: {error}."));
        self.record.trouble(Trouble::NoDataConnection);
        DataFault::NotConnected
    }

    /// The same of its encryption.
    pub(super) fn not_encrypted(&self, error: &io::Error) -> DataFault {
        let fault = TlsFault::from(error);
        if let Some(times) = self.tls.failure_due(self.peer, &fault) {
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
