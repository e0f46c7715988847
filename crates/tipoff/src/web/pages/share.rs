//! A shared incident, without a login: the pictures, and nothing of deliveries.
//!
//! The link contains the incident, its expiry and a signature. It is valid until it expires or is revoked, and its
//! files are only those of the incident. Each opening is counted (`share_opens.rs`).

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tipoff_model::{IncidentId, MediaPlace, Timestamp};
use tipoff_spool::IncidentDetail;

use super::super::api::files::{rendition_of, unknown_file};
use super::super::extract::Path;
use super::super::page::{Page, PageProblem, page};
use super::super::problem::Problem;
use super::super::reader_clock::ReaderClock;
use super::super::{AppState, labels, media};
use super::incident::{Shot, shots};
use crate::runtime::links::parse_file_part;

#[derive(Template)]
#[template(path = "share.html")]
struct SharePage {
    /// What happened: the event, or the first subject.
    title: String,
    device: String,
    began: String,
    /// When the link expires.
    until: String,
    shots: Vec<Shot>,
}

/// The page. Videos have no thumbnail here: the link opens the files of the incident only.
pub(in super::super) async fn share(
    State(state): State<AppState>,
    clock: ReaderClock,
    Path((id, expires_s, signature)): Path<(i64, i64, String)>,
) -> Page {
    let (link, detail) = open(&state, id, expires_s, &signature).await?;
    state.share_opens.count(&*state.spool, link, clock.now()).await;
    let IncidentDetail { line, arrivals, .. } = &detail;
    let base = format!("share/{id}/{expires_s}/{signature}");
    let url =
        |place: MediaPlace| format!("{base}/{}/{}", place.arrival, place.index.unwrap_or_default());
    let rendition = |place| url(place) + "/rendition";
    let mut shots = shots(arrivals, &clock, url, url, rendition);
    for shot in shots.iter_mut().filter(|shot| shot.video) {
        shot.thumbnail = None;
    }
    page(&SharePage {
        title: labels::title(line.event, &line.subject),
        device: line.device.clone(),
        began: clock.full(line.began_at),
        until: clock.full(Timestamp::from_ms(expires_s.saturating_mul(1000))),
        shots,
    })
}

/// A file of the incident. An arrival of another incident is a 404, even if it exists.
pub(in super::super) async fn file(
    State(state): State<AppState>,
    Path((id, expires_s, signature, arrival, file)): Path<(i64, i64, String, i64, String)>,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    let place = place(&state, id, expires_s, &signature, arrival, &file).await?;
    let found = state.spool.media(place).await?.ok_or_else(unknown_file)?;
    Ok(media::send(state.spool.blobs().clone(), found, &headers, false))
}

/// A video of the incident as browsers play it.
pub(in super::super) async fn rendition(
    State(state): State<AppState>,
    Path((id, expires_s, signature, arrival, file)): Path<(i64, i64, String, i64, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = place(&state, id, expires_s, &signature, arrival, &file).await?;
    rendition_of(&state, place, &headers).await
}

/// A file of the incident of a link. The link is checked for each file, so revoking it also ends open pages.
async fn place(
    state: &AppState,
    id: i64,
    expires_s: i64,
    signature: &str,
    arrival: i64,
    file: &str,
) -> Result<MediaPlace, Problem> {
    let (_, detail) = open(state, id, expires_s, signature).await?;
    let arrival = detail.arrivals.iter().find(|it| it.id.0 == arrival);
    let index = parse_file_part(file).flatten();
    let (Some(arrival), Some(index)) = (arrival, index) else {
        return Err(unknown_file());
    };
    Ok(MediaPlace { arrival: arrival.id, index: Some(index) })
}

/// The number of a valid link, and its incident. Every fault is the same 404: an expired, revoked or forged link looks as if it had never existed.
async fn open(
    state: &AppState,
    id: i64,
    expires_s: i64,
    proof: &str,
) -> Result<(i64, IncidentDetail), Problem> {
    let (incident, now) = (IncidentId(id), state.clock.now());
    let missing = || Problem::not_found("problem-no-link");
    let number = state.links.shared(incident, expires_s, proof, now).ok_or_else(missing)?;
    // It is gone if it was revoked.
    let link = state.spool.share_link(number).await?.filter(|link| link.incident == incident);
    link.ok_or_else(missing)?;
    Ok((number, state.spool.incident(incident).await?))
}
