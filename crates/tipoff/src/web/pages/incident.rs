//! One incident: its pictures large, what it said, who was told.

use askama::Template;
use axum::extract::State;
use tipoff_channels::size;
use tipoff_model::{DeliveryState, IncidentId, Media, MediaKind, MediaPlace, Protocol};
use tipoff_spool::{ArrivalLine, DeliveryLine, IncidentDetail, IncidentFilter};

use super::super::api_types::{file_url, rendition_url, thumbnail_url};
use super::super::clock::{Clock, span};
use super::super::extract::Path;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::problem::Problem;
use super::super::{AppState, labels, media};
use crate::runtime::utc::utc;

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    layout: Layout,
    id: i64,
    title: String,
    device: String,
    device_id: i64,
    began: String,
    began_at: String,
    counted: String,
    newer: Option<i64>,
    older: Option<i64>,
    shots: Vec<Shot>,
    arrivals: Vec<Arrival>,
    deliveries: Vec<Delivery>,
    /// What we ourselves say.
    note: Option<String>,
    /// Why no alert was sent. The page shows it if there are no deliveries.
    not_alerted: String,
    /// Why what waited is not sent; empty where it is.
    withdrawn: String,
    /// Who wants no more alerts of it, and since when; empty: nobody said so.
    dismissed: String,
    /// Who locked it, and when.
    locked: Option<String>,
    can_retry_all: bool,
}

/// A picture or a video.
pub(super) struct Shot {
    /// `17-0`: arrival and place.
    pub(super) place: String,
    pub(super) name: String,
    pub(super) video: bool,
    pub(super) url: String,
    /// Where it is as a browser plays it, where it is a video.
    pub(super) rendition: Option<String>,
    /// A browser may play the file as it is.
    pub(super) is_direct: bool,
    pub(super) thumbnail: Option<String>,
    pub(super) time: String,
    pub(super) size: String,
    pub(super) whole: bool,
}

struct Arrival {
    subject: String,
    /// How it came, where it has no subject.
    way: &'static str,
    text: String,
    notes: Vec<&'static str>,
    /// Files that the page does not show.
    others: Vec<Other>,
    time: String,
    from: String,
    raw: String,
    raw_name: &'static str,
    size: String,
}

struct Other {
    name: String,
    content_type: String,
    url: String,
    size: String,
}

struct Delivery {
    id: i64,
    channel: String,
    kind: &'static str,
    state: &'static str,
    look: &'static str,
    attempts: Vec<Attempt>,
    next: Option<String>,
    can_retry: bool,
}

struct Attempt {
    time: String,
    outcome: String,
}

pub(super) async fn incident(
    State(state): State<AppState>,
    layout: Layout,
    clock: Clock,
    Path(id): Path<i64>,
) -> Page {
    let detail = state.spool.incident(IncidentId(id)).await?;
    let IncidentDetail { line, arrivals, deliveries } = &detail;
    let retriable = deliveries.iter().filter(|it| it.state != DeliveryState::Delivered).count();
    let (newer, older) = neighbours(&state, line.id).await?;
    page(&IncidentPage {
        layout,
        id,
        title: labels::title(line.event, &line.subject),
        device: line.device.clone(),
        device_id: line.device_id.0,
        began: clock.full(line.began_at),
        began_at: utc(line.began_at),
        counted: labels::counted(line),
        newer,
        older,
        shots: shots(arrivals, &clock, file_url, thumbnail_url, rendition_url),
        arrivals: arrivals.iter().map(|arrival| told(arrival, &clock)).collect(),
        deliveries: deliveries.iter().map(|it| delivery(it, &clock)).collect(),
        note: line.note.clone(),
        not_alerted: match &line.suppressed_reason {
            Some(why) => format!("No alert was sent: {why}."),
            None => "No alert was sent.".to_owned(),
        },
        withdrawn: match &line.suppressed_reason {
            Some(why) if !deliveries.is_empty() => format!("No alert is sent: {why}."),
            _ => String::new(),
        },
        dismissed: line.dismissed.as_ref().map_or_else(String::new, |it| {
            format!(
                "Not interesting since {}: {}. No more alerts are sent.",
                clock.full(it.at),
                it.by
            )
        }),
        locked: line.locked.as_ref().map(|it| format!("{}, {}", it.by, clock.full(it.at))),
        can_retry_all: retriable > 1,
    })
}

