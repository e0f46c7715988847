//! The modes of the house: which holds, and choosing another. One place for the API and for channels.

use std::sync::Arc;
use std::time::SystemTime;

use tipoff_model::Timestamp;
use tipoff_spool::{Spool, SpoolError};

use crate::runtime::events::{EventBus, LiveEvent};
use crate::runtime::live_rules::LiveRules;

/// What modes are looked up and chosen with.
#[derive(Clone)]
pub(crate) struct Modes {
    pub(crate) spool: Arc<dyn Spool>,
    pub(crate) rules: Arc<LiveRules>,
    pub(crate) events: EventBus,
}

/// Why a mode is not chosen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotChosen {
    /// There is none of this name.
    #[error("not one of the configured modes: {0}")]
    Unknown(String),
    /// It could not be kept.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl Modes {
    /// All of them, in the order of the configuration.
    pub(crate) fn all(&self) -> Vec<String> {
        self.rules.now().modes.iter().map(|mode| mode.name.clone()).collect()
    }

    /// The one that holds at `now`; none: there are no modes.
    pub(crate) async fn current(&self, now: Timestamp) -> Result<Option<String>, SpoolError> {
        let chosen = self.spool.chosen_mode().await?;
        Ok(self.rules.now().mode(chosen.as_ref(), now).map(str::to_owned))
    }

    /// Has this one hold from now on.
    pub(crate) async fn choose(&self, mode: String) -> Result<(), NotChosen> {
        let all = self.all();
        if !all.contains(&mode) {
            let all = if all.is_empty() { "there are none".to_owned() } else { all.join(", ") };
            return Err(NotChosen::Unknown(all));
        }
        tracing::info!(mode, "A mode is chosen.");
        self.spool.choose_mode(mode, Timestamp::from(SystemTime::now())).await?;
        self.events.publish(LiveEvent::House);
        Ok(())
    }
}
