//! Where the data connections of a session go: the passive port that is leased, and the active addresses that are
//! allowed.
//!
//! The state machine asks for a port (PASV, EPSV), or whether an address that is not the device's own is allowed (PORT,
//! EPRT).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tipoff_ftp::{DataMode, Protection, TransferFailure, TransferOutcome};
use tipoff_model::LoginProof;

use super::data_connection::DataConnectionPlan;
use super::data_context::DataContext;
use super::passive::PassivePort;
use super::port_leases::Lessee;
use super::{FtpSession, Receiver};
use crate::config::ActiveAddresses;
use crate::net::balancer::ConnectionPath;
use crate::receive::connection::Connection;
use crate::receive::control::ControlConnection;
use crate::receive::transcript::{MissingConnection, SessionProblem};
use crate::runtime::per_minute::network;
use crate::runtime::shutdown::Phase;

/// The passive port of the next data connection, and what is known of the device reaching such ports.
#[derive(Default)]
pub(super) struct DataPort {
    /// The port on which the next data connection is awaited.
    pub(super) passive: Option<PassivePort>,
    /// A command was refused since the port was leased, which explains that the device has not connected.
    pub(super) is_explained: bool,
    /// A data connection was made in this session.
    has_connected: bool,
}

impl DataPort {
    /// Notes that a transfer has ended. Any outcome but a missing connection shows that the device reaches the ports.
    pub(super) fn transfer_ended(&mut self, outcome: TransferOutcome) {
        self.has_connected |=
            !matches!(outcome, TransferOutcome::Failed(TransferFailure::NoConnection, _));
    }
}

/// Whether data connections go to the address that the device has connected to, as EPSV means it. Through a balancer
/// they usually do not: they go to this machine, or to `public_address`.
pub(super) async fn reaches_same_address(connection: &Connection, receiver: &Receiver) -> bool {
    let ConnectionPath::Forwarded { destination, .. } = connection.path else {
        return true;
    };
    let Ok(local) = connection.wire.local_address() else {
        return false;
    };
    receiver.passive_ip(local.ip()).await == destination.ip()
}

impl Receiver {
    /// The address in the reply to PASV, for a session on the connection to `local`.
    async fn passive_ip(&self, local: IpAddr) -> IpAddr {
        self.passive_address.of(local, self.settings.public_address).await
    }
}

impl FtpSession<'_> {
    /// Leases a port for the next data connection; the reply to PASV or EPSV names it.
    pub(super) async fn lease_port(&mut self) {
        // The old lease ends first: its port may be the only one that is free.
        self.data_port.passive = None;
        self.data_port.is_explained = false;
        let Some(local) = self.control.local_address() else {
            return self.session.passive(None);
        };
        let (receiver, record) = (self.receiver, self.control.record.clone());
        let on_stranger = move |from: IpAddr| {
            let note = "was turned away: it is not the device.";
            record.note(&format!("A data connection from {from} {note}"));
        };
        let lessee = Lessee {
            peer: self.control.peer,
            is_known: self.proof == LoginProof::Proven,
            on_stranger: Arc::new(on_stranger),
        };
        let range = &receiver.settings.passive_ports;
        let leased = receiver.port_leases.lease(local, range, &lessee).await;
        let address = match leased {
            Ok(lease) => {
                let port = lease.port();
                self.data_port.passive = Some(PassivePort::new(lease));
                Some(SocketAddr::new(receiver.passive_ip(local.ip()).await, port))
            }
            Err(error) => {
                let peer = self.control.peer;
                if let Some(times) = receiver.warnings.no_port.due(network(peer)) {
                    tracing::warn!(
                        %peer,
                        %error,
                        times,
                        "No passive port is free: widen `passive_ports` in `[ftp]`.",
                    );
                }
                self.control.record.note(&format!("No passive port is free: {error}."));
                self.control.record.problem(SessionProblem::NoPassivePort);
                None
            }
        };
        self.session.passive(address);
    }

    /// Decides whether data connections may go to an address that is not the device's own: only where the setting
    /// allows it, and never from outside to this machine.
    pub(super) fn check_foreign_address(&mut self, address: SocketAddr) {
        let allowed = self.allows_networks();
        let local = self.control.local_address();
        let (peer, ip) = (self.control.peer, address.ip().to_canonical());
        let is_ours = ip.is_loopback()
            || local.is_some_and(|local| local.ip().to_canonical() == ip)
            || self.is_balancer(ip);
        let reachable = peer.is_loopback() || !is_ours;
        let granted = allowed && reachable && self.receiver.authenticator.is_in_networks(ip);
        if !granted && let Some(times) = self.receiver.warnings.foreign.due(network(peer)) {
            tracing::warn!(
                %peer,
                %address,
                times,
                "A device wants active FTP and names an address that it does not come from: switch \
                 it to passive, or see `active_addresses` in `[ftp]`.",
            );
        }
        self.session.foreign(granted);
    }

    /// Whether an address is of the balancer that this session comes through: it leads back to this machine.
    fn is_balancer(&self, ip: IpAddr) -> bool {
        match self.control.path {
            ConnectionPath::Forwarded { balancer, destination } => {
                ip == balancer || ip == destination.ip()
            }
            ConnectionPath::Direct | ConnectionPath::Check => false,
        }
    }

    /// Whether data connections may go to addresses in the networks of devices.
    fn allows_networks(&self) -> bool {
        self.receiver.settings.active_addresses == ActiveAddresses::Networks
    }

    /// The problem of a device that names this address, which was not granted.
    pub(super) fn foreign_address(&self, address: SocketAddr) -> SessionProblem {
        let (peer, allowed) = (self.control.peer, self.allows_networks());
        SessionProblem::ForeignAddress { address, peer, allowed }
    }

    /// What the data connections of this session share.
    pub(super) fn data_context(&self) -> DataContext {
        let ControlConnection { peer, tls, record, .. } = &self.control;
        let warnings = Arc::clone(&self.receiver.warnings);
        DataContext { peer: *peer, tls: tls.clone(), record: record.clone(), warnings }
    }

    /// The data connection of the transfer that begins. It uses up the leased port: the next transfer needs another
    /// PASV.
    pub(super) fn plan(
        &mut self,
        data: DataMode,
        protection: Protection,
        is_upload: bool,
    ) -> DataConnectionPlan {
        let (passive, context) = (self.data_port.passive.take(), self.data_context());
        DataConnectionPlan { data, protection, is_upload, passive, context }
    }

    /// Notes at the end of a session that the data connection did not come. Clients that connect before they send STOR
    /// (curl, ftplib) leave without a word where they cannot. A device that had a data connection before, or gave up
    /// for another reason, can reach the ports.
    pub(super) async fn note_missing_connection(&mut self) {
        let context = self.data_context();
        let DataPort { passive, is_explained, has_connected } = &mut self.data_port;
        let Some(passive) = passive else { return };
        if *is_explained || *has_connected || self.control.shutdown.phase() != Phase::Running {
            return;
        }
        if passive.has_come().await {
            return;
        }
        let port = passive.port();
        let message = format!("the device did not connect to port {port}");
        let error = io::Error::new(io::ErrorKind::NotConnected, message);
        context.not_connected(MissingConnection::Passive(port), &error);
    }
}
