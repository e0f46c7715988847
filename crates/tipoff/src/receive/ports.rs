//! The ports of passive data connections. A port serves many devices at the same time: who has said PASV leases it
//! for its own address, and a connection goes to the lease of the address that it comes from. So nobody can use up
//! the ports of others; one address has as many leases as there are ports.
//!
//! A port is bound when it is first leased, and closed soon after its last lease.

mod table;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep, timeout_at};

use self::table::{Port, Table};

/// How long a session waits for a port where its address has leased all of them.
const WAIT_MAX: Duration = Duration::from_secs(8);
/// While it waits, leases of others become old enough to give way.
const WAIT_STEP: Duration = Duration::from_millis(250);
/// A port that nobody leases is closed after about so long.
const LINGER: Duration = Duration::from_secs(5);
/// Not accepting for a moment when the system has no more descriptors to give.
const BREATHER: Duration = Duration::from_millis(100);
/// One port in so many is for devices with a login of their own, where others come from their address.
const RESERVED_PART: usize = 4;

/// All ports that are leased. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Ports(Arc<Shared>);

#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
    /// A lease has ended.
    freed: Notify,
}

/// Who leases a port.
#[derive(Clone)]
pub(super) struct Lessee {
    pub(super) peer: IpAddr,
    /// It has a login of its own.
    pub(super) is_known: bool,
    /// Is told when somebody else comes to its port.
    pub(super) on_stranger: OnStranger,
}

pub(super) type OnStranger = Arc<dyn Fn(IpAddr) + Send + Sync>;

/// The right of one session to the next connection from its device's address at a port; until it is dropped.
pub(super) struct Lease {
    ports: Ports,
    at: SocketAddr,
    peer: IpAddr,
    id: u64,
    connection_rx: oneshot::Receiver<TcpStream>,
}

/// Why there is no lease now.
enum Refused {
    /// All ports are leased by its own address.
    Crowded,
    /// No port can be bound.
    Failed(io::Error),
}

impl Ports {
    /// Leases a port of the range at the address `local`. Where the device's address has used all that it may,
    /// waits for one of them a moment.
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
                Err(Refused::Crowded) if Instant::now() >= end => {
                    return Err(io::Error::other("its own address has leased all ports"));
                }
                Err(Refused::Crowded) => {
                    let _ = timeout_at(end.min(Instant::now() + WAIT_STEP), freed).await;
                }
            }
        }
    }

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
            Err(error) => match table.give_way(peer, is_known) {
                // Of an IPv6 network another address may have given way, and this one has its ports still.
                Some(at)
                    if at.ip() == local.ip()
                        && range.contains(&at.port())
                        && table.is_free(at, peer) =>
                {
                    at
                }
                Some(_) => return Err(Refused::Crowded),
                None if table.count(peer) > 0 => return Err(Refused::Crowded),
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

    fn table(&self) -> MutexGuard<'_, Table> {
        // Whole after every call of its methods.
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection goes to the lease of its address, or is closed at once.
    fn hand_over(&self, at: SocketAddr, socket: TcpStream, from: IpAddr) {
        let entry = {
            let mut table = self.table();
            table.end_old(from);
            let entry = table.take(at, from, None);
            if entry.is_none() {
                table.note_stranger(at, from);
            }
            entry
        };
        if let Some(entry) = entry {
            // A session that has just ended does not want it any more.
            let _ = entry.connection_tx.send(socket);
            self.0.freed.notify_waiters();
        }
    }

    /// Whether nobody leases the port any more. Then it is closed.
    fn close_unused(&self, at: SocketAddr, listener: &mut Option<TcpListener>) -> bool {
        let mut table = self.table();
        let peers: Vec<IpAddr> =
            table.bound.get(&at).into_iter().flat_map(|leases| leases.keys().copied()).collect();
        for peer in peers {
            table.end_old(peer);
        }
        let is_unused = table.bound.get(&at).is_none_or(HashMap::is_empty);
        if is_unused {
            table.bound.remove(&at);
            // Before anybody can lease it again.
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

/// Accepts at one port as long as it is leased.
async fn accept(ports: Ports, at: SocketAddr, listener: TcpListener) {
    let mut listener = Some(listener);
    let mut look_at = Instant::now() + LINGER;
    while let Some(open) = &listener {
        match timeout_at(look_at, open.accept()).await {
            Ok(Ok((socket, from))) => ports.hand_over(at, socket, from.ip().to_canonical()),
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

    /// A transfer waits for the connection.
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
        let ended = self.ports.table().take(self.at, self.peer, Some(self.id));
        if ended.is_some() {
            self.ports.0.freed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests;
