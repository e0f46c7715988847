//! Storing an arrival: its row, its incident and its due deliveries, in one transaction
//! (docs/spool.md, A3).

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{
    AlertKind, ArrivalId, Content, DeviceId, Due, Event, Facts, IncidentClass, IncidentId,
    NotifiedChannel, Plan, Planner, Timestamp,
};

use super::history::DeviceHistory;
use super::home_settings;
use super::incident_rows::{Opening, latest_incident, open_incident, touch_incident};
use super::incident_summary::{self, IncidentSummary};
use super::{
    dedup, device_resolution, devices, dismissal, json, known_mails, resent, shares, summary,
};
use crate::core::bounds;
use crate::core::dedup::may_be_sent_again;
use crate::core::facts::{facts_of, facts_of_content};
use crate::{NewArrival, Notice, Result, Stored};

/// How many arrivals one follow-up takes in.
pub(super) const ARRIVALS_PER_DELIVERY_MAX: u32 = 50;

/// Stores an arrival inside the writer's transaction.
pub(super) fn store(
    connection: &Connection,
    planner: &dyn Planner,
    mut arrival: NewArrival,
    locked_max: u64,
) -> Result<Stored> {
    bounds::bound(&mut arrival.envelope);
    let (device, share) = shares::resolve(connection, &mut arrival)?;
    let NewArrival { content, digests, again, .. } = &mut arrival;
    let seen_in = dedup::mark(connection, device, content, digests, *again)?;
    let resent = resent::compare(connection, device, &arrival)?;
    if resent.repeats.is_some() {
        arrival.content.media.iter_mut().for_each(|media| media.repeat = true);
    }
    let seen_in = resent.repeats.or(seen_in);
    let muted = device_resolution::heard(connection, device, arrival.received_at, arrival.vendor)?
        || home_settings::is_muted(connection, arrival.received_at)?;
    let facts = facts_of(&arrival);
    let facts = Facts { muted, repeat: facts.repeat || resent.repeats.is_some(), ..facts };
    let silent = planner.is_silent(&facts);
    let class = planner.class(&facts);
    let joins = match seen_in {
        Some(incident) if facts.repeat => Some(incident),
        _ => latest_incident(connection, device, silent, class)?
            .filter(|latest| planner.joins(&facts, latest))
            .map(|latest| latest.id),
    };
    let joins = shares::unless_full(connection, joins, locked_max)?;
    let told = told(connection, joins)?;
    let history = DeviceHistory::new(connection, device, arrival.received_at);
    let plan = dismissal::plan(connection, planner, joins, &facts, &told, &history)?;
    let incident = match joins {
        Some(incident) => touch_incident(connection, incident, &facts)?,
        None => open_incident(
            connection,
            &Opening {
                device,
                share,
                silent: silent.into(),
                class,
                event: facts.event,
                subject: &arrival.content.subject,
                at: facts.received_at,
                video: facts.video_only,
                muted,
            },
        )?,
    };
    note_untold(connection, incident, &told, &plan)?;
    resent::withdraw(connection, planner, &resent, arrival.received_at)?;
    let ready_at = resent.due_at.unwrap_or(arrival.ready_at).min(arrival.ready_at);
    let (video, page) = (facts.video_only, facts.is_page());
    let id = insert_arrival(connection, incident, &arrival)?;
    let NewArrival { envelope, content, .. } = &arrival;
    let summary = IncidentSummary { incident, arrival: id, envelope, content };
    incident_summary::note(connection, &summary, None)?;
    incident_summary::count(connection, arrival.received_at, arrival.torn, arrival.blob.size)?;
    for due in &plan.due {
        let due = Due { due_at: due.due_at.max(ready_at), ..due.clone() };
        let added = Added { incident, arrival: id, video, page };
        add_delivery(connection, &added, &due, arrival.received_at)?;
    }
    remember_prints(connection, device, incident, &arrival)?;
    if resent.repeats.is_none() {
        resent::remember(connection, device, id, &arrival)?;
    }
    let channels = plan.due.into_iter().map(|due| due.channel).collect();
    Ok(Stored { arrival: id, incident, joined: joins.is_some(), channels })
}

/// By what it is recognised if it comes again.
fn remember_prints(
    connection: &Connection,
    device: i64,
    incident: IncidentId,
    arrival: &NewArrival,
) -> Result<()> {
    let NewArrival { content, digests, unacknowledged, .. } = arrival;
    if may_be_sent_again(arrival) {
        dedup::remember(connection, device, incident, content, digests, *unacknowledged)?;
    }
    Ok(())
}

/// What `incident.silent` holds of one that no arrival opened: none joins it.
pub(super) const NOTICE: i64 = 2;

