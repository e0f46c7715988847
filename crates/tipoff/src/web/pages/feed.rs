//! Incidents as a feed (Atom, RFC 4287), with their pictures.
//!
//! A feed reader cannot log in, so a token is part of the address. Only a token that cannot change anything is accepted:
//! logs, histories and other people's programs keep addresses. The pictures have signed links that need no login.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tipoff_model::Timestamp;
use tipoff_spool::{Actor, IncidentLine, TokenScope};

use super::super::client::Client;
use super::super::extract::{Path, Query};
use super::super::incident_query::IncidentQuery;
use super::super::problem::Problem;
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::text;
use super::super::{AppState, etag, labels};
use crate::audit::{self, AuditAction};
use crate::runtime::utc::utc;

#[derive(Template)]
#[template(path = "feed.xml")]
struct Feed {
    id: String,
    /// Address of the feed itself, as RFC 4287 asks for in `link rel="self"`.
    own: String,
    /// Time of the latest arrival; now if there is none.
    updated: String,
    entries: Vec<FeedEntry>,
}

/// An incident.
struct FeedEntry {
    /// Number of the incident; it is part of the entry's id.
    number: i64,
    title: String,
    device: String,
    began: String,
    updated: String,
    /// Address of its page in the dashboard.
    page: String,
    /// Subject, and how many pictures and videos.
    told: String,
    /// Address, type and size in bytes of its cover.
    cover: Option<(String, String, u64)>,
    /// Whether the cover is of a video.
    video: bool,
}

/// The newest incidents that fit the filter of the timeline.
pub(in super::super) async fn feed(
    State(state): State<AppState>,
    clock: ReaderClock,
    client: Client,
    Path(token): Path<String>,
    Query(query): Query<IncidentQuery>,
    request: HeaderMap,
) -> Result<Response, Problem> {
    admit(&state, &client, &token).await?;
    let base = state.links.base();
    let lines = state.spool.incidents(&query.filter(&clock, None)?, query.limit()?).await?;
    let latest = lines.iter().map(|line| line.last_arrival_at).max();
    let mut entries = Vec::with_capacity(lines.len());
    for line in &lines {
        entries.push(entry(&state, &base, line, clock.now()).await?);
    }
    let feed = Feed {
        // A tag (RFC 4151) that stays when the address changes.
        id: format!("tag:{}.tipoff.invalid,2026:incidents", state.spool.identity()),
        own: format!("{base}/feed/{token}/incidents.atom"),
        updated: utc(latest.unwrap_or_else(|| clock.now())),
        entries,
    };
    let written = feed.render().map_err(|error| {
        tracing::error!(%error, "Could not render the feed.");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, text("problem-incident-feed-not-rendered"))
    })?;
    let tag = etag::of(written.as_bytes());
    if etag::is_known(&request, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let kind = "application/atom+xml; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::ETAG, tag)], written).into_response())
}

/// Accepts tokens that cannot change anything. One that can must not be part of an address, which logs,
/// histories and other people's programs keep.
async fn admit(state: &AppState, client: &Client, token: &str) -> Result<(), Problem> {
    let Some(known) = state.access.token(token).await? else {
        state.access.wrong_token(token, client.address)?;
        return Err(Problem::not_found("problem-no-feed"));
    };
    if known.scope != TokenScope::Change {
        return Ok(());
    }
    let actor = Actor::Stranger(client.address.to_string());
    let detail = "it stood in the address of a feed, and was refused";
    state
        .note(audit::entry(state.clock.now(), actor, AuditAction::TokenExposed, known.name, detail))
        .await;
    Err(Problem::new(StatusCode::FORBIDDEN, text("problem-incident-feed-token")))
}

/// An incident as an entry. The link to its cover is signed and expires.
async fn entry(
    state: &AppState,
    base: &str,
    line: &IncidentLine,
    now: Timestamp,
) -> Result<FeedEntry, Problem> {
    let cover = match line.cover {
        Some(cover) => state.spool.media(cover.place).await?,
        None => None,
    };
    let counted = labels::counted(line);
    let told = [&*line.subject, &*counted].into_iter().filter(|part| !part.is_empty());
    Ok(FeedEntry {
        number: line.id.0,
        title: plain(&labels::title(line.event, &line.subject)),
        device: plain(&line.device),
        began: utc(line.began_at),
        updated: utc(line.last_arrival_at),
        page: format!("{base}/incidents/{}", line.id),
        told: plain(&told.collect::<Vec<_>>().join(" · ")),
        cover: cover.and_then(|file| {
            let url = state.links.link(&file, now)?;
            Some((url, plain(&file.media.content_type), file.media.size))
        }),
        video: line.cover.is_some_and(|cover| cover.video),
    })
}

/// Removes characters that XML 1.0 does not allow (section 2.2), not even escaped.
fn plain(text: &str) -> String {
    let holds = |character: &char| {
        !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}'
            | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().filter(holds).collect()
}
