//! Responses with a page, and the page of a problem for clients that are not logged in.
//!
//! A handler of a page returns [`Page`]: `?` turns a problem into its page. `layout::for_browsers` replaces that page by one
//! with the navigation if a principal is known.

use askama::Template;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tipoff_model::Language;

use super::local_path::is_api;
use super::problem::Problem;
use super::reader_language::{text, texts};

/// A rendered page, or the problem that is shown instead.
pub(super) type Page = Result<Response, PageProblem>;

/// Renders a template. Templates do not fail on data; an error is a fault of the program.
pub(super) fn page(template: &impl Template) -> Page {
    match template.render() {
        Ok(text) => Ok(Html(text).into_response()),
        Err(error) => {
            tracing::error!(%error, "Could not render a page.");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Err(PageProblem(Problem::new(status, text("problem-page-not-rendered"))))
        }
    }
}

/// A problem as a page.
pub(super) struct PageProblem(Problem);

impl<E: Into<Problem>> From<E> for PageProblem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The page of a problem without the layout, for clients that are not logged in.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    title: String,
    detail: String,
}

/// The heading of a problem.
pub(super) fn problem_title(problem: &Problem) -> String {
    let title = match problem.status() {
        StatusCode::NOT_FOUND => text("layout-not-found"),
        _ => text("layout-went-wrong"),
    };
    title.to_string()
}

/// The detail of a problem as a sentence.
pub(super) fn sentence(problem: &Problem) -> String {
    let mut rest = problem.detail().chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    let end = match texts().language() {
        _ if problem.detail().ends_with(['.', '?', '!', '。', '？', '！']) => "",
        Language::Chinese => "。",
        _ => ".",
    };
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

/// The answer with a problem: JSON for a path of the API, else a page.
pub(super) fn problem_response(problem: Problem, path: &str) -> Response {
    match is_api(path) {
        true => problem.into_response(),
        false => PageProblem::from(problem).into_response(),
    }
}

/// Whether a browser asks for a page: programs, pictures and the pages' script do not name HTML.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|range| {
        let kind = range.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("text/html")
    })
}