/// See [`crate::Devices::raise`].
pub(super) fn create_notice(
    connection: &Connection,
    planner: &dyn Planner,
    notice: &Notice,
) -> Result<Vec<String>> {
    let Some(device) = devices::read(connection, notice.device.0)? else {
        return Ok(Vec::new());
    };
    let content = Content { subject: notice.subject.clone(), ..Content::default() };
    let Notice { device: id, event, subject, at } = notice;
    let (incident, muted) = open_notice(connection, *id, *event, subject, *at)?;
    let facts = Facts {
        began_at: *at,
        received_at: *at,
        event: *event,
        muted,
        ..facts_of_content(&device, &content)
    };
    let history = DeviceHistory::new(connection, id.0, *at);
    let plan = history.plan(planner, &facts, &[])?;
    note_untold(connection, incident, &[], &plan)?;
    for due in &plan.due {
        insert_delivery(connection, incident, false, due, notice.at)?;
    }
    if notice.event == Event::Silence {
        device_resolution::silence_told(connection, notice.device)?;
    }
    Ok(plan.due.into_iter().map(|due| due.channel).collect())
}

/// Opens an incident that no arrival opened; whether nobody is to be told of it.
pub(super) fn open_notice(
    connection: &Connection,
    device: DeviceId,
    event: Event,
    subject: &str,
    at: Timestamp,
) -> Result<(IncidentId, bool)> {
    let muted = device_resolution::is_muted(connection, device, at)?
        || home_settings::is_muted(connection, at)?;
    let opening = Opening {
        device: device.0,
        share: shares::holder_of_device(connection, device.0)?,
        silent: NOTICE,
        class: IncidentClass::Alone,
        event,
        subject,
        at,
        video: false,
        muted,
    };
    Ok((open_incident(connection, &opening)?, muted))
}

/// The channels that hear of an incident, with the routes of their first alerts.
pub(super) fn told(
    connection: &Connection,
    incident: Option<IncidentId>,
) -> Result<Vec<NotifiedChannel>> {
    let Some(incident) = incident else {
        return Ok(Vec::new());
    };
    let mut select = connection.prepare_cached(
        "SELECT channel, route FROM delivery WHERE incident = ?1 AND kind = 'first' ORDER BY id",
    )?;
    let told = select.query_map([incident.0], |row| {
        Ok(NotifiedChannel { channel: row.get(0)?, route: row.get(1)? })
    })?;
    Ok(told.collect::<Result<_, _>>()?)
}

/// Why nobody hears of an incident; nothing, once somebody does.
pub(super) fn note_untold(
    connection: &Connection,
    incident: IncidentId,
    notified: &[NotifiedChannel],
    plan: &Plan,
) -> Result<()> {
    let is_told = plan.due.iter().any(|due| due.kind != AlertKind::Summary);
    let suppressed_reason =
        plan.suppressed_reason.as_deref().filter(|_| !is_told && notified.is_empty());
    connection
        .prepare_cached(
            "UPDATE incident SET suppressed_reason = ?2
             WHERE id = ?1 AND suppressed_reason IS NOT ?2",
        )?
        .execute(params![incident.0, suppressed_reason])?;
    Ok(())
}

fn insert_arrival(
    connection: &Connection,
    incident: IncidentId,
    arrival: &NewArrival,
) -> Result<ArrivalId> {
    connection
        .prepare_cached(
            "INSERT INTO arrival
               (incident, received_at, torn, event, blob, bytes, envelope, content, tree, mail_digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            incident.0,
            arrival.received_at.0,
            arrival.torn,
            arrival.event.as_str(),
            arrival.blob.name.0,
            i64::try_from(arrival.blob.size).unwrap_or(i64::MAX),
            json(&arrival.envelope)?,
            json(&arrival.content)?,
            arrival.tree,
            arrival.digest_to_keep().as_ref().map(known_mails::to_bytes),
        ])?;
    let id = ArrivalId(connection.last_insert_rowid());
    shares::added(connection, incident, shares::weight(connection, id)?)?;
    Ok(id)
}

/// An arrival that a channel is to hear of.
pub(super) struct Added {
    pub(super) incident: IncidentId,
    pub(super) arrival: ArrivalId,
    /// Whether it is a video, which may have to be made ready first.
    pub(super) video: bool,
    /// Whether it is a page of a scan ([`Facts::is_page`]).
    pub(super) page: bool,
}

