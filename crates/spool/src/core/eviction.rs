//! Who holds an incident, how many bytes it takes, and whose is evicted next. Pure: sums for each holder in, a choice
//! out.
//!
//! A quarter of the room is reserved for strangers together, the rest for known devices. A group that uses more is
//! evicted from first, strangers before known devices. Within a group, the holder with the most is evicted from first
//! (max-min fairness): nobody loses anything while another has more than their share. Of a holder's incidents, those
//! without pending deliveries are evicted before the others, the oldest first.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, HashMap};
use std::net::IpAddr;

use tipoff_model::{Device, DeviceKey};

use crate::Locks;

/// One part in so many of the room is reserved for strangers together.
const STRANGERS_SHARE: u64 = 4;

/// Size of the rows of an incident without its arrivals, in bytes, estimated: its own, its deliveries, indexes.
pub(crate) const INCIDENT_BYTES: i64 = 1024;
/// Size of the rows of an arrival without its envelope and content, in bytes, estimated.
const ARRIVAL_BYTES: i64 = 2048;
/// A file takes whole blocks of the disk, in bytes.
const BLOCK_BYTES: u64 = 4096;
/// Number of a device's incidents that move to it when somebody names it. Older ones stay with the address.
pub(crate) const MOVED_MAX: u32 = 10_000;
/// Length of the name of a person who locks an incident, in characters. A longer one is cut.
const BY_CHARS_MAX: usize = 100;

/// The name of a holder's row, and whether it is a known device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HolderName {
    pub(crate) name: String,
    pub(crate) known: bool,
}

/// A known device, by its row or that of its recorder.
pub(crate) fn known_device(root: i64) -> HolderName {
    HolderName { name: format!("device/{root}"), known: true }
}

/// The discovered devices at an address ([`crate::room::share_address`]).
pub(crate) fn strangers_at(address: IpAddr) -> HolderName {
    HolderName { name: format!("address/{address}"), known: false }
}

/// The holder of an arrival: the device, with all its channels, if somebody configured, added or named it; otherwise the
/// address that the arrival came from. An arrival that only its address connects with a configured or added device is a
/// stranger's: it must not use up the share of that device.
pub(crate) fn holder_of(reported: &Device, root: &Root, address: IpAddr) -> HolderName {
    let is_named_stranger = root.is_named && matches!(root.key, DeviceKey::Discovered(_));
    match !reported.discovered || is_named_stranger {
        true => known_device(root.id),
        false => strangers_at(address),
    }
}

/// The device that an arrival is from, or the recorder of this channel.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    /// Its row.
    pub(crate) id: i64,
    pub(crate) key: DeviceKey,
    /// Whether somebody named it.
    pub(crate) is_named: bool,
}

/// Size of an arrival in bytes: its file in whole blocks, and its rows, whose texts have `row_chars` characters.
pub(crate) fn weight(file_bytes: u64, row_chars: u64) -> i64 {
    let blocks = file_bytes.div_ceil(BLOCK_BYTES).saturating_mul(BLOCK_BYTES);
    i64::try_from(blocks.saturating_add(row_chars))
        .unwrap_or(i64::MAX)
        .saturating_add(ARRIVAL_BYTES)
}

/// Whether an incident of so many bytes may be locked.
///
/// # Errors
/// Locked incidents would take more than `bytes_max` with it.
pub(crate) fn admit_lock(locked: u64, bytes: u64, bytes_max: u64) -> Result<(), Locks> {
    match locked.saturating_add(bytes) > bytes_max {
        true => Err(Locks { locked, bytes, bytes_max }),
        false => Ok(()),
    }
}

/// The name of a person who locks, as it is stored.
pub(crate) fn locker(by: &str) -> String {
    by.chars().take(BY_CHARS_MAX).collect()
}

/// Whether anything may be added to a locked incident: only while locked ones have room. Otherwise a device could fill
/// the disk with one incident.
pub(crate) fn may_grow(locked: u64, bytes_max: u64) -> bool {
    locked < bytes_max
}

