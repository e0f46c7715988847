//! Summaries: what was held back because it was too much is told as a count, with the first and the
//! latest of it.

use rusqlite::{Connection, OptionalExtension, Row, params};
use tipoff_model::{Due, Event, Gathering, Timestamp};

use super::at;
use super::history::DeviceHistory;
use super::store::{Added, insert_delivery};
use crate::Result;

/// How many of a device's latest incidents are looked at for what was told lately.
const INCIDENTS_MAX: u32 = 500;
/// The same for alerts of one kind of event, among incidents of all kinds.
const LATEST_MAX: u32 = 1_000;
/// How many first alerts of an address are counted: no limit is larger.
const COUNTED_MAX: u32 = 40_000;

/// Gives an arrival its place in the summary that gathers for the device, or begins one.
pub(super) fn add(connection: &Connection, added: &Added, due: &Due, now: Timestamp) -> Result<()> {
    let delivery = match gathers(connection, added, due, now)? {
        Some(delivery) => delivery,
        None => insert_delivery(connection, added.incident, false, due, now)?,
    };
    // The first stays, the latest takes the place of the one before.
    connection
        .prepare_cached(
            "DELETE FROM delivery_arrival WHERE delivery = ?1 AND arrival >
                 (SELECT min(arrival) FROM delivery_arrival WHERE delivery = ?1)",
        )?
        .execute([delivery])?;
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO delivery_arrival (delivery, arrival) VALUES (?1, ?2)",
        )?
        .execute(params![delivery, added.arrival.0])?;
    connection
        .prepare_cached(
            "UPDATE delivery SET held = held + 1, gathers_until = coalesce(gathers_until, due_at),
                    held_follow_ups = held_follow_ups + EXISTS
                        (SELECT 1 FROM delivery AS alerted WHERE alerted.incident = ?2
                         AND alerted.channel = delivery.channel AND alerted.kind = 'first')
             WHERE id = ?1",
        )?
        .execute(params![delivery, added.incident.0])?;
    Ok(())
}

/// The summary for the device that is not due yet: once it is, it may be under way.
fn gathers(
    connection: &Connection,
    added: &Added,
    due: &Due,
    now: Timestamp,
) -> Result<Option<i64>> {
    Ok(connection
        .prepare_cached(
            "SELECT delivery.id FROM delivery JOIN incident ON incident.id = delivery.incident
             WHERE kind = 'summary' AND channel = ?1 AND gathers_until > ?2 AND state = 'pending'
               AND attempts = 0 AND route IS ?3 AND created_at <= ?5 AND of_place = ?6
               AND CASE WHEN of_place
                   THEN delivery.place = (SELECT place FROM incident AS it
                                          JOIN device ON device.id = it.device WHERE it.id = ?4)
                   ELSE (incident.device, event) = (SELECT device, event FROM incident WHERE id = ?4)
                   END
             ORDER BY delivery.id DESC LIMIT 1",
        )?
        .query_row(
            params![
                due.channel,
                now.0,
                due.route,
                added.incident.0,
                now.latest_recorded().0,
                due.of_address
            ],
            |row| row.get(0),
        )
        .optional()?)
}

/// The deliveries of a kind of event of a device on a channel, by their kind. The index is named: that of events would
/// read the incidents of all other devices, so that a flood of theirs slows down each arrival.
fn counting(kinds: &str) -> String {
    format!(
        "SELECT count(*)
         FROM (SELECT id, event FROM incident INDEXED BY incident_by_device WHERE device = ?1
               ORDER BY id DESC LIMIT ?5) AS latest
         JOIN delivery ON delivery.incident = latest.id
         WHERE latest.event = ?3 AND channel = ?2 AND created_at BETWEEN ?4 AND ?6 AND {kinds}"
    )
}

/// See [`tipoff_model::History::alerts_since`].
pub(super) fn alerts_since(
    history: &DeviceHistory<'_>,
    channel: &str,
    event: Event,
    since: Timestamp,
) -> Result<u32> {
    counted_since("kind NOT IN ('followup', 'summary')", history, channel, event, since)
}

/// See [`tipoff_model::History::follow_ups_since`].
pub(super) fn follow_ups_since(
    history: &DeviceHistory<'_>,
    channel: &str,
    event: Event,
    since: Timestamp,
) -> Result<u32> {
    counted_since("kind = 'followup'", history, channel, event, since)
}

fn counted_since(
    kinds: &str,
    history: &DeviceHistory<'_>,
    channel: &str,
    event: Event,
    since: Timestamp,
) -> Result<u32> {
    let latest = history.now.latest_recorded().0;
    let values = params![history.device, channel, event.as_str(), since.0, LATEST_MAX, latest];
    let mut count = history.connection.prepare_cached(&counting(kinds))?;
    Ok(count.query_row(values, |row| row.get(0))?)
}

