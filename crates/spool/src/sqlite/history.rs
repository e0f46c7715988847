//! The past of one device, as the rules may ask for it while something of it is stored.

use std::cell::RefCell;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{Event, Facts, Gathering, History, NotifiedChannel, Plan, Planner, Timestamp};

use super::home_settings::{self, Choice};
use super::{at, summary};
use crate::{Result, SpoolError};

/// What the rules may ask of the past of one device.
pub(super) struct DeviceHistory<'a> {
    pub(super) connection: &'a Connection,
    pub(super) device: i64,
    /// The time of the question: what was recorded later is left out.
    pub(super) now: Timestamp,
    /// The first error of reading the past: there is no plan then.
    error: RefCell<Option<SpoolError>>,
}

impl<'a> DeviceHistory<'a> {
    pub(super) fn new(connection: &'a Connection, device: i64, now: Timestamp) -> Self {
        Self { connection, device, now, error: RefCell::default() }
    }

    /// The plan of the rules, which may ask for the past of the device.
    ///
    /// # Errors
    /// If the past could not be read: a plan without it could repeat or suppress alerts.
    pub(super) fn plan(
        &self,
        planner: &dyn Planner,
        facts: &Facts<'_>,
        notified: &[NotifiedChannel],
    ) -> Result<Plan> {
        let plan = planner.plan(facts, notified, self);
        match self.error.take() {
            Some(error) => Err(error),
            None => Ok(plan),
        }
    }

    /// What was read. An error is kept for the end of the plan.
    fn known<T: Default>(&self, past: Result<T>) -> T {
        past.unwrap_or_else(|error| {
            self.error.borrow_mut().get_or_insert(error);
            T::default()
        })
    }
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
        self.known(last)
    }

    fn alerts_since(&self, channel: &str, event: Event, since: Timestamp) -> u32 {
        self.known(summary::alerts_since(self, channel, event, since))
    }

    fn follow_ups_since(&self, channel: &str, event: Event, since: Timestamp) -> u32 {
        self.known(summary::follow_ups_since(self, channel, event, since))
    }

    fn firsts_since(&self, channel: &str, since: Timestamp) -> (u32, Option<Timestamp>) {
        self.known(summary::firsts_since(self, channel, since))
    }

    fn firsts_of_address(&self, channel: &str, since: Timestamp) -> u32 {
        self.known(summary::firsts_of_address(self, channel, since))
    }

    fn gathering_of_address(&self, channel: &str, since: Timestamp) -> Option<Gathering> {
        self.known(summary::gathering_of_address(self, channel, since))
    }

    fn gathering(&self, channel: &str, event: Event, since: Timestamp) -> Option<Gathering> {
        self.known(summary::gathering(self, channel, event, since))
    }

    fn gathering_follow_ups(
        &self,
        channel: &str,
        event: Event,
        since: Timestamp,
    ) -> Option<Gathering> {
        self.known(summary::gathering_follow_ups(self, channel, event, since))
    }

    fn chosen_mode(&self) -> Option<(String, Timestamp)> {
        self.known(home_settings::read(self.connection, Choice::Mode))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sqlite::{SqliteSpool, schema};
    use crate::{Spool, contract};

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
    const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

    /// Each question, asked of a spool with a first alert and a summary that were made at this time.
    fn asked(made_at: Timestamp) -> (bool, u32, u32, bool) {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let until = made_at.after(HOUR).0;
        let rows = format!(
            "INSERT INTO device (id, key, name) VALUES (1, 'yard', 'yard');
             INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
             VALUES (1, 1, 'motion', '', {0}, {0});
             INSERT INTO delivery (incident, channel, kind, state, created_at, due_at, gathers_until)
             VALUES (1, 'phone', 'first', 'delivered', {0}, {0}, NULL),
                    (1, 'phone', 'summary', 'delivered', {0}, {0}, {until});",
            made_at.0
        );
        connection.execute_batch(&rows).unwrap();
        let history = DeviceHistory::new(&connection, 1, NOW);
        let since = NOW.before(HOUR);
        (
            history.last_first_alert("phone").is_some(),
            history.alerts_since("phone", Event::Motion, since),
            history.firsts_since("phone", since).0,
            history.gathering("phone", Event::Motion, since).is_some(),
        )
    }

    #[tokio::test]
    async fn an_arrival_whose_past_cannot_be_read_is_not_stored() {
        let folder = tempfile::tempdir().unwrap();
        let spool = SqliteSpool::open(folder.path(), Arc::new(contract::Plain)).unwrap();
        // In this mode the rules ask for all of the past, and nothing is alerted.
        spool.choose_mode("asked".to_owned(), contract::NOW).await.unwrap();
        let other = Connection::open(folder.path().join("spool.db")).unwrap();
        let stored = || -> u32 {
            other.query_row("SELECT count(*) FROM arrival", [], |row| row.get(0)).unwrap()
        };
        let store = || spool.store(contract::arrival(&spool, "yard", contract::NOW));
        store().await.unwrap();
        // Then only the past cannot be read: nothing else that stores this arrival has the column.
        let rename = |from: &str, to: &str| {
            let sql = format!("ALTER TABLE delivery RENAME COLUMN {from} TO {to}");
            other.execute_batch(&sql).unwrap();
        };
        rename("gathers_until", "lost");
        assert!(store().await.is_err());
        assert_eq!(stored(), 1);
        rename("lost", "gathers_until");
        store().await.unwrap();
        assert_eq!(stored(), 2);
    }

    #[test]
    fn what_a_clock_ahead_recorded_suppresses_nothing() {
        assert_eq!(asked(NOW), (true, 1, 1, true));
        assert_eq!(asked(NOW.after(std::time::Duration::from_secs(1))), (true, 1, 1, true));
        assert_eq!(asked(NOW.after(HOUR)), (false, 0, 0, false));
    }
}
