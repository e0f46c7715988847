//! Applies what was added to the configuration in the dashboard, as soon as it is stored.
//!
//! The node that stores it asks for this; the others compare versions as often as they look at the file.

use super::{Reload, changes};
use crate::config::ConfigFault;
use crate::runtime::events::LiveEvent;

impl Reload {
    /// Reads what was added, and applies it if it has changed.
    pub(super) async fn read_added(&mut self) {
        match self.running.services.spool.added_configuration().await {
            Ok(added) if added.version != self.added.version => {
                self.added = added;
                tokio::task::block_in_place(|| self.apply_added());
                self.running.services.events.publish(LiveEvent::Config);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "What was added in the dashboard could not be read.");
            }
        }
    }

    /// Reads which browsers get notifications, and applies it if it has changed. Other nodes, and the command line beside this
    /// program, change it too.
    pub(super) async fn read_browsers(&mut self) {
        match self.running.push.read(&*self.running.services.spool).await {
            Ok(true) => {
                self.running.apply_browsers(&self.current);
                self.running.services.events.publish(LiveEvent::Config);
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "The browsers that get notifications could not be read.");
            }
        }
    }

    /// The fault of the file, if it has one, stays: only what was added is applied.
    fn apply_added(&mut self) {
        let config = self.source.with_added(&self.added.document);
        let config = config.map_err(|faults| ConfigFault::of(&faults));
        let before = self.current.clone();
        match config.and_then(|config| self.apply(config)) {
            Ok(()) => {
                let changed = changes::taken_up(&before, &self.current).join(", ");
                tracing::info!(changed, "What was added in the dashboard is in use.");
                self.report_added();
            }
            Err(fault) => {
                let faults = fault.summary;
                tracing::error!(faults, "What was added in the dashboard cannot be applied.");
            }
        }
    }

    /// Logs why what was added is not in use.
    pub(super) fn report_added(&self) {
        let added = &self.current.added;
        if let Some(fault) = &added.fault {
            tracing::error!(
                faults = fault.summary,
                "What was added in the dashboard cannot be used; the file alone is.",
            );
        }
        for channel in added.channels.iter().filter(|channel| !channel.is_active) {
            tracing::warn!(
                channel = channel.name,
                "The configuration file has a channel of this name; the one that was added is inactive.",
            );
        }
    }
}
