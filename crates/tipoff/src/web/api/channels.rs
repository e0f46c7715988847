//! Channels: their state, pause and resume, and a test alert.
//!
//! The state comes from the supervisor in `dispatch`, the numbers from the spool. A pause is stored first and then applied, so
//! that it also holds after a restart.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_channels::web_push;
use tipoff_model::Timestamp;
use tipoff_spool::ChannelFigures;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::error_responses::{ChannelFailed, NotFound};
use super::super::extract::{Json, Path};
use super::super::problem::Problem;
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::text;
use crate::audit::AuditAction;
use crate::dispatch::{ChannelState, ChannelStatus};
use crate::runtime::utc::utc;

/// Maximum duration of a test, which then counts as failed.
const TEST_MAX: Duration = Duration::from_secs(60);

/// State of a channel.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Channel {
    /// Name in the configuration.
    name: String,
    /// The service, such as `telegram`.
    kind: &'static str,
    /// `fine`, `failing` or `paused`.
    state: &'static str,
    /// Since when it fails; null if it works.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Why it fails; null if it works.
    error: Option<String>,
    /// What to correct in the configuration if alerts are delivered without a part of it.
    repair: Option<String>,
    /// Number of waiting deliveries.
    waiting: u64,
    /// How many were delivered today, in the reader's zone.
    delivered_today: u64,
    /// How many were refused or expired today.
    failed_today: u64,
    /// Median time from arrival to delivery of the latest 200 first alerts, in seconds.
    latency_s: Option<f64>,
}

/// The state of a channel in one word. A paused channel is `paused`, also if it fails.
pub(crate) fn state_word(status: &ChannelStatus) -> &'static str {
    match (&status.state, status.paused) {
        (_, true) => "paused",
        (ChannelState::Fine, false) => "fine",
        (ChannelState::Failing { .. }, false) => "failing",
    }
}

/// Every configured channel with its numbers since `today`, in the order of the configuration. The browsers of people are not
/// among them: each person sees their own.
pub(crate) async fn with_figures(
    state: &AppState,
    today: Timestamp,
) -> Result<Vec<(ChannelStatus, ChannelFigures)>, Problem> {
    let figures = state.spool.figures(today, today).await?;
    let of_channel = |status: ChannelStatus| {
        let figures = figures.channels.iter().find(|it| it.channel == status.name).cloned();
        (status, figures.unwrap_or_default())
    };
    let configured = state.dispatch.states().into_iter().filter(|it| it.kind != web_push::KIND);
    Ok(configured.map(of_channel).collect())
}

/// All channels of the configuration.
#[utoipa::path(
    get, path = "/api/v1/channels", tag = "channels",
    responses((status = 200, body = [Channel])),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
    clock: ReaderClock,
) -> Result<Json<Vec<Channel>>, Problem> {
    let channels = with_figures(&state, clock.today()).await?;
    let channel = |(status, figures): (ChannelStatus, ChannelFigures)| {
        let (failing_since, error) = match &status.state {
            ChannelState::Failing { since, error, .. } => (Some(utc(*since)), Some(error.clone())),
            ChannelState::Fine => (None, None),
        };
        Channel {
            state: state_word(&status),
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
    Ok(Json(channels.into_iter().map(channel).collect()))
}

/// The result of a test.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct TestResult {
    /// What the service answered.
    said: String,
}

impl TestResult {
    /// `repair`: what the owner has to correct although the test arrived.
    pub(super) fn of(repair: Option<String>) -> Self {
        let said = match repair {
            None => text("channel-test-arrived"),
            Some(repair) => text("channel-test-arrived-repair").words("repair", repair),
        };
        Self { said: said.to_string() }
    }
}

/// Sends a test picture to a channel.
#[utoipa::path(
    post, path = "/api/v1/channels/{name}/test", tag = "channels",
    params(("name" = String, Path, description = "The channel's name")),
    responses(
        (status = 200, body = TestResult),
        NotFound,
        ChannelFailed,
    ),
)]
pub(in super::super) async fn test(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(name): Path<String>,
) -> Result<Json<TestResult>, Problem> {
    if !state.channel_names().contains(&name) {
        return Err(Problem::not_found("problem-no-channel"));
    }
    // First: a test may run a program.
    state.note(audit.entry(AuditAction::ChannelTest, &*name, "")).await;
    let failed = |error: String| Problem::new(StatusCode::FAILED_DEPENDENCY, error);
    match tokio::time::timeout(TEST_MAX, state.dispatch.test(&name)).await {
        Ok(Ok(repair)) => Ok(Json(TestResult::of(repair))),
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(failed(text("problem-channel-no-answer").to_string())),
    }
}

/// Whether a channel is paused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Pause {
    /// True pauses, false resumes.
    paused: bool,
}

/// Pauses or resumes a channel. The deliveries of a paused channel wait.
#[utoipa::path(
    put, path = "/api/v1/channels/{name}/paused", tag = "channels", request_body = Pause,
    params(("name" = String, Path, description = "The channel's name")),
    responses((status = 204, description = "Changed"), NotFound),
)]
pub(in super::super) async fn pause(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(name): Path<String>,
    Json(Pause { paused }): Json<Pause>,
) -> Result<StatusCode, Problem> {
    if !state.channel_names().contains(&name) {
        return Err(Problem::not_found("problem-no-channel"));
    }
    state.spool.set_paused(name.clone(), paused).await?;
    state.dispatch.set_paused(&name, paused);
    let action = if paused { AuditAction::ChannelPause } else { AuditAction::ChannelResume };
    state.note(audit.entry(action, name, "")).await;
    Ok(StatusCode::NO_CONTENT)
}
