//! Channels that are added in the dashboard: describe what can be added, test, add, change, remove.
//!
//! They are stored in the spool, never in the configuration file. A secret is stored and never sent back.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use toml::Table;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::added_routes::naming;
use super::super::channel_draft::{ChannelDraft, fault, refused};
use super::super::channel_fields::{ChannelType, channel_types, stored_settings};
use super::super::error_responses::{ChannelFailed, Conflict, NotFound};
use super::super::extract::{Json, Path};
use super::super::problem::Problem;
use super::super::reader_language::text;
use super::channels::TestResult;
use crate::audit::AuditAction;
use crate::config::added_document::json_of;
use crate::dispatch::send_test;

/// Maximum duration of a test, which then counts as failed.
const TEST_MAX: Duration = Duration::from_secs(60);

/// The services, and the settings of each.
#[utoipa::path(
    get, path = "/api/v1/channel-types", tag = "channels",
    responses((status = 200, body = [ChannelType])),
)]
pub(in super::super) async fn types() -> Json<Vec<ChannelType>> {
    Json(channel_types().collect())
}

/// A channel that was stored.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct AddedChannelName {
    /// Its name.
    name: String,
}

/// Adds a channel. It is in use when this answers.
#[utoipa::path(
    post, path = "/api/v1/channels", tag = "channels", request_body = ChannelDraft,
    responses((status = 201, body = AddedChannelName), Conflict),
)]
pub(in super::super) async fn add(
    State(state): State<AppState>,
    audit: AuditContext,
    Json(draft): Json<ChannelDraft>,
) -> Result<(StatusCode, Json<AddedChannelName>), Problem> {
    let file = file_facts(&state);
    let draft = draft.check(&file, None)?;
    let (name, kind) = (draft.channel.name, draft.channel.kind);
    let mut stored = StoredDocument::read(&state).await?;
    stored.check_name(&name, &file)?;
    stored.document.add(draft.table);
    stored.store(&state).await?;
    state.note(audit.entry(AuditAction::ChannelAdd, &*name, format!("type {kind}"))).await;
    Ok((StatusCode::CREATED, Json(AddedChannelName { name })))
}

/// The settings of an added channel, without its secrets.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct StoredChannel {
    /// Its name.
    name: String,
    /// The service.
    #[serde(rename = "type")]
    kind: String,
    /// How long an alert is retried; null for the default.
    expire: Option<String>,
    /// Its settings, without those in `hidden`.
    #[schema(value_type = Object)]
    settings: Map<String, Value>,
    /// The settings that are stored and not shown: secrets, and what may contain one.
    hidden: Vec<String>,
    /// The version of all added channels; a change names it.
    version: u64,
}

impl StoredChannel {
    fn of(channel: &Table, version: u64) -> Self {
        let text = |key: &str| channel.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let kind = text("type").unwrap_or_default();
        let hidden = stored_settings(channel).filter(|(_, _, is_hidden)| *is_hidden);
        let shown = stored_settings(channel).filter(|(_, _, is_hidden)| !is_hidden);
        Self {
            name: text("name").unwrap_or_else(|| kind.clone()),
            kind,
            expire: text("expire"),
            hidden: hidden.map(|(key, ..)| key.to_owned()).collect(),
            settings: shown.map(|(key, value, _)| (key.to_owned(), json_of(value))).collect(),
            version,
        }
    }
}

