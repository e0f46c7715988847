//! A queue for work that takes long, such as converting videos: known devices have places of their own, the others share the
//! rest by address, and each address by device, so that nobody's work waits for all that another one sent (invariant 12).
//!
//! A place is held while its work runs. Whoever no longer waits drops the future, and leaves the queue with it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tipoff_model::{ArrivalId, DeviceId};
use tipoff_spool::{Share, Spool};
use tokio::sync::oneshot;

use crate::runtime::lock::lock;

/// Devices and addresses whose latest turns are remembered; of more, all begin anew.
const TURNS_MAX: usize = 1_024;

/// Who the work is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// A known device, or the address of a discovered one.
    pub(crate) share: Share,
    /// The device, so that those of one address take turns.
    pub(crate) device: DeviceId,
}

impl Owner {
    /// The owner of what an arrival brought. An arrival that was removed meanwhile has an owner that is not known.
    pub(crate) async fn of(
        spool: &dyn Spool,
        arrival: ArrivalId,
    ) -> Result<Self, tipoff_spool::SpoolError> {
        let (share, device) = spool
            .owner_of(arrival)
            .await?
            .unwrap_or((Share::Address("gone".to_owned()), DeviceId(0)));
        Ok(Self { share, device })
    }
}

/// Places for work, and who waits for one. Clones share them.
#[derive(Clone)]
pub(crate) struct FairQueue(Arc<QueueShared>);

/// What does not change, and the state.
struct QueueShared {
    /// Places of known devices, and of all others each; with `has_reserves` false, of all together.
    places: usize,
    /// Whether a device or address without a place may have one more.
    has_reserves: bool,
    state: Mutex<QueueState>,
}

/// Who has a place and who waits.
#[derive(Default)]
struct QueueState {
    /// Places that are taken, by ticket.
    running: Vec<(u64, Owner)>,
    waiting: Vec<Waiting>,
    /// The turn in which an address (without a device) and a device were last given a place.
    turns: HashMap<(String, Option<DeviceId>), u64>,
    /// Numbers those who wait, and turns. Counts up.
    ticket: u64,
}

/// One that waits.
struct Waiting {
    ticket: u64,
    owner: Owner,
    /// Tells it that it has a place.
    granted_tx: oneshot::Sender<()>,
}

/// A place, or one among those who wait; given up when it is dropped.
pub(crate) struct QueuePlace {
    shared: Arc<QueueShared>,
    ticket: u64,
}

impl FairQueue {
    /// So many places for known devices, so many for all others, and one more of each for a device or an address that
    /// has none of them.
    pub(crate) fn new(places: usize) -> Self {
        Self::with(places, true)
    }

    /// So many places and no more, for work that needs much memory: only the order is fair.
    pub(crate) fn strict(places: usize) -> Self {
        Self::with(places, false)
    }

    fn with(places: usize, has_reserves: bool) -> Self {
        let (places, state) = (places.max(1), Mutex::default());
        Self(Arc::new(QueueShared { places, has_reserves, state }))
    }

    /// How much can be under way at once with so many places.
    pub(crate) const fn at_once(places: usize) -> usize {
        places.saturating_add(1).saturating_mul(2)
    }

    /// How many wait for a place.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// Waits for a place.
    pub(crate) async fn acquire(&self, owner: Owner) -> QueuePlace {
        let (granted_tx, granted_rx) = oneshot::channel();
        let place = {
            let mut state = self.0.lock();
            state.ticket += 1;
            let ticket = state.ticket;
            state.waiting.push(Waiting { ticket, owner, granted_tx });
            state.grant(&self.0);
            QueuePlace { shared: Arc::clone(&self.0), ticket }
        };
        // The sender goes with a grant only, or with the place.
        let _ = granted_rx.await;
        place
    }
}

impl QueueShared {
    fn lock(&self) -> MutexGuard<'_, QueueState> {
        lock(&self.state)
    }
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.waiting.retain(|it| it.ticket != self.ticket);
        state.running.retain(|(ticket, _)| *ticket != self.ticket);
        state.grant(&self.shared);
    }
}

impl QueueState {
    /// Gives the free places to those whose turn it is.
    fn grant(&mut self, shared: &QueueShared) {
        loop {
            let free = self.waiting.iter().enumerate().filter(|(_, it)| self.has_place(it, shared));
            let next = free.min_by_key(|(_, it)| self.order(it)).map(|(index, _)| index);
            let Some(index) = next else { return };
            let Waiting { ticket, owner, granted_tx } = self.waiting.swap_remove(index);
            self.ticket += 1;
            if self.turns.len() >= TURNS_MAX {
                self.turns.clear();
            }
            let turn = self.ticket;
            self.turns.insert(key(&owner, false), turn);
            self.turns.insert(key(&owner, true), turn);
            self.running.push((ticket, owner));
            // Whoever does not wait any more gives the place up when it is dropped.
            let _ = granted_tx.send(());
        }
    }

