//! What this node holds of the work that nodes share: channels and tasks (docs/nodes.md).
//!
//! One task beats, which renews all leases. Whoever needs a lease asks [`Leases::hold`] before each thing that it
//! starts. On the embedded engine there is one node: it holds everything, nothing beats and nothing is written.

mod beats;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use tipoff_spool::{Lease, LeaseKey, LeaseKind, Member, NodeLine, Spool};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::runtime::clock::Clock;
use crate::runtime::lock::lock;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::runtime::supervise::Supervisor;

/// The leases of this node; by default those of the only one. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Leases(Option<Arc<SharedLeases>>);

/// Whether this node holds something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It is the only node.
    Whole,
    /// It holds the lease.
    Held(Lease),
    /// It still holds the lease, and is to give it up: nothing new is started.
    Leaving(Lease),
    /// Another node holds it, or nobody for now.
    Elsewhere,
}

impl Hold {
    /// Whether something may be started.
    pub(crate) fn may_start(&self) -> bool {
        matches!(self, Self::Whole | Self::Held(_))
    }

    /// The lease, if there are several nodes and this one holds it.
    pub(crate) fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Held(lease) | Self::Leaving(lease) => Some(lease),
            Self::Whole | Self::Elsewhere => None,
        }
    }
}

/// The leases of one of several nodes.
struct SharedLeases {
    spool: Arc<dyn Spool>,
    /// The node, as of its last beat that succeeded. Locked while it beats; `None` after it left.
    member: tokio::sync::Mutex<Option<Member>>,
    /// What this node would hold if it were alone: the channels, and the tasks.
    wants: Mutex<Wants>,
    /// What the next beat gives up.
    given_up: Mutex<HashSet<LeaseKey>>,
    holding: watch::Sender<Holding>,
    /// Asks for a beat before its time.
    beat_soon: Notify,
    /// Follows the database's.
    clock: Clock,
}

/// What is to be spread over the nodes.
#[derive(Default)]
struct Wants {
    channels: HashSet<LeaseKey>,
    tasks: HashSet<LeaseKey>,
}

/// What this node holds.
#[derive(Clone, Debug, Default)]
struct Holding {
    leases: HashMap<LeaseKey, Lease>,
    /// Those of them that it is to give up.
    excess: HashSet<LeaseKey>,
    /// Until when it holds them.
    until: Option<Instant>,
    /// The living nodes, as of the last beat.
    nodes: Vec<NodeLine>,
}

impl Leases {
    /// The leases of the node of this name on `spool`. If the spool has no other nodes, it holds everything.
    pub(crate) fn of(spool: &Arc<dyn Spool>, node: &str, clock: &Clock) -> Self {
        match spool.is_shared() {
            false => Self(None),
            true => Self::shared(spool, node, clock),
        }
    }

    /// The leases of one of several nodes.
    pub(crate) fn shared(spool: &Arc<dyn Spool>, node: &str, clock: &Clock) -> Self {
        Self(Some(Arc::new(SharedLeases {
            spool: Arc::clone(spool),
            member: tokio::sync::Mutex::new(Some(Member::new(node))),
            wants: Mutex::default(),
            given_up: Mutex::default(),
            holding: watch::Sender::default(),
            beat_soon: Notify::new(),
            clock: clock.clone(),
        })))
    }

    /// Starts the task that beats. It goes on while attempts under way are completed.
    pub(crate) fn start(&self, supervisor: &Supervisor) {
        if let Some(shared) = &self.0 {
            beats::start(shared, supervisor);
        }
    }

    /// Gives up everything, so that other nodes take over at once. Nothing is held afterwards.
    pub(crate) async fn leave(&self) {
        if let Some(shared) = &self.0
            && let Err(error) = shared.leave().await
        {
            tracing::warn!(%error, "Other nodes will notice only in some seconds that this one has ended.");
        }
    }

    /// Whether other nodes may work on the spool.
    pub(crate) fn has_others(&self) -> bool {
        self.0.is_some()
    }

    /// Whether this node holds `key`.
    pub(crate) fn hold(&self, key: &LeaseKey) -> Hold {
        match &self.0 {
            Some(shared) => shared.holding.borrow().hold(key),
            None => Hold::Whole,
        }
    }

    /// Notices of changes of what this node holds. `None` if it holds everything for ever.
    pub(crate) fn changes(&self) -> Option<LeaseChanges> {
        let shared = self.0.as_ref()?;
        Some(LeaseChanges(shared.holding.subscribe()))
    }

