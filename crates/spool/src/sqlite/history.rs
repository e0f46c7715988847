//! The past of one device, as the rules may ask for it while something of it is stored.

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{Event, Gathering, History, Timestamp};

use super::choice::{self, Choice};
use super::{at, summary};
use crate::{Result, SpoolError};

/// What is known of the past; nothing, where the spool fails: better an alert too many than one too
/// few.
fn known<T: Default>(past: Result<T>) -> T {
    past.unwrap_or_else(|error| {
        tracing::error!(%error, "The spool could not tell the rules what was before.");
        T::default()
    })
}

/// What the rules may ask of the past of one device.
pub(super) struct DeviceHistory<'a> {
    pub(super) connection: &'a Connection,
    pub(super) device: i64,
    /// The time of the question: what was recorded later is left out.
    pub(super) now: Timestamp,
}

impl History for DeviceHistory<'_> {
    fn last_first_alert(&self, channel: &str) -> Option<Timestamp> {
        let last = self
            .connection
            .prepare_cached(
                "SELECT delivery.created_at FROM incident
                 JOIN delivery ON delivery.incident = incident.id
                 WHERE incident.device = ?1 AND delivery.channel = ?2 AND delivery.kind = 'first'
                   AND delivery.created_at <= ?3
                 ORDER BY incident.id DESC LIMIT 1",
            )
            .and_then(|mut select| {
                let now = self.now.latest_recorded().0;
                select.query_row(params![self.device, channel, now], |row| at(row, 0)).optional()
            })
            .map_err(SpoolError::from);
        known(last)
    }

    fn alerts_since(&self, channel: &str, event: Event, since: Timestamp) -> u32 {
        known(summary::alerts_since(self, channel, event, since))
    }

    fn firsts_since(&self, channel: &str, since: Timestamp) -> (u32, Option<Timestamp>) {
        known(summary::firsts_since(self, channel, since))
    }

    fn gathering(&self, channel: &str, event: Event, since: Timestamp) -> Option<Gathering> {
        known(summary::gathering(self, channel, event, since))
    }

    fn chosen_mode(&self) -> Option<(String, Timestamp)> {
        known(choice::read(self.connection, Choice::Mode))
    }
}
