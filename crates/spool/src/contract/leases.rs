//! Nodes and their leases. The nodes of a check may share one spool value, or have one each on one database: a node is
//! a [`Member`], and time is an argument.

use std::sync::Arc;

use super::*;
use crate::{Beat, Beaten, Fence, Lease, LeaseKey, LeaseKind, Member};

/// All checks of this file, on one engine.
pub(crate) async fn check(fresh: &impl Fn() -> Box<dyn Fn() -> Arc<dyn Spool>>) {
    one_node_holds_everything_and_two_share_it(&*fresh()).await;
    a_dead_nodes_leases_move_within_ten_seconds(&*fresh()).await;
    what_was_slow_records_nothing_after_it_lost_the_channel(&*fresh()).await;
    who_leaves_is_followed_at_once(&*fresh()).await;
    nodes_that_beat_at_once_never_hold_the_same(&*fresh()).await;
}

pub(super) fn channel(name: &str) -> LeaseKey {
    LeaseKey { kind: LeaseKind::Channel, name: name.to_owned() }
}

fn names(leases: &[Lease]) -> Vec<&str> {
    let mut names: Vec<_> = leases.iter().map(|lease| lease.key.name.as_str()).collect();
    names.sort_unstable();
    names
}

/// A node of a test. It gives up at once what is excess.
pub(super) struct TestNode {
    spool: Arc<dyn Spool>,
    pub(super) member: Member,
    excess: Vec<LeaseKey>,
    wants: Vec<LeaseKey>,
}

impl TestNode {
    pub(super) fn new(spool: &Arc<dyn Spool>, name: &str, channels: &[&str]) -> Self {
        let wants = channels.iter().map(|name| channel(name)).collect();
        let spool = Arc::clone(spool);
        Self { spool, member: Member::new(name), excess: Vec::new(), wants }
    }

    /// Beats at this second of the test.
    pub(super) async fn beat(&mut self, second: u64) -> Beaten {
        let beat = Beat {
            wants: self.wants.clone(),
            given_up: std::mem::take(&mut self.excess),
            running: Duration::from_secs(second),
        };
        let (member, beaten) = self.spool.beat(self.member.clone(), beat).await.unwrap();
        self.member = member;
        self.excess.clone_from(&beaten.excess);
        beaten
    }
}

/// Name and channels of each node.
fn nodes(beaten: &Beaten) -> Vec<(&str, u64)> {
    beaten.nodes.iter().map(|node| (&*node.name, node.channels)).collect()
}

async fn one_node_holds_everything_and_two_share_it(open: Open<'_>) {
    let spool = open();
    let wants = ["hook", "mail", "phone", "siren"];
    let mut a = TestNode::new(&spool, "a", &wants);
    let alone = a.beat(1).await;
    assert_eq!(names(&alone.leases), wants);
    assert_eq!(nodes(&alone), [("a", 4)]);
    let mut b = TestNode::new(&spool, "b", &wants);
    let joined = b.beat(1).await;
    assert!(joined.leases.is_empty(), "a living node loses nothing");
    assert_eq!(nodes(&joined), [("a", 4), ("b", 0)]);
    assert_eq!(a.beat(2).await.excess, [channel("siren")], "one at a time");
    for second in 2..9 {
        a.beat(second).await;
        b.beat(second).await;
    }
    let (of_a, of_b) = (a.beat(9).await, b.beat(9).await);
    assert!(of_a.excess.is_empty() && of_b.excess.is_empty());
    assert_eq!(nodes(&of_b), [("a", 2), ("b", 2)]);
    let mut all = [names(&of_a.leases), names(&of_b.leases)].concat();
    all.sort_unstable();
    assert_eq!(all, wants);
    let numbers = |leases: &[Lease]| leases.iter().map(|it| it.fence.number).collect::<Vec<_>>();
    assert_eq!(numbers(&of_a.leases), [1, 1]);
    assert_eq!(numbers(&of_b.leases), [2, 2], "a new holder has a new number");
}

async fn a_dead_nodes_leases_move_within_ten_seconds(open: Open<'_>) {
    let spool = open();
    let mut a = TestNode::new(&spool, "a", &["hook", "phone"]);
    let mut b = TestNode::new(&spool, "b", &["hook", "phone"]);
    let before = a.beat(1).await;
    // The clocks of machines have nothing in common.
    let mut moved_after = None;
    for second in 0..12 {
        let beaten = b.beat(100 + second).await;
        if !beaten.leases.is_empty() {
            assert_eq!(names(&beaten.leases), ["hook", "phone"]);
            assert_eq!(nodes(&beaten), [("b", 2)]);
            moved_after = Some(second);
            break;
        }
    }
    assert!(moved_after.is_some_and(|seconds| (6..9).contains(&seconds)), "{moved_after:?}");
    // It was only slow: it begins again, with nothing.
    let after = a.beat(10).await;
    assert!(after.leases.is_empty());
    assert_ne!(before.nodes[0].run, after.nodes[0].run);
    assert_eq!(nodes(&after), [("a", 0), ("b", 2)]);
}

/// The lease of this channel, which the node holds.
fn lease(beaten: &Beaten, name: &str) -> Lease {
    beaten.leases.iter().find(|it| it.key == channel(name)).unwrap().clone()
}

