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
            tracing::error!(%error, "Could not render a page.");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Err(PageProblem(Problem::new(status, "the page could not be rendered")))
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
    detail: String,
}

/// The heading of a problem.
pub(super) fn problem_title(problem: &Problem) -> &'static str {
    match problem.status() {
        StatusCode::NOT_FOUND => "Not found",
        _ => "Something went wrong",
    }
}

/// The detail of a problem as a sentence.
pub(super) fn sentence(problem: &Problem) -> String {
    let mut rest = problem.detail().chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    let end = if problem.detail().ends_with(['.', '?', '!']) { "" } else { "." };
    first.chain(rest).chain(end.chars()).collect()
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let (status, title, detail) =
            (problem.status(), problem_title(&problem), sentence(&problem));
        let text = ProblemPage { title, detail }.render().unwrap_or_default();
        let mut response = (status, Html(text)).into_response();
        response.extensions_mut().insert(problem);
        response
    }
}
