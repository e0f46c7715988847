//! Action links: the buttons of services that do not report presses.
//!
//! Whoever has the link may use it, without a login, until it expires. Opening it changes nothing, since previews open links
//! too: it shows a page with one button.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use tipoff_model::{Action, MuteFor, MuteTarget};

use super::AppState;
use super::extract::Path;
use super::page::{Page, PageProblem, page, wants_page};
use super::problem::{Problem, locks_full};
use super::reader_language::text;
use crate::actions::ActionError;
use crate::runtime::links::ActionGrant;

/// Opening shows the question, sending the form performs the action.
pub(super) fn route() -> MethodRouter<AppState> {
    get(ask).post(act)
}

/// The question before, and the result after.
#[derive(Template)]
#[template(path = "act.html")]
struct ActPage {
    /// The question, or "Done".
    title: String,
    /// What was done; empty before.
    result: String,
    /// Label of the button.
    label: String,
}

/// Shows the question.
async fn ask(State(state): State<AppState>, Path(token): Path<String>) -> Page {
    let ActionGrant { action, .. } = grant(&state, &token)?;
    let title = question(&state, &action).await?;
    page(&ActPage { title, result: String::new(), label: label(&action) })
}

/// Performs the action. A browser gets a page, a program a short text.
async fn act(
    State(state): State<AppState>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    let ActionGrant { action, channel } = grant(&state, &token)?;
    let done = state.actions.act_by_link(&action, &channel).await;
    let done = done.map_err(|error| Problem::new(status(&error), reason(&error)));
    if !wants_page(&headers) {
        return Ok(match done {
            Ok(done) => done.text.into_response(),
            Err(problem) => (problem.status(), problem.detail().to_owned()).into_response(),
        });
    }
    let result = done?.text;
    page(&ActPage { title: text("overview-act-done").to_string(), result, label: label(&action) })
}

/// What a link allows. A link that is forged or has expired is a 404.
fn grant(state: &AppState, token: &str) -> Result<ActionGrant, Problem> {
    let grant = state.links.action_of(token, state.clock.now());
    grant.ok_or_else(|| Problem::not_found("problem-no-link"))
}

/// The status for a program. A browser gets a page.
const fn status(error: &ActionError) -> StatusCode {
    match error {
        ActionError::NoDevice | ActionError::NoIncident => StatusCode::NOT_FOUND,
        ActionError::NoMode(_) | ActionError::LocksFull(_) => StatusCode::CONFLICT,
        ActionError::Spool(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Why nothing was done.
fn reason(error: &ActionError) -> String {
    match error {
        ActionError::NoDevice => text("problem-action-no-device").to_string(),
        ActionError::NoIncident => text("problem-action-no-incident").to_string(),
        ActionError::LocksFull(locks) => locks_full(locks),
        ActionError::NoMode(all) => text("problem-action-no-mode").words("modes", all).to_string(),
        ActionError::Spool(_) => text("problem-action-not-stored").to_string(),
    }
}

/// The question that the button answers.
async fn question(state: &AppState, action: &Action) -> Result<String, Problem> {
    let device = match action {
        Action::Mute { target: MuteTarget::Device(id), .. }
        | Action::Unmute { target: MuteTarget::Device(id) } => {
            let device = state.spool.device(*id).await?;
            Some(device.ok_or_else(|| Problem::not_found("problem-no-device"))?.line.name)
        }
        _ => None,
    };
    let question = match action {
        Action::Mute { lasts: MuteFor::Morning, .. } => match device {
            None => text("overview-act-mute-all-morning"),
            Some(name) => text("overview-act-mute-morning").words("device", name),
        },
        Action::Mute { lasts: MuteFor::Minutes(minutes), .. } => match device {
            None => text("overview-act-mute-all-minutes"),
            Some(name) => text("overview-act-mute-minutes").words("device", name),
        }
        .count(*minutes),
        Action::Unmute { .. } => match device {
            None => text("overview-act-unmute-all"),
            Some(name) => text("overview-act-unmute").words("device", name),
        },
        Action::SetMode { mode } => text("overview-act-mode").words("mode", mode),
        Action::NotInteresting { .. } => text("overview-act-dismiss"),
        Action::Interesting { .. } => text("overview-act-restore"),
        Action::Lock { .. } => text("overview-act-lock"),
        Action::Unlock { .. } => text("overview-act-unlock"),
    };
    Ok(question.to_string())
}

/// Label of the button.
fn label(action: &Action) -> String {
    let label = match action {
        Action::Mute { .. } => "overview-label-mute",
        Action::Unmute { .. } => "overview-unmute",
        Action::SetMode { .. } => "overview-label-mode",
        Action::NotInteresting { .. } => "overview-label-dismiss",
        Action::Interesting { .. } => "overview-label-restore",
        Action::Lock { .. } => "overview-label-lock",
        Action::Unlock { .. } => "overview-label-unlock",
    };
    text(label).to_string()
}
