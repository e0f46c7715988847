//! Storing an arrival: its row, its incident and its due deliveries, in one transaction
//! (docs/spool.md, A3). Loads what `core` decides from, and writes what it decides.

use tipoff_model::{ArrivalId, BlobName, Device, Facts, IncidentId, Past, Plan, Planner};

use super::device_resolution::{self, Resolved, SeenDevice};
use super::device_rows::{self, DeviceRow};
use super::home_settings::{self, Chosen};
use super::incident_rows::{self, Gain, IncidentRow, Joinable, Opening};
use super::incident_summary::{self, IncidentSummary};
use super::new_deliveries::{self, Added};
use super::shares::{self, Weight};
use super::statement::{Lock, Sql, json, params};
use super::{dedup, known_mails, past, resent, sightings};
use crate::core::alerting::{self, IncidentAlerts};
use crate::core::bounds;
use crate::core::delivery_placement::Placed;
use crate::core::facts::facts_of;
use crate::core::incident_head::{IncidentHead, joined};
use crate::core::incident_summary::counts;
use crate::core::repeated_files::may_be_sent_again;
use crate::core::resent_mails::Resent;
use crate::{NewArrival, Result, Stored};

/// Stores an arrival inside the writer's transaction. What is decided from is read before anything is written.
pub(crate) fn store(
    sql: &dyn Sql,
    planner: &dyn Planner,
    arrival: NewArrival,
    locked_max: u64,
) -> Result<Stored> {
    store_where(sql, planner, arrival, locked_max, None)
}

/// The same for what was fetched for an incident: it joins that one, if it is stored.
pub(crate) fn store_in(
    sql: &dyn Sql,
    planner: &dyn Planner,
    arrival: NewArrival,
    locked_max: u64,
    incident: IncidentId,
) -> Result<Stored> {
    let incident = incident_rows::is_stored(sql, incident)?.then_some(incident);
    store_where(sql, planner, arrival, locked_max, incident)
}

fn store_where(
    sql: &dyn Sql,
    planner: &dyn Planner,
    mut arrival: NewArrival,
    locked_max: u64,
    fetched_for: Option<IncidentId>,
) -> Result<Stored> {
    bounds::bound(&mut arrival.envelope);
    let sender = Sender::of(sql, planner, &mut arrival)?;
    let device = sender.device.own.id;
    let NewArrival { content, digests, again, .. } = &mut arrival;
    let seen_in = dedup::mark(sql, device, content, digests, *again)?;
    let resent = resent::compare(sql, device, &arrival)?;
    if resent.repeats.is_some() {
        arrival.content.media.iter_mut().for_each(|media| media.repeat = true);
    }
    let seen_in = resent.repeats.or(seen_in);
    let facts = facts_of(&arrival, sender.muted, resent.repeats.is_some());
    let group = Joinable::of(planner, device, &facts);
    let wanted = Wanted { fetched_for, seen_in };
    let (joins, alerts) = joined_incident(sql, planner, &facts, group, wanted, locked_max)?;
    let number = sql.number("arrival")?;
    if let (Some(joined), Some(number)) = (&joins, number) {
        new_deliveries::expect(sql, joined.id, ArrivalId(number), &alerts.notified, &facts)?;
    }
    let place = sender.device.place();
    let past = past::load(sql, planner, &facts, &alerts.notified, &place, sender.mode.clone())?;
    let ready_at = alerting::ready_at(arrival.ready_at, resent.due_at);
    let plan = alerting::decide(planner, &facts, &alerts, &past, ready_at);
    sender.note(sql, &arrival)?;
    let decided = Decided { facts, resent: &resent, group, joins, alerts, plan, number };
    let stored = write(sql, planner, &sender, &arrival, decided)?;
    if resent.repeats.is_none() {
        resent::remember(sql, device, stored.arrival, &arrival)?;
    }
    Ok(stored)
}

/// What becomes of an arrival.
struct Decided<'a> {
    facts: Facts<'a>,
    /// What it is to the mails before it.
    resent: &'a Resent,
    group: Joinable,
    /// The incident that it joins. `None`: it opens one.
    joins: Option<IncidentRow>,
    /// Who was alerted of that incident before.
    alerts: IncidentAlerts,
    plan: Plan,
    /// The number of the arrival, if it has one before it is written.
    number: Option<i64>,
}

