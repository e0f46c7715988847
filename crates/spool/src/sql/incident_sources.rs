//! The indexes that list incidents for a filter: see [`crate::core::incident_search`].

use std::collections::BTreeSet;

use tipoff_model::{DeliveryState, DeviceId, Event};

use super::statement::{Sql, Value, params};
use crate::core::incident_search::{DEVICES_MAX, Wanted, words};
use crate::{IncidentFilter, Reader, Result};

/// A part of a filter that an index knows.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// All incidents.
    All,
    /// Those of a device.
    Device(DeviceId),
    /// Those of an event.
    Event(Event),
    /// Those with deliveries in one of these states to these channels.
    Outcomes(Vec<(DeliveryState, String)>),
    /// Those that this reader has not seen, of all or of those with this value in a column.
    Unseen(String, Option<Only>),
    /// Those that this reader starred.
    Starred(String),
    /// Locked ones.
    Locked,
    /// Those with all these texts in the words of their arrivals: no device has one in its name.
    Words(Vec<String>),
    /// Those with the text in the words of their arrivals, and all of the devices that have it in their names.
    WordOrDevices(String, Vec<i64>),
}

impl Source {
    /// The sources of a filter: at least one.
    pub(super) fn of(sql: &dyn Sql, filter: &IncidentFilter) -> Result<Vec<Self>> {
        let mut sources: Vec<Self> = filter.device.map(Self::Device).into_iter().collect();
        sources.extend(filter.event.map(Self::Event));
        sources.extend(filter.starred_by.as_ref().map(|reader| Self::Starred(reader.to_string())));
        let unseen = |reader: &Reader| Self::Unseen(reader.to_string(), only(filter));
        sources.extend(filter.unseen_by.as_ref().map(unseen));
        if filter.locked {
            sources.push(Self::Locked);
        }
        if sources.is_empty() {
            sources.push(Self::All);
        }
        sources.extend(outcomes(sql, filter)?);
        let mut texts = Vec::new();
        for word in words(&filter.text) {
            // One more than are listed, if there are more.
            let devices = sql.devices_named(&word, DEVICES_MAX + 1)?;
            match devices.len() {
                0 => texts.push(word),
                1..=DEVICES_MAX => sources.push(Self::WordOrDevices(word, devices)),
                _ => {}
            }
        }
        if !texts.is_empty() {
            sources.push(Self::Words(texts));
        }
        Ok(sources)
    }

    /// The next numbers of the source. `None` if no index knows them.
    pub(super) fn next(&self, sql: &dyn Sql, wanted: &Wanted) -> Result<Option<Vec<i64>>> {
        Ok(Some(match self {
            Self::All => incidents(sql, wanted, None)?,
            Self::Device(device) => incidents(sql, wanted, of_device(device.0))?,
            Self::Event(event) => {
                incidents(sql, wanted, Some(("event", event.as_str().to_owned().into())))?
            }
            Self::Outcomes(outcomes) => {
                let mut found = Vec::new();
                for (state, channel) in outcomes {
                    found.extend(with_outcome(sql, wanted, *state, channel)?);
                }
                wanted.first_of(found)
            }
            Self::Unseen(reader, only) => unseen(sql, wanted, reader, only.as_ref())?,
            Self::Starred(reader) => starred(sql, wanted, reader)?,
            Self::Locked => locked(sql, wanted)?,
            Self::Words(texts) => return sql.incidents_with(texts, wanted),
            Self::WordOrDevices(text, devices) => {
                let text = std::slice::from_ref(text);
                let Some(mut found) = sql.incidents_with(text, wanted)? else { return Ok(None) };
                for device in devices {
                    found.extend(incidents(sql, wanted, of_device(*device))?);
                }
                wanted.first_of(found)
            }
        }))
    }
}

/// A column of an incident that an index begins with, and its value.
type Only = (&'static str, Value<'static>);

fn of_device(device: i64) -> Option<Only> {
    Some(("device", device.into()))
}

/// The part of a filter by which unseen incidents are looked for.
pub(super) fn only(filter: &IncidentFilter) -> Option<Only> {
    let event = || Some(("event", filter.event?.as_str().to_owned().into()));
    filter.device.map_or_else(event, |device| of_device(device.0))
}

/// The next incidents, of those with this value in a column where one is named.
fn incidents(sql: &dyn Sql, wanted: &Wanted, only: Option<Only>) -> Result<Vec<i64>> {
    let condition = only.as_ref().map(|(column, _)| format!(" AND {column} = ?4"));
    let select = format!(
        "SELECT id FROM incident WHERE id > ?1 AND id < ?2{} ORDER BY id {} LIMIT ?3",
        condition.unwrap_or_default(),
        wanted.order.keyword()
    );
    let mut values = range(wanted);
    values.extend(only.map(|(_, value)| value));
    sql.rows(&select, &values, |row| row.get(0))
}

