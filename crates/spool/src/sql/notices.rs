//! Incidents that no arrival opens: notices about a device, such as that it is inactive, and reports. Nothing joins such
//! an incident, and its words are its own.

use tipoff_model::{
    Content, DeviceId, Event, Facts, IncidentClass, IncidentId, Planner, Timestamp,
};

use super::incident_rows::{self, Gain, Joinable, Opening};
use super::incident_summary;
use super::statement::{Lock, Sql};
use super::{device_rows, new_deliveries, planning, shares, sightings};
use crate::core::alerting::IncidentAlerts;
use crate::core::incident_head::IncidentHead;
use crate::core::incident_kind::IncidentKind;
use crate::{Notice, Result};

/// See [`crate::Devices::create_notice`]. The rules decide who is alerted, as for an arrival with this event and subject.
pub(super) fn create(sql: &dyn Sql, planner: &dyn Planner, notice: &Notice) -> Result<Vec<String>> {
    let Notice { device: id, event, subject, at } = notice;
    let Some(device) = device_rows::read(sql, id.0)? else {
        return Ok(Vec::new());
    };
    let content = Content { subject: subject.clone(), ..Content::default() };
    let (incident, muted) = open(sql, *id, *event, subject, *at)?;
    let facts = Facts { event: *event, muted, ..Facts::of(&device, *at, &content) };
    let new = IncidentAlerts::default();
    let (plan, place) = planning::plan(sql, planner, (id.0, &facts), &new, *at)?;
    incident_rows::set_suppressed_reason(sql, incident, &plan)?;
    for due in &plan.due {
        new_deliveries::insert(sql, incident, &place, false, due, *at)?;
    }
    if *event == Event::Silence {
        sightings::note_inactivity_alert(sql, *id)?;
    }
    Ok(plan.due.into_iter().map(|due| due.channel).collect())
}

/// Opens an incident that no arrival opens. Returns its number, and whether alerts of the device, or all, are muted.
pub(super) fn open(
    sql: &dyn Sql,
    device: DeviceId,
    event: Event,
    subject: &str,
    at: Timestamp,
) -> Result<(IncidentId, bool)> {
    sql.lock(Lock::Device(device.0))?;
    let muted = sightings::is_muted(sql, device, at)?;
    let head =
        IncidentHead { event, subject: subject.to_owned(), last_arrival_at: at, has_video: false };
    let group =
        Joinable { device: device.0, kind: IncidentKind::Notice, class: IncidentClass::Alone };
    let opening =
        Opening { group, share: shares::holder_of_device(sql, device.0)?, muted, head: &head };
    let incident = incident_rows::open(sql, &opening, &Gain::default())?;
    incident_summary::note_hour(sql, device.0, at, incident)?;
    Ok((incident, muted))
}