/// The settings of an added channel, without its secrets. Channels of the configuration file get a 404.
#[utoipa::path(
    get, path = "/api/v1/channels/{name}/settings", tag = "channels",
    params(("name" = String, Path, description = "The channel's name")),
    responses((status = 200, body = StoredChannel), NotFound, Conflict),
)]
pub(in super::super) async fn settings(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Json<StoredChannel>, Problem> {
    let StoredDocument { document, version } = StoredDocument::read(&state).await?;
    let channel = document.channel(&name).ok_or_else(not_added)?;
    Ok(Json(StoredChannel::of(channel, version)))
}

/// Replaces the settings of an added channel. Secrets named in `keep` stay, unless the service, its address or its
/// encryption changes.
#[utoipa::path(
    put, path = "/api/v1/channels/{name}/settings", tag = "channels", request_body = ChannelDraft,
    params(("name" = String, Path, description = "The channel's name")),
    responses((status = 204, description = "Changed"), NotFound, Conflict),
)]
pub(in super::super) async fn change(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(name): Path<String>,
    Json(draft): Json<ChannelDraft>,
) -> Result<StatusCode, Problem> {
    let mut stored = StoredDocument::read(&state).await?;
    let before = stored.document.channel(&name).ok_or_else(not_added)?;
    let version = draft.version;
    let draft = draft.check(&file_facts(&state), Some(before))?;
    if draft.channel.name != name {
        return Err(refused(vec![fault("name", "a channel keeps its name: add another one")]));
    }
    let unread = || refused(vec![fault("version", "read the settings first: they have it")]);
    stored.check_version(version.ok_or_else(unread)?)?;
    let kind = draft.channel.kind;
    stored.document.replace(&name, draft.table);
    stored.store(&state).await?;
    state.note(audit.entry(AuditAction::ChannelChange, name, format!("type {kind}"))).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an added channel. Its waiting deliveries stay stored and are not sent. Refused while an added route or the
/// configuration file names it.
#[utoipa::path(
    post, path = "/api/v1/channels/{name}/remove", tag = "channels",
    params(("name" = String, Path, description = "The channel's name")),
    responses((status = 204, description = "Removed"), NotFound, Conflict),
)]
pub(in super::super) async fn remove(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let mut stored = StoredDocument::read(&state).await?;
    if stored.document.channel(&name).is_none() {
        return Err(not_added());
    }
    check_unnamed(&state, &stored, &name)?;
    stored.document.remove(&name);
    stored.store(&state).await?;
    state.note(audit.entry(AuditAction::ChannelRemove, name, "")).await;
    Ok(StatusCode::NO_CONTENT)
}

/// A 409 if a route names the channel, unless the file has a channel of this name.
fn check_unnamed(state: &AppState, stored: &StoredDocument, name: &str) -> Result<(), Problem> {
    let configuration = state.configuration.borrow();
    let file = &configuration.added.file;
    if file.channels.iter().any(|it| it == name) {
        return Ok(());
    }
    let routes = naming(&stored.document, "channels", name);
    let lines = file.lines_naming(name);
    let detail = match (routes.is_empty(), lines.is_empty()) {
        (true, true) => return Ok(()),
        (false, _) => text("problem-channel-named").words("routes", routes.join(", ")).to_string(),
        (true, false) => {
            let path = configuration.path.as_ref().map(|path| path.display().to_string());
            let place = format!("{}:{}", path.unwrap_or_default(), lines.join(", "));
            text("problem-channel-named-in-file").words("place", place).to_string()
        }
    };
    Err(Problem::new(StatusCode::CONFLICT, detail))
}

/// Sends a test picture with settings that are not stored. Secrets named in `keep` are those of the added channel of the same
/// name.
#[utoipa::path(
    post, path = "/api/v1/channel-tests", tag = "channels", request_body = ChannelDraft,
    responses(
        (status = 200, body = TestResult),
        Conflict,
        ChannelFailed,
    ),
)]
pub(in super::super) async fn test(
    State(state): State<AppState>,
    audit: AuditContext,
    Json(draft): Json<ChannelDraft>,
) -> Result<Json<TestResult>, Problem> {
    let stored = StoredDocument::read(&state).await?;
    let before = stored.document.channel(draft.name.trim());
    let channel = draft.check(&file_facts(&state), before)?.channel;
    let detail = "settings that are not stored";
    state.note(audit.entry(AuditAction::ChannelTest, &*channel.name, detail)).await;
    let failed = |error: String| Problem::new(StatusCode::FAILED_DEPENDENCY, error);
    let language = state.modes.rules.now().language;
    let test = send_test(&*channel.channel, &[], state.clock.now(), language);
    match tokio::time::timeout(TEST_MAX, test).await {
        Ok(Ok(repair)) => Ok(Json(TestResult::of(repair))),
        Ok(Err(error)) => Err(failed(error)),
        Err(_) => Err(failed(text("problem-channel-no-answer").to_string())),
    }
}

fn not_added() -> Problem {
    Problem::not_found("problem-no-added-channel")
}
