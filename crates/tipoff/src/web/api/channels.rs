//! Channels: how they stand, rest, and a test.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_model::Timestamp;
use tipoff_spool::ChannelFigures;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::clock::Clock;
use super::super::extract::{JsonBody, Path};
use super::super::problem::Problem;
use super::error_responses::NotFound;
use crate::audit::what;
use crate::dispatch::{ChannelState, ChannelStatus};
use crate::runtime::utc::utc;

/// A test that takes longer has failed.
const TEST_MAX: Duration = Duration::from_secs(60);

/// How a channel stands.
#[derive(Serialize, ToSchema)]
pub(super) struct Channel {
    name: String,
    /// The service, such as `telegram`.
    kind: &'static str,
    /// `fine`, `failing` or `paused`.
    state: &'static str,
    /// Since when it fails.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Why, in plain words.
    error: Option<String>,
    /// What is to be corrected, where alerts are delivered without something that is set.
    repair: Option<String>,
    /// How many deliveries wait.
    waiting: u64,
    /// How many were delivered today, in the reader's zone.
    delivered_today: u64,
    /// How many were refused or given up today.
    failed_today: u64,
    /// Half of the latest first alerts took at most so many seconds from their arrival on.
    latency_s: Option<f64>,
}

/// A channel's state in one word.
pub(crate) fn word(status: &ChannelStatus) -> &'static str {
    match (&status.state, status.paused) {
        (_, true) => "paused",
        (ChannelState::Fine, false) => "fine",
        (ChannelState::Failing { .. }, false) => "failing",
    }
}

/// Every configured channel with its numbers of today.
pub(crate) async fn standing(
    state: &AppState,
    today: Timestamp,
) -> Result<Vec<(ChannelStatus, ChannelFigures)>, Problem> {
    let figures = state.spool.figures(today, today).await?;
    let of = |name: &str| figures.channels.iter().find(|it| it.channel == name).cloned();
    let states = state.dispatch.states().into_iter();
    Ok(states.map(|it| (of(&it.name).unwrap_or_default(), it)).map(|(a, b)| (b, a)).collect())
}

/// All channels of the configuration.
#[utoipa::path(
    get, path = "/api/v1/channels", tag = "channels",
    responses((status = 200, body = [Channel])),
)]
pub(super) async fn list(
    State(state): State<AppState>,
    clock: Clock,
) -> Result<Json<Vec<Channel>>, Problem> {
    let standing = standing(&state, clock.today()).await?;
    let channel = |(status, figures): (ChannelStatus, ChannelFigures)| {
        let (failing_since, error) = match &status.state {
            ChannelState::Failing { since, error, .. } => (Some(utc(*since)), Some(error.clone())),
            ChannelState::Fine => (None, None),
        };
        Channel {
            state: word(&status),
            name: status.name,
            kind: status.kind,
            failing_since,
            error,
            repair: status.repair,
            waiting: figures.pending,
            delivered_today: figures.delivered,
            failed_today: figures.failed,
            latency_s: figures.latency.map(|(half, _)| half.as_secs_f64()),
        }
    };
    Ok(Json(standing.into_iter().map(channel).collect()))
}

/// What a test said.
#[derive(Serialize, ToSchema)]
pub(super) struct Tested {
    /// What the service answered.
    said: String,
}

/// Sends a test picture by a channel.
#[utoipa::path(
    post, path = "/api/v1/channels/{name}/test", tag = "channels",
    params(("name" = String, Path, description = "The channel's name")),
    responses(
        (status = 200, body = Tested),
        NotFound,
        (status = 424, body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn test(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(name): Path<String>,
) -> Result<Json<Tested>, Problem> {
    if !state.channel_names().contains(&name) {
        return Err(Problem::not_found("channel"));
    }
    // First: a test may run a program.
    state.note(audit.entry(what::CHANNEL_TEST, &*name, "")).await;
    let failed = |error: String| Problem::new(StatusCode::FAILED_DEPENDENCY, error);
    match tokio::time::timeout(TEST_MAX, state.dispatch.test(&name)).await {
        Ok(Ok(said)) => Ok(Json(Tested { said })),
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(failed("no answer within a minute".to_owned())),
    }
}

/// Whether a channel is to rest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    paused: bool,
}

/// Lets a channel rest, or go on: while it rests its deliveries wait.
#[utoipa::path(
    put, path = "/api/v1/channels/{name}/paused", tag = "channels", request_body = Pause,
    params(("name" = String, Path, description = "The channel's name")),
    responses((status = 204, description = "So it is"), NotFound),
)]
pub(super) async fn pause(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(name): Path<String>,
    JsonBody(Pause { paused }): JsonBody<Pause>,
) -> Result<StatusCode, Problem> {
    if !state.channel_names().contains(&name) {
        return Err(Problem::not_found("channel"));
    }
    state.spool.set_paused(name.clone(), paused).await?;
    state.dispatch.set_paused(&name, paused);
    let what = if paused { what::CHANNEL_PAUSE } else { what::CHANNEL_RESUME };
    state.note(audit.entry(what, name, "")).await;
    Ok(StatusCode::NO_CONTENT)
}
