//! Channels that come to this node and leave it, where several nodes share a spool.
//!
//! A channel needs a lease. When the node is to give it up, the worker completes its attempts in flight and starts no
//! other; when all channels of the lease are idle, it is given up. After a lease is lost the workers start nothing, and
//! the spool refuses what they would still record.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tipoff_spool::{LeaseKey, LeaseKind};

use super::{ChannelHandle, ChannelSupervisor, ChannelTable, run_state};
use crate::config::ChannelConfig;
use crate::dispatch::command::RunState;
use crate::nodes::Hold;
use crate::runtime::shutdown::Phase;
use crate::runtime::supervise::Supervisor;

/// The lease that a channel needs. Channels that share an account of a service share its pace, and the connection of a
/// bot: they are on one node.
pub(super) fn lease_key(config: &ChannelConfig) -> LeaseKey {
    // The first pace is the one of the account. A bug in the code of a service concerns its own channels only.
    let paces = catch_unwind(AssertUnwindSafe(|| config.channel.paces(&[]))).unwrap_or_default();
    let account = paces.into_iter().next().map(|pace| pace.key);
    let name = account.unwrap_or_else(|| config.name.clone());
    LeaseKey { kind: LeaseKind::Channel, name }
}

impl ChannelSupervisor {
    /// Starts the task that applies changes of leases. Without other nodes there are none.
    pub(super) fn follow_leases(&self, supervisor: &Supervisor) {
        if self.leases().changes().is_none() {
            return;
        }
        let (channels, shutdown) = (self.clone(), supervisor.shutdown());
        supervisor.spawn("channels of this node", move || {
            let (channels, mut shutdown) = (channels.clone(), shutdown.clone());
            async move {
                let Some(mut changes) = channels.leases().changes() else { return Ok(()) };
                loop {
                    channels.apply_leases();
                    tokio::select! {
                        _ = changes.next() => {}
                        () = shutdown.reached(Phase::Ending) => return Ok(()),
                    }
                }
            }
        });
    }

    /// Starts and stops the workers and connections of channels by the leases that this node has now.
    fn apply_leases(&self) {
        let mut table = self.table();
        let ChannelTable { channels, paused } = &mut *table;
        for handle in channels {
            let hold = self.leases().hold(&handle.lease_key());
            let is_paused = paused.contains(&handle.config.name);
            self.apply_hold(handle, &hold, is_paused);
        }
        self.give_up_idle(&table);
    }

    fn apply_hold(&self, handle: &mut ChannelHandle, hold: &Hold, is_paused: bool) {
        let is_configured = handle.is_configured();
        let state = if is_configured { run_state(is_paused, hold) } else { RunState::Removed };
        let lease = hold.lease().cloned();
        let is_changed = handle.command_tx.send_if_modified(|command| {
            let is_changed = command.state != state || command.lease != lease;
            (command.state, command.lease) = (state, lease);
            is_changed
        });
        if is_changed {
            handle.is_idle = false;
        }
        if !is_configured || !hold.may_start() {
            handle.background = None;
        } else if is_changed || handle.background.is_none() {
            handle.background = self.spawn_background(&handle.context(), hold);
        }
    }

    /// The worker of a channel that is leaving has nothing in flight.
    pub(in crate::dispatch) fn is_idle(&self, channel: &str) {
        let mut table = self.table();
        let is_leaving = |handle: &&mut ChannelHandle| {
            handle.config.name == channel && handle.command_tx.borrow().state == RunState::Leaving
        };
        if let Some(handle) = table.channels.iter_mut().find(is_leaving) {
            handle.is_idle = true;
        }
        self.give_up_idle(&table);
    }

    /// Gives up each lease that is too much for this node, if no channel needs it any more.
    pub(super) fn give_up_idle(&self, table: &ChannelTable) {
        let busy = table.channels.iter().filter(|handle| !handle.is_idle);
        let busy: HashSet<LeaseKey> = busy.map(ChannelHandle::lease_key).collect();
        for key in self.leases().excess() {
            if key.kind == LeaseKind::Channel && !busy.contains(&key) {
                self.leases().give_up(&key);
            }
        }
    }
}