/// Writes an arrival with its incident and its deliveries.
fn write(
    sql: &dyn Sql,
    planner: &dyn Planner,
    sender: &Sender,
    arrival: &NewArrival,
    decided: Decided<'_>,
) -> Result<Stored> {
    let Decided { facts, resent, group, joins, alerts, plan, number } = decided;
    let rows = ArrivalRow::new(number, arrival)?;
    let gain = rows.gain(&plan);
    let (incident, event) = match &joins {
        Some(joined) => (joined.id, incident_rows::join(sql, joined, &facts, &gain)?),
        None => {
            let head = IncidentHead::opened_by(&facts);
            let opening = Opening { group, share: sender.share, muted: sender.muted, head: &head };
            (incident_rows::open(sql, &opening, &gain)?, head.event)
        }
    };
    resent::withdraw(sql, planner, resent, arrival.received_at)?;
    let id = rows.insert(sql, incident)?;
    let NewArrival { envelope, content, .. } = arrival;
    let summary = IncidentSummary { incident, arrival: id, envelope, content };
    let cover = joins.as_ref().and_then(|joined| joined.cover);
    incident_summary::note(sql, &summary, cover)?;
    let opened = joins.is_none().then_some(incident);
    incident_summary::count(sql, group.device, arrival, opened)?;
    let (placed, notified) = (Placed::of(&facts), &alerts.notified);
    let place = sender.device.place();
    let added = Added { incident, event, arrival: id, placed, device: &place, notified };
    new_deliveries::add_all(sql, &added, &plan.due)?;
    remember_digests(sql, group.device, incident, arrival)?;
    let channels = plan.due.into_iter().map(|due| due.channel).collect();
    Ok(Stored { arrival: id, incident, joined: joins.is_some(), channels })
}

/// Who sent an arrival, and what somebody chose for the home.
struct Sender {
    /// As the arrival names it.
    reported: Device,
    /// Where it was seen.
    seen: Option<SeenDevice>,
    /// The device as it is while this transaction has its lock.
    device: DeviceRow,
    /// Whose the arrival is: a row of `share`.
    share: i64,
    muted: bool,
    /// The mode that somebody chose last.
    mode: Option<Chosen>,
}

impl Sender {
    /// Finds the device of an arrival, and has its lock from then on. The arrival gets the device as its row has it.
    fn of(sql: &dyn Sql, planner: &dyn Planner, arrival: &mut NewArrival) -> Result<Self> {
        sql.lock(Lock::Arrival(&arrival.blob.name.0))?;
        device_resolution::expect(sql, arrival)?;
        let (mode, muted_until) = sql.together(home_settings::read_both)?;
        let reported = arrival.device.clone();
        let Resolved { row: mut device, seen, .. } = device_resolution::resolve(sql, arrival)?;
        let is_shared = sql.lock(Lock::Device(device.own.id))?;
        sql.expect(&|ahead| expect(ahead, planner, arrival, (&device, &reported), &mode))?;
        if is_shared {
            device = device_resolution::existing(sql, device.own.id)?;
        }
        let share = shares::holder(sql, &device, &reported, &arrival.envelope)?;
        let muted = sightings::is_muted_now(Some(&device), muted_until, arrival.received_at);
        Ok(Self { reported, seen, device, share, muted, mode })
    }

    /// Notes that the device sent an arrival, and from where.
    fn note(&self, sql: &dyn Sql, arrival: &NewArrival) -> Result<()> {
        if let Some(seen) = &self.seen {
            device_resolution::note_seen(sql, arrival, &self.reported, seen)?;
        }
        sightings::note_arrival(sql, &self.device, arrival.received_at, arrival.vendor)
    }
}

/// What [`store`] reads of most arrivals once it has the lock of the device: of one that nobody has muted, and that repeats
/// nothing.
fn expect(
    ahead: &dyn Sql,
    planner: &dyn Planner,
    arrival: &NewArrival,
    (device, reported): (&DeviceRow, &Device),
    mode: &Option<Chosen>,
) {
    let id = device.own.id;
    let facts = facts_of(arrival, false, false);
    let group = Joinable::of(planner, id, &facts);
    let _ = device_rows::by_id(ahead, id);
    let _ = shares::find_holder(ahead, device, reported, &arrival.envelope);
    let _ = dedup::known_files(ahead, id, &arrival.content, &arrival.digests);
    let _ = resent::earlier_mails(ahead, id, arrival);
    let _ = incident_rows::latest(ahead, group);
    let _ = incident_rows::notified_of_latest(ahead, group);
    let _ = past::expect(ahead, planner, &facts, &device.place(), mode.as_ref());
    let past = Past { chosen_mode: mode.clone(), ..Past::default() };
    let alerts = planner.plan(&facts, &[], &past).due;
    let tables = ["incident", "arrival"].into_iter().chain(alerts.iter().map(|_| "delivery"));
    tables.for_each(|table| drop(ahead.number(table)));
}

