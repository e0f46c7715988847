//! Which channels there are, and the orders to their tasks: to go on, to pause, to use other
//! settings, to end.
//!
//! A channel has one task as long as it has anything to do, so that no delivery is ever under way
//! twice.

use std::collections::BTreeSet;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tipoff_channels::{HookFault, HookRequest};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::expiry::Expiry;
use super::home_control::ChannelHousehold;
use super::orders::{Orders, Parts, Stand};
use super::pace::{Pacer, Precedence};
use super::schedule::Schedule;
use super::status::{Board, ChannelStatus};
use super::{Common, trial};
use crate::config::ChannelConfig;
use crate::runtime::notifier::ChannelNotifier;
use crate::runtime::supervise::{Supervisor, Task};

/// The channels at work.
#[derive(Clone)]
pub(crate) struct Dispatch(Arc<Shared>);

struct Shared {
    common: Arc<Common>,
    pacer: Arc<Pacer>,
    notifier: ChannelNotifier,
    supervisor: Supervisor,
    table: Mutex<Table>,
}

struct Table {
    /// In the order of the configuration; those that are ending come last.
    desks: Vec<Desk>,
    /// The names of paused channels, also of such as are not configured now.
    paused: BTreeSet<String>,
}

/// A channel's task, as seen from here.
struct Desk {
    config: ChannelConfig,
    orders: watch::Sender<Orders>,
    board: Arc<Board>,
    /// Stays in touch with the service.
    attending: AbortOnDropHandle<()>,
}

impl Desk {
    fn is_configured(&self) -> bool {
        self.orders.borrow().stand != Stand::Removed
    }

    fn stand(&self, stand: Stand) {
        self.orders.send_if_modified(|orders| mem::replace(&mut orders.stand, stand) != stand);
    }
}

impl Dispatch {
    /// Starts a task for each channel; those in `paused` begin nothing until they are resumed.
    pub(crate) fn start(
        channels: &[ChannelConfig],
        paused: Vec<String>,
        common: Common,
        notifier: &ChannelNotifier,
        supervisor: &Supervisor,
    ) -> Self {
        let table = Table { desks: Vec::new(), paused: paused.into_iter().collect() };
        let dispatch = Self(Arc::new(Shared {
            common: Arc::new(common),
            pacer: Arc::default(),
            notifier: notifier.clone(),
            supervisor: supervisor.clone(),
            table: Mutex::new(table),
        }));
        dispatch.apply(channels);
        dispatch
    }

    /// From now on these are the channels. One that is as it was goes on undisturbed; of one that
    /// is not among them what is under way ends, and the rest waits in the spool.
    pub(crate) fn apply(&self, channels: &[ChannelConfig]) {
        let mut table = self.table();
        let mut before = mem::take(&mut table.desks);
        for config in channels {
            self.0.common.metrics.name_channel(&config.name);
            let stand = stand(table.paused.contains(&config.name));
            let desk = match before.iter().position(|desk| desk.config.name == config.name) {
                Some(place) => self.keep(before.swap_remove(place), config, stand),
                None => self.open(config, stand),
            };
            table.desks.push(desk);
        }
        for desk in before {
            desk.stand(Stand::Removed);
            desk.attending.abort();
            table.desks.push(desk);
        }
    }

    /// How each channel is, in the order of the configuration.
    pub(crate) fn states(&self) -> Vec<ChannelStatus> {
        let table = self.table();
        let configured = table.desks.iter().filter(|desk| desk.is_configured());
        configured.map(|desk| desk.board.read()).collect()
    }

    /// From now on the channel begins nothing, or goes on. Whether there is such a channel.
    pub(crate) fn set_paused(&self, channel: &str, paused: bool) -> bool {
        let mut table = self.table();
        let Some(desk) = table.find(channel) else {
            return false;
        };
        desk.stand(stand(paused));
        desk.board.pause(paused);
        match paused {
            true => table.paused.insert(channel.to_owned()),
            false => table.paused.remove(channel),
        };
        true
    }

