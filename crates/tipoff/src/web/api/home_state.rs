//! The house as a whole: its mode, and whether anybody is told of anything.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tipoff_model::Timestamp;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::extract::JsonBody;
use super::super::problem::Problem;
use super::devices::MUTE_MAX;
use crate::audit::{self, what};
use crate::modes::NotChosen;
use crate::runtime::events::LiveEvent;
use crate::runtime::utc::utc;

/// How the house stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct House {
    /// The mode that holds now; none: there are no modes.
    pub(crate) mode: Option<String>,
    /// All modes, in the order of the configuration.
    pub(crate) modes: Vec<String>,
    /// Until when nobody is told of anything.
    #[schema(format = DateTime)]
    muted_until: Option<String>,
}

/// The mode that holds, and until when nobody is told of anything.
#[utoipa::path(
    get, path = "/api/v1/house", tag = "house",
    responses((status = 200, body = House)),
)]
pub(super) async fn show(State(state): State<AppState>) -> Result<Json<House>, Problem> {
    let now = Timestamp::from(SystemTime::now());
    Ok(Json(standing(&state, now).await?))
}

/// How the house stands at `now`.
pub(crate) async fn standing(state: &AppState, now: Timestamp) -> Result<House, Problem> {
    let muted_until = state.spool.muted_until().await?.filter(|until| *until > now);
    Ok(House {
        mode: state.modes.current(now).await?,
        modes: state.modes.all(),
        muted_until: muted_until.map(utc),
    })
}

impl From<NotChosen> for Problem {
    fn from(error: NotChosen) -> Self {
        match error {
            NotChosen::Spool(error) => error.into(),
            unknown @ NotChosen::Unknown(_) => Self::bad(format!("mode: {unknown}")),
        }
    }
}

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The mode that is to hold from now on.
    #[serde(default)]
    mode: Option<String>,
    /// For how many seconds from now on nobody is to be told of anything; 0: they are told again.
    #[serde(default)]
    #[schema(maximum = 31622400)]
    muted_for_s: Option<u64>,
}

/// Chooses a mode, or mutes everything for a while.
#[utoipa::path(
    patch, path = "/api/v1/house", tag = "house", request_body = Change,
    responses((status = 200, body = House)),
)]
pub(super) async fn change(
    State(state): State<AppState>,
    audit: AuditContext,
    JsonBody(Change { mode, muted_for_s }): JsonBody<Change>,
) -> Result<Json<House>, Problem> {
    let now = Timestamp::from(SystemTime::now());
    let lasts = muted_for_s.map(Duration::from_secs);
    if lasts.is_some_and(|lasts| lasts > MUTE_MAX) {
        return Err(Problem::bad("muted_for_s: at most a year"));
    }
    if let Some(mode) = mode {
        state.modes.choose(mode.clone()).await?;
        state.note(audit.entry(what::MODE, mode, "")).await;
    }
    if let Some(lasts) = lasts {
        tracing::info!(seconds = lasts.as_secs(), "All alerts are muted or unmuted.");
        state.spool.mute_until(now.after(lasts), now).await?;
        state.events.publish(LiveEvent::House);
        state.note(audit.entry(what::MUTE, "everything", audit::lasting(lasts.as_secs()))).await;
    }
    Ok(Json(standing(&state, now).await?))
}
