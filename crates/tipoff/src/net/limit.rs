//! How many connections there may be, in all and from one address, and who gives way when all places are taken.
//!
//! Fair shares: strangers share their places by address (IPv6: by network, and in a network by address), and known
//! devices have a reserve that strangers cannot use. A newcomer takes the place of the connection that has been silent
//! for longest, of the address that has most, if that has more than the newcomer's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::known::KnownAddresses;
use crate::runtime::per_minute::network;

/// Of this many places one is reserved for known devices, where there are any.
const RESERVE_ONE_OF: usize = 4;
/// Connections that have given way and are not gone yet; beyond, no stranger makes another one go.
const LEAVING_MAX: usize = 256;
/// Where open files are few, one for so many places may be in use by a connection that has given way and is not gone yet.
const LEAVING_ONE_OF: usize = 4;

/// How many places there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// In all.
    pub(crate) total: usize,
    /// For one address; for IPv6, also for all strangers of one network (/64).
    pub(crate) per_address: usize,
    /// What the system has open files for, in all.
    pub(crate) ceiling: usize,
    /// Whether an address that has all its places loses the longest silent one to its newcomer, instead of the
    /// newcomer being refused: right where whoever connects talks at once.
    pub(crate) newest_wins: bool,
}

/// Counts the open connections of a receiver.
#[derive(Clone)]
pub(crate) struct Connections {
    table: Arc<Mutex<Table>>,
    places: Places,
    known: Arc<KnownAddresses>,
    began: Instant,
    /// Notified whenever a connection that has given way is gone.
    gone: Arc<Notify>,
}

#[derive(Default)]
struct Table {
    by_address: HashMap<IpAddr, Vec<Arc<Seat>>>,
    /// Strangers' connections by network.
    networks: HashMap<IpAddr, usize>,
    strangers: usize,
    total: usize,
    leaving: usize,
}

/// A connection that has a place.
struct Seat {
    peer: IpAddr,
    is_known: AtomicBool,
    /// In the middle of a mail or a transfer.
    is_busy: AtomicBool,
    /// When it last said something, in milliseconds.
    heard_at_ms: AtomicU64,
    gives_way: CancellationToken,
}

/// Why there is no place for another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Crowded {
    /// There are as many as may be.
    InAll,
    /// This address has as many as it may have.
    FromAddress,
}

impl Connections {
    /// With these limits; `known` decides who may use the reserve.
    pub(crate) fn new(places: Places, known: Arc<KnownAddresses>) -> Self {
        Self { table: Arc::default(), places, known, began: Instant::now(), gone: Arc::default() }
    }

    /// The same connections with other limits.
    pub(crate) fn with(&self, total: usize, per_address: usize) -> Self {
        Self { places: Places { total, per_address, ..self.places }, ..self.clone() }
    }

    /// A place for a connection of `peer`, kept until it is dropped.
    pub(crate) fn enter(&self, peer: IpAddr) -> Result<Place, Crowded> {
        let peer = peer.to_canonical();
        let is_known = self.known.contains(peer);
        let reserve = if self.known.is_empty() { 0 } else { self.total_max() / RESERVE_ONE_OF };
        let mut table = self.lock();
        self.make_place(&mut table, peer, is_known, reserve)?;
        let seat = Arc::new(Seat {
            peer,
            is_known: AtomicBool::new(is_known),
            is_busy: AtomicBool::new(false),
            heard_at_ms: AtomicU64::new(self.now_ms()),
            gives_way: CancellationToken::new(),
        });
        table.add(&seat);
        let presence = Presence { seat, table: Arc::clone(&self.table), began: self.began };
        Ok(Place { presence, gone: Arc::clone(&self.gone) })
    }

    /// Waits until there is an open file for another connection: those that have given way keep theirs until they are
    /// gone, however quickly others come. Returns at once where the system has open files enough.
    pub(crate) async fn wait_for_file(&self) {
        let leaving_max = LEAVING_MAX.min((self.places.ceiling / LEAVING_ONE_OF).max(1));
        while self.places.ceiling < self.places.total && self.lock().leaving >= leaving_max {
            self.gone.notified().await;
        }
    }

