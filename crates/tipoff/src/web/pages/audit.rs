//! The audit log as a page, for owners: who did what, the newest first.
//!
//! The API (`api/audit.rs`) finds the entries, `audit_sentences.rs` words them. Names and details come from people and
//! devices, so invisible characters in them are replaced before they are shown.

use askama::Template;
use axum::extract::State;

use tipoff_model::percent_encoded;

use super::super::AppState;
use super::super::api::audit::{AuditQuery, find};
use super::super::audit_sentences::sentence;
use super::super::extract::Query;
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::text;
use crate::receive::marked;
use crate::runtime::utc::utc;

/// The areas that the filter offers: the part of an action's name before the dot, and the key of its heading.
const AREAS: &[(&str, &str)] = &[
    ("login", "audit-area-logins"),
    ("password", "audit-area-passwords"),
    ("user", "audit-area-users"),
    ("token", "audit-area-tokens"),
    ("share", "audit-area-shares"),
    ("device", "audit-area-devices"),
    ("channel", "audit-area-channels"),
    ("house", "audit-area-house"),
    ("incident", "audit-area-incidents"),
    ("configuration", "audit-area-configuration"),
];

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    layout: Layout,
    /// Part of the actor's name, as entered in the filter.
    who: String,
    /// Choices of the filter.
    areas: Vec<super::super::page_parts::Choice>,
    entries: Vec<AuditRow>,
    /// Address of the next page. `None` on the last one.
    older: Option<String>,
}

/// An entry.
struct AuditRow {
    /// Day and time in the reader's zone.
    at: String,
    /// The same in UTC, as the tooltip.
    full: String,
    /// Who did what: the actor's name, with the words before and behind it.
    who: (String, String, String),
    /// How it was done, such as a duration.
    detail: String,
    /// Address, where it came by the HTTP port.
    address: Option<String>,
    /// How often it happened, if the entry counts several.
    times: Option<u32>,
}

/// One page of entries.
pub(in super::super) async fn audit(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    Query(query): Query<AuditQuery>,
) -> Page {
    let who = query.who.clone().unwrap_or_default();
    let what = query.what.clone().unwrap_or_default();
    let (entries, before) = find(&state, query).await?;
    let area = |&(value, key): &(&str, &str)| super::super::page_parts::Choice {
        value: value.to_owned(),
        text: text(key).to_string(),
        chosen: value == what,
    };
    let row = |it: tipoff_spool::AuditEntry| AuditRow {
        at: format!("{}, {}", clock.day(it.at), clock.second(it.at)),
        full: utc(it.at),
        who: sentence(&it),
        detail: marked(&it.detail),
        address: it.address,
        times: (it.count > 1).then_some(it.count),
    };
    let older = before.map(|before| {
        format!(
            "audit?who={}&what={}&before={before}",
            percent_encoded(&who),
            percent_encoded(&what)
        )
    });
    page(&AuditPage {
        layout,
        areas: AREAS.iter().map(area).collect(),
        entries: entries.into_iter().map(row).collect(),
        older,
        who,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditAction;

    #[test]
    fn every_action_can_be_filtered_by_its_area() {
        // The link for the first password is made at the command line only.
        let known = AREAS.iter().map(|(area, _)| *area).chain(["setup_link"]);
        let known: Vec<&str> = known.collect();
        for action in AuditAction::ALL {
            let (area, _) = action.as_str().split_once('.').unwrap();
            assert!(known.contains(&area), "{area} cannot be chosen on the page");
        }
    }
}
