//! One incident: its pictures and videos, arrivals, deliveries, and why it was or was not alerted.
//!
//! Also makes the pictures of a shared incident (`share.rs`), which shows nothing of deliveries. The parts of the page with
//! `data-live` are replaced while the incident grows.

use askama::Template;
use axum::extract::State;
use tipoff_channels::size;
use tipoff_model::{AlertKind, DeliveryState, IncidentId, Media, MediaKind, MediaPlace, Protocol};
use tipoff_spool::{ArrivalLine, DeliveryLine, IncidentDetail};

use super::super::access::Principal;
use super::super::extract::Path;
use super::super::incident_context::{IncidentContext, Neighbours};
use super::super::incident_types::{alert_kind, file_url, rendition_url, thumbnail_url};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::reader_clock::{ReaderClock, span};
use super::super::reader_language::text;
use super::super::suppressed_reason::suppressed_reason;
use super::super::{AppState, labels, media};
use crate::runtime::utc::utc;

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    layout: Layout,
    id: i64,
    /// What happened: the event, or the first subject.
    title: String,
    device: String,
    device_id: i64,
    /// When it began, in the reader's zone.
    began: String,
    /// The same in RFC 3339.
    began_at: String,
    /// `3 pictures, 1 video (0:12)`
    counted: String,
    /// The incidents before and after it in the list from which it was opened.
    neighbours: Neighbours,
    shots: Vec<Shot>,
    arrivals: Vec<ArrivalRow>,
    deliveries: Vec<DeliveryRow>,
    /// Text of a report: an incident that no arrival opened.
    note: Option<String>,
    /// Why no alert was sent. The page shows it if there are no deliveries.
    not_alerted: String,
    /// Why pending deliveries are not sent; empty if they are.
    withdrawn: String,
    /// Who marked it as not interesting, and since when; empty if nobody did.
    dismissed: String,
    /// Who locked it, and when. Retention keeps a locked incident.
    locked: Option<String>,
    /// Whether several deliveries can be retried, so that one button does it for all.
    can_retry_all: bool,
}

/// A picture or a video.
pub(in super::super) struct Shot {
    /// `17-0`: arrival and place.
    pub(in super::super) place: String,
    pub(in super::super) name: String,
    pub(in super::super) video: bool,
    /// Address of the file as it was received.
    pub(in super::super) url: String,
    /// Address of the video as every browser plays it. `None` for a picture.
    pub(in super::super) rendition: Option<String>,
    /// Whether a browser may play the file as it is, so that no rendition is needed.
    pub(in super::super) is_direct: bool,
    pub(in super::super) thumbnail: Option<String>,
    /// When it was received, by this machine's clock.
    pub(in super::super) time: String,
    pub(in super::super) size: String,
    /// Whether all of it was received.
    pub(in super::super) whole: bool,
}

/// An arrival: a mail or an uploaded file.
struct ArrivalRow {
    subject: String,
    /// The protocol in words, shown if there is no subject.
    way: String,
    text: String,
    /// What is special about it, such as a broken connection.
    notes: Vec<String>,
    /// Files that the page does not show.
    others: Vec<OtherFile>,
    time: String,
    /// Address, login, sender, recipients, path and encryption, in one line.
    from: String,
    /// Address of the original bytes.
    raw: String,
    /// Name of the link to them.
    raw_name: String,
    size: String,
}

/// A file of an arrival that browsers do not show.
struct OtherFile {
    name: String,
    content_type: String,
    url: String,
    size: String,
}

/// A delivery to a channel, with its attempts.
struct DeliveryRow {
    id: i64,
    channel: String,
    /// First alert, follow-up, summary or report.
    kind: String,
    state: String,
    /// The class of the state's mark.
    look: &'static str,
    attempts: Vec<AttemptRow>,
    /// When the next attempt is due, if it is pending.
    next: Option<String>,
    /// Whether it can be made due at once: all that are not delivered.
    can_retry: bool,
}

