//! The sessions of devices, and their transcripts: they show why a camera's test fails.

use askama::Template;
use axum::extract::State;
use tipoff_spool::{SessionLine, SessionOutcome};

use super::super::AppState;
use super::super::api::sessions::{SessionQuery, find, read};
use super::super::clock::{Clock, span};
use super::super::extract::{Path, Query};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::session_types::speaker;

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    layout: Layout,
    device: Option<i64>,
    failed: bool,
    sessions: Vec<Row>,
    older: Option<String>,
}

/// A session in a list.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) who: String,
    pub(super) when: String,
    pub(super) about: String,
    pub(super) outcome: &'static str,
    pub(super) look: &'static str,
    pub(super) hint: Option<String>,
}

pub(super) async fn list(
    State(state): State<AppState>,
    layout: Layout,
    clock: Clock,
    Query(query): Query<SessionQuery>,
) -> Page {
    let lines = find(&state, &query).await?;
    let older = lines.last().filter(|_| lines.len() >= 50).map(|last| {
        let device = query.device.map(|id| format!("device={id}&")).unwrap_or_default();
        let failed = query.failed.map(|failed| format!("failed={failed}&")).unwrap_or_default();
        format!("/sessions?{device}{failed}before={}", last.id)
    });
    page(&SessionsPage {
        layout,
        device: query.device,
        failed: query.failed.unwrap_or(false),
        sessions: lines.iter().map(|line| row(line, &clock)).collect(),
        older,
    })
}

pub(super) fn row(line: &SessionLine, clock: &Clock) -> Row {
    let who = match &line.device {
        Some((_, name)) => format!("{name} ({})", line.peer),
        None => line.peer.to_string(),
    };
    let mut about = vec![line.protocol.as_str().to_uppercase()];
    about.extend(line.login.as_ref().map(|login| format!("as {login}")));
    about.push(line.tls.clone().unwrap_or_else(|| "not encrypted".to_owned()));
    if line.outcome != SessionOutcome::Open {
        about.push(span(line.ended_at.since(line.began_at)));
    }
    let (outcome, look) = match line.outcome {
        SessionOutcome::Open => ("open", "wait"),
        SessionOutcome::Delivered => ("received", "ok"),
        SessionOutcome::Nothing => ("nothing sent", ""),
        SessionOutcome::LoginRefused => ("login refused", "bad"),
        SessionOutcome::TlsFailed => ("encryption failed", "bad"),
        SessionOutcome::TurnedAway => ("refused", "bad"),
        SessionOutcome::Torn => ("connection lost", "bad"),
        SessionOutcome::Failed => ("failed", "bad"),
    };
    let when = format!("{}, {}", clock.day(line.began_at), clock.second(line.began_at));
    Row {
        id: line.id, who, when, about: about.join(" · "), outcome, look, hint: line.hint.clone()
    }
}

#[derive(Template)]
#[template(path = "session.html")]
struct SessionPage {
    layout: Layout,
    session: Row,
    incidents: Vec<i64>,
    lines: Vec<Line>,
}

struct Line {
    at: String,
    class: &'static str,
    sign: &'static str,
    text: String,
}

pub(super) async fn one(
    State(state): State<AppState>,
    layout: Layout,
    clock: Clock,
    Path(id): Path<i64>,
) -> Page {
    let detail = read(&state, id).await?;
    let line = |line: &tipoff_spool::TranscriptLine| {
        let class = speaker(line.speaker);
        let sign = match class {
            "device" => "→",
            "us" => "←",
            _ => "·",
        };
        let at = format!("{}.{:03}", line.at_ms / 1000, line.at_ms % 1000);
        Line { at, class, sign, text: line.text.clone() }
    };
    let mut incidents = Vec::new();
    for arrival in &detail.line.arrivals {
        if let Some(incident) = state.spool.incident_of(*arrival).await?
            && !incidents.contains(&incident.0)
        {
            incidents.push(incident.0);
        }
    }
    page(&SessionPage {
        layout,
        session: row(&detail.line, &clock),
        incidents,
        lines: detail.lines.iter().map(line).collect(),
    })
}