async fn what_was_slow_records_nothing_after_it_lost_the_channel(open: Open<'_>) {
    let spool = open();
    let stored = store(&*spool, "yard", NOW).await;
    let mut a = TestNode::new(&spool, "a", &["phone"]);
    let mut b = TestNode::new(&spool, "b", &["phone"]);
    let of_a = lease(&a.beat(1).await, "phone");
    let delivery = due(&*spool, "phone", NOW).await.remove(0);
    let record = |state, lease: &Lease| AttemptRecord {
        lease: Some(lease.clone()),
        ..ended(&delivery, state)
    };
    let pairs = |value: &str| vec![("pinned".to_owned(), value.to_owned())];
    spool.remember("phone", pairs("a"), Some(of_a.clone())).await.unwrap();
    // It holds the channel also while it cannot beat, for as long as nobody else has it.
    spool.record(record(DeliveryState::Pending, &of_a)).await.unwrap();
    for second in 1..8 {
        b.beat(second).await;
    }
    let of_b = lease(&b.beat(8).await, "phone");
    let refused = spool.record(record(DeliveryState::Refused, &of_a)).await.unwrap_err();
    assert!(matches!(&refused, SpoolError::LeaseLost(name) if name == "phone"), "{refused}");
    let refused = spool.remember("phone", pairs("late"), Some(of_a.clone())).await.unwrap_err();
    assert!(matches!(refused, SpoolError::LeaseLost(_)));
    let line = spool.incident(stored.incident).await.unwrap().deliveries.remove(0);
    assert_eq!((line.state, line.attempts.len()), (DeliveryState::Pending, 1));
    let memory = spool.memory("phone").await.unwrap();
    assert!(memory.contains(&pairs("a").remove(0)), "{memory:?}");
    let fence = Fence { number: of_b.fence.number - 1, ..of_b.fence.clone() };
    let wrong_number = Lease { fence, ..of_b.clone() };
    spool.record(record(DeliveryState::Refused, &wrong_number)).await.unwrap_err();
    spool.record(record(DeliveryState::Delivered, &of_b)).await.unwrap();
    spool.leave(&b.member).await.unwrap();
    spool.remember("phone", pairs("late"), Some(of_b)).await.unwrap_err();
    // Its node again, in a new run.
    assert!(a.beat(9).await.leases.iter().all(|lease| *lease != of_a));
}

async fn who_leaves_is_followed_at_once(open: Open<'_>) {
    let spool = open();
    let mut a = TestNode::new(&spool, "a", &["hook", "phone"]);
    let mut b = TestNode::new(&spool, "b", &["hook", "phone"]);
    a.beat(1).await;
    b.beat(1).await;
    spool.leave(&a.member).await.unwrap();
    let beaten = b.beat(2).await;
    assert_eq!(names(&beaten.leases), ["hook", "phone"]);
    assert_eq!(nodes(&beaten), [("b", 2)]);
    // One that never beat has nothing to leave.
    spool.leave(&Member::new("c")).await.unwrap();
}

async fn nodes_that_beat_at_once_never_hold_the_same(open: Open<'_>) {
    let spool = open();
    let wants: Vec<String> = (0..30).map(|number| format!("channel {number}")).collect();
    let wants: Vec<&str> = wants.iter().map(String::as_str).collect();
    let mut nodes = ["a", "b", "c"].map(|name| TestNode::new(&spool, name, &wants));
    let mut of_last = Vec::new();
    for second in 0..20 {
        let [a, b, c] = &mut nodes;
        let beats = tokio::join!(a.beat(second), b.beat(second), c.beat(second));
        let beaten = [beats.0, beats.1, beats.2];
        of_last = beaten.iter().map(|it| it.leases.len()).collect();
        // What is given up with the next beat is held until then.
        let mut held: Vec<_> = beaten.iter().flat_map(|it| names(&it.leases)).collect();
        let count = held.len();
        held.sort_unstable();
        held.dedup();
        assert_eq!(held.len(), count, "a lease has one holder");
    }
    assert_eq!(of_last, [10, 10, 10]);
}

/// Of two spool values on one database: the fence of one holds for the other.
pub(crate) async fn two_values_on_one_database_agree(spools: [Arc<dyn Spool>; 2]) {
    let [of_a, of_b] = spools;
    let mut a = TestNode::new(&of_a, "a", &["hook", "phone"]);
    let mut b = TestNode::new(&of_b, "b", &["hook", "phone"]);
    for second in 1..12 {
        let (on_a, on_b) = tokio::join!(a.beat(second), b.beat(second));
        let both = [names(&on_a.leases), names(&on_b.leases)].concat();
        assert!(both.len() <= 2, "{both:?}");
    }
    let (on_a, on_b) = (a.beat(12).await, b.beat(12).await);
    assert_eq!(nodes(&on_b), [("a", 1), ("b", 1)]);
    let lost = on_a.leases[0].clone();
    of_a.leave(&a.member).await.unwrap();
    assert_eq!(b.beat(13).await.leases.len(), 2);
    let pairs = || vec![("pinned".to_owned(), "1".to_owned())];
    let refused = of_a.remember(&lost.key.name, pairs(), Some(lost.clone())).await.unwrap_err();
    assert!(matches!(refused, SpoolError::LeaseLost(_)), "{refused}");
    let held = on_b.leases[0].clone();
    of_b.remember(&held.key.name, pairs(), Some(held.clone())).await.unwrap();
}
