//! The home modes: which one is current, and choosing another. Shared by the API and the channels.

use std::sync::Arc;

use tipoff_model::Timestamp;
use tipoff_spool::{Spool, SpoolError};

use crate::runtime::clock::Clock;
use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::live_rules::LiveRules;

/// Reads and changes the current mode.
#[derive(Clone)]
pub(crate) struct Modes {
    /// Where the mode that somebody chose is stored.
    pub(crate) spool: Arc<dyn Spool>,
    /// The modes of the configuration, and when they begin by themselves.
    pub(crate) rules: Arc<LiveRules>,
    pub(crate) events: EventBus,
    pub(crate) clock: Clock,
}

/// Why a mode was not chosen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotChosen {
    /// No mode has this name; with the names of all modes.
    #[error("not one of the configured modes: {0}")]
    Unknown(String),
    /// It could not be stored.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl Modes {
    /// All modes, in the order of the configuration.
    pub(crate) fn all(&self) -> Vec<String> {
        self.rules.now().modes.iter().map(|mode| mode.name.clone()).collect()
    }

    /// The mode at `now`; `None` if no modes are configured.
    pub(crate) async fn current(&self, now: Timestamp) -> Result<Option<String>, SpoolError> {
        let chosen = self.spool.chosen_mode().await?;
        Ok(self.rules.now().mode(chosen.as_ref(), now).map(str::to_owned))
    }

    /// Makes this the current mode, until another one is chosen or begins at its time.
    pub(crate) async fn choose(&self, mode: String) -> Result<(), NotChosen> {
        let all = self.all();
        if !all.contains(&mode) {
            let all = if all.is_empty() { "there are none".to_owned() } else { all.join(", ") };
            return Err(NotChosen::Unknown(all));
        }
        tracing::info!(mode, "The mode was changed.");
        self.spool.choose_mode(mode, self.clock.now()).await?;
        self.events.publish(LiveEvent::HomeState);
        Ok(())
    }
}
