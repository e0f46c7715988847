//! What this node and the others tell each other, so that a change on one takes effect on all within a second
//! (docs/nodes.md).
//!
//! A notice only says that something has changed in the spool: who hears it reads that again. One may get lost, so
//! everything is read again now and then, and whenever notices may have been missed.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tipoff_spool::{Actor, AuditFilter, Heard, SpoolError};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

use crate::dispatch::ChannelSupervisor;
use crate::runtime::events::LiveEvent;
use crate::runtime::shutdown::{Phase, Shutdown};
use crate::services::Services;
use crate::web::access::Access;

/// How often the workers look for deliveries without having heard of any: a node may have died before it told.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Entries of the audit log that are read at each look: more are hardly added between two.
const AUDIT_ENTRIES: u32 = 20;
/// How often everything is read again.
const READ_EVERY: Duration = Duration::from_secs(60);

/// What is told and heard.
#[derive(Clone)]
pub(crate) struct OtherNodes {
    services: Services,
    access: Access,
    channels: ChannelSupervisor,
}

/// A notice of a node.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum NodeNotice {
    /// Something happened that pages show.
    Event(LiveEvent),
    /// Deliveries of these channels may be due.
    Due(Vec<String>),
    /// Accounts, logins or tokens were changed.
    Accounts,
}

impl OtherNodes {
    /// What is told to them and taken from them is of these.
    pub(crate) fn new(services: &Services, access: &Access, channels: &ChannelSupervisor) -> Self {
        Self { services: services.clone(), access: access.clone(), channels: channels.clone() }
    }

    /// Starts what listens and what tells. Where there is one node, only the command line beside it may change devices.
    pub(crate) fn start(self) {
        let nodes = self.clone();
        self.services.supervisor.spawn_part("devices of the command line", move |shutdown| {
            nodes.clone().watch_devices(shutdown)
        });
        if !self.services.leases.has_others() {
            return;
        }
        let supervisor = self.services.supervisor.clone();
        let nodes = self.clone();
        supervisor
            .spawn_part("notices of other nodes", move |shutdown| nodes.clone().hear(shutdown));
        let nodes = self.clone();
        supervisor
            .spawn_part("notices to other nodes", move |shutdown| nodes.clone().tell(shutdown));
        supervisor.spawn_part("poll of the spool", move |shutdown| self.clone().poll(shutdown));
    }

    /// Takes up what others tell.
    async fn hear(self, mut shutdown: Shutdown) {
        loop {
            let heard = tokio::select! {
                heard = self.services.spool.hear() => heard,
                () = shutdown.reached(Phase::Ending) => return,
            };
            let taken = match heard {
                // A later version may tell what this one does not know.
                Heard::Notice(notice) => match serde_json::from_str(&notice) {
                    Ok(notice) => self.take(notice).await,
                    Err(_) => Ok(()),
                },
                Heard::Gap => self.take(NodeNotice::Event(LiveEvent::Gap)).await,
            };
            if let Err(error) = taken {
                // It is read again in a moment, and the beats report that the database fails.
                tracing::debug!(%error, "A change on another node could not be read.");
            }
        }
    }

    async fn take(&self, notice: NodeNotice) -> Result<(), SpoolError> {
        match notice {
            NodeNotice::Due(channels) => self.services.notifier.wake_here(&channels),
            NodeNotice::Accounts => self.access.changes().note_elsewhere(),
            NodeNotice::Event(event) => {
                match &event {
                    LiveEvent::Channel { .. } => self.read_paused().await?,
                    LiveEvent::Device => self.services.devices_changed().await?,
                    LiveEvent::Gap => self.read_again().await?,
                    _ => {}
                }
                self.services.events.publish_of_others(event);
            }
        }
        Ok(())
    }

    /// Reads everything again that others may have changed.
    async fn read_again(&self) -> Result<(), SpoolError> {
        self.services.notifier.wake_all_here();
        self.access.changes().note_elsewhere();
        self.read_paused().await?;
        self.services.devices_changed().await
    }

    async fn read_paused(&self) -> Result<(), SpoolError> {
        let paused = self.services.spool.paused().await?;
        self.channels.set_all_paused(&paused);
        Ok(())
    }

    /// Tells what happens here.
    async fn tell(self, mut shutdown: Shutdown) {
        let Services { spool, events, notifier, .. } = &self.services;
        let (mut events, mut woken) = (events.subscribe_own(), notifier.subscribe_own());
        let mut changes = 0;
        loop {
            let notice = tokio::select! {
                event = events.recv() => event.map(NodeNotice::Event),
                channels = woken.recv() => channels.map(NodeNotice::Due),
                count = self.access.changes().made_here(changes) => {
                    changes = count;
                    Ok(NodeNotice::Accounts)
                }
                () = shutdown.reached(Phase::Over) => return,
            };
            let notice = match notice {
                // Each node has a file of its own.
                Ok(NodeNotice::Event(LiveEvent::Config)) => continue,
                Ok(notice) => notice,
                Err(RecvError::Lagged(_)) => NodeNotice::Event(LiveEvent::Gap),
                Err(RecvError::Closed) => return,
            };
            if let Ok(notice) = serde_json::to_string(&notice) {
                spool.announce(notice);
            }
        }
    }

    /// Takes up what the command line changed of devices beside this program: it has no way to tell.
    async fn watch_devices(self, mut shutdown: Shutdown) {
        let (mut known, mut noted) = (None, None);
        loop {
            match self.devices_of_command_line().await {
                Ok(newest) if noted.is_some_and(|before| before < newest) => {
                    self.services.events.publish(LiveEvent::Device);
                    // Incidents may be removed with a device.
                    self.services.events.publish_of_others(LiveEvent::Gap);
                    noted = Some(newest);
                }
                Ok(newest) => noted = noted.max(Some(newest)),
                Err(error) => tracing::debug!(%error, "The audit log could not be read."),
            }
            match self.services.spool.added_devices().await {
                Ok(devices) if known.as_ref() == Some(&devices) => {}
                Ok(devices) => {
                    // What was read at the start may be older than this.
                    if self.services.devices_changed().await.is_ok() {
                        if known.is_some() || !devices.is_empty() {
                            let count = devices.len();
                            tracing::info!(count, "The devices that people added are known.");
                            self.services.events.publish(LiveEvent::Device);
                        }
                        known = Some(devices);
                    }
                }
                Err(error) => tracing::debug!(%error, "The added devices could not be read."),
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = shutdown.reached(Phase::Ending) => return,
            }
        }
    }

    /// Number of the newest recent entry of the audit log that says that the command line changed a device, and how many changes
    /// it stands for. Zeros if there is none.
    async fn devices_of_command_line(&self) -> Result<(i64, u32), SpoolError> {
        let recent = self.services.spool.audit(AuditFilter::default(), AUDIT_ENTRIES).await?;
        let mut entries = recent.into_iter().filter(|entry| {
            matches!(entry.actor, Actor::CommandLine(_)) && entry.what.starts_with("device.")
        });
        Ok(entries.next().map(|entry| (entry.id, entry.count)).unwrap_or_default())
    }

    /// Looks for what nobody has told.
    async fn poll(self, mut shutdown: Shutdown) {
        loop {
            for _ in 0..READ_EVERY.as_secs() / LOOK_EVERY.as_secs() {
                tokio::select! {
                    () = sleep(LOOK_EVERY) => self.services.notifier.wake_all_here(),
                    () = shutdown.reached(Phase::Ending) => return,
                }
            }
            if let Err(error) = self.read_again().await {
                tracing::debug!(%error, "What other nodes may have changed could not be read.");
            }
        }
    }
}