/// One attempt.
struct AttemptRow {
    time: String,
    /// The error, or how long the service took to accept it.
    outcome: String,
    /// True if it failed: the outcome is what the service or the network said, in English.
    is_error: bool,
}

/// The page of an incident; 404 if it is no longer stored.
pub(in super::super) async fn incident(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    principal: Principal,
    context: IncidentContext,
    Path(id): Path<i64>,
) -> Page {
    let detail = state.spool.incident(IncidentId(id)).await?;
    let IncidentDetail { line, arrivals, deliveries } = &detail;
    let retriable = deliveries.iter().filter(|it| it.state != DeliveryState::Delivered).count();
    let reader = principal.reader();
    let why_not = suppressed_reason(line);
    let neighbours = context.neighbours(&*state.spool, reader.as_ref(), line).await?;
    page(&IncidentPage {
        layout,
        id,
        title: labels::title(line.event, &line.subject),
        device: line.device.clone(),
        device_id: line.device_id.0,
        began: clock.full(line.began_at),
        began_at: utc(line.began_at),
        counted: labels::counted(line),
        neighbours,
        shots: shots(arrivals, &clock, file_url, thumbnail_url, rendition_url),
        arrivals: arrivals.iter().map(|arrival| told(arrival, &clock)).collect(),
        deliveries: deliveries.iter().map(|it| delivery(it, &clock)).collect(),
        note: line.note.clone(),
        not_alerted: match &why_not {
            Some(why) => text("incident-no-alert-because").words("why", why).to_string(),
            None => text("incident-no-alert").to_string(),
        },
        withdrawn: match &why_not {
            Some(why) if !deliveries.is_empty() => {
                text("incident-no-alert-now").words("why", why).to_string()
            }
            _ => String::new(),
        },
        dismissed: line.dismissed.as_ref().map_or_else(String::new, |it| {
            let since = text("incident-dismissed").words("time", clock.full(it.at));
            since.words("by", &it.by).to_string()
        }),
        locked: line.locked.as_ref().map(|it| format!("{}, {}", it.by, clock.full(it.at))),
        can_retry_all: retriable > 1,
    })
}

/// Types of videos that browsers may play as they are. It also depends on the codecs inside; the script converts what does not play.
const DIRECT: &[&str] = &["video/mp4", "video/webm"];

/// Whether a page shows it; what browsers do not know, such as a TIFF or a camera's raw, is a file to save.
fn is_shown(media: &Media) -> bool {
    match media.kind {
        MediaKind::Picture | MediaKind::Animation => {
            media::SHOWN.contains(&media.content_type.as_str())
        }
        MediaKind::Video => true,
        MediaKind::File => false,
    }
}

/// Pictures first, as they came; then the videos.
pub(in super::super) fn shots(
    arrivals: &[ArrivalLine],
    clock: &ReaderClock,
    url: impl Fn(MediaPlace) -> String,
    thumbnail: impl Fn(MediaPlace) -> String,
    rendition: impl Fn(MediaPlace) -> String,
) -> Vec<Shot> {
    let mut shots = Vec::new();
    for arrival in arrivals {
        for (index, media) in (0_u32..).zip(&arrival.content.media) {
            if !is_shown(media) {
                continue;
            }
            let place = MediaPlace { arrival: arrival.id, index: Some(index) };
            let video = media.kind == MediaKind::Video;
            shots.push(Shot {
                place: format!("{}-{index}", arrival.id),
                name: media.name.clone(),
                video,
                rendition: video.then(|| rendition(place)),
                is_direct: DIRECT.contains(&media.content_type.as_str()),
                url: url(place),
                thumbnail: Some(thumbnail(place)),
                time: clock.second(arrival.received_at),
                size: size(media.size),
                whole: media.whole,
            });
        }
    }
    shots.sort_by_key(|shot| shot.video);
    shots
}

