//! The shapes of incidents in the API. The types of the spool may change; these may only get new fields.

use std::time::Duration;

use serde::Serialize;
use tipoff_model::{AlertKind, MediaKind, MediaPlace, Timestamp};
use tipoff_spool::{ArrivalLine, DeliveryLine, IncidentDetail, IncidentLine};
use utoipa::ToSchema;

use super::base_path::prefixed;
use crate::runtime::millis::millis;
use crate::runtime::utc::utc;

/// A device by its number and name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceName {
    /// Number of the device.
    pub(crate) id: i64,
    /// Its name.
    pub(crate) name: String,
}

/// An incident as lists have it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Incident {
    /// Number of the incident.
    pub(crate) id: i64,
    /// The device that it is of.
    pub(crate) device: DeviceName,
    /// What happened, such as `motion`.
    pub(crate) event: &'static str,
    /// The first subject; empty where there was none.
    pub(crate) subject: String,
    /// When its first arrival was received.
    #[schema(format = DateTime)]
    pub(crate) began_at: String,
    /// When its latest arrival was received.
    #[schema(format = DateTime)]
    pub(crate) last_arrival_at: String,
    /// Number of arrivals.
    pub(crate) arrivals: u64,
    /// Number of pictures.
    pub(crate) pictures: u64,
    /// Number of videos.
    pub(crate) videos: u64,
    /// How long its videos play together, in seconds, as far as that is known.
    pub(crate) video_length_s: f64,
    /// Address of its thumbnail.
    pub(crate) thumbnail: Option<String>,
    /// Whether it is suppressed: stored, not alerted.
    pub(crate) silent: bool,
    /// Whether its device was muted when it began.
    pub(crate) muted: bool,
    /// Why no alert is sent, in words; null if alerts are sent.
    pub(crate) untold: Option<String>,
    /// Who marked it as not interesting, so that no more alerts are sent; null if nobody did.
    pub(crate) dismissed_by: Option<String>,
    /// Who locked it: it is kept until it is unlocked.
    pub(crate) locked_by: Option<String>,
    /// When it was locked; null if it is not.
    #[schema(format = DateTime)]
    pub(crate) locked_at: Option<String>,
    /// Text of a report: an incident that no arrival opened.
    pub(crate) note: Option<String>,
    /// Number of deliveries by channel and state.
    pub(crate) outcomes: Vec<Outcome>,
}

/// Deliveries of one incident to one channel that are in the same state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outcome {
    /// Name of the channel.
    pub(crate) channel: String,
    /// `pending`, `delivered`, `refused`, `expired` or `withdrawn`.
    pub(crate) state: &'static str,
    /// How many deliveries.
    pub(crate) count: u64,
}

/// An incident with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentFull {
    /// The incident as lists have it.
    pub(crate) incident: Incident,
    /// In the order of receipt.
    pub(crate) arrivals: Vec<Arrival>,
    /// In the order in which they were made.
    pub(crate) deliveries: Vec<Delivery>,
}

/// One thing received: a mail or an uploaded file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Arrival {
    /// Number of the arrival.
    pub(crate) id: i64,
    /// When it was received whole, or when its connection broke.
    #[schema(format = DateTime)]
    pub(crate) received_at: String,
    /// Whether the connection broke before its end.
    pub(crate) torn: bool,
    /// `smtp` or `ftp`.
    pub(crate) protocol: &'static str,
    /// The address that it came from.
    pub(crate) peer: String,
    /// The user that it logged in as.
    pub(crate) login: Option<String>,
    /// What the device called itself.
    pub(crate) greeting: Option<String>,
    /// Sender of the mail's envelope; empty for an upload.
    pub(crate) sender: String,
    /// Recipients of the mail's envelope.
    pub(crate) recipients: Vec<String>,
    /// Whether the connection was encrypted.
    pub(crate) encrypted: bool,
    /// What the device calls the file.
    pub(crate) path: Option<String>,
    /// Subject of the mail; empty without one.
    pub(crate) subject: String,
    /// Text of the mail.
    pub(crate) text: String,
    /// Whether its structure was broken, so that something may be missing here.
    pub(crate) unclear: bool,
    /// In bytes, as it came.
    pub(crate) size: u64,
    /// Where it is, as it came.
    pub(crate) url: String,
    /// Files in it, in their order.
    pub(crate) files: Vec<File>,
}

/// A file inside an arrival.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct File {
    /// Name, as the device gave it.
    pub(crate) name: String,
    /// Media type.
    pub(crate) content_type: String,
    /// `picture`, `animation`, `video` or `file`.
    pub(crate) kind: &'static str,
    /// In bytes.
    pub(crate) size: u64,
    /// Whether nothing of it is missing.
    pub(crate) whole: bool,
    /// Whether the device had sent it before.
    pub(crate) repeat: bool,
    /// Whether it only decorates the page of a mail, such as a logo: listed, not sent.
    pub(crate) decoration: bool,
    /// Address of the file as it was received.
    pub(crate) url: String,
    /// Address of its thumbnail; null for a file that is no picture or video.
    pub(crate) thumbnail: Option<String>,
}

