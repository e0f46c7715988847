//! The receiver behind a listener: what the listener asks of each protocol.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tipoff_model::Protocol;

use super::super::alarm::framed;
use super::super::connection::{Connection, ConnectionEnd};
use super::super::{ftp, smtp};
use crate::config::SmtpListener;
use crate::net::limit::ConnectionLimiter;
use crate::net::tls::Alpn;

/// The receiver that serves a listener's connections. Each session keeps the receiver that it began with, and so its
/// settings.
pub(crate) enum ProtocolHandler {
    /// The SMTP receiver, and what it offers on this listener.
    Smtp(Arc<ArcSwap<smtp::Receiver>>, SmtpListener),
    /// The FTP receiver.
    Ftp(Arc<ArcSwap<ftp::Receiver>>),
    /// The receiver of alarms in frames.
    Framed(Arc<framed::Receiver>),
}

impl ProtocolHandler {
    /// The limits of the receiver as it is now.
    pub(super) fn connections(&self) -> ConnectionLimiter {
        match self {
            Self::Smtp(receiver, _) => receiver.load().connections.clone(),
            Self::Ftp(receiver) => receiver.load().connections.clone(),
            Self::Framed(receiver) => receiver.connections.clone(),
        }
    }

    /// Whether a connection from there begins with a PROXY header.
    pub(super) fn is_balancer(&self, address: IpAddr) -> bool {
        match self {
            Self::Smtp(receiver, _) => receiver.load().is_balancer(address),
            Self::Ftp(receiver) => receiver.load().is_balancer(address),
            Self::Framed(_) => false,
        }
    }

    /// The protocol inside of TLS.
    pub(super) fn alpn(&self) -> Alpn {
        match self {
            Self::Smtp(..) => Alpn::Smtp,
            Self::Ftp(_) => Alpn::Ftp,
            Self::Framed(_) => Alpn::Http,
        }
    }

    pub(super) fn protocol(&self) -> Protocol {
        match self {
            Self::Smtp(..) => Protocol::Smtp,
            Self::Ftp(_) => Protocol::Ftp,
            Self::Framed(_) => Protocol::Http,
        }
    }

    /// Whether clients that are too old for rustls are served (`legacy_tls`), as the receiver is now.
    pub(super) fn allows_legacy(&self) -> bool {
        match self {
            Self::Smtp(receiver, _) => receiver.load().allows_legacy_tls(),
            Self::Ftp(receiver) => receiver.load().allows_legacy_tls(),
            Self::Framed(_) => false,
        }
    }

    /// Serves a connection with the receiver as it is now.
    pub(super) async fn serve(&self, connection: Connection) -> ConnectionEnd {
        match self {
            Self::Smtp(receiver, offered) => {
                smtp::serve(connection, offered, &receiver.load_full()).await
            }
            Self::Ftp(receiver) => ftp::serve(connection, &receiver.load_full()).await,
            Self::Framed(receiver) => framed::serve(connection, receiver).await,
        }
    }
}
