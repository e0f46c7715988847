//! Several incidents at once: download, remove.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tipoff_model::IncidentId;
use utoipa::{IntoParams, ToSchema};

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::error_responses::{NotFound, TooLarge};
use super::super::extract::{Json, Query};
use super::super::incident_removal::remove_incidents;
use super::super::incident_zip;
use super::super::problem::Problem;
use super::super::reader_language::text;
use crate::audit::AuditAction;

/// Maximum number of incidents in a zip, and of those that one request removes.
const INCIDENTS_MAX: usize = 100;

/// Which incidents a zip has.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct ZipQuery {
    /// Numbers of incidents with commas between them, at most 100.
    #[param(example = "17,18")]
    ids: String,
}

impl ZipQuery {
    /// The numbers, each once and in order.
    fn ids(&self) -> Result<Vec<IncidentId>, Problem> {
        let ids = self.ids.split(',').map(|id| id.trim().parse().map(IncidentId));
        let ids: Result<Vec<IncidentId>, _> = ids.take(INCIDENTS_MAX + 1).collect();
        let mut ids = ids.map_err(|_| Problem::bad(text("problem-incident-ids")))?;
        ids.sort_unstable();
        ids.dedup();
        bounded(ids)
    }
}

fn bounded(ids: Vec<IncidentId>) -> Result<Vec<IncidentId>, Problem> {
    match ids.len() {
        1..=INCIDENTS_MAX => Ok(ids),
        _ => Err(Problem::bad(text("problem-incident-ids-many"))),
    }
}

/// Several incidents as a zip file, each in a folder of its own: at most 100, with at most 4 GB of files.
#[utoipa::path(
    operation_id = "parcels",
    get, path = "/api/v1/incidents/zip", tag = "incidents", params(ZipQuery),
    responses(
        (status = 200, description = "The zip", content_type = "application/zip"),
        NotFound,
        TooLarge,
    ),
)]
pub(in super::super) async fn zip(
    State(state): State<AppState>,
    Query(query): Query<ZipQuery>,
) -> Result<Response, Problem> {
    let mut details = Vec::new();
    for id in query.ids()? {
        details.push(state.spool.incident(id).await?);
    }
    incident_zip::send_all(&state, &details).await
}

/// Which incidents are removed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct RemoveIncidents {
    /// Numbers of incidents.
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<i64>,
}

/// The removed and the kept incidents. A number that is in no list was not stored.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct RemovedIncidents {
    /// Those that were removed.
    removed: Vec<i64>,
    /// Those that were kept because they are locked.
    locked: Vec<i64>,
    /// Those that were kept because a summary of other alerts is still to be sent with them.
    summary_pending: Vec<i64>,
    /// Number of alerts of removed incidents that had not been delivered.
    withdrawn: usize,
}

/// Removes incidents with their pictures, videos and deliveries. Locked ones are kept. A token cannot do this: whoever
/// finds one removes no evidence.
#[utoipa::path(
    post, path = "/api/v1/incidents/remove", tag = "incidents", request_body = RemoveIncidents,
    operation_id = "remove_incidents",
    responses((status = 200, body = RemovedIncidents)),
)]
pub(in super::super) async fn remove(
    State(state): State<AppState>,
    audit: AuditContext,
    Json(RemoveIncidents { ids }): Json<RemoveIncidents>,
) -> Result<Json<RemovedIncidents>, Problem> {
    let ids = bounded(ids.into_iter().map(IncidentId).collect())?;
    let removal = remove_incidents(&state, ids).await?;
    if !removal.removed.is_empty() {
        let detail = match removal.withdrawn.len() {
            0 => String::new(),
            count => format!("{count} undelivered, withdrawn: {}", channels(&removal.withdrawn)),
        };
        let entry = audit.entry(AuditAction::IncidentRemove, numbered(&removal.removed), detail);
        state.note(entry).await;
    }
    let numbers = |ids: &[IncidentId]| ids.iter().map(|id| id.0).collect();
    Ok(Json(RemovedIncidents {
        removed: numbers(&removal.removed),
        locked: numbers(&removal.locked),
        summary_pending: numbers(&removal.summary_pending),
        withdrawn: removal.withdrawn.len(),
    }))
}

/// `incident 17`, `incidents 17, 18`
fn numbered(ids: &[IncidentId]) -> String {
    let numbers: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let noun = if ids.len() == 1 { "incident" } else { "incidents" };
    format!("{noun} {}", numbers.join(", "))
}

/// Names of channels, each once.
fn channels(names: &[String]) -> String {
    let names: std::collections::BTreeSet<&str> = names.iter().map(String::as_str).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zip_has_from_1_to_100_incidents_each_once() {
        let ids = |text: &str| ZipQuery { ids: text.to_owned() }.ids();
        assert_eq!(ids("3, 1,3").unwrap(), [IncidentId(1), IncidentId(3)]);
        let many = |count: i64| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(ids(&many(100)).unwrap().len(), 100);
        for wrong in ["", "x", "1,,2", &many(101)] {
            assert!(ids(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn removed_incidents_are_named_in_the_audit_log() {
        assert_eq!(numbered(&[IncidentId(7)]), "incident 7");
        assert_eq!(numbered(&[IncidentId(7), IncidentId(9)]), "incidents 7, 9");
        assert_eq!(channels(&["b".to_owned(), "a".to_owned(), "b".to_owned()]), "a, b");
    }
}
