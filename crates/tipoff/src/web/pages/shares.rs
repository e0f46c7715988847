//! The links that show an incident without a login, for owners.

use askama::Template;
use axum::extract::State;

use super::super::api::shares::links;
use super::super::clock::Clock;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::{AppState, labels};

#[derive(Template)]
#[template(path = "shares.html")]
struct SharesPage {
    layout: Layout,
    links: Vec<Line>,
}

struct Line {
    id: i64,
    incident: i64,
    title: String,
    created: String,
    until: String,
    opened: String,
}

pub(super) async fn shares(State(state): State<AppState>, layout: Layout, clock: Clock) -> Page {
    let mut lines = Vec::new();
    for link in links(&state).await? {
        // One that is gone since takes its links along.
        let Ok(detail) = state.spool.incident(link.incident).await else { continue };
        let incident = &detail.line;
        let opened = labels::count(link.opened, "time", "times");
        lines.push(Line {
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
                None => "not yet".to_owned(),
                Some(last) => format!("{opened}, last {}", clock.ago(last)),
            },
        });
    }
    page(&SharesPage { layout, links: lines })
}
