//! Nodes: programs that work on one spool together, and the leases by which each thing is done by one of them.
//!
//! Only a shared engine has nodes. The embedded one is used by one program, which holds everything and asks for nothing.

use std::time::Duration;

use tipoff_model::Timestamp;

use crate::{BoxFuture, Member, Result};

/// How often a node beats.
pub const BEAT_EVERY: Duration = Duration::from_secs(1);
/// How long leases last by the clock of their holder, from the moment before it sent its last beat that succeeded.
/// After that it starts nothing for which it needs one, until the next beat succeeds.
pub const LEASE_LASTS: Duration = Duration::from_secs(5);

/// What is leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseKind {
    /// The deliveries and the connection of the channels that share an account of a service, by its name.
    Channel,
    /// A task that runs once for all nodes, by its name.
    Task,
}

impl LeaseKind {
    pub(crate) const ALL: [Self; 2] = [Self::Channel, Self::Task];

    /// Name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Task => "task",
        }
    }

    /// The kind of this name. `None` if a later version stored it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What a lease is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseKey {
    /// What it is.
    pub kind: LeaseKind,
    /// Which one of them.
    pub name: String,
}

/// Proof of a lease: whoever writes with it is refused once somebody else has held the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The run of the node that holds it.
    pub run: String,
    /// Grows with each new holder.
    pub number: i64,
}

/// A lease that a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub key: LeaseKey,
    /// The proof.
    pub fence: Fence,
}

/// What a node says at each beat.
#[derive(Clone, Debug, Default)]
pub struct Beat {
    /// Everything that is to be spread over the nodes, by the configuration of this one.
    pub wants: Vec<LeaseKey>,
    /// The leases that it gives up, because it has ended what it did with them.
    pub given_up: Vec<LeaseKey>,
    /// Time since any moment of this run, by a clock that cannot be set.
    pub running: Duration,
}

/// What a node learns from a beat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beaten {
    /// The leases that it holds. They last for [`LEASE_LASTS`] from before the beat was sent.
    pub leases: Vec<Lease>,
    /// Those of them that it is to give up as soon as it has ended what is under way.
    pub excess: Vec<LeaseKey>,
    /// All living nodes, by name.
    pub nodes: Vec<NodeLine>,
    /// The time by the database's clock, which is the clock of all nodes.
    pub now: Timestamp,
}

/// A living node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLine {
    /// Its configured name.
    pub name: String,
    /// The random name of its run.
    pub run: String,
    /// How many channels it holds.
    pub channels: u64,
}

/// What a node hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// What another node announced.
    Notice(String),
    /// Something may have been missed: whoever keeps in memory what is in the spool reads it again.
    Gap,
}

/// The part of the spool that nodes share their work by.
pub trait Nodes: Send + Sync {
    /// Whether other nodes may work on this spool. If not, this program holds everything without leases.
    fn is_shared(&self) -> bool;

    /// Shows that the node lives, finds nodes that died, and takes leases that are free. Returns the member to pass to
    /// the next beat; after a failure that is the same one again.
    ///
    /// A node that others took for dead has lost its leases, and gets a new run here.
    fn beat(&self, member: Member, beat: Beat) -> BoxFuture<'_, Result<(Member, Beaten)>>;

    /// Gives up everything: other nodes need not wait until this one counts as dead.
    fn leave<'a>(&'a self, member: &'a Member) -> BoxFuture<'a, Result<()>>;

    /// Tells the other nodes something soon, without waiting. If it gets lost, or is longer than some kilobytes, they
    /// hear a [`Heard::Gap`]. The same text twice may be one.
    fn announce(&self, notice: String);

    /// Waits for what other nodes announce, and sends what this one does: some task must wait at any time. Without a
    /// connection that passes notices, there is a gap every few seconds. Alone, a node hears nothing for ever.
    fn hear(&self) -> BoxFuture<'_, Heard>;

    /// The time by the clock of the database, which all nodes follow.
    fn time(&self) -> BoxFuture<'_, Result<Timestamp>>;

    /// The value of this name that all nodes use: that of the first one that asked.
    fn agree(&self, name: &'static str, own: String) -> BoxFuture<'_, Result<String>>;

    /// A number that no other run of a node gets.
    fn run_number(&self) -> BoxFuture<'_, Result<i64>>;
}