    /// Sends a test picture, also to a channel that is paused; what came of it, in plain words.
    pub(crate) async fn test(&self, channel: &str) -> Result<String, String> {
        let parts = self.table().find(channel).map(|desk| Arc::clone(&desk.orders.borrow().parts));
        let parts = parts.ok_or_else(|| format!("there is no channel {channel:?}"))?;
        let spool = &parts.common.spool;
        let memory = spool.memory(&parts.name).await.map_err(|error| error.to_string())?;
        let precedence = Precedence { is_discovered: false, sent: 0 };
        parts.pacer.acquire(&parts.channel.paces(&memory), precedence).await;
        Ok(match trial::send_test(&*parts.channel, &memory).await? {
            None => "the test arrived".to_owned(),
            Some(repair) => format!("the test arrived; it was {repair}"),
        })
    }

    /// Takes a request that a service made for a channel.
    pub(crate) async fn receive(
        &self,
        channel: &str,
        request: HookRequest,
    ) -> Option<Result<(), HookFault>> {
        let parts =
            self.table().find(channel).map(|desk| Arc::clone(&desk.orders.borrow().parts))?;
        Some(parts.channel.receive(request)?.await)
    }

    /// A removed channel has nothing under way any more. Whether its task is to end: the channel
    /// may have come back.
    pub(super) fn leave(&self, channel: &str) -> bool {
        let mut table = self.table();
        if table.find(channel).is_some() {
            return false;
        }
        table.desks.retain(|desk| desk.config.name != channel);
        self.0.notifier.forget(channel);
        true
    }

    fn open(&self, config: &ChannelConfig, stand: Stand) -> Desk {
        let events = self.0.common.events.clone();
        let board = Board::new(&config.name, config.kind, stand == Stand::Paused, events);
        let board = Arc::new(board);
        let parts = self.parts(config);
        let attending = self.attend(&parts);
        let (orders, taken) = watch::channel(Orders { parts, stand });
        self.work(&config.name, taken, Arc::clone(&board));
        Desk { config: config.clone(), orders, board, attending }
    }

    fn keep(&self, mut desk: Desk, config: &ChannelConfig, stand: Stand) -> Desk {
        if desk.config != *config {
            desk.config = config.clone();
            desk.board.renew(config.kind);
            let parts = self.parts(config);
            desk.attending = self.attend(&parts);
            desk.orders.send_replace(Orders { parts, stand });
        }
        desk.stand(stand);
        desk
    }

    /// Starts the worker of a channel.
    fn work(&self, channel: &str, orders: watch::Receiver<Orders>, board: Arc<Board>) {
        let (dispatch, shutdown) = (self.clone(), self.0.supervisor.shutdown());
        let shown = Arc::clone(&board);
        let task = Task::channel(format!("channel {channel}"), move |broken| shown.broken(broken));
        self.0.supervisor.spawn(task, move || {
            let worker = Schedule::new(orders.clone(), Arc::clone(&board), dispatch.clone());
            let working = worker.run(shutdown.clone());
            async move {
                working.await;
                Ok(())
            }
        });
    }

    /// Stays in touch with the service, where the channel does so.
    fn attend(&self, parts: &Arc<Parts>) -> AbortOnDropHandle<()> {
        let (parts, dispatch) = (Arc::clone(parts), self.clone());
        let task = Task::part(format!("connection of channel {}", parts.name));
        let attending = self.0.supervisor.supervise(task, move || {
            let home_control =
                ChannelHousehold { parts: Arc::clone(&parts), dispatch: dispatch.clone() };
            async move {
                if let Some(attending) = home_control.parts.channel.run_background(&home_control) {
                    attending.await;
                }
                Ok(())
            }
        });
        AbortOnDropHandle::new(tokio::spawn(attending))
    }

    /// Where changes of the network are seen from now on.
    pub(super) fn network(&self) -> watch::Receiver<()> {
        self.0.notifier.network()
    }

    fn parts(&self, config: &ChannelConfig) -> Arc<Parts> {
        Arc::new(Parts {
            name: config.name.clone(),
            channel: Arc::clone(&config.channel),
            expiry: Expiry::new(self.0.common.clock.clone(), config.expire),
            pacer: Arc::clone(&self.0.pacer),
            common: Arc::clone(&self.0.common),
            notify: self.0.notifier.of(&config.name),
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// A channel that is configured.
    fn find(&self, channel: &str) -> Option<&Desk> {
        self.desks.iter().find(|desk| desk.config.name == channel && desk.is_configured())
    }
}

fn stand(paused: bool) -> Stand {
    if paused { Stand::Paused } else { Stand::Goes }
}
