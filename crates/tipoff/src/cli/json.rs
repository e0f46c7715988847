//! The output of `--json`: the API's values under the keys of the command line.
//!
//! Both sets of keys are covered by docs/compatibility.md and differ in places: `incident` here is
//! `id` in the API. Each type here is made from the API's type, which it takes apart without `..`:
//! whoever adds a field to the API decides here whether the command line prints it. Users and audit
//! entries have the API's own keys.

mod configuration;

use std::collections::BTreeMap;

use serde::Serialize;
use tipoff_model::{BlobName, Content, Envelope};
use tipoff_spool::{
    ApiToken, ArrivalLine, DeliveryLine, DeviceDetail, DeviceLine, IncidentDetail, IncidentLine,
    SessionDetail, SessionLine, Sighting,
};

pub(super) use self::configuration::{ChannelJson, ChannelTestJson, ConfigurationJson};
use crate::runtime::utc::{utc, utc_second};
use crate::web::account_types::Token;
use crate::web::device_origin;
use crate::web::incident_types::{Arrival, Attempt, Delivery, DeviceName, Incident};
use crate::web::session_types::{Session, Transcript, TranscriptEntry};

/// Prints one JSON value, indented. The keys of each object are in alphabetical order.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    // By way of a `Value`, which sorts them.
    println!("{:#}", serde_json::to_value(value)?);
    Ok(())
}

/// An incident, with the numbers of its arrivals and deliveries in a list, and themselves where it
/// is shown alone.
#[derive(Serialize)]
pub(super) struct IncidentJson<A, D> {
    incident: i64,
    /// Name of the device.
    device: String,
    /// The event, such as `motion`.
    event: &'static str,
    subject: String,
    /// All times are UTC, in the format of RFC 3339.
    began_at: String,
    last_arrival_at: String,
    /// How many, or the arrivals themselves.
    arrivals: A,
    /// How many by state, or the deliveries themselves.
    deliveries: D,
    /// Why no alert was sent.
    untold: Option<String>,
    /// Who marked it as not interesting.
    dismissed_by: Option<String>,
    /// Who locked it, so that retention keeps it.
    locked_by: Option<String>,
    /// Text of a report.
    note: Option<String>,
}

/// Number of deliveries by state, of all channels together. A state without deliveries has no key.
type DeliveryCounts = BTreeMap<&'static str, u64>;

impl From<&IncidentLine> for IncidentJson<u64, DeliveryCounts> {
    fn from(line: &IncidentLine) -> Self {
        let incident = Incident::from(line);
        let mut deliveries = DeliveryCounts::new();
        for outcome in &incident.outcomes {
            *deliveries.entry(outcome.state).or_default() += outcome.count;
        }
        Self::new(incident, line.arrivals, deliveries)
    }
}

impl<'a> From<&'a IncidentDetail> for IncidentJson<Vec<ArrivalJson<'a>>, Vec<DeliveryJson>> {
    fn from(detail: &'a IncidentDetail) -> Self {
        let arrivals = detail.arrivals.iter().map(ArrivalJson::from).collect();
        let deliveries = detail.deliveries.iter().map(DeliveryJson::from).collect();
        Self::new((&detail.line).into(), arrivals, deliveries)
    }
}

impl<A, D> IncidentJson<A, D> {
    /// Takes the API's incident apart. `_` marks what the command line does not print.
    fn new(incident: Incident, arrivals: A, deliveries: D) -> Self {
        let Incident {
            id,
            device: DeviceName { id: _, name: device },
            event,
            subject,
            began_at,
            last_arrival_at,
            arrivals: _,
            pictures: _,
            videos: _,
            video_length_s: _,
            thumbnail: _,
            silent: _,
            muted: _,
            untold,
            dismissed_by,
            locked_by,
            locked_at: _,
            note,
            outcomes: _,
        } = incident;
        Self {
            incident: id,
            device,
            event,
            subject,
            began_at,
            last_arrival_at,
            arrivals,
            deliveries,
            untold,
            dismissed_by,
            locked_by,
            note,
        }
    }
}

/// An arrival. Where the API has single fields, this has the envelope and the content as the spool
/// stores them.
#[derive(Serialize)]
pub(super) struct ArrivalJson<'a> {
    arrival: i64,
    received_at: String,
    torn: bool,
    envelope: &'a Envelope,
    content: &'a Content,
    /// Name of its blob in the folder `blobs`.
    blob: &'a BlobName,
    /// In bytes, as it came.
    size: u64,
}

impl<'a> From<&'a ArrivalLine> for ArrivalJson<'a> {
    fn from(line: &'a ArrivalLine) -> Self {
        // All else of it is in the envelope and the content.
        let Arrival { id, received_at, torn, size, .. } = line.into();
        let ArrivalLine { envelope, content, blob, .. } = line;
        Self { arrival: id, received_at, torn, envelope, content, blob: &blob.name, size }
    }
}