/// Incidents that an arrival may join besides the latest one.
#[derive(Clone, Copy)]
struct Wanted {
    /// The one that it was fetched for.
    fetched_for: Option<IncidentId>,
    /// The one in which the device has sent the same before.
    seen_in: Option<IncidentId>,
}

/// The incident that an arrival joins, if it joins one that has room, and who was alerted of it.
fn joined_incident(
    sql: &dyn Sql,
    planner: &dyn Planner,
    facts: &Facts<'_>,
    group: Joinable,
    wanted: Wanted,
    locked_max: u64,
) -> Result<(Option<IncidentRow>, IncidentAlerts)> {
    let latest = incident_rows::latest(sql, group)?;
    let Wanted { fetched_for, seen_in } = wanted;
    let by_rules = || joined(planner, facts, seen_in, latest.as_ref().map(IncidentRow::open));
    let joins = fetched_for.or_else(by_rules);
    let Some(joins) = joins else { return Ok((None, IncidentAlerts::default())) };
    let latest = latest.filter(|latest| latest.id == joins);
    let is_latest = latest.is_some();
    let joins = latest.map_or_else(|| incident_rows::read(sql, joins), Ok)?;
    if !shares::has_room(sql, joins.is_locked, locked_max)? {
        return Ok((None, IncidentAlerts::default()));
    }
    let alerts = match is_latest {
        true => incident_rows::alerts_of_latest(sql, &joins, group)?,
        false => incident_rows::alerts(sql, &joins)?,
    };
    Ok((Some(joins), alerts))
}

/// The arrival with this blob, as [`store`] returned it, if it was stored: for whoever did not get the answer.
pub(super) fn find(sql: &dyn Sql, blob: &BlobName) -> Result<Option<Stored>> {
    sql.lock(Lock::Arrival(&blob.0))?;
    let select = "SELECT id, incident, EXISTS (SELECT 1 FROM arrival AS earlier
                WHERE earlier.incident = arrival.incident AND earlier.id < arrival.id)
         FROM arrival WHERE blob = ?1";
    let found = sql.row(select, params![blob.0], |row| {
        Ok((ArrivalId(row.get(0)?), IncidentId(row.get(1)?), row.get(2)?))
    })?;
    let Some((arrival, incident, joined)) = found else { return Ok(None) };
    let select = "SELECT DISTINCT channel FROM delivery_arrival
         JOIN delivery ON delivery.id = delivery_arrival.delivery
         WHERE delivery_arrival.arrival = ?1 ORDER BY channel";
    let channels = sql.rows(select, params![arrival.0], |row| row.get(0))?;
    Ok(Some(Stored { arrival, incident, joined, channels }))
}

/// Remembers the digests by which the files are recognised if they come again.
fn remember_digests(
    sql: &dyn Sql,
    device: i64,
    incident: IncidentId,
    arrival: &NewArrival,
) -> Result<()> {
    let NewArrival { content, digests, unacknowledged, .. } = arrival;
    if may_be_sent_again(arrival) {
        dedup::remember(sql, device, incident, content, digests, *unacknowledged)?;
    }
    Ok(())
}

/// The row of an arrival, before it is written.
struct ArrivalRow<'a> {
    number: Option<i64>,
    arrival: &'a NewArrival,
    envelope: String,
    content: String,
}

impl<'a> ArrivalRow<'a> {
    fn new(number: Option<i64>, arrival: &'a NewArrival) -> Result<Self> {
        let (envelope, content) = (json(&arrival.envelope)?, json(&arrival.content)?);
        Ok(Self { number, arrival, envelope, content })
    }

    /// What its incident gets by it.
    fn gain<'b>(&self, plan: &'b Plan) -> Gain<'b> {
        let texts = [self.envelope.as_str(), &self.content];
        let (pictures, videos) = counts(&self.arrival.content);
        Gain {
            weight: Weight::new(self.arrival.blob.size, &texts),
            pictures,
            videos,
            suppressed_reason: plan.suppressed_reason.as_deref(),
        }
    }

    fn insert(&self, sql: &dyn Sql, incident: IncidentId) -> Result<ArrivalId> {
        let Self { number, arrival, envelope, content } = self;
        let id = sql.insert_numbered(
            *number,
            "INSERT INTO arrival
               (id, incident, received_at, torn, event, blob, bytes, envelope, content, tree, mail_digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                number,
                incident.0,
                arrival.received_at.0,
                arrival.torn,
                arrival.event.as_str(),
                arrival.blob.name.0,
                i64::try_from(arrival.blob.size).unwrap_or(i64::MAX),
                envelope,
                content,
                arrival.tree,
                arrival.digest_to_keep().as_ref().map(known_mails::to_bytes),
            ],
        )?;
        Ok(ArrivalId(id))
    }
}
