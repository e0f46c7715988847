//! What a channel's own task may read and change: the mode, devices, incidents, the channel's memory.
//!
//! Such a task is a connection of a service that also sends commands, as MQTT and Telegram do. It is not trusted more
//! than a person at the dashboard: every change goes through `Modes` and `Actions`, which check it and enter it in the
//! audit log.

use std::sync::Arc;
use std::time::Duration;
use tipoff_language::Texts;

use tipoff_channels::{BoxFuture, DEVICES_MAX, Done, HomeControl, HomeState, Pace};
use tipoff_model::{Action, DeviceKey};
use tipoff_spool::{Actor, DeviceFilter, DeviceLine, SpoolError};
use tokio::sync::broadcast;

use super::command::WorkerContext;
use super::{ChannelState, ChannelSupervisor, DispatchContext};
use crate::audit::{self, AuditAction};
use crate::runtime::events::LiveEvent;

/// How often the state is read without an event: a mode may begin by itself.
const READ_EVERY: Duration = Duration::from_secs(30);

/// The home control of one channel.
pub(super) struct ChannelHomeControl {
    /// The channel that asks.
    pub(super) context: Arc<WorkerContext>,
    /// For the status of the other channels.
    pub(super) channel_supervisor: ChannelSupervisor,
}

impl ChannelHomeControl {
    /// The texts in the language of alerts.
    fn texts(&self) -> Texts {
        self.context.common.actions.texts()
    }
}

impl HomeControl for ChannelHomeControl {
    /// Returns when the state differs from `known`, at once if nothing is known. A failed read is tried again: the task
    /// has no use for the error.
    fn next_state(&self, known: Option<HomeState>) -> BoxFuture<'_, HomeState> {
        let common = &*self.context.common;
        Box::pin(async move {
            let mut events = common.events.subscribe();
            loop {
                match home_state(common).await {
                    Ok(standing) if known.as_ref() != Some(&standing) => return standing,
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "Could not read the mode and the devices.")
                    }
                }
                let _ = tokio::time::timeout(READ_EVERY, changed(&mut events)).await;
            }
        })
    }

    /// Changes the mode. Which person did it is not known to a service such as MQTT; the channel is.
    fn choose_mode(&self, mode: String) -> BoxFuture<'_, Result<(), String>> {
        let WorkerContext { name, common, .. } = &*self.context;
        Box::pin(async move {
            common.modes.choose(mode.clone()).await.map_err(|error| error.to_string())?;
            let actor = Actor::Person(format!("somebody ({name})"));
            audit::note(
                &*common.spool,
                audit::entry(common.clock.now(), actor, AuditAction::Mode, mode, ""),
            )
            .await;
            Ok(())
        })
    }

    fn act<'a>(
        &'a self,
        action: &'a Action,
        person: &'a str,
    ) -> BoxFuture<'a, Result<Done, String>> {
        let WorkerContext { name, common, .. } = &*self.context;
        Box::pin(async move {
            common.actions.act(action, person, name).await.map_err(|error| error.to_string())
        })
    }

    /// The status in words, with the channels that fail or are paused: this one may be the only one that still works.
    fn status(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let (actions, texts) = (&self.context.common.actions, self.texts());
            let mut lines = actions.status().await.map_err(|it| spool_failed(it, texts))?;
            for channel in self.channel_supervisor.states() {
                let name = ("name", (&channel.name).into());
                if let ChannelState::Failing { error, .. } = &channel.state {
                    let fails =
                        texts.with("overview-channel-fails", &[name, ("error", error.into())]);
                    lines.push_str(&format!("\n⚠️ {fails}"));
                } else if channel.paused {
                    let paused = texts.with("overview-channel-paused", &[name]);
                    lines.push_str(&format!("\n⏸ {paused}"));
                }
            }
            Ok(lines)
        })
    }

    fn last(&self, count: u32) -> BoxFuture<'_, Result<String, String>> {
        let (actions, texts) = (&self.context.common.actions, self.texts());
        Box::pin(async move { actions.last(count).await.map_err(|it| spool_failed(it, texts)) })
    }

    fn devices(&self) -> BoxFuture<'_, Result<String, String>> {
        let (actions, texts) = (&self.context.common.actions, self.texts());
        Box::pin(async move { actions.devices().await.map_err(|it| spool_failed(it, texts)) })
    }

    fn memory(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, String>> {
        let WorkerContext { name, common, .. } = &*self.context;
        let failed = |error| spool_failed(error, common.actions.texts());
        Box::pin(async move { common.spool.memory(name).await.map_err(failed) })
    }

    fn remember(&self, pairs: Vec<(String, String)>) -> BoxFuture<'_, Result<(), String>> {
        let WorkerContext { name, common, .. } = &*self.context;
        let lease = common.leases.hold(&self.context.lease_key).lease().cloned();
        let failed = |error| spool_failed(error, common.actions.texts());
        Box::pin(async move { common.spool.remember(name, pairs, lease).await.map_err(failed) })
    }

    fn wait_for_spare_turn<'a>(&'a self, paces: &'a [Pace]) -> BoxFuture<'a, ()> {
        Box::pin(self.context.pacer.acquire_spare(paces))
    }

    /// The address for requests of the service; `None` without a public address with TLS.
    fn hook_url(&self) -> Option<String> {
        self.context.common.links.hook(&self.context.name)
    }

    fn dashboard(&self) -> Option<String> {
        Some(self.context.common.links.base()).filter(|base| !base.is_empty())
    }
}

/// The answer to a person whose request failed because of the spool.
fn spool_failed(error: SpoolError, texts: Texts) -> String {
    tracing::error!(%error, "A request of a channel failed because of the spool.");
    texts.text("overview-failed")
}

/// Waits for an event that may change the state.
async fn changed(events: &mut broadcast::Receiver<LiveEvent>) {
    loop {
        match events.recv().await {
            // A new device is announced with its first alert, and read here a little later.
            Ok(LiveEvent::HomeState | LiveEvent::Device | LiveEvent::Config) => return,
            // A missed event may have been one of these.
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            Ok(_) => {}
        }
    }
}

/// The mode and the devices as they are now. Devices are sorted, so that equal states compare as equal.
async fn home_state(common: &DispatchContext) -> Result<HomeState, SpoolError> {
    let limit = u32::try_from(DEVICES_MAX).unwrap_or(u32::MAX);
    let devices = common.spool.devices(&DeviceFilter::default(), limit).await?;
    let configured = common.modes.rules.devices();
    let present = devices.into_iter().filter(|line| !is_removed(line, &configured));
    let mut devices: Vec<_> = present.map(|line| (line.id, line.name)).collect();
    devices.sort();
    Ok(HomeState {
        mode: common.modes.current(common.clock.now()).await?,
        modes: common.modes.all(),
        devices,
    })
}

/// Whether a device was configured under a name that is no longer in the configuration: under a new name it is
/// another device. A recorder's channels are removed with it.
fn is_removed(line: &DeviceLine, configured: &[String]) -> bool {
    let is_of = |name: &String| {
        let rest = line.key.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#') && line.recorder.is_some())
    };
    let is_configured = matches!(DeviceKey::parse(&line.key), DeviceKey::Configured(_));
    is_configured && !configured.iter().any(is_of)
}
