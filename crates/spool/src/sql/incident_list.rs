//! Lists of incidents: those that fit a filter, found by the rounds of [`crate::core::incident_search`].

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use tipoff_model::{ArrivalId, DeliveryState, DeviceId, IncidentId, MediaPlace, Timestamp};

use super::delivery_rows::state;
use super::incident_sources::{self, Source};
use super::statement::{Row, Sql, Value, at, event, number, params};
use crate::core::incident_kind::IncidentKind;
use crate::core::incident_search::{LISTED_MIN, Order, Wanted, is_bounded, words};
use crate::core::marks::COUNTED_MAX;
use crate::core::stats::hour_of;
use crate::{Cover, Dismissal, IncidentFilter, IncidentLine, Lock, Result};

const LINE: &str = "
    SELECT incident.id, device.id, coalesce(device.label, device.name), event, subject, began_at,
           last_arrival_at,
           (SELECT count(*) FROM arrival WHERE arrival.incident = incident.id),
           pictures, videos, cover_arrival, cover_index, cover_video, incident_kind, muted,
           CASE videos WHEN 0 THEN 0 ELSE
               (SELECT CAST(coalesce(sum(length_ms), 0) AS BIGINT) FROM clip WHERE clip.incident = incident.id) END,
           suppressed_reason, note, dismissed_by, dismissed_at, locked_by, locked_at
    FROM incident JOIN device ON device.id = incident.device";

/// One incident. `None` if it is not stored.
pub(super) fn one(sql: &dyn Sql, id: IncidentId) -> Result<Option<IncidentLine>> {
    let select = format!("{LINE} WHERE incident.id = ?1");
    let mut lines: Vec<_> = sql.row(&select, params![id.0], read_line)?.into_iter().collect();
    add_deliveries(sql, &mut lines)?;
    Ok(lines.pop())
}

/// See [`crate::Incidents::incidents`].
pub(super) fn list(
    sql: &dyn Sql,
    filter: &IncidentFilter,
    limit: u32,
) -> Result<Vec<IncidentLine>> {
    let mut lines = Vec::new();
    if let Some(wanted) = wanted(sql, filter)? {
        let end = first_left_out(sql, filter, &wanted)?;
        let wanted = end.map_or(wanted, |(id, _)| wanted.up_to(id.0));
        find(sql, filter, wanted, limit as usize, &mut lines)?;
        add_deliveries(sql, &mut lines)?;
    }
    Ok(lines)
}

/// See [`crate::Incidents::search_end`].
pub(super) fn search_end(
    sql: &dyn Sql,
    filter: &IncidentFilter,
) -> Result<Option<(IncidentId, Timestamp)>> {
    let wanted = wanted(sql, filter)?;
    wanted.map_or(Ok(None), |wanted| first_left_out(sql, filter, &wanted))
}

/// The first incident that a search for unseen ones does not look at.
fn first_left_out(
    sql: &dyn Sql,
    filter: &IncidentFilter,
    wanted: &Wanted,
) -> Result<Option<(IncidentId, Timestamp)>> {
    if !is_bounded(filter) {
        return Ok(None);
    }
    let only = incident_sources::only(filter);
    let condition = only.as_ref().map(|(column, _)| format!(" AND {column} = ?4"));
    let select = format!(
        "SELECT id, began_at FROM incident WHERE id > ?1 AND id < ?2{} ORDER BY id {} LIMIT 1 OFFSET ?3",
        condition.unwrap_or_default(),
        wanted.order.keyword()
    );
    let mut values =
        vec![wanted.above.into(), wanted.below.into(), Value::from(i64::from(COUNTED_MAX))];
    values.extend(only.map(|(_, value)| value));
    sql.row(&select, &values, |row| Ok((IncidentId(row.get(0)?), at(row, 1)?)))
}

