//! The household as a channel sees it that stays in touch with its service.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tipoff_channels::{BoxFuture, DEVICES_MAX, Done, HomeControl, HomeState, Pace};
use tipoff_model::{Action, DeviceKey, Timestamp};
use tipoff_spool::{Actor, DeviceFilter, DeviceLine, SpoolError};
use tokio::sync::broadcast;

use super::orders::Parts;
use super::{ChannelState, Common, Dispatch};
use crate::audit::{self, what};
use crate::runtime::events::LiveEvent;

/// How often it is looked at when nothing is told: a mode may begin by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What one channel knows of the household and may ask of it.
pub(super) struct ChannelHousehold {
    pub(super) parts: Arc<Parts>,
    pub(super) dispatch: Dispatch,
}

impl HomeControl for ChannelHousehold {
    fn next_state(&self, known: Option<HomeState>) -> BoxFuture<'_, HomeState> {
        let common = &*self.parts.common;
        Box::pin(async move {
            let mut events = common.events.subscribe();
            loop {
                match look(common).await {
                    Ok(standing) if known.as_ref() != Some(&standing) => return standing,
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "How the house stands is not known."),
                }
                let _ = tokio::time::timeout(LOOK_AGAIN, changed(&mut events)).await;
            }
        })
    }

    fn choose_mode(&self, mode: String) -> BoxFuture<'_, Result<(), String>> {
        let Parts { name, common, .. } = &*self.parts;
        Box::pin(async move {
            common.modes.choose(mode.clone()).await.map_err(|error| error.to_string())?;
            let actor = Actor::Person(format!("somebody ({name})"));
            audit::note(&*common.spool, audit::entry(actor, what::MODE, mode, "")).await;
            Ok(())
        })
    }

    fn act<'a>(
        &'a self,
        action: &'a Action,
        person: &'a str,
    ) -> BoxFuture<'a, Result<Done, String>> {
        let Parts { name, common, .. } = &*self.parts;
        Box::pin(async move {
            common.actions.act(action, person, name).await.map_err(|error| error.to_string())
        })
    }

    fn status(&self) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            let mut lines = self.parts.common.actions.status().await.map_err(unread)?;
            for channel in self.dispatch.states() {
                if let ChannelState::Failing { error, .. } = channel.state {
                    lines.push_str(&format!("\n⚠️ {} fails: {error}", channel.name));
                } else if channel.paused {
                    lines.push_str(&format!("\n⏸ {} is paused", channel.name));
                }
            }
            Ok(lines)
        })
    }

    fn last(&self, count: u32) -> BoxFuture<'_, Result<String, String>> {
        let actions = &self.parts.common.actions;
        Box::pin(async move { actions.last(count).await.map_err(unread) })
    }

    fn devices(&self) -> BoxFuture<'_, Result<String, String>> {
        let actions = &self.parts.common.actions;
        Box::pin(async move { actions.devices().await.map_err(unread) })
    }

    fn memory(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, String>> {
        let Parts { name, common, .. } = &*self.parts;
        Box::pin(async move { common.spool.memory(name).await.map_err(unread) })
    }

    fn remember(&self, pairs: Vec<(String, String)>) -> BoxFuture<'_, Result<(), String>> {
        let Parts { name, common, .. } = &*self.parts;
        Box::pin(async move { common.spool.remember(name, pairs).await.map_err(unread) })
    }

    fn wait_for_spare_turn<'a>(&'a self, paces: &'a [Pace]) -> BoxFuture<'a, ()> {
        Box::pin(self.parts.pacer.acquire_spare(paces))
    }

    fn hook_url(&self) -> Option<String> {
        self.parts.common.links.hook(&self.parts.name)
    }

    fn dashboard(&self) -> Option<String> {
        Some(self.parts.common.links.base().to_owned()).filter(|base| !base.is_empty())
    }
}

/// What a person is told who asked to see something.
fn unread(error: SpoolError) -> String {
    tracing::error!(%error, "The spool did not answer a channel.");
    "That did not work just now. Try again in a moment.".to_owned()
}

/// Waits for something that may change how it stands.
async fn changed(events: &mut broadcast::Receiver<LiveEvent>) {
    loop {
        match events.recv().await {
            // A device that is new is announced with its first alert, and seen here a little later.
            Ok(LiveEvent::House | LiveEvent::Device | LiveEvent::Config) => return,
            // What was missed may have been such.
            Err(broadcast::error::RecvError::Lagged(_)) => return,
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            Ok(_) => {}
        }
    }
}

async fn look(common: &Common) -> Result<HomeState, SpoolError> {
    let limit = u32::try_from(DEVICES_MAX).unwrap_or(u32::MAX);
    let devices = common.spool.devices(&DeviceFilter::default(), limit).await?;
    let configured = common.modes.rules.devices();
    let there = devices.into_iter().filter(|line| !is_gone(line, &configured));
    let mut devices: Vec<_> = there.map(|line| (line.id, line.name)).collect();
    devices.sort();
    Ok(HomeState {
        mode: common.modes.current(Timestamp::from(SystemTime::now())).await?,
        modes: common.modes.all(),
        devices,
    })
}

/// Whether a device was configured under a name that the configuration no longer has: under its new name it is
/// another one. A recorder's channels go with it.
fn is_gone(line: &DeviceLine, configured: &[String]) -> bool {
    let is_of = |name: &String| {
        let rest = line.key.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#') && line.recorder.is_some())
    };
    let is_configured = matches!(DeviceKey::parse(&line.key), DeviceKey::Configured(_));
    is_configured && !configured.iter().any(is_of)
}