/// An arrival in words.
fn told(arrival: &ArrivalLine, clock: &ReaderClock) -> ArrivalRow {
    let ArrivalLine { id, envelope, content, .. } = arrival;
    let (way, raw_name) = match envelope.protocol {
        Protocol::Smtp => (text("incident-mail"), text("incident-original-mail")),
        Protocol::Ftp => (text("incident-upload"), text("incident-original-file")),
        Protocol::Http => (text("incident-alarm"), text("incident-original-request")),
        Protocol::Mqtt => (text("incident-alarm"), text("incident-original-message")),
    };
    let mut notes = Vec::new();
    if arrival.torn {
        notes.push(text("incident-torn"));
    }
    if content.unclear {
        notes.push(text("incident-malformed"));
    }
    if content.media.iter().any(|media| media.decoration) {
        notes.push(text("incident-decoration"));
    }
    let other = |(index, media): (u32, &Media)| OtherFile {
        name: media.name.clone(),
        content_type: media.content_type.clone(),
        url: file_url(MediaPlace { arrival: *id, index: Some(index) }),
        size: size(media.size),
    };
    let files = (0..).zip(&content.media);
    ArrivalRow {
        subject: content.subject.clone(),
        way: way.to_string(),
        text: content.text.clone(),
        notes: notes.iter().map(ToString::to_string).collect(),
        others: files.filter(|(_, it)| !is_shown(it)).map(other).collect(),
        time: clock.second(arrival.received_at),
        from: from(arrival),
        raw: file_url(MediaPlace { arrival: *id, index: None }),
        raw_name: raw_name.to_string(),
        size: size(arrival.blob.size),
    }
}

/// Who sent it, in one line.
fn from(arrival: &ArrivalLine) -> String {
    let envelope = &arrival.envelope;
    let mut parts = vec![text("incident-from-address").words("address", envelope.peer).to_string()];
    if let Some(login) = &envelope.login {
        parts.push(text("incident-as-login").words("name", login).to_string());
    }
    if !envelope.sender.is_empty() {
        parts.push(text("incident-sender").words("address", &envelope.sender).to_string());
    }
    if !envelope.recipients.is_empty() {
        let addresses = envelope.recipients.join(", ");
        parts.push(text("incident-recipients").words("addresses", addresses).to_string());
    }
    if let Some(path) = &envelope.path {
        parts.push(path.clone());
    }
    let encryption = match envelope.tls {
        true => text("incident-encrypted"),
        false => text("incident-not-encrypted"),
    };
    parts.push(encryption.to_string());
    parts.join(" · ")
}

/// A delivery in words.
fn delivery(line: &DeliveryLine, clock: &ReaderClock) -> DeliveryRow {
    let attempt = |(at, took, error): &(_, _, Option<String>)| AttemptRow {
        time: clock.second(*at),
        outcome: match error {
            Some(error) => error.clone(),
            None => text("incident-accepted-after").words("time", span(*took)).to_string(),
        },
        is_error: error.is_some(),
    };
    let kind = match alert_kind(line) {
        AlertKind::First => text("incident-first-alert"),
        AlertKind::FollowUp => text("incident-follow-up"),
        AlertKind::Summary => text("incident-summary"),
        AlertKind::Report => text("incident-report"),
    };
    // An alert that is due waits for its channel, which fails or is paused.
    let next = match line.due_at > clock.now() {
        true => text("incident-next-attempt").words("time", clock.second(line.due_at)),
        false => text("incident-waits-for-channel"),
    };
    DeliveryRow {
        id: line.id.0,
        channel: line.channel.clone(),
        kind: kind.to_string(),
        state: labels::state(line.state),
        look: labels::look(line.state),
        attempts: line.attempts.iter().map(attempt).collect(),
        next: (line.state == DeliveryState::Pending).then(|| next.to_string()),
        can_retry: line.state != DeliveryState::Delivered,
    }
}
