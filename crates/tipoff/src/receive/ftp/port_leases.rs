//! The ports of passive data connections. A port serves many devices at the same time: a session that received PASV
//! leases it for the address of its device, and a connection goes to the lease of the address that it comes from. So
//! nobody can use up the ports of others; one address has as many leases as there are ports.
//!
//! A connection through a balancer begins with a PROXY header, and goes to the lease of the address in it. A device may
//! also connect without the balancer, even from an address in a balancer's network, if it has a lease there.
//!
//! A port is bound when it is first leased, and closed soon after its last lease.

mod free_ports;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

use self::free_ports::{LeaseTable, Port};
use crate::config::Networks;
use crate::net::balancer::HeaderGate;
use crate::runtime::lock::lock;

/// How long a session waits for a port where its address has leased all of them.
const WAIT_MAX: Duration = Duration::from_secs(8);
/// While it waits, leases of other sessions become old enough to be ended.
const WAIT_STEP: Duration = Duration::from_millis(250);
/// A port without leases is closed after about so long.
const LINGER: Duration = Duration::from_secs(5);
/// Pause before the next connection is accepted where the system has no more open files.
const BREATHER: Duration = Duration::from_millis(100);
/// One port in so many is for devices with a login of their own, where others come from their address.
const RESERVED_PART: usize = 4;

/// All ports that are leased. Clones share them.
#[derive(Clone, Default)]
pub(super) struct PortLeases(Arc<PortLeasesShared>);

struct PortLeasesShared {
    table: Mutex<LeaseTable>,
    /// The networks of balancers.
    balancers: ArcSwap<Networks>,
    headers: HeaderGate,
    /// Notified when a lease has ended.
    freed: Notify,
}

impl Default for PortLeasesShared {
    fn default() -> Self {
        let headers = HeaderGate::new("ftp");
        let (table, balancers, freed) = (Mutex::default(), ArcSwap::default(), Notify::new());
        Self { table, balancers, headers, freed }
    }
}

/// The session that leases a port.
#[derive(Clone)]
pub(super) struct Lessee {
    /// The device's address.
    pub(super) peer: IpAddr,
    /// Its device has a login of its own.
    pub(super) is_known: bool,
    /// Called when a connection from an address without a lease comes to its port.
    pub(super) on_stranger: OnStranger,
}

pub(super) type OnStranger = Arc<dyn Fn(IpAddr) + Send + Sync>;

/// The right of one session to the next connection from its device's address to a port, until this is dropped.
pub(super) struct Lease {
    ports: PortLeases,
    /// The bound address.
    at: SocketAddr,
    /// The device's address: only connections from there are given to this lease.
    peer: IpAddr,
    /// Tells this lease from a later one of the same address and port.
    id: u64,
    /// Receives the connection; closed if the lease is ended before.
    connection_rx: oneshot::Receiver<TcpStream>,
}

/// Why there is no lease now.
enum Refused {
    /// The device's address has leased all that it may.
    OwnShareUsed,
    /// No port can be bound.
    Failed(io::Error),
}

impl PortLeases {
    /// Replaces the networks of balancers.
    pub(super) fn set_balancers(&self, networks: Networks) {
        self.0.balancers.store(Arc::new(networks));
    }

    /// Leases a port of the range at the address `local`. Where the device's address has leased all that it may, waits
    /// for a moment until one of them is free.
    pub(super) async fn lease(
        &self,
        local: SocketAddr,
        range: &RangeInclusive<u16>,
        lessee: &Lessee,
    ) -> io::Result<Lease> {
        let end = Instant::now() + WAIT_MAX;
        loop {
            let mut freed = pin!(self.0.freed.notified());
            freed.as_mut().enable();
            match self.try_lease(local, range, lessee) {
                Ok(lease) => return Ok(lease),
                Err(Refused::Failed(error)) => return Err(error),
                Err(Refused::OwnShareUsed) if Instant::now() >= end => {
                    return Err(io::Error::other("its own address has leased all ports"));
                }
                Err(Refused::OwnShareUsed) => {
                    let _ = timeout_at(end.min(Instant::now() + WAIT_STEP), freed).await;
                }
            }
        }
    }

