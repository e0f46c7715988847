//! Whose turn it is in the queue of a channel. Known devices go before all others, one after the other, and those of a
//! recorder are one; then the addresses of discovered devices (`waiting_places.rs`), and in each its
//! devices, the newest first; of each device the newest delivery whose incident has no earlier one. So a thousand made-up senders at one address wait for each other, and for nobody else.

use std::collections::{HashMap, HashSet};

use tipoff_model::{AlertKind, ArrivalId, DeviceId, Timestamp};

use super::new_deliveries;
use super::statement::{Sql, params};
use super::waiting_places::{LOOKED_AT_MAX, WaitingPlaces};
use crate::{Result, Room, Share};

/// Addresses whose latest device is remembered; of others the devices begin anew.
const PLACES_MAX: usize = 1_024;

/// What every pick has in common: a due delivery without an earlier one of its incident. `delivery_turns` has all
/// columns, so that what is not due yet is passed quickly.
const READY: &str = "
    FROM delivery AS d
    WHERE channel = ?1 AND state = 'pending' AND due_at <= ?2
      AND NOT EXISTS (
          SELECT 1 FROM delivery AS earlier
          WHERE earlier.incident = d.incident AND earlier.channel = d.channel
            AND earlier.id < d.id AND earlier.state = 'pending' AND earlier.kind <> 'summary'
            AND (earlier.kind = 'first' OR NOT earlier.video OR d.video))";

/// The places of known devices: `#` and a number. Those of addresses are greater.
const KNOWN: [&str; 2] = ["#", "$"];
/// The places of all others: digits and letters.
const DISCOVERED: [&str; 2] = ["$", "~"];

/// Who had the latest turns in a channel's queue. Lost at an end, without harm.
#[derive(Debug, Default)]
pub(super) struct Turns {
    known: String,
    /// The place up to which it was looked who waits.
    discovered: String,
    waiting: WaitingPlaces,
    devices: HashMap<String, Round>,
}

/// The turns of a place's devices, from the newest device to the oldest, in a circle.
#[derive(Clone, Debug)]
struct Round {
    /// The newest device that had a turn in this round: who came since goes first.
    newest: i64,
    /// The device whose turn it was, without those that came since.
    latest: i64,
    /// Devices that had a turn lately, the latest last: what they send next does not wait for a whole round.
    recent: Vec<Recent>,
}

/// A device that had a turn.
#[derive(Clone, Copy, Debug)]
struct Recent {
    device: i64,
    /// Its latest delivery that had one.
    delivery: i64,
    /// Turns that it may have before those of others, for later deliveries.
    more: u8,
}

/// Devices of a place that may go on with what they began: a camera's further pictures follow its first alert.
const RECENT_MAX: usize = 8;
/// How often, in a round.
const MORE: u8 = 3;

impl Round {
    /// The device has a turn for this delivery.
    fn took(mut self, device: i64, delivery: i64) -> Self {
        let known = self.recent.iter().position(|it| it.device == device);
        let more = known.map_or(MORE, |at| self.recent.remove(at).more);
        self.recent.push(Recent { device, delivery, more });
        if self.recent.len() > RECENT_MAX {
            self.recent.remove(0);
        }
        self
    }
}

/// The deliveries of a channel whose turn it is, in order.
pub(super) fn pick(
    sql: &dyn Sql,
    channel: &str,
    now: Timestamp,
    room: &Room<'_>,
    turns: &mut Turns,
) -> Result<Vec<i64>> {
    let taken = room.claimed.iter().map(|claimed| claimed.0).collect();
    let mut queue = Queue { sql, channel, now, taken };
    let mut places = Places::new(room);
    let mut picked = Vec::new();
    while picked.len() < room.known.min(room.limit) as usize {
        let Some(place) = queue.next_place(KNOWN, &turns.known, &places)? else { break };
        let Some(id) = queue.take(&place, &mut turns.devices)? else { break };
        turns.known.clone_from(&place);
        places.take(place);
        picked.push(id);
    }
    let end = picked.len().saturating_add(room.discovered as usize).min(room.limit as usize);
    pick_discovered(&mut queue, turns, &mut places, end, &mut picked)?;
    Ok(picked)
}

