//! Starts, updates, pauses and removes the worker of each channel, and shows the status of all.
//!
//! A channel has one worker while it has anything to do, so that no delivery is ever attempted twice at once: a channel
//! that is removed and configured again continues with the worker that it had.

mod handover;

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard};

use tipoff_channels::{HookFault, HookRequest};
use tipoff_spool::LeaseKey;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::command::{ChannelCommand, RunState, WorkerContext};
use super::expiry::Expiry;
use super::home_control::ChannelHomeControl;
use super::pace::{Pacer, Precedence};
use super::status::{ChannelStatus, StatusCell};
use super::worker::ChannelWorker;
use super::{DispatchContext, test_alert};
use crate::config::ChannelConfig;
use crate::nodes::{Hold, Leases};
use crate::runtime::lock::lock;
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::supervise::{Supervisor, Task};

/// Supervises the workers of all channels.
#[derive(Clone)]
pub(crate) struct ChannelSupervisor(Arc<SupervisorShared>);

struct SupervisorShared {
    common: Arc<DispatchContext>,
    /// One for all channels, because channels of one bot share its pace.
    pacer: Arc<Pacer>,
    notifier: ChannelNotifier,
    /// Restarts workers that end unexpectedly.
    supervisor: Supervisor,
    table: Mutex<ChannelTable>,
}

/// All channels that have a worker.
struct ChannelTable {
    /// In the order of the configuration; removed channels come last.
    channels: Vec<ChannelHandle>,
    /// The names of paused channels, including those that are not configured now.
    paused: BTreeSet<String>,
}

/// A running worker, and what controls and shows it.
struct ChannelHandle {
    /// The settings that the worker has.
    config: ChannelConfig,
    /// The latest command; the worker reads it before it starts deliveries.
    command_tx: watch::Sender<ChannelCommand>,
    status: Arc<StatusCell>,
    /// The channel's own task, such as a connection that the service sends commands over.
    /// `None` while another node has the channel.
    background: Option<AbortOnDropHandle<()>>,
    /// Whether the worker has ended what was in flight since it was told to leave.
    is_idle: bool,
}

impl ChannelHandle {
    fn is_configured(&self) -> bool {
        self.command_tx.borrow().state != RunState::Removed
    }

    /// The lease that the channel needs.
    fn lease_key(&self) -> LeaseKey {
        self.command_tx.borrow().context.lease_key.clone()
    }

    fn context(&self) -> Arc<WorkerContext> {
        Arc::clone(&self.command_tx.borrow().context)
    }

    /// Commands a state. The same state again does not wake the worker.
    fn set_state(&self, state: RunState) {
        self.command_tx
            .send_if_modified(|command| mem::replace(&mut command.state, state) != state);
    }
}

impl ChannelSupervisor {
    /// Starts a worker for each channel. Those in `paused` start no delivery until they are resumed.
    pub(crate) fn start(
        channels: &[ChannelConfig],
        paused: Vec<String>,
        common: DispatchContext,
        notifier: &ChannelNotifier,
        supervisor: &Supervisor,
    ) -> Self {
        let table = ChannelTable { channels: Vec::new(), paused: paused.into_iter().collect() };
        let channel_supervisor = Self(Arc::new(SupervisorShared {
            common: Arc::new(common),
            pacer: Arc::default(),
            notifier: notifier.clone(),
            supervisor: supervisor.clone(),
            table: Mutex::new(table),
        }));
        channel_supervisor.apply(channels);
        channel_supervisor.follow_leases(supervisor);
        channel_supervisor
    }

    /// Replaces the configured channels. A channel whose settings are the same is not disturbed. A channel that
    /// is missing completes its attempts in flight; its other deliveries stay in the spool.
    pub(crate) fn apply(&self, channels: &[ChannelConfig]) {
        let mut table = self.table();
        let mut before = mem::take(&mut table.channels);
        for config in channels {
            self.0.common.metrics.name_channel(config.metrics_name());
            let is_paused = table.paused.contains(&config.name);
            let handle = match before.iter().position(|it| it.config.name == config.name) {
                Some(place) => self.update(before.swap_remove(place), config, is_paused),
                None => self.add(config, is_paused),
            };
            table.channels.push(handle);
        }
        for mut removed in before {
            removed.set_state(RunState::Removed);
            removed.background = None;
            table.channels.push(removed);
        }
        let configured = table.channels.iter().filter(|it| it.is_configured());
        self.leases().want_channels(configured.map(ChannelHandle::lease_key));
    }

