//! Which node holds which lease, and which nodes are dead. Pure.
//!
//! No clock of one machine is compared with that of another. A node counts its beats in its row. Another node takes it
//! for dead when it has seen the same count for [`DEAD_AFTER`] by its own clock, and removes the row; a node whose row
//! is gone has lost everything. The node itself stops [`LEASE_LASTS`] after it sent its last beat, so it
//! stops earlier than anybody takes over.
//!
//! Leases are spread so that no node holds two more than another. What is free goes to those that hold the least; a
//! node that holds too much gives some up, a few at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::time::Duration;

use crate::{LEASE_LASTS, LeaseKey, LeaseKind};

/// The time without a beat after which a node is dead.
pub(crate) const DEAD_AFTER: Duration = LEASE_LASTS.saturating_add(Duration::from_millis(500));
/// What counts of the time between two observations at most: while the database cannot be reached, nobody can beat.
const GAP_MAX: Duration = Duration::from_secs(2);

/// A node in one run, and what it has seen of the others.
#[derive(Clone, Debug)]
pub struct Member {
    pub(crate) name: String,
    /// Random. `None` before the first beat, and after others took the node for dead.
    pub(crate) run: Option<String>,
    /// The others, by run.
    seen: HashMap<String, Seen>,
    /// When the nodes were read last.
    read_at: Duration,
}

/// What a node has seen of another one.
#[derive(Clone, Copy, Debug)]
struct Seen {
    beat: i64,
    /// Proven time for which the beat is the same.
    silent_for: Duration,
}

/// A row of the table of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeRow {
    pub(crate) run: String,
    pub(crate) name: String,
    /// Number of its beats.
    pub(crate) beat: i64,
    /// Digest of what it wants: nodes of one digest share by the same rule.
    pub(crate) wants: String,
}

/// A row of the table of leases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeaseRow {
    pub(crate) key: LeaseKey,
    /// The run that holds it. `None` if that is nobody's, or dead.
    pub(crate) holder: Option<String>,
    pub(crate) number: i64,
}

/// What a node does with the leases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    /// To take, with the number that the row must still have. `None`: there is no row yet.
    pub(crate) takes: Vec<(LeaseKey, Option<i64>)>,
    /// To give up when what is under way has ended.
    pub(crate) excess: Vec<LeaseKey>,
}

impl Member {
    /// A node of this name before its first beat.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), run: None, seen: HashMap::new(), read_at: Duration::ZERO }
    }

    /// Name of its run. `None` before the first beat.
    pub fn run(&self) -> Option<&str> {
        self.run.as_deref()
    }

    /// Takes what the rows show at the moment `now` of this run. Returns the nodes that are dead.
    pub(crate) fn observe(&mut self, rows: &[NodeRow], now: Duration) -> Vec<NodeRow> {
        let passed = now.saturating_sub(self.read_at).min(GAP_MAX);
        self.read_at = now;
        let others = rows.iter().filter(|row| self.run.as_deref() != Some(&row.run));
        let seen = others.map(|row| {
            let before = self.seen.get(&row.run).filter(|seen| seen.beat == row.beat);
            let silent_for =
                before.map_or(Duration::ZERO, |it| it.silent_for.saturating_add(passed));
            (row.run.clone(), Seen { beat: row.beat, silent_for })
        });
        self.seen = seen.collect();
        let is_dead = |row: &&NodeRow| {
            self.seen.get(&row.run).is_some_and(|seen| seen.silent_for >= DEAD_AFTER)
        };
        rows.iter().filter(is_dead).cloned().collect()
    }
}

/// Digest of what a node wants, whatever its order.
pub(crate) fn wants_digest(wants: &[LeaseKey]) -> String {
    let mut keys: Vec<_> = wants.iter().map(|key| (key.kind.as_str(), key.name.as_str())).collect();
    keys.sort_unstable();
    keys.dedup();
    let parts = keys.iter().flat_map(|(kind, name)| [*kind, *name]);
    format!("{:016x}", fnv(parts))
}