/// Picks of the places of discovered devices until so many are picked.
fn pick_discovered(
    queue: &mut Queue<'_>,
    turns: &mut Turns,
    places: &mut Places,
    end: usize,
    picked: &mut Vec<i64>,
) -> Result<()> {
    let mut may_look = true;
    if picked.len() < end && !turns.waiting.is_fresh() {
        queue.look_who_waits(turns)?;
        may_look = false;
    }
    while picked.len() < end {
        let Some(place) = turns.waiting.next(|place| !places.is_full(place)) else {
            if !may_look {
                break;
            }
            queue.look_who_waits(turns)?;
            may_look = false;
            continue;
        };
        match queue.take(&place, &mut turns.devices)? {
            Some(id) => {
                turns.waiting.took(&place);
                places.take(place);
                picked.push(id);
            }
            None => turns.waiting.has_nothing(&place),
        }
    }
    Ok(())
}

/// How many deliveries of each place are under way or picked.
struct Places {
    max: u32,
    taken: HashMap<String, u32>,
}

impl Places {
    fn new(room: &Room<'_>) -> Self {
        Self { max: room.of_share, taken: room.busy.iter().cloned().collect() }
    }

    fn is_full(&self, place: &str) -> bool {
        self.taken.get(place).copied().unwrap_or_default() >= self.max
    }

    fn take(&mut self, place: String) {
        *self.taken.entry(place).or_default() += 1;
    }
}

/// The due deliveries of a channel, without those that are taken.
struct Queue<'a> {
    sql: &'a dyn Sql,
    channel: &'a str,
    now: Timestamp,
    taken: HashSet<i64>,
}

impl Queue<'_> {
    /// The delivery whose turn it is at a place.
    fn take(&mut self, place: &str, devices: &mut HashMap<String, Round>) -> Result<Option<i64>> {
        let Some((round, id)) = self.next_of_place(place, devices.get(place))? else {
            return Ok(None);
        };
        if devices.len() >= PLACES_MAX {
            devices.clear();
        }
        devices.insert(place.to_owned(), round);
        self.taken.insert(id);
        Ok(Some(id))
    }

    /// Looks which discovered devices' places have anything to deliver, after those that were looked at last.
    fn look_who_waits(&self, turns: &mut Turns) -> Result<()> {
        let mut waiting = Vec::new();
        let [first, end] = DISCOVERED;
        for (after, until) in
            [(turns.discovered.as_str().max(first), end), (first, &turns.discovered)]
        {
            let mut after = after.to_owned();
            while waiting.len() < LOOKED_AT_MAX
                && let Some(place) = self.first_free(&after, until)?
            {
                after.clone_from(&place);
                waiting.push(place);
            }
        }
        turns.discovered = match waiting.last() {
            Some(last) if waiting.len() >= LOOKED_AT_MAX => last.clone(),
            _ => String::new(),
        };
        turns.waiting.found(self.sql, waiting)
    }

    /// The newest delivery of the device whose turn it is at a place, and the round after that.
    fn next_of_place(&self, place: &str, round: Option<&Round>) -> Result<Option<(Round, i64)>> {
        if let Some(round) = round {
            for recent in round.recent.iter().rev().filter(|it| it.more > 0) {
                let Recent { device, delivery, more } = *recent;
                let newest = self.newest_of(place, device - 1, device + 1)?;
                if let Some((_, id)) = newest.filter(|(_, id)| *id > delivery) {
                    let mut round = round.clone();
                    round.recent.retain(|it| it.device != device);
                    round.recent.push(Recent { device, delivery: id, more: more - 1 });
                    return Ok(Some((round, id)));
                }
            }
            if let Some((newest, id)) = self.newest_of(place, round.newest, i64::MAX)? {
                return Ok(Some((Round { newest, ..round.clone() }.took(newest, id), id)));
            }
            if let Some((latest, id)) = self.newest_of(place, -1, round.latest)? {
                return Ok(Some((Round { latest, ..round.clone() }.took(latest, id), id)));
            }
        }
        let first = self.newest_of(place, -1, i64::MAX)?;
        let recent = round.map(|round| round.recent.clone()).unwrap_or_default();
        let recent: Vec<Recent> =
            recent.into_iter().map(|it| Recent { more: MORE, ..it }).collect();
        Ok(first.map(|(device, id)| {
            (Round { newest: device, latest: device, recent }.took(device, id), id)
        }))
    }

    /// The newest device between these two that has anything to deliver, with its newest delivery.
    fn newest_of(&self, place: &str, after: i64, before: i64) -> Result<Option<(i64, i64)>> {
        let select = format!(
            "SELECT device, id {READY} AND place = ?3 AND device > ?4 AND device < ?5
             ORDER BY device DESC, id DESC"
        );
        let values = params![self.channel, self.now.0, place, after, before];
        self.sql.find(&select, values, |row| {
            let (device, id) = (row.get(0)?, row.get(1)?);
            Ok((!self.taken.contains(&id)).then_some((device, id)))
        })
    }

    /// The next place of a range after this one, in a circle, that has anything to deliver and room for it.
    fn next_place(
        &self,
        [first, end]: [&str; 2],
        latest: &str,
        places: &Places,
    ) -> Result<Option<String>> {
        for (after, until) in [(latest.max(first), end), (first, latest)] {
            let mut after = after.to_owned();
            while let Some(place) = self.first_free(&after, until)? {
                if !places.is_full(&place) {
                    return Ok(Some(place));
                }
                after = place;
            }
        }
        Ok(None)
    }

    fn first_free(&self, after: &str, until: &str) -> Result<Option<String>> {
        let select = format!(
            "SELECT place, id {READY} AND place > ?3 AND place <= ?4
             ORDER BY place, device DESC, id DESC"
        );
        let values = params![self.channel, self.now.0, after, until];
        self.sql.find(&select, values, |row| {
            let is_taken = self.taken.contains(&row.get(1)?);
            Ok(if is_taken { None } else { Some(row.get(0)?) })
        })
    }
}