    /// Whether there is a place for this one now: a shared place, or the reserve of a device or address that has none.
    fn has_place(&self, waiting: &Waiting, shared: &QueueShared) -> bool {
        let places = shared.places;
        if !shared.has_reserves {
            return self.running.len() < places;
        }
        let running = |fits: &dyn Fn(&Share) -> bool| {
            self.running.iter().filter(|(_, owner)| fits(&owner.share)).count()
        };
        let is_known = waiting.owner.share.is_known();
        let alike = running(&|share| share.is_known() == is_known);
        let has_none = running(&|share| *share == waiting.owner.share) == 0;
        alike < places || (has_none && alike == places)
    }

    /// The least goes first: known devices, then the address and the device whose latest turn is longest ago.
    fn order(&self, waiting: &Waiting) -> (bool, u64, u64, u64) {
        let turn = |of_device| self.turns.get(&key(&waiting.owner, of_device)).copied();
        let (of_address, of_device) = (turn(false).unwrap_or(0), turn(true).unwrap_or(0));
        (!waiting.owner.share.is_known(), of_address, of_device, waiting.ticket)
    }
}

/// The key of turns: an address, or a device at it.
fn key(owner: &Owner, of_device: bool) -> (String, Option<DeviceId>) {
    (owner.share.place().to_owned(), of_device.then_some(owner.device))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(device: i64) -> Owner {
        Owner { share: Share::Known(format!("#{device}")), device: DeviceId(device) }
    }

    fn stranger(address: &str, device: i64) -> Owner {
        Owner { share: Share::Address(address.to_owned()), device: DeviceId(device) }
    }

    /// Whether a place is free for it now.
    async fn has_place(queue: &FairQueue, owner: Owner) -> Option<QueuePlace> {
        let acquire = queue.acquire(owner);
        tokio::time::timeout(std::time::Duration::from_millis(1), acquire).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_never_takes_all_places() {
        for places in [1, 2] {
            let queue = FairQueue::new(places);
            let mut taken = Vec::new();
            while let Some(place) = has_place(&queue, stranger("a", 1)).await {
                taken.push(place);
            }
            assert_eq!(taken.len(), places);
            let other = has_place(&queue, stranger("b", 2)).await;
            assert!(other.is_some(), "another address has a place at once");
            assert!(has_place(&queue, stranger("c", 3)).await.is_none());
            let mut known_places = Vec::new();
            while let Some(place) = has_place(&queue, known(4)).await {
                known_places.push(place);
            }
            assert_eq!(known_places.len(), places, "whatever strangers do");
            let other_known = has_place(&queue, known(5)).await;
            assert!(other_known.is_some() && has_place(&queue, known(6)).await.is_none());
            let at_once = taken.len() + known_places.len() + 2;
            assert_eq!(at_once, FairQueue::at_once(places));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_and_devices_take_turns() {
        let queue = FairQueue::new(1);
        let (first, second) =
            (queue.acquire(stranger("x", 0)).await, queue.acquire(stranger("y", 0)).await);
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for owner in [
            stranger("a", 1),
            stranger("a", 1),
            stranger("a", 2),
            stranger("a", 1),
            stranger("b", 3),
            stranger("b", 3),
        ] {
            let (queue, order, device) = (queue.clone(), Arc::clone(&order), owner.device.0);
            tasks.spawn(async move {
                let _place = queue.acquire(owner).await;
                order.lock().unwrap().push(device);
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            });
            tokio::task::yield_now().await;
        }
        // One place for all of them.
        drop(first);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(order.lock().unwrap().len(), 1);
        tasks.join_all().await;
        drop(second);
        assert_eq!(*order.lock().unwrap(), [1, 3, 2, 3, 1, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn where_memory_is_short_only_the_order_is_fair() {
        let queue = FairQueue::strict(1);
        let place = queue.acquire(stranger("a", 1)).await;
        assert!(has_place(&queue, known(2)).await.is_none());
        let strangers = queue.acquire(stranger("a", 1));
        tokio::pin!(strangers);
        assert!(futures_util::poll!(&mut strangers).is_pending());
        let own = queue.acquire(known(2));
        tokio::pin!(own);
        assert!(futures_util::poll!(&mut own).is_pending());
        drop(place);
        assert!(futures_util::poll!(&mut strangers).is_pending());
        assert!(futures_util::poll!(&mut own).is_ready());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_no_more_takes_no_place() {
        let queue = FairQueue::new(1);
        let places = (queue.acquire(known(1)).await, queue.acquire(known(2)).await);
        assert!(has_place(&queue, known(3)).await.is_none());
        drop(places);
        assert!(has_place(&queue, known(3)).await.is_some());
        assert!(queue.0.lock().waiting.is_empty() && queue.0.lock().running.is_empty());
    }
}