/// FNV-1a of texts, each with its end.
fn fnv<'a>(parts: impl Iterator<Item = &'a str>) -> u64 {
    let bytes = parts.flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What the node of the run `me` does, which wants `wants`. `nodes` are the living nodes, with itself.
pub(crate) fn decide(
    me: &str,
    wants: &[LeaseKey],
    nodes: &[NodeRow],
    leases: &[LeaseRow],
) -> Decision {
    let mut decision = Decision::default();
    let wanted: HashSet<&LeaseKey> = wants.iter().collect();
    let own = leases.iter().filter(|row| row.holder.as_deref() == Some(me));
    let unwanted = own.filter(|row| !wanted.contains(&row.key));
    decision.excess.extend(unwanted.map(|row| row.key.clone()));
    let by_key: HashMap<&LeaseKey, &LeaseRow> = leases.iter().map(|row| (&row.key, row)).collect();
    for kind in LeaseKind::ALL {
        let mut keys: Vec<&LeaseKey> =
            wanted.iter().copied().filter(|it| it.kind == kind).collect();
        keys.sort_unstable();
        Sharing::new(me, kind, nodes).decide(&keys, &by_key, &mut decision);
    }
    decision
}

/// How the keys of one kind are shared, as one node sees it.
struct Sharing<'a> {
    me: &'a str,
    /// The nodes that want the same, by run; the order decides between equals, and differs by kind.
    peers: Vec<&'a str>,
    /// Whether these are all living nodes.
    all_agree: bool,
}

impl<'a> Sharing<'a> {
    fn new(me: &'a str, kind: LeaseKind, nodes: &'a [NodeRow]) -> Self {
        let wants = nodes.iter().find(|node| node.run == me).map(|node| node.wants.as_str());
        let peers = nodes.iter().filter(|node| Some(node.wants.as_str()) == wants);
        let mut peers: Vec<&str> = peers.map(|node| node.run.as_str()).collect();
        peers.sort_unstable_by_key(|run| (fnv([*run, kind.as_str()].into_iter()), *run));
        let all_agree = peers.len() == nodes.len();
        Self { me, peers, all_agree }
    }

    fn decide(
        &self,
        keys: &[&LeaseKey],
        rows: &HashMap<&LeaseKey, &LeaseRow>,
        decision: &mut Decision,
    ) {
        let holder = |key: &LeaseKey| rows.get(key)?.holder.as_deref();
        let mut held: BTreeMap<&str, usize> = self.peers.iter().map(|run| (*run, 0)).collect();
        for run in keys.iter().filter_map(|key| holder(key)) {
            held.entry(run).and_modify(|count| *count += 1);
        }
        let free: Vec<_> = keys.iter().filter(|key| holder(key).is_none()).collect();
        let allotted = self.allot(free.len(), &held);
        for run in &allotted {
            held.entry(run).and_modify(|count| *count += 1);
        }
        let takes = free.iter().zip(allotted).filter(|(_, run)| *run == self.me);
        let number = |key: &LeaseKey| rows.get(key).map(|row| row.number);
        decision.takes.extend(takes.map(|(key, _)| ((**key).clone(), number(key))));
        // Nodes that differ in what they want may be unequal for good.
        if self.all_agree {
            let own = keys.iter().rev().filter(|key| holder(key) == Some(self.me));
            let excess = own.take(self.excess(keys.len(), &held));
            decision.excess.extend(excess.map(|key| (*key).clone()));
        }
    }

    /// Who takes each of `free` keys: whoever holds the least by then.
    fn allot(&self, free: usize, held: &BTreeMap<&str, usize>) -> Vec<&'a str> {
        let place = self.peers.iter().enumerate();
        let counts = place
            .map(|(place, run)| Reverse((held.get(run).copied().unwrap_or_default(), place, *run)));
        let mut counts: BinaryHeap<_> = counts.collect();
        let mut allotted = Vec::with_capacity(free);
        while allotted.len() < free {
            let Some(Reverse((count, place, run))) = counts.pop() else { break };
            allotted.push(run);
            counts.push(Reverse((count + 1, place, run)));
        }
        allotted
    }

    /// How many this node gives up: what it has over the fair share, or one if another node has two fewer. A few at a
    /// time, because each interrupts something.
    fn excess(&self, keys: usize, held: &BTreeMap<&str, usize>) -> usize {
        let own = held.get(self.me).copied().unwrap_or_default();
        let least = held.values().copied().min().unwrap_or_default();
        if own < least.saturating_add(2) {
            return 0;
        }
        let over = own.saturating_sub(keys.div_ceil(self.peers.len().max(1)));
        over.clamp(1, moves_max(keys))
    }
}