/// Adds what is being received to the holders: bytes of strangers to their address; bytes of known devices to a holder
/// without a name, because several may share an address. A holder without a row has nothing to evict.
pub(crate) fn with_under_way(
    stored: Vec<(Holder, String)>,
    under_way: impl IntoIterator<Item = (Option<IpAddr>, u64)>,
) -> Vec<Holder> {
    let mut coming: HashMap<String, u64> = HashMap::new();
    for (stranger, bytes) in under_way {
        let name = stranger.map(|address| strangers_at(address).name).unwrap_or_default();
        *coming.entry(name).or_default() += bytes;
    }
    let mut holders: Vec<Holder> = stored
        .into_iter()
        .map(|(holder, name)| {
            let more = coming.remove(&name).unwrap_or(0);
            Holder { bytes: holder.bytes.saturating_add(more), ..holder }
        })
        .collect();
    holders.extend(coming.into_iter().map(|(name, bytes)| Holder {
        id: 0,
        known: name.is_empty(),
        bytes,
        settled: 0,
        waiting: 0,
    }));
    holders
}

/// One of those who share the spool, with what they hold in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// Its row.
    pub(crate) id: i64,
    /// Whether it is a known device; else an address at which strangers are.
    pub(crate) known: bool,
    /// In all its incidents, locked ones included.
    pub(crate) bytes: u64,
    /// In incidents that can be evicted and have no pending delivery.
    pub(crate) settled: u64,
    /// In incidents that can be evicted and have one.
    pub(crate) waiting: u64,
}

impl Holder {
    /// Bytes in incidents that can be evicted, with or without a pending delivery.
    fn part(&self, waiting: bool) -> u64 {
        if waiting { self.waiting } else { self.settled }
    }
}

/// What is evicted next: the oldest incident of a holder with or without pending deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Choice {
    /// Index of the holder.
    pub(crate) holder: usize,
    /// Whether it is one with a pending delivery.
    pub(crate) waiting: bool,
}

/// The holders while incidents are evicted, until all is within `room`. A choice costs the same however many they are.
#[derive(Clone, Debug)]
pub(crate) struct Shares {
    holders: Vec<Holder>,
    room: u64,
    strangers: Group,
    known: Group,
}

/// Strangers together, or known devices.
#[derive(Clone, Debug)]
struct Group {
    /// Bytes of all of them.
    total: u64,
    /// Share of each of them, in bytes ([`level`]).
    level: u64,
    /// Those with incidents without pending deliveries.
    settled: Ranking,
    /// Those with incidents with pending deliveries.
    waiting: Ranking,
}

/// Holders by their bytes, the greediest first; of equals the first. An entry may be from before an eviction.
type Ranking = BinaryHeap<(u64, Reverse<usize>)>;

impl Group {
    fn new(holders: &[Holder], known: bool, room: u64) -> Self {
        let ranking = |waiting: bool| {
            let all = holders.iter().enumerate();
            let fits = all.filter(|(_, it)| it.known == known && it.part(waiting) > 0);
            fits.map(|(index, it)| (it.bytes, Reverse(index))).collect()
        };
        Self {
            total: total(holders, known),
            level: level(holders, known, room),
            settled: ranking(false),
            waiting: ranking(true),
        }
    }

    /// Whose incident of the group is evicted next.
    fn next(&mut self, holders: &[Holder]) -> Option<Choice> {
        let settled = greediest(&mut self.settled, holders, false);
        let waiting = greediest(&mut self.waiting, holders, true);
        let is_above = |choice: &Choice| {
            holders.get(choice.holder).is_some_and(|holder| holder.bytes > self.level)
        };
        let above = settled.filter(is_above).or(waiting.filter(is_above));
        above.or(settled).or(waiting)
    }
}

/// The first of a ranking, which is put in order as far as that needs.
fn greediest(ranking: &mut Ranking, holders: &[Holder], waiting: bool) -> Option<Choice> {
    while let Some(mut first) = ranking.peek_mut() {
        let (bytes, Reverse(index)) = *first;
        match holders.get(index).filter(|holder| holder.part(waiting) > 0) {
            Some(holder) if holder.bytes == bytes => {
                return Some(Choice { holder: index, waiting });
            }
            Some(holder) => *first = (holder.bytes, Reverse(index)),
            None => {
                PeekMut::pop(first);
            }
        }
    }
    None
}

fn total(holders: &[Holder], known: bool) -> u64 {
    holders.iter().filter(|it| it.known == known).map(|it| it.bytes).sum()
}

impl Shares {
    pub(crate) fn new(holders: Vec<Holder>, room: u64) -> Self {
        let (strangers, known) = (total(&holders, false), total(&holders, true));
        let sure = room / STRANGERS_SHARE;
        // What one group does not use is the other's.
        let of_strangers = room.saturating_sub(known).max(sure);
        let of_known = room.saturating_sub(strangers).max(room - sure);
        let strangers = Group::new(&holders, false, of_strangers);
        let known = Group::new(&holders, true, of_known);
        Self { holders, room, strangers, known }
    }

