//! Added channels and routes as the text of a configuration file: exported without their secrets, and imported.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use toml::Table;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::added_routes::{facts_with, object_of, replace_routes, with_imported};
use super::super::channel_draft::{check_name, fault, refused};
use super::super::channel_export::{Exported, exported};
use super::super::error_responses::Conflict;
use super::super::extract::Json;
use super::super::problem::Problem;
use super::super::reader_language::text;
use crate::audit::AuditAction;
use crate::config::Config;
use crate::config::added::Names;
use crate::config::added_document::{AddedDocument, MODE, ROUTE, SCHEDULE, name_of};

/// The channels and routes that were added here, as the text of a configuration file. Each secret is a variable of the environment.
#[utoipa::path(
    get, path = "/api/v1/added-channels", tag = "channels",
    responses((status = 200, body = Exported), Conflict),
)]
pub(in super::super) async fn export(
    State(state): State<AppState>,
) -> Result<Json<Exported>, Problem> {
    Ok(Json(exported(&StoredDocument::read(&state).await?.document)))
}

/// Text to import.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Import {
    /// Sections `[[channel]]`, `[[route]]`, `[[schedule]]` and `[[mode]]`, as in a configuration file, with their secrets.
    toml: String,
}

/// The imported channels and routes.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Imported {
    /// The names of the channels, in their order.
    names: Vec<String>,
    /// The number of routes.
    routes: usize,
}

/// Adds all of a text, or nothing of it. Channels and routes are added behind the others; a last route for everything stays the
/// last one. The detail of a 422 shows each fault at its line, without secrets.
#[utoipa::path(
    post, path = "/api/v1/added-channels", tag = "channels", request_body = Import,
    responses((status = 201, body = Imported), Conflict),
)]
pub(in super::super) async fn import(
    State(state): State<AppState>,
    audit: AuditContext,
    Json(Import { toml }): Json<Import>,
) -> Result<(StatusCode, Json<Imported>), Problem> {
    let file = file_facts(&state);
    let mut stored = StoredDocument::read(&state).await?;
    let facts = facts_with(&stored.document, file.clone());
    let parts = Config::check_added(&toml, &facts, Names::MustExist).map_err(|faults| {
        let shown = faults.of_place("the imported text").render(false);
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, shown)
    })?;
    let given = AddedDocument::parse(&toml).map_err(|_| nothing())?;
    if given.is_empty() {
        return Err(nothing());
    }
    for channel in given.channels() {
        let name = name_of(channel).unwrap_or_default();
        check_name(name)?;
        stored.check_name(name, &file)?;
        stored.document.add(channel.clone());
    }
    let is_new =
        |mode: &&Table| !name_of(mode).is_some_and(|it| facts.modes.iter().any(|m| m == it));
    append(&mut stored.document, MODE, given.sections(MODE).filter(is_new));
    append(&mut stored.document, SCHEDULE, given.sections(SCHEDULE));
    let routes = given.sections(ROUTE).count();
    if routes > 0 {
        let all = with_imported(&stored.document, given.sections(ROUTE).map(object_of));
        replace_routes(&mut stored, &file, &all)?;
    }
    stored.store(&state).await?;
    for channel in &parts.channels {
        let detail = format!("type {}", channel.kind);
        state.note(audit.entry(AuditAction::ChannelAdd, &*channel.name, detail)).await;
    }
    let others = routes + given.sections(SCHEDULE).count() + given.sections(MODE).count();
    if others > 0 {
        state.note(audit.entry(AuditAction::RouteChange, "routes", "imported")).await;
    }
    let names = parts.channels.into_iter().map(|channel| channel.name).collect();
    Ok((StatusCode::CREATED, Json(Imported { names, routes })))
}

/// Adds sections behind those of the same name.
fn append<'t>(document: &mut AddedDocument, name: &str, sections: impl Iterator<Item = &'t Table>) {
    let mut all: Vec<Table> = document.sections(name).cloned().collect();
    all.extend(sections.cloned());
    document.replace_sections(name, all);
}

fn nothing() -> Problem {
    refused(vec![fault("toml", text("problem-channel-nothing"))])
}
