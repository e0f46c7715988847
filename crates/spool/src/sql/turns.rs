//! The queue of a channel as its rows are: what [`crate::core::turns`] asks of it.

use std::time::Instant;

use tipoff_model::{AlertKind, ArrivalId, DeviceId, Timestamp};

use super::new_deliveries;
use super::statement::{Sql, at, params};
use crate::core::queue::{DueQueue, Queued};
use crate::core::turns::{self, Turns};
use crate::{Result, Room, Share};

/// The ready deliveries of a channel (?1) at a time (?2): those that are due and that no earlier one of their incident
/// holds back. The condition is [`crate::core::delivery::holds_back`]; a test holds the two against each other. The
/// index `delivery_turns` has all columns, so that what is not due yet is passed quickly.
macro_rules! ready {
    ($columns:literal, $where_and_order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM delivery AS d
             WHERE channel = ?1 AND state = 'pending' AND due_at <= ?2
               AND NOT EXISTS (
                   SELECT 1 FROM delivery AS earlier
                   WHERE earlier.incident = d.incident AND earlier.channel = d.channel
                     AND earlier.id < d.id AND earlier.state = 'pending' AND earlier.kind <> 'summary'
                     AND (earlier.kind = 'first' OR earlier.video = 0 OR d.video <> 0))
               AND ",
            $where_and_order,
            " LIMIT 1"
        )
    };
}

/// The newest delivery of a place (?3) above a device (?4) and below a delivery of a device (?5, ?6).
const NEWEST: &str = ready!(
    "device, id",
    "place = ?3 AND device > ?4 AND (device, id) < (?5, ?6) ORDER BY device DESC, id DESC"
);

/// The places after ?3 up to ?4, at most ?5: each is looked up by the one before it, so that a place with a thousand
/// deliveries costs no more than another.
const PLACES: &str = concat!(
    "WITH RECURSIVE next (place) AS (SELECT (",
    ready!("place", "place > ?3 AND place <= ?4 ORDER BY place, device DESC, id DESC"),
    ") UNION ALL SELECT (",
    ready!("place", "place > next.place AND place <= ?4 ORDER BY place, device DESC, id DESC"),
    ") FROM next WHERE next.place IS NOT NULL)
     SELECT place FROM next WHERE place IS NOT NULL LIMIT ?5"
);

/// The numbers of a channel's deliveries whose turn it is now, in order.
pub(super) fn pick(
    sql: &dyn Sql,
    channel: &str,
    now: Timestamp,
    room: &Room<'_>,
    turns: &mut Turns,
) -> Result<Vec<i64>> {
    turns::pick(&ChannelQueue { sql, channel, now }, room, turns, Instant::now())
}

/// The queue of a channel at a time.
struct ChannelQueue<'a> {
    sql: &'a dyn Sql,
    channel: &'a str,
    now: Timestamp,
}

impl DueQueue for ChannelQueue<'_> {
    fn newest(&self, place: &str, after: i64, below: Queued) -> Result<Option<Queued>> {
        let Queued { device, delivery } = below;
        let values = params![self.channel, self.now.0, place, after, device, delivery];
        self.sql
            .row(NEWEST, values, |row| Ok(Queued { device: row.get(0)?, delivery: row.get(1)? }))
    }

    fn places(&self, after: &str, until: &str, max: usize) -> Result<Vec<String>> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let values = params![self.channel, self.now.0, after, until, max];
        self.sql.rows(PLACES, values, |row| row.get(0))
    }

    fn first_seen_at(&self, address: &str) -> Result<Option<Timestamp>> {
        let select = "SELECT first_at FROM device WHERE place = ?1 ORDER BY first_at LIMIT 1";
        self.sql.row(select, params![address], |row| at(row, 0))
    }
}

/// See [`crate::Incidents::owner_of`].
pub(super) fn owner_of(sql: &dyn Sql, arrival: ArrivalId) -> Result<Option<(Share, DeviceId)>> {
    let select = "SELECT incident.device FROM arrival
         JOIN incident ON incident.id = arrival.incident WHERE arrival.id = ?1";
    let Some(device) = sql.row(select, params![arrival.0], |row| row.get(0))? else {
        return Ok(None);
    };
    let place = new_deliveries::device_place(sql, device)?.of(AlertKind::First);
    Ok(Some((Share::of_place(place), DeviceId(device))))
}