    /// What is evicted next. `None` if all is within the room, or nothing can be evicted.
    pub(crate) fn next(&mut self) -> Option<Choice> {
        let strangers = self.strangers.total;
        if strangers.saturating_add(self.known.total) <= self.room {
            return None;
        }
        let (first, second) = match strangers <= self.room / STRANGERS_SHARE {
            true => (&mut self.known, &mut self.strangers),
            false => (&mut self.strangers, &mut self.known),
        };
        first.next(&self.holders).or_else(|| second.next(&self.holders))
    }

    /// The row of the holder that was chosen.
    pub(crate) fn id(&self, choice: Choice) -> Option<i64> {
        self.holders.get(choice.holder).map(|it| it.id)
    }

    /// Subtracts the bytes of the incident that was evicted. `None` if there was no such incident: then the sum was
    /// wrong, and the holder has nothing more of that kind.
    pub(crate) fn evicted(&mut self, choice: Choice, bytes: Option<u64>) {
        let Some(holder) = self.holders.get_mut(choice.holder) else { return };
        let part = if choice.waiting { &mut holder.waiting } else { &mut holder.settled };
        let gone = bytes.unwrap_or(0);
        *part = if bytes.is_some() { part.saturating_sub(gone) } else { 0 };
        holder.bytes = holder.bytes.saturating_sub(gone);
        let group = if holder.known { &mut self.known } else { &mut self.strangers };
        group.total = group.total.saturating_sub(gone);
    }
}

