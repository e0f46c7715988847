//! How many transfers one address may have at a time. Further ones wait for a moment. A device with a login of its own
//! is not limited.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tipoff_ftp::TransferFailure;
use tipoff_model::LoginProof;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::FtpSession;
use super::signals::Signals;
use crate::runtime::lock::lock;
use crate::runtime::per_minute::network;

/// Transfers at a time of one address; for IPv6, of one network (/64). A house full of cameras behind one address has
/// fewer.
const PER_ADDRESS_MAX: usize = 50;
/// How long a further transfer waits for another one to end.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// From so many addresses on, those without transfers are forgotten.
const ADDRESSES_MAX: usize = 1_000;

/// The transfers of each address. Clones share them.
#[derive(Clone, Default)]
pub(super) struct TransferLimit(Arc<Mutex<HashMap<IpAddr, Arc<Semaphore>>>>);

impl TransferLimit {
    /// A permit for one transfer, until it is dropped. `None` if none became free in time.
    pub(super) async fn enter(&self, peer: IpAddr) -> Option<OwnedSemaphorePermit> {
        let of_address = {
            let mut all = lock(&self.0);
            if all.len() >= ADDRESSES_MAX {
                all.retain(|_, of_address| of_address.available_permits() < PER_ADDRESS_MAX);
            }
            let new = || Arc::new(Semaphore::new(PER_ADDRESS_MAX));
            Arc::clone(all.entry(network(peer)).or_insert_with(new))
        };
        timeout(WAIT_MAX, of_address.acquire_owned()).await.ok()?.ok()
    }
}

impl FtpSession<'_> {
    /// A permit for the transfer that begins; a known device needs none.
    pub(super) fn transfer_permit(
        &self,
        signals: &Signals,
    ) -> impl Future<Output = Result<Option<OwnedSemaphorePermit>, TransferFailure>> + use<> {
        let (limit, peer) = (self.receiver.transfer_limit.clone(), self.control.peer);
        let (is_known, stop) = (self.proof == LoginProof::Proven, signals.stop.clone());
        async move {
            if is_known {
                return Ok(None);
            }
            tokio::select! {
                permit = limit.enter(peer) => permit.map(Some).ok_or(TransferFailure::Temporary),
                () = stop.cancelled() => Err(TransferFailure::Aborted),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_address_waits_for_its_own_transfers_only() {
        let (transfers, address) = (TransferLimit::default(), IpAddr::from([10, 0, 0, 1]));
        let mut under_way = Vec::new();
        for _ in 0..PER_ADDRESS_MAX {
            under_way.push(transfers.enter(address).await);
        }
        assert!(under_way.iter().all(Option::is_some));
        assert!(transfers.enter(IpAddr::from([10, 0, 0, 2])).await.is_some());
        assert!(transfers.enter(address).await.is_none(), "none ended in time");
        let (entered, ()) = tokio::join!(transfers.enter(address), async {
            tokio::time::sleep(WAIT_MAX / 2).await;
            under_way.pop();
        });
        assert!(entered.is_some());
    }
}
