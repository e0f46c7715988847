//! The home mode, and muting of all alerts.
//!
//! Its path and the name of its schema are `house`, from the first version of the API; they are covered by
//! docs/compatibility.md and stay. The rules read the mode and the mute when an arrival is stored.

use std::time::Duration;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tipoff_model::Timestamp;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::device_changes::MUTE_MAX;
use super::super::extract::Json;
use super::super::problem::Problem;
use super::super::reader_language::text;
use crate::audit::{self, AuditAction};
use crate::modes::NotChosen;
use crate::runtime::events::LiveEvent;
use crate::runtime::utc::utc;

/// The home mode and the mute of all alerts.
#[derive(Serialize, ToSchema)]
#[schema(as = House)]
pub(crate) struct HomeState {
    /// The current mode; null if no modes are configured.
    pub(crate) mode: Option<String>,
    /// All modes, in the order of the configuration.
    pub(crate) modes: Vec<String>,
    /// Until when all alerts are muted; null if they are not.
    #[schema(format = DateTime)]
    muted_until: Option<String>,
}

/// The current mode, and until when all alerts are muted.
#[utoipa::path(
    operation_id = "house",
    get, path = "/api/v1/house", tag = "house",
    responses((status = 200, body = HomeState)),
)]
pub(in super::super) async fn show(
    State(state): State<AppState>,
) -> Result<Json<HomeState>, Problem> {
    let now = state.clock.now();
    Ok(Json(read(&state, now).await?))
}

/// The home mode, and until when all alerts are muted, at `now`.
pub(crate) async fn read(state: &AppState, now: Timestamp) -> Result<HomeState, Problem> {
    let muted_until = state.spool.muted_until().await?.filter(|until| *until > now);
    Ok(HomeState {
        mode: state.modes.current(now).await?,
        modes: state.modes.all(),
        muted_until: muted_until.map(utc),
    })
}

impl From<NotChosen> for Problem {
    fn from(error: NotChosen) -> Self {
        match error {
            NotChosen::Spool(error) => error.into(),
            NotChosen::Unknown(all) => Self::bad(text("problem-no-mode").words("modes", all)),
        }
    }
}

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct HomeStateChange {
    /// The mode from now on.
    #[serde(default)]
    mode: Option<String>,
    /// For how many seconds from now on all alerts are muted; 0 unmutes.
    #[serde(default)]
    #[schema(maximum = 31622400)]
    muted_for_s: Option<u64>,
}

/// Chooses a mode, or mutes everything for a while.
#[utoipa::path(
    patch, path = "/api/v1/house", tag = "house", request_body = HomeStateChange,
    responses((status = 200, body = HomeState)),
)]
pub(in super::super) async fn change(
    State(state): State<AppState>,
    audit: AuditContext,
    Json(HomeStateChange { mode, muted_for_s }): Json<HomeStateChange>,
) -> Result<Json<HomeState>, Problem> {
    let now = state.clock.now();
    let lasts = muted_for_s.map(Duration::from_secs);
    if lasts.is_some_and(|lasts| lasts > MUTE_MAX) {
        return Err(Problem::bad(text("problem-mute-length")));
    }
    if let Some(mode) = mode {
        state.modes.choose(mode.clone()).await?;
        state.note(audit.entry(AuditAction::Mode, mode, "")).await;
    }
    if let Some(lasts) = lasts {
        tracing::info!(seconds = lasts.as_secs(), "All alerts are muted or unmuted.");
        state.spool.mute_until(now.after(lasts), now).await?;
        state.events.publish(LiveEvent::HomeState);
        state
            .note(audit.entry(AuditAction::Mute, "everything", audit::lasting(lasts.as_secs())))
            .await;
    }
    Ok(Json(read(&state, now).await?))
}