/// Adds lines without their deliveries, up to a number.
fn find(
    sql: &dyn Sql,
    filter: &IncidentFilter,
    mut wanted: Wanted,
    limit: usize,
    lines: &mut Vec<IncidentLine>,
) -> Result<()> {
    let sources = Source::of(sql, filter)?;
    let conditions = Conditions::of(filter, wanted.order);
    loop {
        let lists = sources.iter().filter_map(|source| source.next(sql, &wanted).transpose());
        let lists = lists.collect::<Result<Vec<_>>>()?;
        let Some((ids, is_last)) = wanted.furthest(lists) else { return Ok(()) };
        for ids in ids.chunks(LISTED_MIN) {
            conditions.read(sql, ids, limit, lines)?;
        }
        match ids.last() {
            Some(id) if !is_last && lines.len() < limit => wanted = wanted.behind(*id),
            _ => return Ok(()),
        }
    }
}

/// The numbers among which a filter can find anything. `None` if there are none.
fn wanted(sql: &dyn Sql, filter: &IncidentFilter) -> Result<Option<Wanted>> {
    let (from, until) = (filter.from.map(hour_of), filter.until.map(hour_of));
    if from.is_none() && until.is_none() {
        return Ok(Some(Wanted::of(filter, None)).filter(|wanted| !wanted.is_nothing()));
    }
    let select = "SELECT min(first_incident), max(last_incident) FROM hour
         WHERE hour >= ?1 AND hour <= ?2";
    let (from, until) = (from.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX));
    let (first, last) = sql.one(select, params![from, until], |row| {
        Ok((row.get::<Option<i64>>(0)?, row.get::<Option<i64>>(1)?))
    })?;
    let began = first.zip(last);
    let wanted = began.map(|began| Wanted::of(filter, Some(began)));
    Ok(wanted.filter(|wanted| !wanted.is_nothing()))
}

/// A filter as a condition for listed incidents.
struct Conditions {
    select: String,
    values: Vec<Value<'static>>,
}

impl Conditions {
    fn of(filter: &IncidentFilter, order: Order) -> Self {
        let select = format!("{LINE} WHERE incident.id IN ({})", places());
        let mut conditions = Self { select, values: Vec::new() };
        if !filter.silent {
            conditions.and("incident_kind <> ?", [IncidentKind::Suppressed.number().into()]);
        }
        if let Some(device) = filter.device {
            conditions.and("incident.device = ?", [device.0.into()]);
        }
        if let Some(event) = filter.event {
            conditions.and("event = ?", [event.as_str().to_owned().into()]);
        }
        if let Some(from) = filter.from {
            conditions.and("began_at >= ?", [from.0.into()]);
        }
        if let Some(until) = filter.until {
            conditions.and("began_at < ?", [until.0.into()]);
        }
        if let Some(reader) = &filter.unseen_by {
            conditions.and(&format!("{} = 0", mark("seen")), [reader.to_string().into()]);
        }
        if let Some(reader) = &filter.starred_by {
            conditions.and(&format!("{} = 1", mark("starred")), [reader.to_string().into()]);
        }
        if filter.locked {
            conditions.and("locked_at IS NOT NULL", []);
        }
        conditions.and_outcome(filter.channel.as_ref(), filter.state);
        for word in words(&filter.text) {
            conditions.and_word(&word);
        }
        conditions.select.push_str(" ORDER BY incident.id ");
        conditions.select.push_str(order.keyword());
        conditions
    }

