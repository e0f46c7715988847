//! The sessions of devices, and their transcripts: they show why a camera's test fails.
//!
//! The API (`api/sessions.rs`) finds and reads them; this file shows them, with the rows of `session_row.rs`.

use askama::Template;
use axum::extract::State;

use super::super::AppState;
use super::super::api::sessions::{LIMIT, SessionQuery, find, read};
use super::super::extract::{Path, Query};
use super::super::layout::Layout;
use super::super::page::{Page, page};
use super::super::reader_clock::ReaderClock;
use super::super::session_row::{SessionRow, row};
use super::super::session_types::speaker;

#[derive(Template)]
#[template(path = "sessions.html")]
struct SessionsPage {
    layout: Layout,
    /// Only sessions of this device, as the address asks.
    device: Option<i64>,
    /// Whether only failed sessions are shown.
    failed: bool,
    sessions: Vec<SessionRow>,
    /// Address of the next page. `None` on the last one.
    older: Option<String>,
}

/// The list, the newest first; open sessions before ended ones.
pub(in super::super) async fn list(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
    Query(query): Query<SessionQuery>,
) -> Page {
    let lines = find(&state, &query).await?;
    let older = lines.last().filter(|_| lines.len() >= LIMIT as usize).map(|last| {
        let device = query.device.map(|id| format!("device={id}&")).unwrap_or_default();
        let failed = query.failed.map(|failed| format!("failed={failed}&")).unwrap_or_default();
        format!("sessions?{device}{failed}before={}", last.id)
    });
    page(&SessionsPage {
        layout,
        device: query.device,
        failed: query.failed.unwrap_or(false),
        sessions: lines.iter().map(|line| row(line, &clock)).collect(),
        older,
    })
}

#[derive(Template)]
#[template(path = "session.html")]
struct SessionPage {
    layout: Layout,
    session: SessionRow,
    /// Numbers of the incidents that its arrivals belong to, without repeats.
    incidents: Vec<i64>,
    lines: Vec<TranscriptRow>,
}

/// A line of the transcript.
struct TranscriptRow {
    /// Seconds since the connection was made, such as `1.042`.
    at: String,
    /// Who speaks, as a class of the style sheet: `device`, `us` or `note`.
    class: &'static str,
    /// An arrow for the direction, for readers who do not see the colour.
    sign: &'static str,
    /// The line as it was sent. The transcript has masked its secrets.
    text: String,
}

/// One session with its transcript.
pub(in super::super) async fn one(
    State(state): State<AppState>,
    layout: Layout,
    clock: ReaderClock,
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
        TranscriptRow { at, class, sign, text: line.text.clone() }
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
