//! How a page is sent, and the page of a problem for whoever is not logged in.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::problem::Problem;

/// A page, or what stands instead of it.
pub(super) type Page = Result<Response, PageProblem>;

/// Sends a page.
pub(super) fn page(template: &impl Template) -> Page {
    match template.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(error) => {
            tracing::error!(%error, "A page could not be written.");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Err(PageProblem(Problem::new(status, "the page could not be written")))
        }
    }
}

/// A problem, told to a person.
pub(super) struct PageProblem(Problem);

impl<E: Into<Problem>> From<E> for PageProblem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// For whoever is not logged in.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    title: &'a str,
    detail: &'a str,
}

/// The heading of a problem.
pub(super) fn problem_title(problem: &Problem) -> &'static str {
    match problem.status() {
        StatusCode::NOT_FOUND => "Not here",
        _ => "That did not work",
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let (status, title, detail) = (problem.status(), problem_title(&problem), problem.detail());
        let text = ProblemPage { title, detail }.render().unwrap_or_default();
        let mut response = (status, Html(text)).into_response();
        response.extensions_mut().insert(problem);
        response
    }
}
