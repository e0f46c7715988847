//! The routes that were added here: read, and replaced as a whole.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::added_routes::{RouteObject, replace_routes, routes_of};
use super::super::error_responses::Conflict;
use super::super::extract::Json;
use super::super::problem::Problem;
use crate::audit::AuditAction;

/// The routes, in the order in which they are evaluated.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct RouteList {
    /// The version of what was added here; a change names it.
    version: u64,
    /// The names of the routes of the configuration file, which are evaluated first.
    of_file: Vec<String>,
    /// The routes that were added here, with the keys of `[[route]]` in the configuration file.
    #[schema(value_type = Vec<Object>)]
    routes: Vec<RouteObject>,
}

/// The routes that were added here.
#[utoipa::path(
    get, path = "/api/v1/routes", tag = "routes",
    responses((status = 200, body = RouteList), Conflict),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
) -> Result<Json<RouteList>, Problem> {
    let stored = StoredDocument::read(&state).await?;
    let of_file = file_facts(&state).routes;
    let routes = routes_of(&stored.document);
    Ok(Json(RouteList { version: stored.version, of_file, routes }))
}

/// All routes that shall be there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RouteListDraft {
    /// The version of the list that was read.
    version: u64,
    /// The routes, in their order, with the keys of `[[route]]` in the configuration file. One without a name gets one.
    #[schema(value_type = Vec<Object>)]
    routes: Vec<RouteObject>,
}

/// Replaces all routes that were added here. They are in use when this answers. If there were none before, a route for
/// everything else is added behind them, unless one of them is for everything.
#[utoipa::path(
    put, path = "/api/v1/routes", tag = "routes", request_body = RouteListDraft,
    responses((status = 200, body = RouteList), Conflict),
)]
pub(in super::super) async fn replace(
    State(state): State<AppState>,
    audit: AuditContext,
    Json(draft): Json<RouteListDraft>,
) -> Result<Json<RouteList>, Problem> {
    let mut stored = StoredDocument::read(&state).await?;
    stored.check_version(draft.version)?;
    replace_routes(&mut stored, &file_facts(&state), &draft.routes)?;
    let names = routes_of(&stored.document);
    let names = names.iter().filter_map(|route| route.get("name")?.as_str());
    let detail = names.collect::<Vec<_>>().join(", ");
    stored.store(&state).await?;
    state.note(audit.entry(AuditAction::RouteChange, "routes", detail)).await;
    list(State(state)).await
}
