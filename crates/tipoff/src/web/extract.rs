//! Extractors with the names and the behaviour of axum's, but with a [`Problem`] as their rejection.
//!
//! So a client gets the same form of error from a handler and from a body that cannot be read.

use axum::extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::problem::Problem;
use super::reader_language::text;
use crate::config::added::DOCUMENT_BYTES_MAX;

/// The largest body of a call of the API, in bytes: the largest document of what is added in the pages, as JSON. A larger one
/// gets a 413.
pub(super) const BODY_BYTES_MAX: usize = 2 * DOCUMENT_BYTES_MAX;

/// JSON: the body of a request or of an answer.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// The fields of a form.
#[derive(FromRequest)]
#[from_request(via(axum::extract::Form), rejection(Problem))]
pub(crate) struct Form<T>(pub(crate) T);

/// The query of an address.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub(crate) struct Query<T>(pub(crate) T);

/// The variable segments of a path.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(crate) struct Path<T>(pub(crate) T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = text("problem-body-large").count(BODY_BYTES_MAX / 1000);
            return Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail);
        }
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad(rejection.body_text())
    }
}

impl From<FormRejection> for Problem {
    fn from(rejection: FormRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::not_found("problem-no-page")
    }
}
