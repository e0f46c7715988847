//! Loads what the rules need of a device's past, before they plan.

use tipoff_model::{
    ChannelPast, Event, Facts, NotifiedChannel, Past, PastQuery, Planner, Timestamp,
};

use super::home_settings::Chosen;
use super::statement::{Sql, at, params};
use super::summaries;
use crate::Result;
use crate::core::summary::note_gathering;
use crate::core::turn_place::DevicePlace;

/// How many of a device's latest incidents are looked at for first alerts of an hour.
const INCIDENTS_MAX: u32 = 500;
/// The same for alerts of one kind of event, among incidents of all kinds.
const LATEST_MAX: u32 = 1_000;
/// How many first alerts of an address are counted: no limit is larger.
const COUNTED_MAX: u32 = 40_000;

/// The past that the rules ask for, of the device that an arrival is from. `chosen_mode` is the mode that somebody chose
/// last.
///
/// # Errors
/// If it cannot be read: a plan without it could repeat or suppress alerts.
pub(super) fn load(
    sql: &dyn Sql,
    planner: &dyn Planner,
    facts: &Facts<'_>,
    notified: &[NotifiedChannel],
    device: &DevicePlace,
    chosen_mode: Option<Chosen>,
) -> Result<Past> {
    let queries = planner.past_needed(facts, notified, chosen_mode.as_ref());
    let past = PastOf { sql, device, event: facts.event, now: facts.received_at };
    let mut pasts = sql.together(|sql| past.on(sql).latest(&queries))?;
    let counts = sql.together(|sql| past.on(sql).counts(&queries, &pasts))?;
    for (past, counts) in pasts.iter_mut().zip(counts) {
        counts.note(past);
    }
    let channels = queries.into_iter().map(|query| query.channel).zip(pasts).collect();
    Ok(Past { chosen_mode, channels })
}

/// Makes the queries of [`load`] that depend on no others.
pub(super) fn expect(
    sql: &dyn Sql,
    planner: &dyn Planner,
    facts: &Facts<'_>,
    device: &DevicePlace,
    chosen_mode: Option<&Chosen>,
) -> Result<()> {
    let queries = planner.past_needed(facts, &[], chosen_mode);
    let past = PastOf { sql, device, event: facts.event, now: facts.received_at };
    past.latest(&queries).map(drop)
}

/// A device whose past is loaded, for an arrival with this event.
struct PastOf<'a> {
    sql: &'a dyn Sql,
    device: &'a DevicePlace,
    event: Event,
    /// When the arrival was received: what was recorded later is left out.
    now: Timestamp,
}

/// Numbers of recent alerts. `None`: not needed.
#[derive(Default)]
struct Counts {
    /// Of incidents, and of what followed.
    of_device: Option<(u32, u32)>,
    of_address: Option<u32>,
}

impl Counts {
    fn note(self, past: &mut ChannelPast) {
        if let Some(of_device) = self.of_device {
            (past.alerts.count, past.follow_ups.count) = of_device;
        }
        if let Some(of_address) = self.of_address {
            past.firsts_of_address.count = of_address;
        }
    }
}

impl PastOf<'_> {
    /// The same, to be read by this connection.
    fn on<'a>(&'a self, sql: &'a dyn Sql) -> PastOf<'a> {
        PastOf { sql, ..*self }
    }

    /// What is needed of each channel before it is known whether alerts have to be counted.
    fn latest(&self, queries: &[PastQuery]) -> Result<Vec<ChannelPast>> {
        queries.iter().map(|query| self.latest_of(query)).collect()
    }

    fn latest_of(&self, query: &PastQuery) -> Result<ChannelPast> {
        let channel = &query.channel;
        let mut past = ChannelPast::default();
        if query.last_first {
            past.last_first = self.last_first(channel)?;
        }
        if let Some(since) = query.firsts_since {
            (past.firsts, past.oldest_first) = self.firsts_since(channel, since)?;
        }
        if let Some(recent) = query.recent {
            let summaries = summaries::read(self.sql, channel, self.device, recent.since)?;
            note_gathering(&mut past, &summaries, recent, self.event, self.now);
        }
        Ok(past)
    }

    /// The counts for each channel. A summary that takes more in spares them.
    fn counts(&self, queries: &[PastQuery], pasts: &[ChannelPast]) -> Result<Vec<Counts>> {
        queries.iter().zip(pasts).map(|(query, past)| self.counts_of(query, past)).collect()
    }

    fn counts_of(&self, query: &PastQuery, past: &ChannelPast) -> Result<Counts> {
        let mut counts = Counts::default();
        let (channel, Some(recent)) = (&query.channel, query.recent) else { return Ok(counts) };
        if recent.needs_count(past, self.now) {
            counts.of_device = Some(self.alerts_since(channel, recent.since)?);
        }
        if recent.needs_count_of_address(past, self.now) {
            counts.of_address = Some(self.firsts_of_address(channel, recent.since)?);
        }
        Ok(counts)
    }

    fn last_first(&self, channel: &str) -> Result<Option<Timestamp>> {
        self.sql.row(
            "SELECT delivery.created_at FROM incident
                 JOIN delivery ON delivery.incident = incident.id
                 WHERE incident.device = ?1 AND delivery.channel = ?2 AND delivery.kind = 'first'
                   AND delivery.created_at <= ?3
                 ORDER BY incident.id DESC LIMIT 1",
            params![self.device.device, channel, self.now.latest_recorded().0],
            |row| at(row, 0),
        )
    }

    /// The number of first alerts, and when the oldest was made.
    fn firsts_since(&self, channel: &str, since: Timestamp) -> Result<(u32, Option<Timestamp>)> {
        let (device, latest) = (self.device.device, self.now.latest_recorded().0);
        self
            .sql.one("SELECT count(*), min(created_at)
                 FROM (SELECT id FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT ?4) AS latest
                 JOIN delivery ON delivery.incident = latest.id
                 WHERE channel = ?2 AND created_at BETWEEN ?3 AND ?5 AND kind = 'first'", params![device, channel, since.0, INCIDENTS_MAX, latest], |row| {
                Ok((row.get(0)?, row.get::<Option<i64>>(1)?.map(Timestamp)))
            })
    }

    /// The numbers of alerts for this kind of event besides summaries: of incidents, and of what followed.
    fn alerts_since(&self, channel: &str, since: Timestamp) -> Result<(u32, u32)> {
        let (device, latest) = (self.device.device, self.now.latest_recorded().0);
        let event = self.event.as_str();
        self.sql.one(
            ALERTS_SINCE,
            params![device, channel, event, since.0, LATEST_MAX, latest],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    fn firsts_of_address(&self, channel: &str, since: Timestamp) -> Result<u32> {
        let Some(address) = self.device.unknown_at() else {
            return Ok(0);
        };
        self.sql.one(
            "SELECT count(*) FROM (SELECT 1 FROM delivery
                 WHERE place = ?1 AND channel = ?2 AND created_at BETWEEN ?3 AND ?4
                   AND kind = 'first' AND place >= '$' LIMIT ?5) AS found",
            params![address, channel, since.0, self.now.latest_recorded().0, COUNTED_MAX],
            |row| row.get(0),
        )
    }
}

