//! The links that show an incident without a login, for owners.
//!
//! The address of a link is shown once, by the call that makes it; here a link is listed by its incident and revoked by its
//! number.

use askama::Template;
use axum::extract::State;

use super::super::api::shares::links;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::text;
use super::super::{AppState, labels};

#[derive(Template)]
#[template(path = "shares.html")]
struct SharesPage {
    layout: Layout,
    links: Vec<ShareRow>,
}

/// A link that has not expired.
struct ShareRow {
    id: i64,
    incident: i64,
    /// The incident: what happened, at which device, when.
    title: String,
    /// Who made the link, and when.
    created: String,
    /// When it expires.
    until: String,
    /// How often its page was opened, and when last. Programs that make previews count too.
    opened: String,
}

/// Links whose incident is no longer stored are left out: they open nothing.
pub(in super::super) async fn shares(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
) -> Page {
    let mut lines = Vec::new();
    for link in links(&state).await? {
        // One that is gone since takes its links along.
        let Ok(detail) = state.spool.incident(link.incident).await else { continue };
        let incident = &detail.line;
        lines.push(ShareRow {
            id: link.id,
            incident: link.incident.0,
            title: format!(
                "{} · {}, {}",
                labels::title(incident.event, &incident.subject),
                incident.device,
                clock.full(incident.began_at)
            ),
            created: format!("{}, {}", link.made_by, clock.ago(link.created_at)),
            until: clock.full(link.expires_at),
            opened: match link.opened_at {
                None => text("settings-link-not-opened").to_string(),
                Some(last) => {
                    let opened = text("settings-link-opened").count(link.opened);
                    opened.words("last", clock.ago(last)).to_string()
                }
            },
        });
    }
    page(&SharesPage { layout, links: lines })
}