    /// The system has no more open files: somebody has to go.
    pub(crate) fn make_room(&self) {
        let mut table = self.lock();
        if table.leaving == 0
            && let Some(seat) = table.who_gives_way(None, true, 0)
        {
            table.see_off(&seat);
        }
    }

    fn make_place(
        &self,
        table: &mut Table,
        peer: IpAddr,
        is_known: bool,
        reserve: usize,
    ) -> Result<(), Crowded> {
        let own = table.count(peer);
        let in_network = if is_known { own } else { table.in_network(peer).max(own) };
        if in_network >= self.places.per_address {
            let seat = match self.places.newest_wins {
                true => table.longest_silent_in(network(peer)),
                // Others of an IPv6 network must not keep a device out.
                false => table.greedier_in_network(peer, own),
            };
            table.see_off(&seat.ok_or(Crowded::FromAddress)?);
        }
        let max = self.total_max();
        let for_strangers = max.saturating_sub(reserve);
        if table.total < max && (is_known || table.strangers < for_strangers) {
            return Ok(());
        }
        if table.leaving >= LEAVING_MAX && !is_known {
            return Err(Crowded::InAll);
        }
        let own_seat = || self.places.newest_wins.then(|| table.longest_silent_in(network(peer)));
        let busy_by = if self.places.newest_wins { 1 } else { 2 };
        let seat =
            table.who_gives_way(Some(peer), is_known, busy_by).or_else(|| own_seat().flatten());
        table.see_off(&seat.ok_or(Crowded::InAll)?);
        Ok(())
    }

    fn total_max(&self) -> usize {
        self.places.total.min(self.places.ceiling)
    }