/// The incidents before and after it.
async fn neighbours(
    state: &AppState,
    id: IncidentId,
) -> Result<(Option<i64>, Option<i64>), Problem> {
    let older = IncidentFilter { before: Some(id), ..IncidentFilter::default() };
    let older = state.spool.incidents(&older, 1).await?;
    let newer = IncidentFilter { after: Some(id), ..IncidentFilter::default() };
    let newer = state.spool.incidents(&newer, 1).await?;
    let first = |lines: Vec<tipoff_spool::IncidentLine>| lines.first().map(|line| line.id.0);
    Ok((first(newer), first(older)))
}

/// Videos that browsers may play as they are: it depends on what is in them, and on the browser.
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
pub(super) fn shots(
    arrivals: &[ArrivalLine],
    clock: &Clock,
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

fn told(arrival: &ArrivalLine, clock: &Clock) -> Arrival {
    let ArrivalLine { id, envelope, content, .. } = arrival;
    let by_mail = envelope.protocol == Protocol::Smtp;
    let mut notes = Vec::new();
    if arrival.torn {
        notes.push("The connection broke before the end. This is what was received.");
    }
    if content.unclear {
        notes.push(
            "This mail is malformed: parts may be missing here. The original mail has everything.",
        );
    }
    if content.media.iter().any(|media| media.decoration) {
        notes
            .push("Pictures that only decorate the mail, such as a logo, are listed and not sent.");
    }
    let other = |(index, media): (u32, &Media)| Other {
        name: media.name.clone(),
        content_type: media.content_type.clone(),
        url: file_url(MediaPlace { arrival: *id, index: Some(index) }),
        size: size(media.size),
    };
    let files = (0..).zip(&content.media);
    Arrival {
        subject: content.subject.clone(),
        way: if by_mail { "Mail without a subject" } else { "Upload" },
        text: content.text.clone(),
        notes,
        others: files.filter(|(_, it)| !is_shown(it)).map(other).collect(),
        time: clock.second(arrival.received_at),
        from: from(arrival),
        raw: file_url(MediaPlace { arrival: *id, index: None }),
        raw_name: if by_mail { "original mail" } else { "original file" },
        size: size(arrival.blob.size),
    }
}

/// Who sent it, in one line.
fn from(arrival: &ArrivalLine) -> String {
    let envelope = &arrival.envelope;
    let mut parts = vec![format!("from {}", envelope.peer)];
    if let Some(login) = &envelope.login {
        parts.push(format!("as {login}"));
    }
    if !envelope.sender.is_empty() {
        parts.push(format!("sender {}", envelope.sender));
    }
    if !envelope.recipients.is_empty() {
        parts.push(format!("to {}", envelope.recipients.join(", ")));
    }
    if let Some(path) = &envelope.path {
        parts.push(path.clone());
    }
    parts.push(if envelope.tls { "encrypted" } else { "not encrypted" }.to_owned());
    parts.join(" · ")
}

fn delivery(line: &DeliveryLine, clock: &Clock) -> Delivery {
    let attempt = |(at, took, error): &(_, _, Option<String>)| Attempt {
        time: clock.second(*at),
        outcome: match error {
            Some(error) => error.clone(),
            None => format!("accepted after {}", span(*took)),
        },
    };
    let pending = line.state == DeliveryState::Pending;
    Delivery {
        id: line.id.0,
        channel: line.channel.clone(),
        kind: match line.kind.as_str() {
            "first" => "first alert",
            "report" => "report",
            "summary" => "summary",
            _ => "follow-up",
        },
        state: labels::state(line.state),
        look: labels::look(line.state),
        attempts: line.attempts.iter().map(attempt).collect(),
        next: pending.then(|| format!("Next attempt at {}.", clock.second(line.due_at))),
        can_retry: line.state != DeliveryState::Delivered,
    }
}