    /// Replaces the channels that the nodes share.
    pub(crate) fn want_channels(&self, keys: impl IntoIterator<Item = LeaseKey>) {
        if let Some(shared) = &self.0 {
            lock(&shared.wants).channels = keys.into_iter().collect();
            shared.beat_soon.notify_one();
        }
    }

    /// Gives up a lease, as soon as nothing is under way for which it is needed.
    pub(crate) fn give_up(&self, key: &LeaseKey) {
        if let Some(shared) = &self.0 {
            lock(&shared.given_up).insert(key.clone());
            shared.forget(key);
            shared.beat_soon.notify_one();
        }
    }

    /// The spool has refused something: another node has held the lease.
    pub(crate) fn lost(&self, lease: &Lease) {
        if let Some(shared) = &self.0
            && shared.holding.borrow().leases.get(&lease.key) == Some(lease)
        {
            shared.forget(&lease.key);
        }
    }

    /// The keys that this node is to give up.
    pub(crate) fn excess(&self) -> Vec<LeaseKey> {
        let excess =
            |shared: &Arc<SharedLeases>| shared.holding.borrow().excess.iter().cloned().collect();
        self.0.as_ref().map(excess).unwrap_or_default()
    }

    /// Does `work` whenever this node holds the task of this name, until it loses it, and until shutdown. Work that is
    /// dropped was about to be done by another node.
    pub(crate) async fn while_held<F: Future<Output = ()>>(
        &self,
        task: &str,
        mut shutdown: Shutdown,
        work: impl Fn() -> F,
    ) {
        let Some(shared) = &self.0 else {
            return work().await;
        };
        let key = LeaseKey { kind: LeaseKind::Task, name: task.to_owned() };
        lock(&shared.wants).tasks.insert(key.clone());
        let mut holding = shared.holding.subscribe();
        while shutdown.phase() == Phase::Running {
            tokio::select! {
                _ = holding.wait_for(|it| it.hold(&key).may_start()) => {}
                () = shutdown.reached(Phase::Ending) => return,
            }
            tokio::select! {
                () = work() => {}
                _ = holding.wait_for(|it| !it.hold(&key).may_start()) => {}
                () = shutdown.reached(Phase::Ending) => return,
            }
            if matches!(self.hold(&key), Hold::Leaving(_)) {
                self.give_up(&key);
            }
        }
    }

    /// What the metrics show. `None` if there is one node.
    pub(crate) fn figures(&self) -> Option<LeaseFigures> {
        let holding = self.0.as_ref()?.holding.borrow();
        let is_valid = holding.is_valid();
        let of = |kind| holding.leases.keys().filter(|key| key.kind == kind).count() as u64;
        Some(LeaseFigures {
            channels: if is_valid { of(LeaseKind::Channel) } else { 0 },
            tasks: if is_valid { of(LeaseKind::Task) } else { 0 },
            nodes: holding.nodes.len() as u64,
            is_member: is_valid,
        })
    }
}

/// Numbers of what a node holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeaseFigures {
    /// Leases of channels.
    pub(crate) channels: u64,
    /// Leases of tasks.
    pub(crate) tasks: u64,
    /// Living nodes, as of its last beat.
    pub(crate) nodes: u64,
    /// Whether its last beat is recent enough for it to hold anything.
    pub(crate) is_member: bool,
}

/// Notices of changes of what a node holds.
pub(crate) struct LeaseChanges(watch::Receiver<Holding>);

impl LeaseChanges {
    /// Waits for the next change. Returns `false` if there will be none.
    pub(crate) async fn next(&mut self) -> bool {
        self.0.changed().await.is_ok()
    }
}

impl SharedLeases {
    /// Stops holding a lease before the next beat says so.
    fn forget(&self, key: &LeaseKey) {
        self.holding.send_modify(|holding| {
            holding.leases.remove(key);
            holding.excess.remove(key);
        });
    }
}

impl Holding {
    fn is_valid(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    fn hold(&self, key: &LeaseKey) -> Hold {
        match self.leases.get(key).filter(|_| self.is_valid()) {
            None => Hold::Elsewhere,
            Some(lease) if self.excess.contains(key) => Hold::Leaving(lease.clone()),
            Some(lease) => Hold::Held(lease.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