    /// The status of each configured channel, in the order of the configuration.
    pub(crate) fn states(&self) -> Vec<ChannelStatus> {
        let table = self.table();
        let configured = table.channels.iter().filter(|it| it.is_configured());
        configured.map(|handle| handle.status.read()).collect()
    }

    /// Pauses or resumes a channel. `false` if it is not configured.
    pub(crate) fn set_paused(&self, channel: &str, paused: bool) -> bool {
        let mut table = self.table();
        let Some(handle) = table.find(channel) else {
            return false;
        };
        handle.set_state(run_state(paused, &self.leases().hold(&handle.lease_key())));
        handle.status.set_paused(paused);
        match paused {
            true => table.paused.insert(channel.to_owned()),
            false => table.paused.remove(channel),
        };
        true
    }

    /// Pauses these channels and resumes all others.
    pub(crate) fn set_all_paused(&self, paused: &[String]) {
        let before = self.table().paused.clone();
        let wanted: BTreeSet<&String> = paused.iter().collect();
        for channel in before.iter().filter(|channel| !wanted.contains(channel)) {
            self.set_paused(channel, false);
        }
        for channel in wanted.into_iter().filter(|channel| !before.contains(*channel)) {
            self.set_paused(channel, true);
        }
    }

    /// Sends a test picture, even if the channel is paused. Returns what is to be corrected although it arrived; an error is
    /// in plain words.
    pub(crate) async fn test(&self, channel: &str) -> Result<Option<String>, String> {
        let context = self.table().find(channel).map(ChannelHandle::context);
        let context = context.ok_or_else(|| format!("there is no channel {channel:?}"))?;
        let spool = &context.common.spool;
        let memory = spool.memory(&context.name).await.map_err(|error| error.to_string())?;
        let precedence = Precedence { is_discovered: false, sent: 0 };
        context.pacer.acquire(&context.channel.paces(&memory), precedence).await;
        let now = context.common.clock.now();
        let language = context.common.modes.rules.now().language;
        test_alert::send_test(&*context.channel, &memory, now, language).await
    }

    /// Hands a request that a service sent to the channel that it is for. `None` if the channel is not
    /// configured or takes no requests.
    pub(crate) async fn receive(
        &self,
        channel: &str,
        request: HookRequest,
    ) -> Option<Result<(), HookFault>> {
        let context = self.table().find(channel).map(ChannelHandle::context)?;
        Some(context.channel.receive(request)?.await)
    }

    /// Forgets a removed channel that has no attempt in flight. `false` if it was configured again meanwhile:
    /// then its worker goes on.
    pub(super) fn retire(&self, channel: &str) -> bool {
        let mut table = self.table();
        if table.find(channel).is_some() {
            return false;
        }
        table.channels.retain(|handle| handle.config.name != channel);
        self.0.notifier.forget(channel);
        self.give_up_idle(&table);
        true
    }

    /// Starts the worker of a channel that had none.
    fn add(&self, config: &ChannelConfig, is_paused: bool) -> ChannelHandle {
        let (events, clock) = (self.0.common.events.clone(), self.0.common.clock.clone());
        let status = StatusCell::new(&config.name, config.kind, is_paused, events, clock);
        let status = Arc::new(status);
        let context = self.worker_context(config);
        let hold = self.leases().hold(&context.lease_key);
        let background = self.spawn_background(&context, &hold);
        let (state, lease) = (run_state(is_paused, &hold), hold.lease().cloned());
        let (command_tx, command_rx) = watch::channel(ChannelCommand { context, state, lease });
        self.spawn_worker(&config.name, command_rx, Arc::clone(&status));
        ChannelHandle { config: config.clone(), command_tx, status, background, is_idle: false }
    }