/// A delivery of its own, or a place in a follow-up that has not been attempted yet: a burst
/// becomes an album, not a queue.
pub(super) fn add_delivery(
    connection: &Connection,
    added: &Added,
    due: &Due,
    now: Timestamp,
) -> Result<()> {
    let waiting = match due.kind {
        AlertKind::First | AlertKind::Report => None,
        AlertKind::FollowUp => match gathering_first(connection, added, due, now)? {
            Some(first) => Some(first),
            None => waiting_follow_up(connection, added, &due.channel)?,
        },
        AlertKind::Summary => return summary::add(connection, added, due, now),
    };
    let delivery = match waiting {
        Some(delivery) => delivery,
        None => insert_delivery(connection, added.incident, added.video, due, now)?,
    };
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO delivery_arrival (delivery, arrival) VALUES (?1, ?2)",
        )?
        .execute(params![delivery, added.arrival.0])?;
    Ok(())
}

pub(super) fn insert_delivery(
    connection: &Connection,
    incident: IncidentId,
    video: bool,
    due: &Due,
    now: Timestamp,
) -> Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO delivery (incident, channel, kind, state, created_at, due_at, video, route,
                                   of_place, device, place)
             SELECT ?1, ?2, ?3, 'pending', ?4, ?5, ?6, ?7, ?8, device.id,
                    CASE WHEN ?3 = 'report' THEN '#0'
                         WHEN coalesce(device.label, recorder.label) IS NULL
                              AND device.place IS NOT NULL THEN device.place
                         ELSE '#' || coalesce(device.recorder, device.id) END
             FROM incident JOIN device ON device.id = incident.device
             LEFT JOIN device AS recorder ON recorder.id = device.recorder
             WHERE incident.id = ?1",
        )?
        .execute(params![
            incident.0,
            due.channel,
            due.kind.as_str(),
            now.0,
            due.due_at.0,
            video,
            due.route,
            due.of_address,
        ])?;
    Ok(connection.last_insert_rowid())
}

/// How long the first alert of a scan waits for its pages altogether.
const PAGES_WAIT_MAX: Duration = Duration::from_secs(60);

/// The first alert of a scan that waits for further pages: it takes this arrival in. It waits longer for the
/// one after a page, and no longer where a picture comes.
fn gathering_first(
    connection: &Connection,
    added: &Added,
    due: &Due,
    now: Timestamp,
) -> Result<Option<i64>> {
    if added.video {
        return Ok(None);
    }
    let waiting: Option<(i64, i64)> = connection
        .prepare_cached(
            "SELECT id, created_at FROM delivery
             WHERE incident = ?1 AND channel = ?2 AND kind = 'first' AND state = 'pending'
               AND attempts = 0 AND due_at > ?3 AND created_at <= ?3 AND NOT video
               AND (SELECT count(*) FROM delivery_arrival WHERE delivery = delivery.id) < ?4
               AND NOT EXISTS (
                   SELECT 1 FROM delivery_arrival JOIN arrival ON arrival.id = delivery_arrival.arrival,
                                 json_each(arrival.content, '$.media') AS media
                   WHERE delivery_arrival.delivery = delivery.id
                     AND media.value ->> '$.kind' <> 'file'
                     AND media.value ->> '$.content_type' <> 'image/tiff')
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(
            params![added.incident.0, due.channel, now.0, ARRIVALS_PER_DELIVERY_MAX],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((first, created_at)) = waiting else {
        return Ok(None);
    };
    let due_at = match added.page {
        true => due.due_at.min(Timestamp(created_at).after(PAGES_WAIT_MAX)),
        false => now,
    };
    connection
        .prepare_cached("UPDATE delivery SET due_at = ?2 WHERE id = ?1")?
        .execute(params![first, due_at.0])?;
    Ok(Some(first))
}

/// A follow-up that has room for another arrival: a camera gone mad makes many alerts of bounded
/// size, not one without bounds. Pictures do not wait for a video that is made ready. One that holds the
/// arrival already may be under way with what the arrival was before it grew, unless another is before it.
fn waiting_follow_up(connection: &Connection, added: &Added, channel: &str) -> Result<Option<i64>> {
    let waiting = connection
        .prepare_cached(
            "SELECT id FROM delivery WHERE incident = ?1 AND channel = ?2 AND kind = 'followup'
             AND state = 'pending' AND attempts = 0 AND video = ?4
             AND (SELECT count(*) FROM delivery_arrival WHERE delivery = delivery.id) < ?3
             AND (NOT EXISTS (SELECT 1 FROM delivery_arrival
                              WHERE delivery = delivery.id AND arrival = ?5)
                  OR EXISTS (SELECT 1 FROM delivery AS earlier
                             WHERE earlier.incident = ?1 AND earlier.channel = ?2
                               AND earlier.id < delivery.id AND earlier.state = 'pending'
                               AND (earlier.kind = 'first'
                                    OR earlier.kind = 'followup' AND (?4 OR NOT earlier.video))))
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(
            params![
                added.incident.0,
                channel,
                ARRIVALS_PER_DELIVERY_MAX,
                added.video,
                added.arrival.0
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(waiting)
}
