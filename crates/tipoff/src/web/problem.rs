//! Errors of the API: problem details, RFC 9457.
//!
//! Everything that a handler or an extractor refuses becomes a [`Problem`]. Its detail is a sentence for people, in their language: what
//! happened and what to do. Internal errors are logged here and answered without their text, which may name paths.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tipoff_spool::{Locks, SpoolError};
use utoipa::ToSchema;

use super::reader_language::text;

/// Why a request failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Always `about:blank`: the status says which.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, and what to do.
    detail: String,
    /// What is wrong with each field of a form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FieldFault>,
}

/// What is wrong with a field of a form.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldFault {
    /// The name of the field; empty if it is none of them.
    pub(crate) field: String,
    /// What is wrong, in a sentence.
    pub(crate) message: String,
}

impl Problem {
    /// A problem with this status and detail.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Problem"),
            status: status.as_u16(),
            detail: detail.into(),
            faults: Vec::new(),
        }
    }

    /// A problem whose detail is all faults of a form.
    pub(crate) fn of_fields(status: StatusCode, faults: Vec<FieldFault>) -> Self {
        let line = |fault: &FieldFault| match &*fault.field {
            "" => fault.message.clone(),
            field => format!("{field}: {}", fault.message),
        };
        let detail = faults.iter().map(line).collect::<Vec<_>>().join("; ");
        Self { faults, ..Self::new(status, detail) }
    }

    /// A 404. It does not say whether the thing ever existed: retention removes old ones.
    pub(crate) fn not_found(what: &str) -> Self {
        let known = NOT_FOUND.iter().find(|(known, _)| *known == what);
        Self::new(StatusCode::NOT_FOUND, text(known.map_or("problem-not-here", |(_, key)| key)))
    }

    /// A 400. The detail begins with the name of the field, and a colon.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

/// What may not be found, each with its text.
const NOT_FOUND: &[(&str, &str)] = &[
    ("arrival", "problem-no-arrival"),
    ("browser", "problem-no-browser"),
    ("channel", "problem-no-channel"),
    ("channel that was added here", "problem-no-added-channel"),
    ("device", "problem-no-device"),
    ("feed", "problem-no-feed"),
    ("file", "problem-no-file"),
    ("incident", "problem-no-incident"),
    ("link", "problem-no-link"),
    ("login", "problem-no-login"),
    ("login of a device that was added here", "problem-no-device-login"),
    ("page", "problem-no-page"),
    ("route that was added here", "problem-no-route"),
    ("service that can be added here", "problem-no-service"),
    ("session", "problem-no-session"),
    ("thumbnail", "problem-no-thumbnail"),
    ("token", "problem-no-token"),
    ("user", "problem-no-user"),
    ("video", "problem-no-video"),
];

/// Why an incident cannot be locked, with sizes in MB.
pub(super) fn locks_full(locks: &Locks) -> String {
    let (size, locked, max) = locks.in_mb();
    let detail = text("problem-locks-full").words("size", size);
    detail.words("locked", locked).words("max", max).to_string()
}

impl From<SpoolError> for Problem {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::NoIncident(_) => Self::not_found("incident"),
            SpoolError::NoArrival(_) => Self::not_found("arrival"),
            SpoolError::LocksFull(locks) => Self::new(StatusCode::CONFLICT, locks_full(&locks)),
            error => {
                tracing::error!(%error, "Could not use the spool.");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, text("problem-spool"))
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (self.status(), kind, Json(&self)).into_response();
        // A browser may be shown a page instead.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Adds what the sources in a folder say is not found.
    fn add_used(folder: &Path, used: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add_used(&path, used);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let calls = source.split("not_found(\"").skip(1);
                used.extend(calls.filter_map(|call| Some(call.split_once('"')?.0.to_owned())));
            }
        }
    }

    #[test]
    fn what_is_not_found_has_a_text() {
        let mut used = Vec::new();
        add_used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut used);
        assert!(used.len() > NOT_FOUND.len());
        for what in &used {
            assert!(NOT_FOUND.iter().any(|(known, _)| known == what), "{what} has no text");
            let expected = format!("{what} not found, or no longer stored");
            assert_eq!(Problem::not_found(what).detail(), expected);
        }
    }
}