/// Without the rows of incidents: the mark of each number is looked up. All that are wanted may be seen: the caller bounds them.
fn unseen(sql: &dyn Sql, wanted: &Wanted, reader: &str, only: Option<&Only>) -> Result<Vec<i64>> {
    let condition = only.map(|(column, _)| format!(" AND {column} = ?5"));
    let select = format!(
        "SELECT id FROM incident WHERE id > ?1 AND id < ?2{} AND coalesce(
             (SELECT mark.seen FROM mark WHERE mark.reader = ?4 AND mark.incident = incident.id), 0) = 0
         ORDER BY id {} LIMIT ?3",
        condition.unwrap_or_default(),
        wanted.order.keyword()
    );
    let mut values = range(wanted);
    values.push(reader.to_owned().into());
    values.extend(only.map(|(_, value)| value.clone()));
    sql.rows(&select, &values, |row| row.get(0))
}

fn starred(sql: &dyn Sql, wanted: &Wanted, reader: &str) -> Result<Vec<i64>> {
    let select = format!(
        "SELECT incident FROM mark
         WHERE reader = ?4 AND starred = 1 AND incident > ?1 AND incident < ?2
         ORDER BY incident {} LIMIT ?3",
        wanted.order.keyword()
    );
    let mut values = range(wanted);
    values.push(reader.to_owned().into());
    sql.rows(&select, &values, |row| row.get(0))
}

fn locked(sql: &dyn Sql, wanted: &Wanted) -> Result<Vec<i64>> {
    let select = format!(
        "SELECT id FROM incident WHERE locked_at IS NOT NULL AND id > ?1 AND id < ?2
         ORDER BY id {} LIMIT ?3",
        wanted.order.keyword()
    );
    sql.rows(&select, &range(wanted), |row| row.get(0))
}

/// The values `?1` to `?3`: above, below, at most.
fn range(wanted: &Wanted) -> Vec<Value<'static>> {
    let max = i64::try_from(wanted.max).unwrap_or(i64::MAX);
    vec![wanted.above.into(), wanted.below.into(), max.into()]
}

/// The outcomes that a filter asks for. `None` if it asks for none.
fn outcomes(sql: &dyn Sql, filter: &IncidentFilter) -> Result<Option<Source>> {
    let states: &[DeliveryState] = match (&filter.state, &filter.channel) {
        (Some(state), _) => std::slice::from_ref(state),
        (None, Some(_)) => DeliveryState::ALL,
        (None, None) => return Ok(None),
    };
    let mut outcomes = Vec::new();
    for state in states {
        let channels = match &filter.channel {
            Some(channel) => vec![channel.clone()],
            None => channels_with(sql, *state)?,
        };
        outcomes.extend(channels.into_iter().map(|channel| (*state, channel)));
    }
    Ok(Some(Source::Outcomes(outcomes)))
}

/// The channels of all deliveries.
pub(super) fn channels(sql: &dyn Sql) -> Result<Vec<String>> {
    let mut channels = BTreeSet::new();
    for state in DeliveryState::ALL {
        channels.extend(channels_with(sql, *state)?);
    }
    Ok(channels.into_iter().collect())
}

/// The channels with deliveries in a state. Each is looked up by the one before it: there are few channels and many
/// deliveries.
fn channels_with(sql: &dyn Sql, state: DeliveryState) -> Result<Vec<String>> {
    let select = "WITH RECURSIVE known (channel) AS (
             SELECT (SELECT channel FROM delivery WHERE state = ?1 ORDER BY channel LIMIT 1)
             UNION ALL
             SELECT (SELECT delivery.channel FROM delivery
                     WHERE state = ?1 AND delivery.channel > known.channel
                     ORDER BY delivery.channel LIMIT 1)
             FROM known WHERE known.channel IS NOT NULL)
         SELECT channel FROM known WHERE channel IS NOT NULL";
    sql.rows(select, params![state.as_str()], |row| row.get(0))
}

fn with_outcome(
    sql: &dyn Sql,
    wanted: &Wanted,
    state: DeliveryState,
    channel: &str,
) -> Result<Vec<i64>> {
    let select = format!(
        "SELECT DISTINCT incident FROM delivery
         WHERE state = ?4 AND channel = ?5 AND incident > ?1 AND incident < ?2
         ORDER BY incident {} LIMIT ?3",
        wanted.order.keyword()
    );
    let mut values = range(wanted);
    values.extend([state.as_str().to_owned().into(), channel.to_owned().into()]);
    sql.rows(&select, &values, |row| row.get(0))
}
