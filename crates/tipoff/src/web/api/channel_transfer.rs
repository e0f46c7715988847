//! Added channels as the text of a configuration file: exported without their secrets, and imported.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::channel_draft::{check_name, fault, refused};
use super::super::channel_export::{Exported, exported};
use super::super::error_responses::Conflict;
use super::super::extract::Json;
use super::super::problem::Problem;
use crate::audit::AuditAction;
use crate::config::Config;
use crate::config::added::Names;
use crate::config::added_document::{AddedDocument, name_of};

/// The channels that were added, as the text of a configuration file. Each secret is a variable of the environment.
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
    /// Sections `[[channel]]`, as in a configuration file, with their secrets.
    toml: String,
}

/// The names of the channels that were imported.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Imported {
    /// In their order.
    names: Vec<String>,
}

/// Adds all channels of a text, or none of them. The detail of a 422 shows each fault at its line, without secrets.
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
    let nothing = || refused(vec![fault("toml", "there is no [[channel]] in it")]);
    let channels = Config::check_added(&toml, &file, Names::MustExist)
        .map_err(|faults| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, faults.render(false)))?
        .channels;
    let given = AddedDocument::parse(&toml).map_err(|_| nothing())?;
    if channels.is_empty() {
        return Err(nothing());
    }
    let mut stored = StoredDocument::read(&state).await?;
    for channel in given.channels() {
        let name = name_of(channel).unwrap_or_default();
        check_name(name)?;
        stored.check_name(name, &file)?;
        stored.document.add(channel.clone());
    }
    stored.store(&state).await?;
    for channel in &channels {
        let detail = format!("type {}", channel.kind);
        state.note(audit.entry(AuditAction::ChannelAdd, &*channel.name, detail)).await;
    }
    let names = channels.into_iter().map(|channel| channel.name).collect();
    Ok((StatusCode::CREATED, Json(Imported { names })))
}
