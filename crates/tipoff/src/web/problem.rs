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
    /// The problem in a sentence, and what to do.
    detail: String,
    /// The faults of the fields of a form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FieldFault>,
}

/// The fault of a field of a form.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldFault {
    /// The name of the field; empty if it is none of them.
    pub(crate) field: String,
    /// The fault in a sentence.
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

    /// A 404 with the text of this key. It does not say whether the thing ever existed: retention removes old ones.
    pub(crate) fn not_found(key: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, text(key))
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

/// Why an incident cannot be locked, with sizes in MB.
pub(super) fn locks_full(locks: &Locks) -> String {
    let (size, locked, max) = locks.in_mb();
    let detail = text("problem-locks-full").words("size", size);
    detail.words("locked", locked).words("max", max).to_string()
}

impl From<SpoolError> for Problem {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::NoIncident(_) => Self::not_found("problem-no-incident"),
            SpoolError::NoArrival(_) => Self::not_found("problem-no-arrival"),
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