    fn and<const N: usize>(&mut self, condition: &str, values: [Value<'static>; N]) {
        self.select.push_str(" AND ");
        self.select.push_str(condition);
        self.values.extend(values);
    }

    /// The deliveries of one incident are read: the index of outcomes, which all incidents are in, is no use here, and
    /// `|| ''` keeps it out.
    fn and_outcome(&mut self, channel: Option<&String>, state: Option<DeliveryState>) {
        let state = state.map(|state| Value::from(state.as_str().to_owned()));
        let channel = channel.map(|channel| Value::from(channel.clone()));
        let of_incident = "EXISTS (SELECT 1 FROM delivery WHERE delivery.incident = incident.id";
        match (channel, state) {
            (None, None) => {}
            (None, Some(state)) => {
                self.and(&format!("{of_incident} AND state || '' = ?)"), [state]);
            }
            (Some(channel), None) => {
                self.and(&format!("{of_incident} AND channel = ?)"), [channel])
            }
            (Some(channel), Some(state)) => self.and(
                &format!("{of_incident} AND channel = ? AND state || '' = ?)"),
                [channel, state],
            ),
        }
    }

    fn and_word(&mut self, word: &str) {
        self.and(
            "(EXISTS (SELECT 1 FROM words
                      WHERE words.incident = incident.id AND instr(words.words, ?) > 0)
              OR instr(lower(coalesce(device.label, device.name)), ?) > 0)",
            [word.to_owned().into(), word.to_owned().into()],
        );
    }

    /// Adds those of the incidents that fit, up to a number of lines. `ids` are at most [`LISTED_MIN`], in order.
    fn read(
        &self,
        sql: &dyn Sql,
        ids: &[i64],
        limit: usize,
        lines: &mut Vec<IncidentLine>,
    ) -> Result<()> {
        if lines.len() >= limit {
            return Ok(());
        }
        let mut values = numbers(ids.iter().copied());
        values.extend_from_slice(&self.values);
        sql.query(&self.select, &values, &mut |row| {
            lines.push(read_line(row)?);
            let is_full = lines.len() >= limit;
            Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })
    }
}

/// A mark of a reader on an incident: 0 or 1. It is looked up for each listed incident.
fn mark(column: &str) -> String {
    format!(
        "coalesce((SELECT mark.{column} FROM mark
                   WHERE mark.reader = ? AND mark.incident = incident.id), 0)"
    )
}

/// A line without its deliveries.
fn read_line(row: &Row<'_>) -> Result<IncidentLine> {
    let id = IncidentId(row.get(0)?);
    let cover = match (row.get::<Option<i64>>(10)?, row.get::<Option<u32>>(11)?) {
        (Some(arrival), index @ Some(_)) => Some(Cover {
            place: MediaPlace { arrival: ArrivalId(arrival), index },
            video: row.get(12)?,
        }),
        _ => None,
    };
    Ok(IncidentLine {
        id,
        device_id: DeviceId(row.get(1)?),
        device: row.get(2)?,
        event: event(row, 3)?,
        subject: row.get(4)?,
        began_at: at(row, 5)?,
        last_arrival_at: at(row, 6)?,
        arrivals: number(row, 7)?,
        pictures: number(row, 8)?,
        videos: number(row, 9)?,
        video_length: Duration::from_millis(number(row, 15)?),
        cover,
        silent: IncidentKind::Suppressed.has(row.get(13)?),
        muted: row.get(14)?,
        suppressed_reason: row.get(16)?,
        note: row.get(17)?,
        dismissed: dismissal(row)?,
        locked: lock(row)?,
        deliveries: Vec::new(),
    })
}

fn dismissal(row: &Row<'_>) -> Result<Option<Dismissal>> {
    let by: Option<String> = row.get(18)?;
    Ok(match by {
        Some(by) => Some(Dismissal { by, at: Timestamp(row.get(19)?) }),
        None => None,
    })
}

fn lock(row: &Row<'_>) -> Result<Option<Lock>> {
    let at: Option<i64> = row.get(21)?;
    Ok(match at {
        Some(at) => Some(Lock { by: row.get(20)?, at: Timestamp(at) }),
        None => None,
    })
}

/// Places of [`LISTED_MIN`] numbers in a statement.
fn places() -> String {
    vec!["?"; LISTED_MIN].join(", ")
}

/// The values for [`places`]: these numbers of incidents, and 0, which none has, for the rest.
fn numbers(ids: impl Iterator<Item = i64>) -> Vec<Value<'static>> {
    ids.chain(std::iter::repeat(0)).take(LISTED_MIN).map(Value::Integer).collect()
}

