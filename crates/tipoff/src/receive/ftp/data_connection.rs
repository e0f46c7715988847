//! The data connection of one transfer: how it is made (RFC 959, section 3.2). Active: this machine connects to the
//! device. Passive: the device connects to a leased port.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tipoff_ftp::{DataMode, Protection};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::data_context::{DataContext, DataFault};
use super::passive::PassivePort;
use crate::net::wire::Wire;
use crate::receive::transcript::MissingConnection;

/// How long this machine tries to connect to a device.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A data connection that is to be made.
pub(super) struct DataConnectionPlan {
    /// Active, with the address, or passive.
    pub(super) data: DataMode,
    /// Whether the device has agreed on encryption (PROT, RFC 4217).
    pub(super) protection: Protection,
    /// Whether the device sends the data.
    pub(super) is_upload: bool,
    /// The leased port, if the connection is passive.
    pub(super) passive: Option<PassivePort>,
    pub(super) context: DataContext,
}

impl DataConnectionPlan {
    /// Makes the connection, and encrypts it if that is agreed on or the device begins TLS.
    ///
    /// # Errors
    /// There is no connection; this is logged and noted in the transcript.
    pub(super) async fn open(self) -> Result<Wire, DataFault> {
        let Self { data, protection, is_upload, passive, context } = self;
        match (data, passive) {
            (DataMode::Active(address), _) => {
                let missing = MissingConnection::Active(address);
                let socket = connect(address).await;
                let socket = socket.map_err(|error| context.not_connected(missing, &error))?;
                context.record.note(&format!("A data connection to {address}."));
                context.protect(socket, protection, is_upload).await
            }
            (DataMode::Passive, Some(passive)) => {
                passive.open(protection, is_upload, &context).await
            }
            (DataMode::Passive, None) => {
                let error = io::ErrorKind::NotConnected.into();
                Err(context.not_connected(MissingConnection::Unnamed, &error))
            }
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    timeout(CONNECT_MAX, TcpStream::connect(address)).await?
}