    /// Leases a port if one is free for the device's address: a port that is bound for others first, then a new one,
    /// then one whose lease is old enough to be ended for this one.
    fn try_lease(
        &self,
        local: SocketAddr,
        range: &RangeInclusive<u16>,
        lessee: &Lessee,
    ) -> Result<Lease, Refused> {
        let (ip, peer, is_known) =
            (local.ip().to_canonical(), lessee.peer.to_canonical(), lessee.is_known);
        let local = if ip.is_ipv4() { SocketAddr::new(ip, 0) } else { local };
        let mut table = self.table();
        table.end_old(peer);
        let has_share = table.count(peer) < share(range, is_known);
        let free = if has_share { table.free_port(local, range, peer) } else { Err(None) };
        let at = match free {
            Ok(Port::Bound(at)) => at,
            Ok(Port::New(at, listener)) => {
                table.bound.insert(at, HashMap::new());
                tokio::spawn(accept(self.clone(), at, listener));
                at
            }
            Err(error) => match table.end_dispensable(peer, is_known) {
                // In an IPv6 network the ended lease may be another address's, whose port this one has leased as well.
                Some(at)
                    if at.ip() == local.ip()
                        && range.contains(&at.port())
                        && table.is_free(at, peer) =>
                {
                    at
                }
                Some(_) => return Err(Refused::OwnShareUsed),
                None if table.count(peer) > 0 => return Err(Refused::OwnShareUsed),
                None => {
                    let in_use = || io::Error::from(io::ErrorKind::AddrInUse);
                    return Err(Refused::Failed(error.unwrap_or_else(in_use)));
                }
            },
        };
        let (connection_tx, connection_rx) = oneshot::channel();
        let id = table.insert(at, peer, connection_tx, lessee.clone());
        Ok(Lease { ports: self.clone(), at, peer, id, connection_rx })
    }

    fn table(&self) -> MutexGuard<'_, LeaseTable> {
        lock(&self.0.table)
    }

    /// Decides about an accepted connection: a balancer's first says whose it is.
    fn accepted(&self, at: SocketAddr, socket: TcpStream, from: SocketAddr) {
        let ip = from.ip().to_canonical();
        if !self.0.balancers.load().contains(ip) || self.table().expects(at, ip) {
            return self.route_connection(at, socket, ip);
        }
        if let Some(place) = self.0.headers.enter(ip) {
            let ports = self.clone();
            tokio::spawn(async move {
                if let Some(origin) = ports.0.headers.identify(&socket, from, place).await {
                    ports.route_connection(at, socket, origin.peer.ip());
                }
            });
        }
    }

    /// Gives a connection to the lease of its address, or closes it at once.
    fn route_connection(&self, at: SocketAddr, socket: TcpStream, from: IpAddr) {
        let entry = {
            let mut table = self.table();
            table.end_old(from);
            let entry = table.take(at, from, None);
            if entry.is_none() && !table.take_late(at, from) {
                table.note_stranger(at, from);
            }
            entry
        };
        if let Some(entry) = entry {
            // Fails if the session has just ended.
            let _ = entry.connection_tx.send(socket);
            self.0.freed.notify_waiters();
        }
    }

    /// Closes the port if nobody leases it any more; whether it did.
    fn close_unused(&self, at: SocketAddr, listener: &mut Option<TcpListener>) -> bool {
        let mut table = self.table();
        let peers: Vec<IpAddr> =
            table.bound.get(&at).into_iter().flat_map(|leases| leases.keys().copied()).collect();
        for peer in peers {
            table.end_old(peer);
        }
        table.forget_late(at);
        let is_unused = table.bound.get(&at).is_none_or(HashMap::is_empty);
        if is_unused {
            table.remove_port(at);
            // With the lock, before anybody can lease it again.
            drop(listener.take());
        }
        is_unused
    }
}

/// Leases that one address may have.
fn share(range: &RangeInclusive<u16>, is_known: bool) -> usize {
    let ports = range.len();
    if is_known { ports } else { ports - ports / RESERVED_PART }
}

/// Accepts connections to one port as long as it is leased.
async fn accept(ports: PortLeases, at: SocketAddr, listener: TcpListener) {
    let mut listener = Some(listener);
    let mut look_at = Instant::now() + LINGER;
    while let Some(open) = &listener {
        match timeout_at(look_at, open.accept()).await {
            Ok(Ok((socket, from))) => ports.accepted(at, socket, from),
            Ok(Err(error)) => {
                tracing::warn!(%error, "A data connection could not be accepted.");
                sleep(BREATHER).await;
            }
            Err(_) => {}
        }
        if Instant::now() >= look_at {
            if ports.close_unused(at, &mut listener) {
                return;
            }
            look_at = Instant::now() + LINGER;
        }
    }
}

impl Lease {
    pub(super) fn port(&self) -> u16 {
        self.at.port()
    }

    /// Marks that a transfer waits for the connection.
    pub(super) fn activate(&self) {
        let mut table = self.ports.table();
        let entry = table.bound.get_mut(&self.at).and_then(|leases| leases.get_mut(&self.peer));
        if let Some(entry) = entry.filter(|entry| entry.id == self.id) {
            (entry.is_active, entry.began) = (true, Instant::now());
        }
    }

    /// The connection. Dropping the future loses none.
    pub(super) async fn connection(&mut self) -> io::Result<TcpStream> {
        (&mut self.connection_rx).await.map_err(|_| {
            io::Error::new(io::ErrorKind::NotConnected, "the port was not used in time")
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.ports.table().give_up(self.at, self.peer, self.id) {
            self.ports.0.freed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
