//! The audit log, for owners.

use askama::Template;
use axum::extract::State;

use super::super::AppState;
use super::super::api::audit::{AuditQuery, find};
use super::super::clock::Clock;
use super::super::extract::Query;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::audit_sentences::{predicate, subject};
use crate::receive::marked;
use crate::runtime::percent::encode;
use crate::runtime::utc::utc;

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
