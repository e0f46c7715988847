//! Where the data connections of a session go: the port that is listened on, and the addresses that are allowed.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tipoff_ftp::{DataMode, Failure, Outcome, Protection};
use tipoff_model::LoginProof;

use super::Conversation;
use crate::config::ActiveAddresses;
use crate::receive::control::Control;
use crate::receive::data::{DataContext, Plan};
use crate::receive::passive::Passive;
use crate::receive::ports::Lessee;
use crate::receive::transcript::Trouble;
use crate::runtime::per_minute::network;
use crate::runtime::shutdown::Phase;

/// The port of the next data connection, and whether the device can reach such ports.
#[derive(Default)]
pub(super) struct DataPort {
    /// Where the next data connection is awaited.
    pub(super) passive: Option<Passive>,
    /// A command was refused since, which is why the device has not connected.
    pub(super) is_explained: bool,
    /// A data connection came about in this session.
    has_connected: bool,
}

impl DataPort {
    pub(super) fn transfer_ended(&mut self, outcome: Outcome) {
        self.has_connected |= !matches!(outcome, Outcome::Failed(Failure::NoConnection, _));
    }
}

impl Conversation<'_> {
    /// Leases a port for the next data connection, and tells the device where it is.
    pub(super) async fn listen(&mut self) {
        // The old one first: its port may be the only one that is free.
        self.data_port.passive = None;
        self.data_port.is_explained = false;
        let Some(local) = self.control.wire().ok().and_then(|wire| wire.local_address().ok())
        else {
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
        let leased = receiver.ports.lease(local, range, &lessee).await;
        let address = match leased {
            Ok(lease) => {
                let (ip, port) = (receiver.settings.public_address, lease.port());
                self.data_port.passive = Some(Passive::new(lease));
                Some(SocketAddr::new(ip.unwrap_or(local.ip().to_canonical()), port))
            }
            Err(error) => {
                let peer = self.control.peer;
                if let Some(times) = receiver.complaints.no_port.due(network(peer)) {
                    tracing::warn!(
                        %peer,
                        %error,
                        times,
                        "No passive port is free: widen `passive_ports` in `[ftp]`.",
                    );
                }
                self.control.record.note(&format!("No passive port is free: {error}."));
                self.control.record.trouble(Trouble::NoPassivePort);
                None
            }
        };
        self.session.passive(address);
    }

    /// Whether data connections may go to an address that is not the device's own: only where the setting
    /// says so, and never from outside to this machine.
    pub(super) fn consider(&mut self, address: SocketAddr) {
        let allowed = self.receiver.settings.active_addresses == ActiveAddresses::Networks;
        let local = self.control.wire().ok().and_then(|wire| wire.local_address().ok());
        let (peer, ip) = (self.control.peer, address.ip().to_canonical());
        let is_ours =
            ip.is_loopback() || local.is_some_and(|local| local.ip().to_canonical() == ip);
        let reachable = peer.is_loopback() || !is_ours;
        let granted = allowed && reachable && self.receiver.doorkeeper.is_in_networks(ip);
        if !granted {
            if let Some(times) = self.receiver.complaints.foreign.due(network(peer)) {
                tracing::warn!(
                    %peer,
                    %address,
                    times,
                    "A device wants active FTP and names an address that it does not come from: switch \
                     it to passive, or see `active_addresses` in `[ftp]`.",
                );
            }
            self.refusals.foreign(Trouble::ForeignAddress { address, peer, allowed });
        }
        self.session.foreign(granted);
    }

    pub(super) fn data_context(&self) -> DataContext {
        let Control { peer, tls, record, .. } = &self.control;
        let complaints = Arc::clone(&self.receiver.complaints);
        DataContext { peer: *peer, tls: Arc::clone(tls), record: record.clone(), complaints }
    }

    pub(super) fn plan(&mut self, data: DataMode, protection: Protection, is_upload: bool) -> Plan {
        let (passive, context) = (self.data_port.passive.take(), self.data_context());
        Plan { data, protection, is_upload, passive, context }
    }

    /// Clients that connect before they say STOR (curl, ftplib) leave without a word where they cannot. Who has
    /// had a data connection before, or gives up for another reason, can reach the ports.
    pub(super) async fn note_missing_connection(&mut self) {
        let context = self.data_context();
        let DataPort { passive, is_explained, has_connected } = &mut self.data_port;
        let Some(passive) = passive else { return };
        if *is_explained || *has_connected || self.shutdown.phase() != Phase::Running {
            return;
        }
        if passive.has_come().await {
            return;
        }
        let port = passive.port();
        let message = format!("the device did not connect to port {port}");
        context.not_connected(&io::Error::new(io::ErrorKind::NotConnected, message));
    }
}