    /// Gives a channel its new settings, if they differ. Attempts in flight are completed with the old ones.
    fn update(
        &self,
        mut handle: ChannelHandle,
        config: &ChannelConfig,
        is_paused: bool,
    ) -> ChannelHandle {
        if handle.config != *config {
            handle.config = config.clone();
            handle.status.reset(config.kind);
            let context = self.worker_context(config);
            let hold = self.leases().hold(&context.lease_key);
            handle.background = self.spawn_background(&context, &hold);
            let (state, lease) = (run_state(is_paused, &hold), hold.lease().cloned());
            handle.is_idle = false;
            handle.command_tx.send_replace(ChannelCommand { context, state, lease });
        }
        handle.set_state(run_state(is_paused, &self.leases().hold(&handle.lease_key())));
        handle
    }

    /// Starts the worker as a supervised task. A worker that is started again has lost its state, and reads the spool
    /// anew.
    fn spawn_worker(
        &self,
        channel: &str,
        command_rx: watch::Receiver<ChannelCommand>,
        status: Arc<StatusCell>,
    ) {
        let (channel_supervisor, shutdown) = (self.clone(), self.0.supervisor.shutdown());
        let shown = Arc::clone(&status);
        let task =
            Task::channel(format!("channel {channel}"), move |broken| shown.set_crashed(broken));
        self.0.supervisor.spawn(task, move || {
            let worker = ChannelWorker::new(
                command_rx.clone(),
                Arc::clone(&status),
                channel_supervisor.clone(),
            );
            let working = worker.run(shutdown.clone());
            async move {
                working.await;
                Ok(())
            }
        });
    }

    /// Starts the channel's own task, if it has one and this node has the channel. The task ends when the handle is dropped
    /// or gets new settings.
    fn spawn_background(
        &self,
        context: &Arc<WorkerContext>,
        hold: &Hold,
    ) -> Option<AbortOnDropHandle<()>> {
        if !hold.may_start() {
            return None;
        }
        let (context, channel_supervisor) = (Arc::clone(context), self.clone());
        let task = Task::part(format!("connection of channel {}", context.name));
        let background = self.0.supervisor.supervise(task, move || {
            let home_control = ChannelHomeControl {
                context: Arc::clone(&context),
                channel_supervisor: channel_supervisor.clone(),
            };
            async move {
                if let Some(background) = home_control.context.channel.run_background(&home_control)
                {
                    background.await;
                }
                Ok(())
            }
        });
        Some(AbortOnDropHandle::new(tokio::spawn(background)))
    }

    /// Notices of changes of the network.
    pub(super) fn network_changes(&self) -> watch::Receiver<()> {
        self.0.notifier.network()
    }

    /// What a worker works with, for these settings. The time by which deliveries expire begins anew.
    fn worker_context(&self, config: &ChannelConfig) -> Arc<WorkerContext> {
        Arc::new(WorkerContext {
            name: config.name.clone(),
            metrics_name: config.metrics_name().to_owned(),
            lease_key: handover::lease_key(config),
            channel: Arc::clone(&config.channel),
            expiry: Expiry::new(self.0.common.clock.clone(), config.expire),
            pacer: Arc::clone(&self.0.pacer),
            common: Arc::clone(&self.0.common),
            notify: self.0.notifier.of(&config.name),
        })
    }

    /// What this node holds.
    fn leases(&self) -> &Leases {
        &self.0.common.leases
    }

    fn table(&self) -> MutexGuard<'_, ChannelTable> {
        lock(&self.0.table)
    }
}

impl ChannelTable {
    /// The handle of a configured channel. One that was removed may still complete its attempts, and is not found.
    fn find(&self, channel: &str) -> Option<&ChannelHandle> {
        self.channels.iter().find(|handle| handle.config.name == channel && handle.is_configured())
    }
}

/// The state of a configured channel.
fn run_state(is_paused: bool, hold: &Hold) -> RunState {
    match hold {
        Hold::Elsewhere => RunState::Elsewhere,
        Hold::Leaving(_) => RunState::Leaving,
        Hold::Whole | Hold::Held(_) if is_paused => RunState::Paused,
        Hold::Whole | Hold::Held(_) => RunState::Running,
    }
}
