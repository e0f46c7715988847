//! Whose turn it is in the queue of a channel. Known devices go before all others, one after the other; then the
//! addresses of discovered devices, and in each its devices; of each device the newest delivery whose incident
//! has no earlier one. So a thousand made-up senders at one address wait for each other, and for nobody else.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{DeviceId, Timestamp};

use crate::{Result, Room};

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

/// Who had the latest turns in a channel's queue. Lost at an end, without harm.
#[derive(Debug, Default)]
pub(super) struct Turns {
    known: i64,
    place: String,
    devices: HashMap<String, i64>,
}

/// The deliveries of a channel whose turn it is, in order.
pub(super) fn pick(
    connection: &Connection,
    channel: &str,
    now: Timestamp,
    room: &Room<'_>,
    turns: &mut Turns,
) -> Result<Vec<i64>> {
    let mut queue = Queue {
        connection,
        channel,
        now,
        taken: room.claimed.iter().map(|claimed| claimed.0).collect(),
    };
    let mut picked = Vec::new();
    let limit = room.limit as usize;
    while picked.len() < limit.min(room.known as usize) {
        let Some((device, id)) = queue.next_of_place("", turns.known)? else { break };
        turns.known = device;
        queue.taken.insert(id);
        picked.push(id);
    }
    let end = limit.min(picked.len().saturating_add(room.discovered as usize));
    let mut places = Places::new(room);
    while picked.len() < end {
        let Some(place) = queue.next_place(&turns.place, &places)? else { break };
        let after = turns.devices.get(&place).copied().unwrap_or_default();
        let Some((device, id)) = queue.next_of_place(&place, after)? else { break };
        if turns.devices.len() >= PLACES_MAX {
            turns.devices.clear();
        }
        turns.devices.insert(place.clone(), device);
        turns.place.clone_from(&place);
        places.take(place);
        queue.taken.insert(id);
        picked.push(id);
    }
    Ok(picked)
}

/// How many places each address has taken.
struct Places {
    max: u32,
    taken: HashMap<String, u32>,
}

impl Places {
    fn new(room: &Room<'_>) -> Self {
        Self { max: room.of_address, taken: room.busy.iter().cloned().collect() }
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
    connection: &'a Connection,
    channel: &'a str,
    now: Timestamp,
    taken: HashSet<i64>,
}

impl Queue<'_> {
    /// The next device of a place after this one, in a circle, with its newest delivery.
    fn next_of_place(&self, place: &str, after: i64) -> Result<Option<(i64, i64)>> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT device, id {READY} AND place = ?3 AND device > ?4 AND device <= ?5
             ORDER BY device, id DESC"
        ))?;
        for (after, until) in [(after, i64::MAX), (-1, after)] {
            let mut rows = select.query(params![self.channel, self.now.0, place, after, until])?;
            while let Some(row) = rows.next()? {
                let (device, id) = (row.get(0)?, row.get(1)?);
                if !self.taken.contains(&id) {
                    return Ok(Some((device, id)));
                }
            }
        }
        Ok(None)
    }

    /// The next place after this one, in a circle, that has anything to deliver and room for it.
    fn next_place(&self, after: &str, places: &Places) -> Result<Option<String>> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT place, id {READY} AND place > ?3 ORDER BY place, device, id DESC"
        ))?;
        let mut after = after.to_owned();
        let (mut wrapped, start) = (after.is_empty(), after.clone());
        loop {
            let found = self.first_free(&mut select, &after)?;
            match found {
                Some(place) if wrapped && !start.is_empty() && place > start => return Ok(None),
                Some(place) if !places.is_full(&place) => return Ok(Some(place)),
                Some(place) => after = place,
                None if wrapped => return Ok(None),
                None => {
                    wrapped = true;
                    after.clear();
                }
            }
        }
    }

    fn first_free(
        &self,
        select: &mut rusqlite::CachedStatement<'_>,
        after: &str,
    ) -> Result<Option<String>> {
        let mut rows = select.query(params![self.channel, self.now.0, after])?;
        while let Some(row) = rows.next()? {
            if !self.taken.contains(&row.get(1)?) {
                return Ok(Some(row.get(0)?));
            }
        }
        Ok(None)
    }
}

/// The device is another one, or has become known: what waits takes its turns.
pub(super) fn requeue(connection: &Connection, device: DeviceId) -> Result<()> {
    let place: Option<String> = connection
        .prepare_cached(
            "SELECT CASE WHEN coalesce(device.label, recorder.label) IS NULL
                         THEN coalesce(device.place, '') ELSE '' END
             FROM device LEFT JOIN device AS recorder ON recorder.id = device.recorder
             WHERE device.id = ?1",
        )?
        .query_row([device.0], |row| row.get(0))
        .optional()?;
    if let Some(place) = place {
        connection
            .prepare_cached(
                "UPDATE delivery SET device = ?1, place = ?2
                 WHERE state = 'pending' AND kind <> 'report'
                   AND incident IN (SELECT id FROM incident WHERE incident.device = ?1)",
            )?
            .execute(params![device.0, place])?;
    }
    Ok(())
}