/// See [`tipoff_model::History::firsts_since`].
pub(super) fn firsts_since(
    history: &DeviceHistory<'_>,
    channel: &str,
    since: Timestamp,
) -> Result<(u32, Option<Timestamp>)> {
    Ok(history
        .connection
        .prepare_cached(
            "SELECT count(*), min(created_at)
             FROM (SELECT id FROM incident WHERE device = ?1 ORDER BY id DESC LIMIT ?4) AS latest
             JOIN delivery ON delivery.incident = latest.id
             WHERE channel = ?2 AND created_at BETWEEN ?3 AND ?5 AND kind = 'first'",
        )?
        .query_row(
            params![
                history.device,
                channel,
                since.0,
                INCIDENTS_MAX,
                history.now.latest_recorded().0
            ],
            |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.map(Timestamp))),
        )?)
}

/// See [`tipoff_model::History::gathering`].
pub(super) fn gathering(
    history: &DeviceHistory<'_>,
    channel: &str,
    event: Event,
    since: Timestamp,
) -> Result<Option<Gathering>> {
    const SQL: &str = "SELECT gathers_until, held - held_follow_ups
        FROM delivery JOIN incident ON incident.id = delivery.incident
        WHERE kind = 'summary' AND channel = ?1 AND gathers_until > ?2 AND route IS NULL
          AND incident.device = ?3 AND event = ?4 AND created_at <= ?5 AND NOT of_place
          AND held_follow_ups < max(held, 1)
        ORDER BY delivery.id DESC LIMIT 1";
    latest_gathering(SQL, history, channel, event, since)
}

/// See [`tipoff_model::History::gathering_follow_ups`].
pub(super) fn gathering_follow_ups(
    history: &DeviceHistory<'_>,
    channel: &str,
    event: Event,
    since: Timestamp,
) -> Result<Option<Gathering>> {
    const SQL: &str = "SELECT gathers_until, held_follow_ups
        FROM delivery JOIN incident ON incident.id = delivery.incident
        WHERE kind = 'summary' AND channel = ?1 AND gathers_until > ?2 AND route IS NULL
          AND incident.device = ?3 AND event = ?4 AND created_at <= ?5 AND NOT of_place
          AND held_follow_ups > 0
        ORDER BY delivery.id DESC LIMIT 1";
    latest_gathering(SQL, history, channel, event, since)
}

fn latest_gathering(
    sql: &str,
    history: &DeviceHistory<'_>,
    channel: &str,
    event: Event,
    since: Timestamp,
) -> Result<Option<Gathering>> {
    let latest = history.now.latest_recorded().0;
    let values = params![channel, since.0, history.device, event.as_str(), latest];
    let read = |row: &Row<'_>| Ok(Gathering { due_at: at(row, 0)?, held: row.get(1)? });
    Ok(history.connection.prepare_cached(sql)?.query_row(values, read).optional()?)
}

/// The place that a device counts to; `None` if people know the device.
fn place(history: &DeviceHistory<'_>) -> Result<Option<String>> {
    Ok(history
        .connection
        .prepare_cached(
            "SELECT device.place FROM device LEFT JOIN device AS recorder ON recorder.id = device.recorder
             WHERE device.id = ?1 AND coalesce(device.label, recorder.label) IS NULL",
        )?
        .query_row([history.device], |row| row.get::<_, Option<String>>(0))
        .optional()?
        .flatten())
}

/// See [`tipoff_model::History::firsts_of_address`].
pub(super) fn firsts_of_address(
    history: &DeviceHistory<'_>,
    channel: &str,
    since: Timestamp,
) -> Result<u32> {
    let Some(place) = place(history)? else {
        return Ok(0);
    };
    Ok(history
        .connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM delivery
             WHERE place = ?1 AND channel = ?2 AND created_at BETWEEN ?3 AND ?4 AND kind = 'first'
               AND place >= '$' LIMIT ?5)",
        )?
        .query_row(
            params![place, channel, since.0, history.now.latest_recorded().0, COUNTED_MAX],
            |row| row.get(0),
        )?)
}

/// See [`tipoff_model::History::gathering_of_address`].
pub(super) fn gathering_of_address(
    history: &DeviceHistory<'_>,
    channel: &str,
    since: Timestamp,
) -> Result<Option<Gathering>> {
    let Some(place) = place(history)? else {
        return Ok(None);
    };
    Ok(history
        .connection
        .prepare_cached(
            "SELECT gathers_until, held FROM delivery
             WHERE kind = 'summary' AND channel = ?1 AND gathers_until > ?2 AND of_place
               AND place = ?3 AND created_at <= ?4
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![channel, since.0, place, history.now.latest_recorded().0], |row| {
            Ok(Gathering { due_at: at(row, 0)?, held: row.get(1)? })
        })
        .optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::schema;

    #[test]
    fn what_a_device_was_alerted_of_is_counted_without_reading_others() {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let plan: Vec<String> = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {}", counting("kind = 'followup'")))
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
}