/// Counts the deliveries of many incidents with one statement: it may be a round trip.
fn add_deliveries(sql: &dyn Sql, lines: &mut [IncidentLine]) -> Result<()> {
    let select = format!(
        "SELECT incident, channel, state, count(*) FROM delivery WHERE incident IN ({})
         GROUP BY incident, channel, state ORDER BY min(id)",
        places()
    );
    for lines in lines.chunks_mut(LISTED_MIN) {
        let values = numbers(lines.iter().map(|line| line.id.0));
        let mut counts: HashMap<i64, Vec<_>> = HashMap::new();
        sql.rows(&select, &values, |row| {
            let count = (row.get(1)?, state(row, 2)?, number(row, 3)?);
            counts.entry(row.get(0)?).or_default().push(count);
            Ok(())
        })?;
        for line in lines {
            line.deliveries = counts.remove(&line.id.0).unwrap_or_default();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tipoff_model::Event;

    use super::*;
    use crate::Reader;
    use crate::sqlite::schema;

    /// A spool in which a reader has seen all of so many incidents but those with these numbers.
    fn seen_but(count: u32, unseen: &[u32]) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection).unwrap();
        let unseen: Vec<String> = unseen.iter().map(u32::to_string).collect();
        let rows = format!(
            "INSERT INTO device (id, key, name) VALUES (0, 'yard', 'yard'), (1, 'door', 'door');
             CREATE TEMPORARY TABLE new (n INTEGER PRIMARY KEY);
             WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})
             INSERT INTO new SELECT n FROM number;
             INSERT INTO incident (id, device, event, subject, began_at, last_arrival_at)
             SELECT n, n % 2, iif(n % 2, 'person', 'motion'), 'Something moved in the yard', n, n FROM new;
             INSERT INTO mark (reader, incident, seen) SELECT 'proxy/anna', n, 1 FROM new
             WHERE n NOT IN ({});",
            unseen.join(", ")
        );
        connection.execute_batch(&rows).unwrap();
        connection
    }

    fn unseen() -> IncidentFilter {
        let reader = Reader::Proxy("anna".to_owned());
        IncidentFilter { unseen_by: Some(reader), ..IncidentFilter::default() }
    }

    /// The numbers that are found, and where the search ended.
    fn found(sql: &Connection, filter: &IncidentFilter) -> (Vec<i64>, Option<i64>) {
        let lines = list(sql, filter, 48).unwrap();
        let end = search_end(sql, filter).unwrap();
        assert!(end.is_none_or(|(id, began_at)| began_at == Timestamp(id.0)));
        (lines.iter().map(|line| line.id.0).collect(), end.map(|(id, _)| id.0))
    }

    /// As many as are looked at, and ten more.
    const COUNT: u32 = COUNTED_MAX + 10;

    #[test]
    fn a_search_for_unseen_incidents_ends_and_can_go_on_there() {
        let sql = seen_but(COUNT, &[5, 10, 11, COUNT - 1]);
        let newest = (vec![i64::from(COUNT) - 1, 11], Some(10));
        assert_eq!(found(&sql, &unseen()), newest, "50,000 are looked at");
        let older = IncidentFilter { before: Some(IncidentId(11)), ..unseen() };
        assert_eq!(found(&sql, &older), (vec![10, 5], None));
        let newer = IncidentFilter { after: Some(IncidentId(10)), ..unseen() };
        assert_eq!(found(&sql, &newer), (vec![11, i64::from(COUNT) - 1], None));
        let from_the_first = IncidentFilter { after: Some(IncidentId(0)), ..unseen() };
        let end = i64::from(COUNTED_MAX) + 1;
        assert_eq!(found(&sql, &from_the_first), (vec![5, 10, 11], Some(end)));
        // Of a device or an event, that many of its own are looked at.
        let of_device = IncidentFilter { device: Some(DeviceId(1)), ..unseen() };
        assert_eq!(found(&sql, &of_device), (vec![i64::from(COUNT) - 1, 11, 5], None));
        let of_event = IncidentFilter { event: Some(Event::Motion), ..unseen() };
        assert_eq!(found(&sql, &of_event), (vec![10], None));
        let all = IncidentFilter { unseen_by: None, ..unseen() };
        assert_eq!((found(&sql, &all).0.len(), found(&sql, &all).1), (48, None));
    }
}
