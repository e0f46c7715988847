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
use super::problem::Problem;
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
    label: &'static str,
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
    let done = done.map_err(|error| Problem::new(status(&error), error.to_string()));
    if !wants_page(&headers) {
        return Ok(match done {
            Ok(done) => done.text.into_response(),
            Err(problem) => (problem.status(), problem.detail().to_owned()).into_response(),
        });
    }
    let result = done?.text;
    page(&ActPage { title: "Done".to_owned(), result, label: label(&action) })
}

/// What a link allows. A link that is forged or has expired is a 404.
fn grant(state: &AppState, token: &str) -> Result<ActionGrant, Problem> {
    let grant = state.links.action_of(token, state.clock.now());
    grant.ok_or_else(|| Problem::not_found("link"))
}

/// The status for a program. A browser gets a page.
const fn status(error: &ActionError) -> StatusCode {
    match error {
        ActionError::NoDevice | ActionError::NoIncident => StatusCode::NOT_FOUND,
        ActionError::NoMode(_) | ActionError::LocksFull(_) => StatusCode::CONFLICT,
        ActionError::Spool(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The question that the button answers.
async fn question(state: &AppState, action: &Action) -> Result<String, Problem> {
    let of = async |target: &MuteTarget| match target {
        MuteTarget::Everything => Ok::<_, Problem>("everything".to_owned()),
        MuteTarget::Device(id) => {
            let device = state.spool.device(*id).await?;
            Ok(device.ok_or_else(|| Problem::not_found("device"))?.line.name)
        }
    };
    Ok(match action {
        Action::Mute { target, lasts: MuteFor::Morning } => {
            format!("Mute {} until the morning?", of(target).await?)
        }
        Action::Mute { target, lasts: MuteFor::Minutes(minutes) } => {
            format!("Mute {} for {minutes} min?", of(target).await?)
        }
        Action::Unmute { target } => format!("Unmute {}?", of(target).await?),
        Action::SetMode { mode } => format!("Set the mode to {mode}?"),
        Action::NotInteresting { .. } => "Send no more alerts of this incident?".to_owned(),
        Action::Interesting { .. } => "Send alerts of this incident again?".to_owned(),
        Action::Lock { .. } => "Keep this incident until it is unlocked?".to_owned(),
        Action::Unlock { .. } => "Unlock this incident?".to_owned(),
    })
}

/// Label of the button.
const fn label(action: &Action) -> &'static str {
    match action {
        Action::Mute { .. } => "Mute",
        Action::Unmute { .. } => "Unmute",
        Action::SetMode { .. } => "Set mode",
        Action::NotInteresting { .. } => "Not interesting",
        Action::Interesting { .. } => "Interesting",
        Action::Lock { .. } => "Lock",
        Action::Unlock { .. } => "Unlock",
    }
}
