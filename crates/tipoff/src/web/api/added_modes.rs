//! The home modes that were added here: read, and replaced as a whole. They are in use if the configuration file has none.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::added_channels::{StoredDocument, file_facts};
use super::super::added_routes::{naming, strings};
use super::super::channel_draft::{check_name, fault, name_form, of_faults, refused, too_many};
use super::super::error_responses::Conflict;
use super::super::extract::Json;
use super::super::problem::Problem;
use super::super::reader_language::text;
use crate::audit::AuditAction;
use crate::config::Config;
use crate::config::added::{FileFacts, MODES_MAX, Names};
use crate::config::added_document::{AddedDocument, MODE, alone_as, name_of};

/// A home mode, and when it begins by itself.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ModeObject {
    /// Its name.
    #[schema(min_length = 1, max_length = 60)]
    pub(in super::super) name: String,
    /// The times of day at which it begins, such as `22:30` or `sunset`.
    #[serde(default)]
    pub(in super::super) at: Vec<String>,
    /// The days on which it begins, such as `mon-fri`; empty for every day.
    #[serde(default)]
    pub(in super::super) days: Vec<String>,
}

/// The home modes that were added here.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct ModeList {
    /// The version of what was added here; a change names it.
    version: u64,
    /// The modes, in their order. The first is active until another one is chosen or begins.
    modes: Vec<ModeObject>,
}

/// The modes of a document.
pub(in super::super) fn modes_of(document: &AddedDocument) -> Vec<ModeObject> {
    let owned = |table: &Table, key| strings(table, key).into_iter().map(str::to_owned).collect();
    let mode = |table: &Table| ModeObject {
        name: name_of(table).unwrap_or_default().to_owned(),
        at: owned(table, "at"),
        days: owned(table, "days"),
    };
    document.sections(MODE).map(mode).collect()
}

/// The home modes that were added here.
#[utoipa::path(
    get, path = "/api/v1/modes", tag = "routes",
    responses((status = 200, body = ModeList), Conflict),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
) -> Result<Json<ModeList>, Problem> {
    let StoredDocument { document, version } = StoredDocument::read(&state).await?;
    Ok(Json(ModeList { version, modes: modes_of(&document) }))
}

/// Replaces all home modes that were added here. They are in use when this answers. Refused if the configuration file has modes.
#[utoipa::path(
    put, path = "/api/v1/modes", tag = "routes", request_body = ModeList,
    responses((status = 200, body = ModeList), Conflict),
)]
pub(in super::super) async fn replace(
    State(state): State<AppState>,
    audit: AuditContext,
    Json(draft): Json<ModeList>,
) -> Result<Json<ModeList>, Problem> {
    let mut stored = StoredDocument::read(&state).await?;
    stored.check_version(draft.version)?;
    let file = file_facts(&state);
    if !file.modes.is_empty() {
        return Err(Problem::new(StatusCode::CONFLICT, text("problem-modes-in-file")));
    }
    let names: Vec<&str> = draft.modes.iter().map(|mode| mode.name.trim()).collect();
    let detail = names.join(", ");
    let modes = checked(&draft.modes, &file)?;
    check_unnamed(&stored.document, &names)?;
    stored.document.replace_sections(MODE, modes);
    stored.store(&state).await?;
    state.note(audit.entry(AuditAction::ModeChange, "home modes", detail)).await;
    list(State(state)).await
}

/// A 409 if a route names a mode that is not among the new ones: such a route would never match again.
fn check_unnamed(document: &AddedDocument, names: &[&str]) -> Result<(), Problem> {
    let old = document.sections(MODE).filter_map(name_of);
    for mode in old.filter(|mode| !names.contains(mode)) {
        let routes = naming(document, "modes", mode);
        if !routes.is_empty() {
            let why = text("problem-mode-named").words("mode", mode);
            let why = why.words("routes", routes.join(", "));
            return Err(Problem::new(StatusCode::CONFLICT, why));
        }
    }
    Ok(())
}

/// The modes as sections, or the faults of each at its field, such as `1.at`.
fn checked(modes: &[ModeObject], file: &FileFacts) -> Result<Vec<Table>, Problem> {
    if modes.len() > MODES_MAX {
        return Err(refused(vec![fault("modes", too_many(MODES_MAX))]));
    }
    let mut faults = Vec::new();
    let mut tables: Vec<Table> = Vec::new();
    for (index, mode) in modes.iter().enumerate() {
        let name = mode.name.trim();
        let mut table = Table::from_iter([("name".to_owned(), Value::from(name))]);
        for (key, list) in [("at", &mode.at), ("days", &mode.days)] {
            if !list.is_empty() {
                table.insert(key.to_owned(), list.clone().into());
            }
        }
        if check_name(name).is_err() {
            faults.push(fault(&format!("{index}.name"), name_form()));
        } else if tables.iter().any(|other| name_of(other) == Some(name)) {
            faults.push(fault(&format!("{index}.name"), text("problem-mode-name-taken")));
        }
        if let Err(found) = Config::check_added(&alone_as(MODE, &table), file, Names::MustExist) {
            let placed = of_faults(&found).into_iter();
            faults.extend(placed.map(|it| fault(&format!("{index}.{}", it.field), &it.message)));
        }
        tables.push(table);
    }
    if faults.is_empty() { Ok(tables) } else { Err(refused(faults)) }
}