/// A delivery to a channel.
#[derive(Serialize)]
pub(super) struct DeliveryJson {
    delivery: i64,
    channel: String,
    /// `first`, `followup` or `summary`.
    kind: &'static str,
    /// `pending`, `delivered`, `refused`, `expired` or `withdrawn`.
    state: &'static str,
    created_at: String,
    /// When the next attempt is due, or was due when the delivery ended. The API leaves out the latter.
    due_at: String,
    attempts: Vec<Attempt>,
}

impl From<&DeliveryLine> for DeliveryJson {
    fn from(line: &DeliveryLine) -> Self {
        let Delivery { id, channel, kind, state, created_at, due_at: _, attempts } = line.into();
        let due_at = utc(line.due_at);
        let kind = kind.as_str();
        Self { delivery: id, channel, kind, state, created_at, due_at, attempts }
    }
}

/// A session.
#[derive(Serialize)]
pub(super) struct SessionJson {
    session: i64,
    protocol: &'static str,
    peer: String,
    /// Name of the device.
    device: Option<String>,
    began_at: String,
    /// Like the API's, but never null: only a running server knows the sessions that are open.
    ended_at: String,
    login: Option<String>,
    tls: Option<String>,
    outcome: &'static str,
    /// Whether something did not go as the device wanted.
    failed: bool,
    hint: Option<String>,
    arrivals: Vec<i64>,
    /// The transcript, where the session is shown alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<TranscriptEntry>>,
}

impl From<&SessionLine> for SessionJson {
    fn from(line: &SessionLine) -> Self {
        let Session {
            id,
            protocol,
            peer,
            device,
            began_at,
            ended_at: _,
            login,
            tls,
            outcome,
            hint,
            arrivals,
        } = line.into();
        Self {
            session: id,
            protocol,
            peer,
            device: device.map(|device| device.name),
            began_at,
            ended_at: utc(line.ended_at),
            login,
            tls,
            outcome,
            failed: line.outcome.is_failure(),
            hint,
            arrivals,
            lines: None,
        }
    }
}

impl From<&SessionDetail> for SessionJson {
    fn from(detail: &SessionDetail) -> Self {
        let Transcript { session: _, lines } = detail.into();
        Self { lines: Some(lines), ..(&detail.line).into() }
    }
}

/// A token of a program, without the token itself.
#[derive(Serialize)]
pub(super) struct TokenJson {
    id: i64,
    name: String,
    scope: &'static str,
    made_by: Option<String>,
    /// To the second, as in the list for people.
    created_at: String,
    used_at: Option<String>,
}

impl From<&ApiToken> for TokenJson {
    fn from(token: &ApiToken) -> Self {
        // `scope` already says whether it may change anything.
        let Token { id, name, scope, may_change: _, made_by, created_at: _, used_at: _ } =
            token.into();
        let (created_at, used_at) = (utc_second(token.created_at), token.used_at.map(utc_second));
        Self { id, name, scope, made_by, created_at, used_at }
    }
}

/// A device. Its keys are the API's.
#[derive(Serialize)]
pub(super) struct DeviceJson {
    id: i64,
    key: String,
    name: String,
    /// `configuration`, `dashboard` or `discovered`.
    origin: &'static str,
    maker: Option<String>,
    last_at: Option<String>,
    muted_until: Option<String>,
    silent_after_s: Option<u64>,
    user: Option<String>,
    /// The recorder that it is a channel of.
    recorder: Option<String>,
    /// Where it was seen, the latest first, where the device is shown alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<Vec<SightingJson>>,
    /// Names of the devices that were merged into it, where it is shown alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged: Option<Vec<String>>,
}

/// Where a device was seen.
#[derive(Serialize)]
struct SightingJson {
    address: String,
    protocol: &'static str,
    /// To the hour.
    last_at: String,
}

impl From<&DeviceLine> for DeviceJson {
    fn from(line: &DeviceLine) -> Self {
        Self {
            id: line.id.0,
            key: line.key.clone(),
            name: line.name.clone(),
            origin: device_origin(line),
            maker: line.vendor.clone(),
            last_at: line.last_at.map(utc),
            muted_until: line.muted_until.map(utc),
            silent_after_s: line.silent_after.map(|after| after.as_secs()),
            user: line.user.clone(),
            recorder: line.recorder.clone(),
            seen: None,
            merged: None,
        }
    }
}

impl From<&DeviceDetail> for DeviceJson {
    fn from(detail: &DeviceDetail) -> Self {
        let sighting = |seen: &Sighting| SightingJson {
            address: seen.place.to_string(),
            protocol: seen.protocol.as_str(),
            last_at: utc(seen.last_at),
        };
        let seen = Some(detail.sightings.iter().map(sighting).collect());
        Self { seen, merged: Some(detail.merged.clone()), ..(&detail.line).into() }
    }
}
