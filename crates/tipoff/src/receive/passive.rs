//! A port that a device will connect to for one transfer, and how far the connection is before the transfer
//! is asked for: some clients begin TLS as soon as they are connected, and say STOR only when it stands.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tipoff_ftp::Protection;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::data::{DataContext, DataFault};
use super::listen::handshake;
use super::ports::Lease;
use crate::net::sniff::is_client_hello;
use crate::net::tls::Alpn;
use crate::net::wire::Wire;

/// How long a device may take to connect.
const ACCEPT_MAX: Duration = Duration::from_secs(20);
/// The same when the session has ended: what is on its way may come behind the last command.
const LATE_MAX: Duration = Duration::from_millis(100);

/// A port, and what has come to it.
pub(super) struct Passive {
    lease: Lease,
    stage: Stage,
}

/// How far the connection is.
#[derive(Default)]
enum Stage {
    /// It has not come.
    #[default]
    Awaited,
    /// It is there, and has not said anything.
    Silent(TcpStream),
    /// What it said first is not TLS.
    Plain(TcpStream),
    /// TLS has begun.
    Handshake(Handshake),
    /// It is encrypted.
    Encrypted(Wire),
    /// It does not come to anything. This has been logged.
    Failed(DataFault),
}

type Handshake = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>;

impl Passive {
    /// Waits at this port.
    pub(super) fn new(lease: Lease) -> Self {
        Self { lease, stage: Stage::Awaited }
    }

    /// Where the device is to connect to.
    pub(super) fn port(&self) -> u16 {
        self.lease.port()
    }

    /// Goes on as far as it can before a transfer is asked for: TLS that a device begins at once is answered at
    /// once (RFC 4217, section 9, says only that the client begins it). Never ends; dropping it loses nothing.
    async fn advance(&mut self, protection: Protection, context: &DataContext) -> Infallible {
        if protection == Protection::Clear {
            return pending().await;
        }
        loop {
            match &mut self.stage {
                Stage::Awaited => {
                    self.stage = match self.lease.connection().await {
                        Ok(socket) => Stage::Silent(socket),
                        // Nobody has asked for it in time, or its session will say so.
                        Err(_) => return pending().await,
                    };
                }
                Stage::Silent(socket) => {
                    let begins_tls = begins_tls(socket).await;
                    if let Stage::Silent(socket) = std::mem::take(&mut self.stage) {
                        self.stage = match begins_tls {
                            true => Stage::Handshake(begin_tls(socket, context)),
                            false => Stage::Plain(socket),
                        };
                    }
                }
                Stage::Handshake(handshake) => {
                    self.stage = match handshake.await {
                        Ok(wire) => Stage::Encrypted(wire),
                        Err(error) => Stage::Failed(context.not_encrypted(&error)),
                    };
                }
                Stage::Plain(_) | Stage::Encrypted(_) | Stage::Failed(_) => return pending().await,
            }
        }
    }

    /// Whether the device has connected, though it asked for no transfer.
    pub(super) async fn has_come(&mut self) -> bool {
        let Stage::Awaited = self.stage else { return true };
        timeout(LATE_MAX, self.lease.connection()).await.is_ok_and(|connection| connection.is_ok())
    }

    /// The connection for the transfer that is asked for now.
    pub(super) async fn open(
        self,
        protection: Protection,
        is_upload: bool,
        context: &DataContext,
    ) -> Result<Wire, DataFault> {
        let Self { mut lease, stage } = self;
        let port = lease.port();
        let stage = match stage {
            Stage::Awaited => {
                lease.activate();
                let connection = timeout(ACCEPT_MAX, lease.connection()).await;
                let connection = connection.map_err(io::Error::from).flatten();
                Stage::Silent(connection.map_err(|error| context.not_connected(&error))?)
            }
            stage => stage,
        };
        context.record.note(&format!("A data connection from {} to port {port}.", context.peer));
        match stage {
            Stage::Silent(socket) | Stage::Plain(socket) => {
                context.protect(socket, protection, is_upload).await
            }
            Stage::Handshake(handshake) => {
                let wire = handshake.await.map_err(|error| context.not_encrypted(&error))?;
                Ok(context.encrypted(wire))
            }
            Stage::Encrypted(wire) => Ok(context.encrypted(wire)),
            Stage::Failed(why) => Err(why),
            Stage::Awaited => Err(DataFault::NotConnected),
        }
    }
}

/// Goes on with the data connection that is awaited, if one is, for ever.
pub(super) async fn advance(
    passive: &mut Option<Passive>,
    protection: Protection,
    context: &DataContext,
) -> Infallible {
    match passive {
        // Boxed: most connections wait for nothing, and should hold nothing for it.
        Some(passive) => Box::pin(passive.advance(protection, context)).await,
        None => pending().await,
    }
}

/// TLS as the server, in a future of its own.
fn begin_tls(socket: TcpStream, context: &DataContext) -> Handshake {
    let tls = Arc::clone(&context.tls);
    Box::pin(async move { handshake(socket, &tls, Alpn::FtpData).await })
}

/// Whether the first byte is one of TLS. Waits for it.
pub(super) async fn begins_tls(socket: &TcpStream) -> bool {
    let mut first = [0];
    matches!(socket.peek(&mut first).await, Ok(1) if is_client_hello(&first))
}