/// How many leases of one kind a node gives up at a time.
fn moves_max(keys: usize) -> usize {
    1 + keys / 16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(number: usize) -> LeaseKey {
        LeaseKey { kind: LeaseKind::Channel, name: format!("channel {number:04}") }
    }

    fn node(run: &str, beat: i64, wants: &[LeaseKey]) -> NodeRow {
        let (run, name) = (run.to_owned(), format!("node {run}"));
        NodeRow { run, name, beat, wants: wants_digest(wants) }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A table of leases on which nodes decide one after the other. What is excess is given up at the next turn.
    struct World {
        wants: Vec<LeaseKey>,
        nodes: Vec<NodeRow>,
        leases: Vec<LeaseRow>,
        /// How often a lease had another holder than before.
        moves: usize,
    }

    impl World {
        fn new(keys: usize) -> Self {
            let wants = (0..keys).map(key).collect();
            Self { wants, nodes: Vec::new(), leases: Vec::new(), moves: 0 }
        }

        fn join(&mut self, run: &str) {
            self.nodes.push(node(run, 1, &self.wants));
        }

        fn die(&mut self, run: &str) {
            self.nodes.retain(|node| node.run != run);
            let own = self.leases.iter_mut().filter(|row| row.holder.as_deref() == Some(run));
            own.for_each(|row| row.holder = None);
        }

        fn turn(&mut self, run: &str) -> Decision {
            let decision = decide(run, &self.wants, &self.nodes, &self.leases);
            for (key, number) in &decision.takes {
                let row = self.leases.iter_mut().find(|row| row.key == *key);
                assert_eq!(row.as_ref().map(|row| row.number), *number);
                let holder = Some(run.to_owned());
                match row {
                    Some(row) => {
                        assert_eq!(row.holder, None, "at most one holder at a time");
                        (row.holder, row.number) = (holder, row.number + 1);
                    }
                    None => self.leases.push(LeaseRow { key: key.clone(), holder, number: 1 }),
                }
                self.moves += 1;
            }
            for key in &decision.excess {
                let row = self.leases.iter_mut().find(|row| row.key == *key).unwrap();
                assert_eq!(row.holder.as_deref(), Some(run));
                row.holder = None;
            }
            decision
        }

        /// One turn of each node, in this order.
        fn round(&mut self, order: &[prop::sample::Index]) -> bool {
            let mut left: Vec<String> = self.nodes.iter().map(|node| node.run.clone()).collect();
            let mut is_quiet = true;
            for index in order {
                if left.is_empty() {
                    break;
                }
                let run = left.swap_remove(index.index(left.len()));
                is_quiet &= self.turn(&run) == Decision::default();
            }
            is_quiet
        }

        fn counts(&self) -> Vec<usize> {
            let of = |run: &str| {
                self.leases.iter().filter(|row| row.holder.as_deref() == Some(run)).count()
            };
            self.nodes.iter().map(|node| of(&node.run)).collect()
        }
    }

    proptest! {
        #[test]
        fn every_key_gets_one_holder_evenly_and_few_move(
            keys in 0..80_usize,
            changes in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..8),
            orders in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 8), 120),
        ) {
            let mut world = World::new(keys);
            for (number, (joins, index)) in changes.iter().enumerate() {
                let before = world.moves;
                let mut free = keys;
                if *joins || world.nodes.is_empty() {
                    world.join(&format!("run {number}"));
                    if world.nodes.len() > 1 { free = 0; }
                } else {
                    let run = world.nodes[index.index(world.nodes.len())].run.clone();
                    world.die(&run);
                    free = keys.div_ceil(world.nodes.len() + 1);
                }
                if world.nodes.is_empty() {
                    continue;
                }
                let quiet = orders.iter().position(|order| world.round(order));
                prop_assert!(quiet.is_some(), "it comes to rest");
                let counts = world.counts();
                prop_assert_eq!(counts.iter().sum::<usize>(), keys, "every key has a holder");
                let (most, least) = (counts.iter().max().unwrap(), counts.iter().min().unwrap());
                prop_assert!(most - least <= 1, "{:?}", counts);
                // Those of a dead node, or the share of a new one; and one for each node at most on the way.
                let needed = if free == 0 { keys.div_ceil(counts.len()) } else { free };
                prop_assert!(world.moves - before <= needed + counts.len() * 2, "{} moves", world.moves - before);
            }
        }

        #[test]
        fn a_node_stops_before_others_take_it_for_dead(
            gaps in prop::collection::vec(1..6000_u64, 1..60),
            beats_until in 0..20_usize,
        ) {
            let mut watcher = Member { run: Some("me".to_owned()), ..Member::new("me") };
            let (mut now, mut sent_at) = (ms(0), ms(0));
            for (number, gap) in gaps.iter().enumerate() {
                now += ms(*gap);
                if number < beats_until {
                    sent_at = now;
                }
                let beat = number.min(beats_until) as i64;
                let dead = watcher.observe(&[node("other", beat, &[])], now);
                prop_assert!(dead.is_empty() || now > sent_at + LEASE_LASTS);
            }
        }
    }

    #[test]
    fn a_dead_node_is_found_within_seven_seconds() {
        let mut watcher = Member::new("me");
        let row = [node("other", 7, &[])];
        let found = (1..).find(|second| !watcher.observe(&row, ms(second * 1000)).is_empty());
        assert_eq!(found, Some(7));
        let mut watcher = Member::new("me");
        for second in 1..100 {
            let row = [node("other", second as i64 / 4, &[])];
            assert!(watcher.observe(&row, ms(second * 1000)).is_empty(), "it beats, if slowly");
        }
    }

    #[test]
    fn nobody_is_dead_because_the_database_was_away() {
        let mut watcher = Member::new("me");
        watcher.observe(&[node("other", 7, &[])], ms(1000));
        assert!(watcher.observe(&[node("other", 7, &[])], ms(100_000)).is_empty());
        assert!(watcher.observe(&[node("other", 7, &[])], ms(101_000)).is_empty());
        assert!(watcher.observe(&[node("other", 8, &[])], ms(102_000)).is_empty());
    }

    #[test]
    fn a_node_takes_everything_alone_and_shares_with_a_second_one() {
        let mut world = World::new(4);
        world.join("a");
        assert_eq!(world.turn("a").takes.len(), 4);
        world.join("b");
        assert_eq!(
            world.turn("b"),
            Decision::default(),
            "nothing is taken away from a living node"
        );
        assert_eq!(world.turn("a").excess, [key(3)], "one at a time");
        assert_eq!(world.turn("b").takes, [(key(3), Some(1))]);
        world.turn("a");
        world.turn("b");
        assert_eq!((world.turn("a"), world.counts()), (Decision::default(), vec![2, 2]));
    }

    #[test]
    fn what_only_some_nodes_want_is_held_by_them_and_what_nobody_wants_is_given_up() {
        let mut world = World::new(3);
        world.join("a");
        world.turn("a");
        // The other has the configuration of before: without the last channel, with another one.
        let wants = [key(0), key(1), key(9)];
        let nodes = [node("a", 1, &world.wants), node("b", 1, &wants)];
        let decision = decide("b", &wants, &nodes, &world.leases);
        assert_eq!(decision.takes, [(key(9), None)]);
        let decision = decide("a", &world.wants, &nodes, &world.leases);
        assert_eq!(decision, Decision::default(), "nothing moves while they differ");
        let decision = decide("a", &wants, &[node("a", 1, &wants)], &world.leases);
        assert_eq!((decision.takes, decision.excess), (vec![(key(9), None)], vec![key(2)]));
    }

    #[test]
    fn single_keys_of_two_kinds_need_not_be_held_by_one_node() {
        let first = |kind, seed: u64| {
            let run =
                |number| format!("{:016x}", seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
            let nodes: Vec<_> = (1..4).map(|number| node(&run(number << 40), 1, &[])).collect();
            Sharing::new(&run(1 << 40), kind, &nodes).peers.first().map(|run| (*run).to_owned())
        };
        let differ = |seed: &u64| first(LeaseKind::Channel, *seed) != first(LeaseKind::Task, *seed);
        assert!((5..95).contains(&(0..100).filter(differ).count()));
    }
}