/// A delivery to a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    /// Number of the delivery.
    pub(crate) id: i64,
    /// Name of the channel.
    pub(crate) channel: String,
    /// `first`, `followup`, `summary` or `report`.
    #[schema(value_type = String)]
    pub(crate) kind: AlertKind,
    /// `pending`, `delivered`, `refused`, `expired` or `withdrawn`.
    pub(crate) state: &'static str,
    /// When it was made.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When the next attempt is due, where it is pending.
    #[schema(format = DateTime)]
    pub(crate) due_at: Option<String>,
    /// In their order.
    pub(crate) attempts: Vec<Attempt>,
}

/// One attempt at a delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attempt {
    /// When it began.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// Its duration in milliseconds.
    pub(crate) took_ms: u64,
    /// Why it failed, where it did.
    pub(crate) error: Option<String>,
}

/// Where a stored file is, as the client that asks reaches it.
pub(crate) fn file_url(place: MediaPlace) -> String {
    let file = place.index.map_or_else(|| "raw".to_owned(), |index| index.to_string());
    prefixed(&format!("/api/v1/arrivals/{}/files/{file}", place.arrival))
}

/// Where a video is as a browser plays it.
pub(crate) fn rendition_url(place: MediaPlace) -> String {
    file_url(place) + "/rendition"
}

/// Address of its thumbnail.
pub(crate) fn thumbnail_url(place: MediaPlace) -> String {
    file_url(place) + "/thumbnail"
}

const fn kind(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Picture => "picture",
        MediaKind::Animation => "animation",
        MediaKind::Video => "video",
        MediaKind::File => "file",
    }
}

impl From<&IncidentLine> for Incident {
    fn from(line: &IncidentLine) -> Self {
        let outcome = |(channel, state, count): &(String, tipoff_model::DeliveryState, u64)| {
            Outcome { channel: channel.clone(), state: state.as_str(), count: *count }
        };
        Self {
            id: line.id.0,
            device: DeviceName { id: line.device_id.0, name: line.device.clone() },
            event: line.event.as_str(),
            subject: line.subject.clone(),
            began_at: utc(line.began_at),
            last_arrival_at: utc(line.last_arrival_at),
            arrivals: line.arrivals,
            pictures: line.pictures,
            videos: line.videos,
            video_length_s: line.video_length.as_secs_f64(),
            thumbnail: line.cover.map(|cover| thumbnail_url(cover.place)),
            silent: line.silent,
            muted: line.muted,
            untold: line.suppressed_reason.clone(),
            dismissed_by: line.dismissed.as_ref().map(|it| it.by.clone()),
            locked_by: line.locked.as_ref().map(|it| it.by.clone()),
            locked_at: line.locked.as_ref().map(|it| utc(it.at)),
            note: line.note.clone(),
            outcomes: line.deliveries.iter().map(outcome).collect(),
        }
    }
}

impl From<&IncidentDetail> for IncidentFull {
    fn from(detail: &IncidentDetail) -> Self {
        Self {
            incident: (&detail.line).into(),
            arrivals: detail.arrivals.iter().map(Arrival::from).collect(),
            deliveries: detail.deliveries.iter().map(Delivery::from).collect(),
        }
    }
}

impl From<&ArrivalLine> for Arrival {
    fn from(line: &ArrivalLine) -> Self {
        let ArrivalLine { envelope, content, .. } = line;
        let place = |index| MediaPlace { arrival: line.id, index };
        let file = |(index, media): (u32, &tipoff_model::Media)| File {
            name: media.name.clone(),
            content_type: media.content_type.clone(),
            kind: kind(media.kind),
            size: media.size,
            whole: media.whole,
            repeat: media.repeat,
            decoration: media.decoration,
            url: file_url(place(Some(index))),
            thumbnail: (media.kind != MediaKind::File).then(|| thumbnail_url(place(Some(index)))),
        };
        Self {
            id: line.id.0,
            received_at: utc(line.received_at),
            torn: line.torn,
            protocol: envelope.protocol.as_str(),
            peer: envelope.peer.to_string(),
            login: envelope.login.clone(),
            greeting: envelope.greeting.clone(),
            sender: envelope.sender.clone(),
            recipients: envelope.recipients.clone(),
            encrypted: envelope.tls,
            path: envelope.path.clone(),
            subject: content.subject.clone(),
            text: content.text.clone(),
            unclear: content.unclear,
            size: line.blob.size,
            url: file_url(place(None)),
            files: (0..).zip(&content.media).map(file).collect(),
        }
    }
}

impl From<&DeliveryLine> for Delivery {
    fn from(line: &DeliveryLine) -> Self {
        let pending = line.state == tipoff_model::DeliveryState::Pending;
        Self {
            id: line.id.0,
            channel: line.channel.clone(),
            kind: alert_kind(line),
            state: line.state.as_str(),
            created_at: utc(line.created_at),
            due_at: pending.then(|| utc(line.due_at)),
            attempts: line.attempts.iter().map(Attempt::from).collect(),
        }
    }
}

/// The kind of a delivery's alert. A follow-up is sent for a kind that a later version wrote.
pub(crate) fn alert_kind(line: &DeliveryLine) -> AlertKind {
    let known = AlertKind::ALL.iter().copied().find(|kind| kind.as_str() == line.kind);
    known.unwrap_or(AlertKind::FollowUp)
}

impl From<&(Timestamp, Duration, Option<String>)> for Attempt {
    fn from((at, took, error): &(Timestamp, Duration, Option<String>)) -> Self {
        Self { at: utc(*at), took_ms: millis(*took), error: error.clone() }
    }
}