    fn now_ms(&self) -> u64 {
        ms_since(self.began)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ms_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Seat {
    fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    fn is_idle(&self) -> bool {
        !self.is_busy.load(Ordering::Relaxed)
    }

    fn heard_at_ms(&self) -> u64 {
        self.heard_at_ms.load(Ordering::Relaxed)
    }
}

impl Table {
    fn count(&self, peer: IpAddr) -> usize {
        self.by_address.get(&peer).map_or(0, Vec::len)
    }

    fn in_network(&self, peer: IpAddr) -> usize {
        self.networks.get(&network(peer)).copied().unwrap_or(0)
    }

    fn add(&mut self, seat: &Arc<Seat>) {
        self.by_address.entry(seat.peer).or_default().push(Arc::clone(seat));
        self.total += 1;
        if !seat.is_known() {
            self.strangers += 1;
            *self.networks.entry(network(seat.peer)).or_default() += 1;
        }
    }

    fn remove(&mut self, seat: &Arc<Seat>) {
        let Some(of_address) = self.by_address.get_mut(&seat.peer) else {
            return;
        };
        let Some(place) = of_address.iter().position(|other| Arc::ptr_eq(other, seat)) else {
            return;
        };
        of_address.swap_remove(place);
        if of_address.is_empty() {
            self.by_address.remove(&seat.peer);
        }
        self.total -= 1;
        if !seat.is_known() {
            self.forget_stranger(seat.peer);
        }
    }

    fn forget_stranger(&mut self, peer: IpAddr) {
        self.strangers = self.strangers.saturating_sub(1);
        let network = network(peer);
        if let Some(count) = self.networks.get_mut(&network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.networks.remove(&network);
            }
        }
    }

    /// Its place is free at once; it has a moment to say why it goes.
    fn see_off(&mut self, seat: &Arc<Seat>) {
        self.remove(seat);
        self.leaving += 1;
        seat.gives_way.cancel();
    }

    /// The stranger's connection that makes room for `newcomer`: of those that are idle, of the network and address
    /// that have most, the one that has been silent for longest. A stranger takes a place only of an address that
    /// has more than its own, and one in the middle of a transfer only where it has `busy_by` more. For a known newcomer any stranger goes, and last another known device that has more.
    fn who_gives_way(
        &self,
        newcomer: Option<IpAddr>,
        is_known: bool,
        busy_by: usize,
    ) -> Option<Arc<Seat>> {
        let own = newcomer
            .map_or((0, 0), |peer| (self.in_network(peer).max(self.count(peer)), self.count(peer)));
        let same_network =
            |seat: &Seat| newcomer.is_some_and(|it| network(it) == network(seat.peer));
        let has_more = |seat: &Seat, by: usize| match same_network(seat) {
            true => self.count(seat.peer) >= own.1 + by,
            false => self.in_network(seat.peer) >= own.0 + by,
        };
        let stranger = |seat: &Arc<Seat>| !seat.is_known();
        self.greediest(|seat| stranger(seat) && seat.is_idle() && (is_known || has_more(seat, 1)))
            .or_else(|| {
                self.greediest(|seat| stranger(seat) && (is_known || has_more(seat, busy_by)))
            })
            .or_else(|| {
                let has_more = |seat: &Arc<Seat>| self.count(seat.peer) > own.1;
                is_known.then(|| self.greediest(|seat| seat.is_idle() && has_more(seat)))?
            })
    }

    /// Another address of the same network that has more connections than `own`.
    fn greedier_in_network(&self, peer: IpAddr, own: usize) -> Option<Arc<Seat>> {
        let is_candidate = |seat: &Arc<Seat>| {
            !seat.is_known()
                && network(seat.peer) == network(peer)
                && seat.peer != peer
                && self.count(seat.peer) > own
        };
        self.greediest(|seat| is_candidate(seat) && seat.is_idle())
    }

    fn greediest(&self, is_candidate: impl Fn(&Arc<Seat>) -> bool) -> Option<Arc<Seat>> {
        let mut best: Option<((usize, usize), &Arc<Seat>)> = None;
        for (peer, seats) in &self.by_address {
            let share = (self.in_network(*peer), seats.len());
            if best.is_some_and(|(most, _)| share < most) {
                continue;
            }
            let silent = seats.iter().filter(|seat| is_candidate(seat));
            let Some(seat) = silent.min_by_key(|seat| seat.heard_at_ms()) else {
                continue;
            };
            let is_better = best.is_none_or(|(most, other)| {
                share > most || seat.heard_at_ms() < other.heard_at_ms()
            });
            if is_better {
                best = Some((share, seat));
            }
        }
        best.map(|(_, seat)| Arc::clone(seat))
    }

    /// What is in the middle of something goes last.
    fn longest_silent_in(&self, of: IpAddr) -> Option<Arc<Seat>> {
        let here = self.by_address.iter().filter(|(peer, _)| network(**peer) == of);
        let seats = here.flat_map(|(_, seats)| seats);
        seats.min_by_key(|seat| (!seat.is_idle(), seat.heard_at_ms())).cloned()
    }
}

/// A connection that is counted, until this is dropped.
pub(crate) struct Place {
    presence: Presence,
    gone: Arc<Notify>,
}

impl Place {
    /// What the connection's own tasks say of it.
    pub(crate) fn presence(&self) -> Presence {
        self.presence.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Presence { seat, table, .. } = &self.presence;
        let mut table = lock(table);
        if seat.gives_way.is_cancelled() {
            table.leaving = table.leaving.saturating_sub(1);
            self.gone.notify_one();
        } else {
            table.remove(seat);
        }
    }
}

/// What is said of a connection that has a place, and whether it must give way.
#[derive(Clone)]
pub(crate) struct Presence {
    seat: Arc<Seat>,
    table: Arc<Mutex<Table>>,
    began: Instant,
}

impl Presence {
    /// It has just said something.
    pub(crate) fn heard(&self) {
        self.seat.heard_at_ms.store(ms_since(self.began), Ordering::Relaxed);
    }

    /// Whether it is in the middle of a mail or a transfer.
    pub(crate) fn busy(&self, is_busy: bool) {
        self.seat.is_busy.store(is_busy, Ordering::Relaxed);
    }

    /// A known device has proven itself on it.
    pub(crate) fn is_known_now(&self) {
        let mut table = lock(&self.table);
        let has_place = !self.seat.gives_way.is_cancelled();
        if has_place && !self.seat.is_known.swap(true, Ordering::Relaxed) {
            table.forget_stranger(self.seat.peer);
        }
    }

