//! The rows of incidents as arrivals open and join them.

use tipoff_model::{
    Event, Facts, IncidentClass, IncidentId, NotifiedChannel, OpenIncident, Plan, Planner,
    Timestamp,
};

use super::shares::Weight;
use super::statement::{Row, Sql, Value, at, event, params};
use crate::core::alerting::IncidentAlerts;
use crate::core::eviction;
use crate::core::incident_head::IncidentHead;
use crate::core::incident_kind::IncidentKind;
use crate::{Result, SpoolError};

/// The value of `incident.class`.
const fn class_number(class: IncidentClass) -> i64 {
    match class {
        IncidentClass::Alarm => 0,
        IncidentClass::Fault => 1,
        IncidentClass::Alone => 2,
    }
}

/// An incident that an arrival may join.
#[derive(Clone, Debug)]
pub(super) struct IncidentRow {
    pub(super) id: IncidentId,
    began_at: Timestamp,
    head: IncidentHead,
    pub(super) is_locked: bool,
    is_dismissed: bool,
    /// Whether its cover is a video. `None`: it has no cover.
    pub(super) cover: Option<bool>,
}

/// Selects an [`IncidentRow`].
macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, began_at, event, subject, last_arrival_at, has_video, locked_at IS NOT NULL,
                    dismissed_by IS NOT NULL, CASE WHEN cover_arrival IS NOT NULL THEN cover_video END
             FROM incident WHERE ",
            $where
        )
    };
}

impl IncidentRow {
    fn read(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: IncidentId(row.get(0)?),
            began_at: at(row, 1)?,
            head: IncidentHead {
                event: event(row, 2)?,
                subject: row.get(3)?,
                last_arrival_at: at(row, 4)?,
                has_video: row.get(5)?,
            },
            is_locked: row.get(6)?,
            is_dismissed: row.get(7)?,
            cover: row.get(8)?,
        })
    }

    /// What rules decide from whether an arrival joins it.
    pub(super) fn open(&self) -> OpenIncident {
        OpenIncident {
            id: self.id,
            began_at: self.began_at,
            last_arrival_at: self.head.last_arrival_at,
            has_video: self.head.has_video,
        }
    }
}

/// The incident of this number.
///
/// # Errors
/// [`SpoolError::NoIncident`] if it was removed.
pub(super) fn read(sql: &dyn Sql, incident: IncidentId) -> Result<IncidentRow> {
    let row = sql.row(select!("id = ?1"), params![incident.0], IncidentRow::read)?;
    row.ok_or(SpoolError::NoIncident(incident))
}

/// Whether an incident is stored.
pub(super) fn is_stored(sql: &dyn Sql, incident: IncidentId) -> Result<bool> {
    let select = "SELECT EXISTS (SELECT 1 FROM incident WHERE id = ?1)";
    Ok(sql.row(select, params![incident.0], |row| row.get(0))?.unwrap_or(false))
}

/// Which of a device's incidents an arrival may join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joinable {
    pub(super) device: i64,
    pub(super) kind: IncidentKind,
    pub(super) class: IncidentClass,
}

impl Joinable {
    /// For an arrival of a device.
    pub(super) fn of(planner: &dyn Planner, device: i64, facts: &Facts<'_>) -> Self {
        let kind = IncidentKind::of_arrival(planner.is_silent(facts));
        Self { device, kind, class: planner.class(facts) }
    }

    fn values(self) -> [Value<'static>; 3] {
        [self.device, self.kind.number(), class_number(self.class)].map(Value::Integer)
    }
}

/// The latest incident that an arrival may join.
pub(super) fn latest(sql: &dyn Sql, joinable: Joinable) -> Result<Option<IncidentRow>> {
    if !joinable.class.is_shared() {
        return Ok(None);
    }
    let select =
        select!("device = ?1 AND incident_kind = ?2 AND class = ?3 ORDER BY id DESC LIMIT 1");
    sql.row(select, &joinable.values(), IncidentRow::read)
}

/// Who was alerted of the latest incident that an arrival may join.
pub(super) fn notified_of_latest(
    sql: &dyn Sql,
    joinable: Joinable,
) -> Result<Vec<NotifiedChannel>> {
    if !joinable.class.is_shared() {
        return Ok(Vec::new());
    }
    let select = "SELECT channel, route FROM delivery
         WHERE incident = (SELECT id FROM incident WHERE device = ?1 AND incident_kind = ?2
                           AND class = ?3 ORDER BY id DESC LIMIT 1)
           AND kind = 'first' ORDER BY id";
    sql.rows(select, &joinable.values(), notified_channel)
}