/// Moves what waits of a device to its present place in the queues: it is another device, or has become known.
pub(super) fn requeue(sql: &dyn Sql, device: DeviceId) -> Result<()> {
    let update = "UPDATE delivery SET device = ?1, place = ?2
         WHERE state = 'pending' AND kind = ?3
           AND incident IN (SELECT id FROM incident WHERE incident.device = ?1)";
    for (kind, place) in new_deliveries::device_place(sql, device.0)?.requeued() {
        sql.change(update, params![device.0, place, kind.as_str()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tipoff_model::DeliveryState;

    use super::*;
    use crate::core::delivery::holds_back;
    use crate::sqlite::schema;

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

    fn empty() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let device = "INSERT INTO device (id, key, name) VALUES (1, 'yard', 'yard')";
        connection.execute_batch(device).unwrap();
        connection
    }

    /// A spool with so many deliveries that wait, from so many addresses, due at this time.
    fn spool(count: i64, addresses: i64, due_at: i64) -> Connection {
        let connection = empty();
        connection
            .execute_batch(&format!(
                "WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n <= {count})
                 INSERT INTO device (id, key, name) SELECT n, 'd' || n, 'd' || n FROM number;
                 INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
                 SELECT id, id, 'motion', '', 0, 0 FROM device;
                 INSERT INTO delivery (incident, channel, kind, state, created_at, due_at, device, place)
                 SELECT id, 'phone', 'first', 'pending', 0, CASE id WHEN 1 THEN {now} ELSE {due_at} END, id,
                        CASE id WHEN 1 THEN '#1' ELSE '10.0.0.' || id % {addresses} END
                 FROM device ORDER BY id;",
                now = NOW.0
            ))
            .unwrap();
        connection
    }

    fn picked(connection: &Connection, room: &Room<'_>, turns: &mut Turns) -> Vec<i64> {
        pick(connection, "phone", NOW, room, turns).unwrap()
    }

    fn plan(connection: &Connection, statement: &str) -> String {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        for parameter in 1..=explain.parameter_count() {
            explain.raw_bind_parameter(parameter, 0).unwrap();
        }
        let mut rows = explain.raw_query();
        let mut plan = String::new();
        while let Some(row) = rows.next().unwrap() {
            plan.push_str(&row.get::<_, String>(3).unwrap());
            plan.push_str("; ");
        }
        plan
    }

    #[test]
    fn a_long_queue_is_not_read_for_each_turn() {
        let connection = spool(100_000, 254, NOW.0);
        let mut turns = Turns::default();
        let mut taken = Vec::new();
        let began = Instant::now();
        for _ in 0..100 {
            let picked = picked(&connection, &Room::of(16, &taken), &mut turns);
            assert_eq!(picked.len(), 16);
            taken = picked.into_iter().map(tipoff_model::DeliveryId).collect();
        }
        println!("16 of 100,000 in {:?}", began.elapsed() / 100);
        let later = spool(100_000, 254, NOW.0 + 1);
        let began = Instant::now();
        assert_eq!(picked(&later, &Room::of(16, &[]), &mut Turns::default()).len(), 1);
        println!("1 of 100,000 that are not due yet in {:?}", began.elapsed());
        for statement in [NEWEST, PLACES] {
            let plan = plan(&connection, statement);
            assert!(plan.contains("SEARCH d USING COVERING INDEX delivery_turns"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN d"), "{plan}");
        }
    }

    #[test]
    fn what_an_earlier_delivery_of_the_incident_holds_back_is_not_in_the_queue() {
        let connection = empty();
        let mut incident = 0_i64;
        let mut expected = Vec::new();
        for &kind in AlertKind::ALL {
            for &state in DeliveryState::ALL {
                for (video, is_later_video, channel) in [
                    (false, false, "phone"),
                    (false, true, "phone"),
                    (true, false, "phone"),
                    (true, true, "phone"),
                    (false, false, "hook"),
                ] {
                    incident += 1;
                    let rows = format!(
                        "INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
                         VALUES ({incident}, 1, 'motion', '', 0, 0);
                         INSERT INTO delivery (incident, channel, kind, state, created_at, due_at,
                                               device, place, video)
                         VALUES ({incident}, '{channel}', '{kind}', '{state}', 0, {later}, 1, '#1', {video}),
                                ({incident}, 'phone', 'followup', 'pending', 0, {now}, 1, '#1',
                                 {is_later_video});",
                        kind = kind.as_str(),
                        state = state.as_str(),
                        later = NOW.0 + 1,
                        now = NOW.0,
                    );
                    connection.execute_batch(&rows).unwrap();
                    let waits = state == DeliveryState::Pending && channel == "phone";
                    if !(waits && holds_back(kind, video, is_later_video)) {
                        expected.push(2 * incident);
                    }
                }
            }
        }
        expected.reverse();
        assert_eq!(picked(&connection, &Room::of(1_000, &[]), &mut Turns::default()), expected);
    }
}