/// The share of each holder in a group: the largest size at which the group fits into its room if nobody has more.
/// Unlimited if it fits as it is.
fn level(holders: &[Holder], known: bool, room: u64) -> u64 {
    let mut held: Vec<u64> =
        holders.iter().filter(|it| it.known == known).map(|it| it.bytes).collect();
    held.sort_unstable();
    let (mut left, mut rest) = (room, held.len() as u64);
    for bytes in held {
        let share = left / rest.max(1);
        if bytes > share {
            return share;
        }
        left -= bytes;
        rest -= 1;
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holder(id: i64, known: bool, settled: u64, waiting: u64) -> Holder {
        Holder { id, known, bytes: settled + waiting, settled, waiting }
    }

    /// Evicts in units until all is within the room; what each is left with.
    fn evict(holders: Vec<Holder>, room: u64) -> Vec<u64> {
        let mut shares = Shares::new(holders, room);
        while let Some(choice) = shares.next() {
            shares.evicted(choice, Some(1));
        }
        shares.holders.iter().map(|it| it.bytes).collect()
    }

    #[test]
    fn a_stranger_s_flood_takes_nothing_from_others() {
        let holders = vec![
            holder(1, true, 40, 0),
            holder(2, false, 5, 0),
            holder(3, false, 0, 900),
            holder(4, true, 20, 3),
        ];
        assert_eq!(evict(holders, 100), [40, 5, 32, 23]);
    }

    #[test]
    fn strangers_are_sure_of_a_quarter_and_known_devices_of_the_rest() {
        let holders =
            vec![holder(1, true, 500, 0), holder(2, false, 90, 0), holder(3, false, 7, 0)];
        assert_eq!(evict(holders, 100), [75, 18, 7]);
        let many = (0..10_000).map(|id| holder(id, false, 1, 0));
        let left = evict(many.chain([holder(-1, true, 70, 0)]).collect(), 100);
        assert_eq!(
            left.last(),
            Some(&70),
            "made-up addresses do not add up against a known device"
        );
    }

    #[test]
    fn what_waits_goes_after_what_is_delivered_of_those_above_their_share() {
        // The first has a video under way; the second has less than its share.
        let mut shares = Shares::new(
            vec![holder(1, true, 0, 60), holder(2, true, 55, 0), holder(3, true, 4, 0)],
            100,
        );
        assert_eq!(shares.next(), Some(Choice { holder: 1, waiting: false }));
        shares.evicted(Choice { holder: 1, waiting: false }, Some(9));
        assert_eq!(shares.next(), Some(Choice { holder: 0, waiting: true }));
    }

    #[test]
    fn what_is_locked_stays_and_nothing_is_asked_for_ever() {
        let locked = Holder { bytes: 90, ..holder(1, true, 0, 0) };
        assert_eq!(evict(vec![locked, holder(2, true, 30, 0)], 100), [90, 10]);
        assert_eq!(evict(vec![locked], 10), [90]);
        let mut shares = Shares::new(vec![holder(1, true, 50, 0)], 10);
        let choice = shares.next().unwrap();
        shares.evicted(choice, None);
        assert_eq!(shares.next(), None, "its sum was wrong");
    }

    #[test]
    fn what_a_known_device_sends_is_its_own_and_all_else_is_of_its_address() {
        let address = IpAddr::from([192, 168, 1, 50]);
        let (configured, found) =
            (Device::default(), Device { discovered: true, ..Device::default() });
        let holder = |reported, (id, key, is_named)| {
            holder_of(reported, &Root { id, key: DeviceKey::parse(key), is_named }, address)
        };
        let of_address = HolderName { name: "address/192.168.1.50".to_owned(), known: false };
        let of_device = HolderName { name: "device/7".to_owned(), known: true };
        assert_eq!(holder(&configured, (7, "yard", false)), of_device);
        assert_eq!(holder(&found, (7, "discovered/192.168.1.50/yard", false)), of_address);
        assert_eq!(holder(&found, (7, "discovered/192.168.1.50/yard", true)), of_device);
        assert_eq!(holder(&found, (7, "yard", true)), of_address, "taken for a configured one");
    }

    #[test]
    fn a_file_takes_whole_blocks() {
        assert_eq!(weight(0, 0), 2048);
        assert_eq!(weight(1, 10), 4096 + 2048 + 10);
        assert_eq!(weight(4096, 0), weight(1, 0));
        assert_eq!(weight(4097, 0), weight(1, 0) + 4096);
        assert_eq!(weight(u64::MAX, 0), i64::MAX);
    }

    #[test]
    fn locked_incidents_have_their_limit() {
        assert!(admit_lock(60, 40, 100).is_ok());
        let full = admit_lock(60, 41, 100).unwrap_err();
        assert_eq!((full.locked, full.bytes, full.bytes_max), (60, 41, 100));
        assert!(may_grow(99, 100) && !may_grow(100, 100));
        assert_eq!(locker(&"é".repeat(200)).chars().count(), BY_CHARS_MAX);
        assert_eq!(locker("anna"), "anna");
    }

    #[test]
    fn what_is_under_way_counts_for_its_address() {
        let address = |last| IpAddr::from([10, 0, 0, last]);
        let stored = vec![
            (holder(1, false, 5, 0), "address/10.0.0.1".to_owned()),
            (holder(2, true, 7, 0), "device/2".to_owned()),
        ];
        let coming =
            [(Some(address(1)), 3), (Some(address(1)), 4), (Some(address(2)), 20), (None, 30)];
        let mut all = with_under_way(stored, coming);
        all.sort_by_key(|holder| holder.bytes);
        assert_eq!(all[0], holder(2, true, 7, 0));
        assert_eq!(all[1], Holder { bytes: 12, ..holder(1, false, 5, 0) });
        assert_eq!(all[2], Holder { bytes: 20, ..holder(0, false, 0, 0) });
        assert_eq!(all[3], Holder { bytes: 30, ..holder(0, true, 0, 0) });
    }

    proptest! {
        /// Nobody who is below the share of his group loses anything while somebody above it could.
        #[test]
        fn nobody_loses_while_another_is_above_the_share(
            holders in proptest::collection::vec((any::<bool>(), 0_u64..60, 0_u64..60), 1..20),
            room in 0_u64..600,
        ) {
            let holders: Vec<Holder> = (1..)
                .zip(holders)
                .map(|(id, (known, settled, waiting))| holder(id, known, settled, waiting))
                .collect();
            let left = evict(holders.clone(), room);
            prop_assert!(left.iter().sum::<u64>() <= room);
            let sum: u64 = holders.iter().map(|it| it.bytes).sum();
            prop_assert!(left.iter().sum::<u64>() >= room.min(sum), "no more goes than must");
            for known in [false, true] {
                let of_group = || holders.iter().zip(&left).filter(|(it, _)| it.known == known);
                let most_left = of_group().map(|(_, left)| *left).max().unwrap_or(0);
                let rounding = holders.len() as u64;
                for (before, left) in of_group() {
                    prop_assert!(before.bytes == *left || *left + rounding >= most_left);
                }
            }
        }
    }
}