/// Who was alerted of an incident.
fn notified(sql: &dyn Sql, incident: IncidentId) -> Result<Vec<NotifiedChannel>> {
    let select =
        "SELECT channel, route FROM delivery WHERE incident = ?1 AND kind = 'first' ORDER BY id";
    sql.rows(select, params![incident.0], notified_channel)
}

fn notified_channel(row: &Row<'_>) -> Result<NotifiedChannel> {
    Ok(NotifiedChannel { channel: row.get(0)?, route: row.get(1)? })
}

/// Who was alerted of an incident, and whether somebody dismissed it.
pub(super) fn alerts(sql: &dyn Sql, incident: &IncidentRow) -> Result<IncidentAlerts> {
    let notified = notified(sql, incident.id)?;
    Ok(IncidentAlerts { notified, is_dismissed: incident.is_dismissed })
}

/// The same for the latest incident that an arrival may join.
pub(super) fn alerts_of_latest(
    sql: &dyn Sql,
    incident: &IncidentRow,
    joinable: Joinable,
) -> Result<IncidentAlerts> {
    let notified = notified_of_latest(sql, joinable)?;
    Ok(IncidentAlerts { notified, is_dismissed: incident.is_dismissed })
}

/// An incident that is opened.
pub(super) struct Opening<'a> {
    pub(super) group: Joinable,
    /// Whose it is: a row of `share`.
    pub(super) share: i64,
    pub(super) muted: bool,
    pub(super) head: &'a IncidentHead,
}

/// What an incident gets by an arrival that opens or joins it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gain<'a> {
    pub(super) weight: Weight,
    pub(super) pictures: i64,
    pub(super) videos: i64,
    /// Why no alert was sent of the incident from now on. `None`: one was.
    pub(super) suppressed_reason: Option<&'a str>,
}

pub(super) fn open(sql: &dyn Sql, new: &Opening<'_>, gain: &Gain<'_>) -> Result<IncidentId> {
    let number = sql.number("incident")?;
    let id = sql.insert_numbered(
        number,
        "INSERT INTO incident
               (id, device, event, subject, began_at, last_arrival_at, incident_kind, has_video, muted,
                class, share, bytes, blob_bytes, pictures, videos, suppressed_reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            number,
            new.group.device,
            new.head.event.as_str(),
            new.head.subject,
            new.head.last_arrival_at.0,
            new.group.kind.number(),
            new.head.has_video,
            new.muted,
            class_number(new.group.class),
            new.share,
            gain.weight.bytes.saturating_add(eviction::INCIDENT_BYTES),
            gain.weight.blob_bytes,
            gain.pictures,
            gain.videos,
            gain.suppressed_reason,
        ],
    )?;
    Ok(IncidentId(id))
}

/// Notes an arrival that joins an incident; the incident's event after it.
pub(super) fn join(
    sql: &dyn Sql,
    incident: &IncidentRow,
    facts: &Facts<'_>,
    gain: &Gain<'_>,
) -> Result<Event> {
    let head = incident.head.clone().with(facts);
    sql.change(
        "UPDATE incident SET event = ?2, subject = ?3, last_arrival_at = ?4, has_video = ?5,
                bytes = bytes + ?6, blob_bytes = blob_bytes + ?7, pictures = pictures + ?8,
                videos = videos + ?9, suppressed_reason = ?10
             WHERE id = ?1",
        params![
            incident.id.0,
            head.event.as_str(),
            head.subject,
            head.last_arrival_at.0,
            head.has_video,
            gain.weight.bytes,
            gain.weight.blob_bytes,
            gain.pictures,
            gain.videos,
            gain.suppressed_reason,
        ],
    )?;
    Ok(head.event)
}

/// See [`crate::Spool::prolong`].
pub(super) fn prolong(sql: &dyn Sql, incident: IncidentId, until: Timestamp) -> Result<()> {
    let prolong = "UPDATE incident SET last_arrival_at = ?2 WHERE id = ?1 AND last_arrival_at < ?2";
    sql.change(prolong, params![incident.0, until.0])?;
    Ok(())
}

/// Notes why no alert of an incident was sent, or that one was.
pub(super) fn set_suppressed_reason(
    sql: &dyn Sql,
    incident: IncidentId,
    plan: &Plan,
) -> Result<()> {
    sql.change(
        "UPDATE incident SET suppressed_reason = ?2
             WHERE id = ?1 AND suppressed_reason IS DISTINCT FROM ?2",
        params![incident.0, plan.suppressed_reason],
    )?;
    Ok(())
}