/// The index is named: that of events would read the incidents of all other devices, so that a flood of theirs slows
/// down each arrival.
const ALERTS_SINCE: &str = "
    SELECT count(*) FILTER (WHERE kind NOT IN ('followup', 'summary')),
           count(*) FILTER (WHERE kind = 'followup')
    FROM (SELECT id, event FROM incident INDEXED BY incident_by_device WHERE device = ?1
          ORDER BY id DESC LIMIT ?5) AS latest
    JOIN delivery ON delivery.incident = latest.id
    WHERE latest.event = ?3 AND channel = ?2 AND created_at BETWEEN ?4 AND ?6";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rusqlite::{Connection, params};
    use tipoff_model::RecentQuery;

    use super::*;
    use crate::sqlite::{SqliteSpool, schema};
    use crate::{Spool, contract};

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);
    const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

    /// Asks for all of the past.
    fn query(since: Timestamp) -> PastQuery {
        PastQuery {
            channel: "phone".to_owned(),
            last_first: true,
            firsts_since: Some(since),
            recent: Some(RecentQuery { since, of_address: true, counts_while_gathering: true }),
        }
    }

    fn whole(device: &PastOf<'_>, query: &PastQuery) -> ChannelPast {
        let mut past = device.latest_of(query).unwrap();
        device.counts_of(query, &past).unwrap().note(&mut past);
        past
    }

    /// The past of a spool with a first alert and a summary that were made at this time.
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
        let device = DevicePlace { device: 1, ..DevicePlace::default() };
        let (connection, device) = (&connection, &device);
        let past = PastOf { sql: connection, device, event: Event::Motion, now: NOW };
        let past = whole(&past, &query(NOW.before(HOUR)));
        (past.last_first.is_some(), past.alerts.count, past.firsts, past.alerts.gathering.is_some())
    }

    #[test]
    fn what_a_device_was_alerted_of_is_counted_without_reading_others() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let plan: Vec<String> = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {ALERTS_SINCE}"))
            .unwrap()
            .query_map(params![1, "phone", "motion", 0, LATEST_MAX, 9], |row| row.get(3))
            .unwrap()
            .map(rusqlite::Result::unwrap)
            .collect();
        let plan = plan.join("; ");
        assert!(
            plan.contains("SEARCH incident USING INDEX incident_by_device (device=?)"),
            "{plan}"
        );
        assert!(plan.contains("SEARCH delivery USING INDEX delivery_of_incident"), "{plan}");
        assert!(!plan.contains("ORDER BY"), "{plan}");
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

    /// A flood costs each arrival one look-up of the summary that takes it in: nothing is counted.
    #[test]
    fn the_past_of_a_device_that_does_not_stop_is_read_quickly() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let rows = format!(
            "INSERT INTO device (id, key, name) VALUES (1, 'yard', 'yard');
             WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 20000)
             INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
             SELECT n, 1, 'motion', '', {0}, {0} FROM number;
             INSERT INTO delivery (incident, channel, kind, state, created_at, due_at, gathers_until, held)
             VALUES (1, 'phone', 'first', 'delivered', {0}, {0}, NULL, 0),
                    (2, 'phone', 'summary', 'pending', {0}, {1}, {1}, 19999);",
            NOW.0,
            NOW.after(HOUR).0
        );
        connection.execute_batch(&rows).unwrap();
        let device = DevicePlace { device: 1, ..DevicePlace::default() };
        let (connection, device) = (&connection, &device);
        let past = PastOf { sql: connection, device, event: Event::Motion, now: NOW };
        let since = NOW.before(HOUR);
        for counts_while_gathering in [false, true] {
            let recent = RecentQuery { since, of_address: true, counts_while_gathering };
            let query = PastQuery {
                channel: "phone".to_owned(),
                recent: Some(recent),
                ..PastQuery::default()
            };
            let began = std::time::Instant::now();
            for _ in 0..100 {
                let past = whole(&past, &query);
                assert_eq!(past.alerts.count, 0, "the first alert is not among the latest");
                assert_eq!(past.alerts.gathering.unwrap().held, 19_999);
            }
            println!("the past of 20,000 incidents in {:?}", began.elapsed() / 100);
        }
    }
}