    /// Waits until it must give way to others.
    pub(crate) async fn gives_way(&self) {
        self.seat.gives_way.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(number: u8) -> IpAddr {
        IpAddr::from([192, 168, 1, number])
    }

    fn connections(total: usize, per_address: usize) -> Connections {
        let places = Places { total, per_address, ceiling: usize::MAX, newest_wins: false };
        Connections::new(places, Arc::default())
    }

    fn goes(place: &Place) -> bool {
        place.presence.seat.gives_way.is_cancelled()
    }

    /// Makes the order of silence certain.
    fn heard_at(place: &Place, ms: u64) {
        place.presence.seat.heard_at_ms.store(ms, Ordering::Relaxed);
    }

    #[test]
    fn an_address_fills_its_own_places_and_not_those_of_others() {
        let connections = connections(3, 2);
        let first = connections.enter(v4(20)).ok().unwrap();
        let second = connections.enter(v4(20)).ok().unwrap();
        assert_eq!(connections.enter(v4(20)).err(), Some(Crowded::FromAddress));
        let other = connections.enter(v4(21)).ok().unwrap();
        let same = connections.enter(v4(21)).ok().unwrap();
        assert!(goes(&first) ^ goes(&second), "they had more");
        let third = connections.enter(v4(22)).ok().unwrap();
        assert!(goes(&other) ^ goes(&same), "now these have");
        assert_eq!(connections.enter(v4(22)).err(), Some(Crowded::InAll), "all have one");
        drop((first, second));
        assert!(connections.enter(v4(20)).is_ok());
        drop(third);
    }

    #[test]
    fn other_limits_count_those_who_are_there() {
        let connections = connections(3, 2);
        let first = connections.enter(v4(20)).ok().unwrap();
        let narrow = connections.with(3, 1);
        assert_eq!(narrow.enter(v4(20)).err(), Some(Crowded::FromAddress));
        let _other = narrow.enter(v4(21)).ok().unwrap();
        assert_eq!(connections.with(2, 2).enter(v4(20)).err(), Some(Crowded::InAll));
        drop(first);
        assert!(narrow.enter(v4(20)).is_ok());
    }

    #[test]
    fn the_longest_silent_connection_of_the_greediest_gives_way_but_none_in_a_transfer() {
        let connections = connections(4, 3);
        let camera = connections.enter(v4(9)).ok().unwrap();
        heard_at(&camera, 0);
        let greedy: Vec<Place> = (0..3).map(|_| connections.enter(v4(20)).ok().unwrap()).collect();
        for (place, ms) in greedy.iter().zip([3, 1, 2]) {
            heard_at(place, ms);
        }
        greedy[1].presence().busy(true);
        let second = connections.enter(v4(21)).ok().unwrap();
        assert!(goes(&greedy[2]), "the other one is busy, and the camera is alone at its address");
        greedy[0].presence().busy(true);
        second.presence().busy(true);
        camera.presence().busy(true);
        let third = connections.enter(v4(22)).ok().unwrap();
        assert!(goes(&greedy[1]), "all are busy: the one that is quiet for longest");
        assert!(!goes(&greedy[0]) && !goes(&camera) && !goes(&second) && !goes(&third));
        assert_eq!(connections.enter(v4(22)).err(), Some(Crowded::InAll), "all have the same now");
    }

    #[test]
    fn strangers_cannot_use_the_reserve_and_known_devices_go_first() {
        let known = Arc::new(KnownAddresses::default());
        known.proven("front", v4(9));
        let places = Places { total: 8, per_address: 8, ceiling: usize::MAX, newest_wins: false };
        let connections = Connections::new(places, known);
        let strangers: Vec<Place> =
            (20..26).map(|number| connections.enter(v4(number)).ok().unwrap()).collect();
        assert_eq!(connections.enter(v4(20)).err(), Some(Crowded::InAll), "two are reserved");
        let camera: Vec<Place> = (0..8).map(|_| connections.enter(v4(9)).ok().unwrap()).collect();
        assert!(strangers.iter().all(goes), "for a known device strangers go");
        assert!(!camera.iter().any(goes));
        assert_eq!(connections.enter(v4(30)).err(), Some(Crowded::InAll));
    }

    #[test]
    fn who_proves_itself_is_a_stranger_no_more() {
        let connections = connections(2, 2);
        let camera = connections.enter(v4(9)).ok().unwrap();
        let _second = connections.enter(v4(9)).ok().unwrap();
        camera.presence().is_known_now();
        camera.presence().is_known_now();
        heard_at(&camera, 0);
        let _other = connections.enter(v4(20)).ok().unwrap();
        assert!(!goes(&camera));
        assert_eq!(connections.lock().strangers, 1);
        drop(camera);
        assert_eq!(connections.lock().strangers, 1);
        assert_eq!(connections.lock().total, 1);
    }

    #[test]
    fn an_ipv6_network_is_one_address_in_which_each_host_has_its_share() {
        let connections = connections(10, 4);
        let at = |host: &str| format!("2001:db8:0:1::{host}").parse::<IpAddr>().unwrap();
        let hosts: Vec<Place> = ["a", "a", "a", "b"]
            .into_iter()
            .map(|host| connections.enter(at(host)).ok().unwrap())
            .collect();
        assert_eq!(connections.enter(at("a")).err(), Some(Crowded::FromAddress));
        let _camera = connections.enter(at("c")).ok().unwrap();
        assert_eq!(hosts.iter().filter(|place| goes(place)).count(), 1);
        assert!(!goes(&hosts[3]), "the one that has least keeps its place");
        assert_eq!(connections.lock().networks.len(), 1);
        assert!(connections.enter("2001:db8:0:2::1".parse().unwrap()).is_ok());
    }

    #[test]
    fn where_the_newest_wins_an_address_only_displaces_its_own() {
        let places = Places { total: 4, per_address: 2, ceiling: usize::MAX, newest_wins: true };
        let connections = Connections::new(places, Arc::default());
        let first = connections.enter(v4(20)).ok().unwrap();
        let second = connections.enter(v4(20)).ok().unwrap();
        heard_at(&second, 1);
        heard_at(&first, 2);
        let other = connections.enter(v4(21)).ok().unwrap();
        let _third = connections.enter(v4(20)).ok().unwrap();
        assert!(goes(&second) && !goes(&first) && !goes(&other));
    }

    #[test]
    fn those_who_leave_are_bounded_and_forgotten_when_they_are_gone() {
        let connections = connections(LEAVING_MAX + 10, LEAVING_MAX + 10);
        let mut places: Vec<Place> =
            (0..LEAVING_MAX + 10).map(|_| connections.enter(v4(1)).ok().unwrap()).collect();
        let mut newcomers = Vec::new();
        for number in 0..LEAVING_MAX {
            let peer = IpAddr::V4((u32::try_from(number).unwrap() + 1_000).into());
            newcomers.push(connections.enter(peer).ok().unwrap());
        }
        let next = IpAddr::V4(99.into());
        assert_eq!(connections.enter(next).err(), Some(Crowded::InAll));
        places.retain(|place| !goes(place));
        assert!(connections.enter(next).is_ok());
        drop((places, newcomers));
        let table = connections.lock();
        assert_eq!((table.total, table.leaving, table.strangers), (0, 0, 0));
        assert!(table.by_address.is_empty() && table.networks.is_empty());
    }

    #[test]
    fn the_system_s_open_files_are_a_ceiling() {
        let places = Places { total: 100, per_address: 100, ceiling: 2, newest_wins: false };
        let connections = Connections::new(places, Arc::default());
        let _two = (connections.enter(v4(1)).ok().unwrap(), connections.enter(v4(1)).ok().unwrap());
        assert_eq!(connections.enter(v4(1)).err(), Some(Crowded::InAll));
        assert_eq!(connections.with(50, 50).enter(v4(1)).err(), Some(Crowded::InAll));
    }

    #[tokio::test]
    async fn where_open_files_are_few_a_newcomer_waits_until_those_that_gave_way_are_gone() {
        let places = Places { total: 100, per_address: 100, ceiling: 4, newest_wins: false };
        let connections = Connections::new(places, Arc::default());
        let mut greedy: Vec<Place> =
            (0..4).map(|_| connections.enter(v4(20)).ok().unwrap()).collect();
        connections.wait_for_file().await;
        let _newcomer = connections.enter(v4(21)).ok().unwrap();
        let mut waiting = std::pin::pin!(connections.wait_for_file());
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        greedy.retain(|place| !goes(place));
        assert!(futures_util::poll!(waiting).is_ready());
    }
}