/// See [`crate::Incidents::owner_of`].
pub(super) fn owner_of(sql: &dyn Sql, arrival: ArrivalId) -> Result<Option<(Share, DeviceId)>> {
    let owner = sql.row(
        "SELECT device.id, CASE WHEN coalesce(device.label, recorder.label) IS NULL
                                         AND device.place IS NOT NULL THEN device.place
                                    ELSE '#' || coalesce(device.recorder, device.id) END
             FROM arrival JOIN incident ON incident.id = arrival.incident
             JOIN device ON device.id = incident.device
             LEFT JOIN device AS recorder ON recorder.id = device.recorder
             WHERE arrival.id = ?1",
        params![arrival.0],
        |row| Ok((Share::of_place(row.get(1)?), DeviceId(row.get(0)?))),
    )?;
    Ok(owner)
}

/// The device is another one, or has become known: what waits takes its turns.
pub(super) fn requeue(sql: &dyn Sql, device: DeviceId) -> Result<()> {
    let place = new_deliveries::device_place(sql, device.0)?;
    sql.execute(
        "UPDATE delivery SET device = ?1, place = ?2
             WHERE state = 'pending' AND kind <> 'report'
               AND incident IN (SELECT id FROM incident WHERE incident.device = ?1)",
        params![device.0, place.of(AlertKind::First)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params};

    use super::*;
    use crate::sqlite::schema;

    const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

    /// A spool with so many deliveries that wait, from so many addresses, due at this time.
    fn spool(count: i64, addresses: i64, due_at: i64) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        connection
            .execute_batch(&format!(
                "INSERT INTO device (id, key, name) VALUES (1, 'yard', 'yard');
                 WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n <= {count})
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

    #[test]
    fn a_long_queue_is_not_read_for_each_turn() {
        let connection = spool(100_000, 254, NOW.0);
        let mut turns = Turns::default();
        let mut taken = Vec::new();
        let began = std::time::Instant::now();
        for _ in 0..100 {
            let room = Room::of(16, &taken);
            let picked = pick(&connection, "phone", NOW, &room, &mut turns).unwrap();
            assert_eq!(picked.len(), 16);
            taken = picked.into_iter().map(tipoff_model::DeliveryId).collect();
        }
        println!("16 of 100,000 in {:?}", began.elapsed() / 100);
        let later = spool(100_000, 254, NOW.0 + 1);
        let began = std::time::Instant::now();
        let picked = pick(&later, "phone", NOW, &Room::of(16, &[]), &mut Turns::default()).unwrap();
        println!("1 of 100,000 that are not due yet in {:?}", began.elapsed());
        assert_eq!(picked.len(), 1);
        for order in [
            "place = '' AND device > 0 ORDER BY device DESC, id DESC",
            "place > '' ORDER BY place, device DESC, id DESC",
        ] {
            let plan: Vec<String> = connection
                .prepare(&format!(
                    "EXPLAIN QUERY PLAN SELECT place, device, id {READY} AND {order}"
                ))
                .unwrap()
                .query_map(params!["phone", 0], |row| row.get(3))
                .unwrap()
                .map(rusqlite::Result::unwrap)
                .collect();
            let plan = plan.join("; ");
            assert!(plan.contains("SEARCH d USING COVERING INDEX delivery_turns"), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
