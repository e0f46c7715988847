//! The audit log and the shared links, for owners.

use askama::Template;
use axum::extract::State;

use super::super::AppState;
use super::super::api::audit::{AuditQuery, find};
use super::super::api::shares::links;
use super::super::clock::{Clock, utc};
use super::super::extract::Query;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::audit_sentences::{predicate, subject};
use crate::receive::marked;
use crate::runtime::percent::encode;

/// What can be chosen to look at: the area, and its name.
const AREAS: &[(&str, &str)] = &[
    ("login", "Logins"),
    ("password", "Passwords"),
    ("user", "Users"),
    ("token", "Tokens"),
    ("share", "State links"),
    ("device", "Devices"),
    ("channel", "Channels"),
    ("house", "Modes and mutes"),
    ("incident", "Incidents"),
    ("configuration", "Configuration"),
];

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    layout: Layout,
    who: String,
    areas: Vec<super::Choice>,
    entries: Vec<Row>,
    older: Option<String>,
}

struct Row {
    at: String,
    full: String,
    /// Before the name of who did it, the name, and behind it.
    who: (&'static str, String, &'static str),
    what: String,
    detail: String,
    /// Address, where it came by the HTTP port.
    address: Option<String>,
    times: Option<u32>,
}

pub(super) async fn audit(
    State(state): State<AppState>,
    layout: Layout,
    clock: Clock,
    Query(query): Query<AuditQuery>,
) -> Page {
    let who = query.who.clone().unwrap_or_default();
    let what = query.what.clone().unwrap_or_default();
    let (entries, before) = find(&state, query).await?;
    let area = |&(value, text): &(&str, &str)| super::Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        chosen: value == what,
    };
    let row = |it: tipoff_spool::AuditEntry| Row {
        at: format!("{}, {}", clock.day(it.at), clock.second(it.at)),
        full: utc(it.at),
        who: subject(&it.actor),
        what: predicate(&it),
        detail: marked(&it.detail),
        address: it.address,
        times: (it.count > 1).then_some(it.count),
    };
    let older = before.map(|before| {
        format!("/audit?who={}&what={}&before={before}", encode(&who), encode(&what))
    });
    page(&AuditPage {
        layout,
        areas: AREAS.iter().map(area).collect(),
        entries: entries.into_iter().map(row).collect(),
        older,
        who,
    })
}

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
    made: String,
    until: String,
    opened: String,
}

pub(super) async fn shares(State(state): State<AppState>, layout: Layout, clock: Clock) -> Page {
    let mut lines = Vec::new();
    for link in links(&state).await? {
        // One that is gone since takes its links along.
        let Ok(detail) = state.spool.incident(link.incident).await else { continue };
        let incident = &detail.line;
        let opened = super::super::labels::count(link.opened, "time", "times");
        lines.push(Line {
            id: link.id,
            incident: link.incident.0,
            title: format!(
                "{} · {}, {}",
                super::super::labels::title(incident.event, &incident.subject),
                incident.device,
                clock.full(incident.began_at)
            ),
            made: format!("{}, {}", link.made_by, clock.ago(link.created_at)),
            until: clock.full(link.expires_at),
            opened: match link.opened_at {
                None => "not yet".to_owned(),
                Some(last) => format!("{opened}, last {}", clock.ago(last)),
            },
        });
    }
    page(&SharesPage { layout, links: lines })
}
