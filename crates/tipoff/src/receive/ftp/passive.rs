//! A passive port of one transfer, and how far its connection is before the transfer is requested: some clients begin
//! TLS as soon as they are connected, and send STOR only after the handshake.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tipoff_ftp::Protection;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::data_context::{DataContext, DataFault, begins_tls};
use super::port_leases::Lease;
use crate::net::tls::Alpn;
use crate::net::wire::Wire;
use crate::receive::handshake::handshake;
use crate::receive::transcript::MissingConnection;

/// How long a device may take to connect.
const ACCEPT_MAX: Duration = Duration::from_secs(20);
/// The same when the session has ended: a connection that is on its way may come after the last command.
const LATE_MAX: Duration = Duration::from_millis(100);

/// A leased port, and the connection to it.
pub(super) struct PassivePort {
    lease: Lease,
    stage: ConnectionStage,
}

/// How far the connection is.
#[derive(Default)]
enum ConnectionStage {
    /// It has not come.
    #[default]
    Awaited,
    /// It is there, and has sent nothing.
    Silent(TcpStream),
    /// Its first byte is not one of TLS.
    Plain(TcpStream),
    /// TLS has begun.
    Handshake(Handshake),
    /// It is encrypted.
    Encrypted(Wire),
    /// It failed. This has been logged.
    Failed(DataFault),
}

type Handshake = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>;

impl PassivePort {
    /// Waits for a connection to this port.
    pub(super) fn new(lease: Lease) -> Self {
        Self { lease, stage: ConnectionStage::Awaited }
    }

    /// The port that the device is to connect to.
    pub(super) fn port(&self) -> u16 {
        self.lease.port()
    }

    /// Advances the connection as far as possible before a transfer is requested: TLS that a device begins at once is
    /// answered at once (RFC 4217, section 9, says only that the client begins it). Never returns; dropping the future
    /// loses nothing.
    async fn advance(&mut self, protection: Protection, context: &DataContext) -> Infallible {
        if protection == Protection::Clear {
            return pending().await;
        }
        loop {
            match &mut self.stage {
                ConnectionStage::Awaited => {
                    self.stage = match self.lease.connection().await {
                        Ok(socket) => ConnectionStage::Silent(socket),
                        // The lease ended, or the transfer will report the error.
                        Err(_) => return pending().await,
                    };
                }
                ConnectionStage::Silent(socket) => {
                    let begins_tls = begins_tls(socket).await;
                    if let ConnectionStage::Silent(socket) = std::mem::take(&mut self.stage) {
                        self.stage = match begins_tls {
                            true => ConnectionStage::Handshake(begin_tls(socket, context)),
                            false => ConnectionStage::Plain(socket),
                        };
                    }
                }
                ConnectionStage::Handshake(handshake) => {
                    self.stage = match handshake.await {
                        Ok(wire) => ConnectionStage::Encrypted(wire),
                        Err(error) => ConnectionStage::Failed(context.not_encrypted(&error)),
                    };
                }
                ConnectionStage::Plain(_)
                | ConnectionStage::Encrypted(_)
                | ConnectionStage::Failed(_) => return pending().await,
            }
        }
    }

    /// Whether the device has connected without requesting a transfer.
    pub(super) async fn has_come(&mut self) -> bool {
        let ConnectionStage::Awaited = self.stage else { return true };
        timeout(LATE_MAX, self.lease.connection()).await.is_ok_and(|connection| connection.is_ok())
    }

    /// The connection for the transfer that is requested now.
    pub(super) async fn open(
        self,
        protection: Protection,
        is_upload: bool,
        context: &DataContext,
    ) -> Result<Wire, DataFault> {
        let Self { mut lease, stage } = self;
        let port = lease.port();
        let stage = match stage {
            ConnectionStage::Awaited => {
                lease.activate();
                let connection = timeout(ACCEPT_MAX, lease.connection()).await;
                let connection = connection.map_err(io::Error::from).flatten();
                let missing = MissingConnection::Passive(port);
                let connection = connection.map_err(|error| context.not_connected(missing, &error));
                ConnectionStage::Silent(connection?)
            }
            stage => stage,
        };
        context.record.note(&format!("A data connection from {} to port {port}.", context.peer));
        match stage {
            ConnectionStage::Silent(socket) | ConnectionStage::Plain(socket) => {
                context.protect(socket, protection, is_upload).await
            }
            ConnectionStage::Handshake(handshake) => {
                let wire = handshake.await.map_err(|error| context.not_encrypted(&error))?;
                Ok(context.encrypted(wire))
            }
            ConnectionStage::Encrypted(wire) => Ok(context.encrypted(wire)),
            ConnectionStage::Failed(why) => Err(why),
            ConnectionStage::Awaited => Err(DataFault::NotConnected),
        }
    }
}

/// Advances the data connection that is awaited, if any, forever.
pub(super) async fn advance(
    passive: &mut Option<PassivePort>,
    protection: Protection,
    context: &DataContext,
) -> Infallible {
    match passive {
        // Boxed: most connections wait for nothing, and should hold nothing for it.
        Some(passive) => Box::pin(passive.advance(protection, context)).await,
        None => pending().await,
    }
}

/// Begins TLS as the server, in a future of its own.
fn begin_tls(socket: TcpStream, context: &DataContext) -> Handshake {
    let tls = context.tls.clone();
    Box::pin(async move { handshake(socket, &tls, Alpn::FtpData).await })
}
