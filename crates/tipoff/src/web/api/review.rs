//! The review for programs and for the page's script: counts of a night or day, and the reader's own marks.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_model::{DeviceId, Event, IncidentId};
use tipoff_spool::{MarkChange, Period, Reader};
use utoipa::{IntoParams, ToSchema};

use super::super::AppState;
use super::super::access::Principal;
use super::super::extract::{Json, Query};
use super::super::incident_query::{blank, time};
use super::super::problem::Problem;
use super::super::reader_clock::ReaderClock;
use super::super::reader_language::text;
use super::super::review_period::ReviewPeriod;
use crate::runtime::utc::utc;

/// Maximum number of incidents that one request marks.
const MARKED_MAX: usize = 200;

/// A night or a day in the reader's zone (its cookie, else the server's).
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(in super::super) struct PeriodQuery {
    /// The date at which it begins: `2026-11-24`. Without it, what was going on four hours ago.
    #[param(value_type = Option<String>, format = Date)]
    #[serde(deserialize_with = "blank")]
    day: Option<String>,
    /// `night`, from 18:00 to 8:00 or from sunset to sunrise if the configuration has a `place`; or `day`.
    #[serde(deserialize_with = "blank")]
    part: Option<String>,
}

/// The counts of a night or a day.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct ReviewCounts {
    /// When it begins.
    #[schema(format = DateTime)]
    from: String,
    /// When it ends.
    #[schema(format = DateTime)]
    until: String,
    /// Each hour, device and event with incidents.
    counts: Vec<ReviewCount>,
    /// Whether there are more than the newest 50,000 incidents, which are counted.
    cut: bool,
}

/// The incidents of a device and an event that began in an hour.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct ReviewCount {
    /// The hour, counted from the beginning.
    hour: u32,
    /// Number of the device.
    device: i64,
    /// Name of the device.
    device_name: String,
    /// The kind, such as `motion`.
    event: &'static str,
    /// Number of incidents.
    incidents: u64,
    /// Number of those that you have not seen. A token has seen none.
    unseen: u64,
}

/// Incidents of a night or a day by hour, device and event, without suppressed ones.
#[utoipa::path(
    get, path = "/api/v1/review", tag = "incidents", params(PeriodQuery),
    operation_id = "review",
    responses((status = 200, body = ReviewCounts)),
)]
pub(in super::super) async fn counts(
    State(state): State<AppState>,
    clock: ReaderClock,
    principal: Principal,
    Query(query): Query<PeriodQuery>,
) -> Result<Json<ReviewCounts>, Problem> {
    let period = ReviewPeriod::parse(query.day.as_deref(), query.part.as_deref(), &clock)?;
    let (from, until) = period.bounds(&clock)?;
    let period = Period { from, until, device: None, event: None };
    let found = state.spool.hour_counts(principal.reader(), period).await?;
    let count = |count: &tipoff_spool::HourCount| ReviewCount {
        hour: count.hour,
        device: count.device.0,
        device_name: count.name.clone(),
        event: count.event.as_str(),
        incidents: count.count,
        unseen: count.unseen,
    };
    Ok(Json(ReviewCounts {
        from: utc(from),
        until: utc(until),
        counts: found.counts.iter().map(count).collect(),
        cut: found.is_cut,
    }))
}

/// Changes of your own marks on incidents. What is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ChangeMarks {
    /// Numbers of incidents.
    #[schema(max_items = 200)]
    ids: Vec<i64>,
    /// Whether you have seen them.
    #[serde(default)]
    seen: Option<bool>,
    /// Whether they have your star.
    #[serde(default)]
    starred: Option<bool>,
}

/// Marks incidents as seen, or stars them, for the user who is logged in. Incidents that are not stored are left out.
#[utoipa::path(
    put, path = "/api/v1/incidents/marks", tag = "incidents", request_body = ChangeMarks,
    operation_id = "mark_incidents",
    responses((status = 204, description = "They are marked")),
)]
pub(in super::super) async fn mark(
    State(state): State<AppState>,
    principal: Principal,
    Json(ChangeMarks { ids, seen, starred }): Json<ChangeMarks>,
) -> Result<StatusCode, Problem> {
    if ids.len() > MARKED_MAX {
        return Err(Problem::bad(text("problem-incident-marks-many")));
    }
    let ids = ids.into_iter().map(IncidentId).collect();
    state.spool.mark(reader(&principal)?, ids, MarkChange { seen, starred }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which incidents are marked as seen.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SeeAll {
    /// Those that began at this time or later, in RFC 3339.
    #[schema(format = DateTime)]
    from: String,
    /// Those that began before this time, in RFC 3339.
    #[schema(format = DateTime)]
    until: String,
    /// Those up to this one: what came later was not shown yet.
    up_to: i64,
    /// Those of this device.
    #[serde(default)]
    device: Option<i64>,
    /// Those of this kind, such as `motion`.
    #[serde(default)]
    event: Option<String>,
}

/// The number of marked incidents.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Seen {
    /// Number of incidents that were not seen before.
    incidents: u64,
}

/// Marks the incidents of a period as seen for the user who is logged in, without suppressed ones; at most 50,000.
#[utoipa::path(
    post, path = "/api/v1/review/seen", tag = "incidents", request_body = SeeAll,
    operation_id = "see_all",
    responses((status = 200, body = Seen)),
)]
pub(in super::super) async fn see_all(
    State(state): State<AppState>,
    principal: Principal,
    Json(request): Json<SeeAll>,
) -> Result<Json<Seen>, Problem> {
    let event = request.event.as_deref().map(|name| {
        Event::from_name(name).ok_or_else(|| Problem::bad(text("problem-incident-event")))
    });
    let period = Period {
        from: time(&request.from)?,
        until: time(&request.until)?,
        device: request.device.map(DeviceId),
        event: event.transpose()?,
    };
    let up_to = IncidentId(request.up_to);
    let incidents = state.spool.see_all(reader(&principal)?, period, up_to).await?;
    Ok(Json(Seen { incidents }))
}

/// Whose marks are changed.
fn reader(principal: &Principal) -> Result<Reader, Problem> {
    let none = || Problem::new(StatusCode::FORBIDDEN, text("problem-incident-token-has-no-marks"));
    principal.reader().ok_or_else(none)
}
