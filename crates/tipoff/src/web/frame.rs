//! What all pages have around them, and how a page is sent.

use std::convert::Infallible;

use askama::Template;
use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::access::Visitor;
use super::clock::Clock;
use super::problem::Problem;
use super::{State, assets};

/// The pages that tabs lead to: address, name and icon.
const TABS: &[(&str, &str, &str)] = &[
    ("/", "Timeline", "timeline"),
    ("/devices", "Devices", "devices"),
    ("/sessions", "Sessions", "sessions"),
    ("/channels", "Channels", "channels"),
    ("/overview", "Overview", "overview"),
];

/// What stands around a page.
pub(super) struct Frame {
    /// The zone in which times are written.
    pub(super) zone: String,
    /// What proves that a form is one of ours.
    pub(super) csrf: String,
    /// Changes with the script and the style.
    pub(super) version: &'static str,
    /// What is wrong with the configuration file.
    pub(super) fault: Option<String>,
    /// What the reader may do.
    pub(super) role: &'static str,
    /// Whether forms and links that only an owner may use are written.
    pub(super) is_owner: bool,
    path: String,
}

/// A tab of the frame.
pub(super) struct Tab {
    pub(super) address: &'static str,
    pub(super) name: &'static str,
    pub(super) icon: &'static str,
    pub(super) current: bool,
}

impl Frame {
    pub(super) fn tabs(&self) -> Vec<Tab> {
        let tab = |&(address, name, icon): &(&'static str, &'static str, &'static str)| {
            let of_timeline = address == "/" && self.path.starts_with("/incidents/");
            let below = address != "/" && self.path.starts_with(address);
            let current = self.path == address || of_timeline || below;
            Tab { address, name, icon, current }
        };
        TABS.iter().map(tab).collect()
    }
}

impl FromRequestParts<State> for Frame {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Infallible> {
        let clock = Clock::from_request_parts(parts, state).await?;
        let visitor = parts.extensions.get::<Visitor>();
        let is_owner = visitor.is_some_and(Visitor::is_owner);
        // Lines of the file are masked, and are still nothing for everybody.
        let shown = |fault: &crate::config::ConfigFault| match is_owner {
            true => fault.text.clone(),
            false => "Owners see which.".to_owned(),
        };
        Ok(Self {
            zone: clock.zone_name().to_owned(),
            csrf: visitor.map_or("", Visitor::proof).to_owned(),
            version: assets::VERSION,
            fault: state.configuration.borrow().fault.as_ref().map(shown),
            role: visitor.map_or("viewer", |visitor| visitor.role.as_str()),
            is_owner,
            path: parts.uri.path().to_owned(),
        })
    }
}

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

#[derive(Template)]
#[template(path = "problem_framed.html")]
struct FramedProblemPage<'a> {
    frame: Frame,
    title: &'a str,
    detail: &'a str,
}

fn title(problem: &Problem) -> &'static str {
    match problem.status() {
        StatusCode::NOT_FOUND => "Not here",
        _ => "That did not work",
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let (status, title, detail) = (problem.status(), title(&problem), problem.detail());
        let text = ProblemPage { title, detail }.render().unwrap_or_default();
        let mut response = (status, Html(text)).into_response();
        response.extensions_mut().insert(problem);
        response
    }
}

/// Shows a browser a page where a program gets a problem: whoever is logged in sees it in the frame of all
/// pages. What is asked of the API is answered for programs.
pub(super) async fn for_browsers(
    Shared(state): Shared<State>,
    request: Request,
    next: Next,
) -> Response {
    let is_api = request.uri().path().starts_with("/api");
    if is_api || !wants_page(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let response = next.run(Request::from_parts(parts.clone(), body)).await;
    let Some(problem) = response.extensions().get::<Problem>() else {
        return response;
    };
    let Some(visitor) = response.extensions().get::<Visitor>() else {
        return PageProblem(problem.clone()).into_response();
    };
    parts.extensions.insert(visitor.clone());
    let Ok(frame) = Frame::from_request_parts(&mut parts, &state).await;
    let page = FramedProblemPage { frame, title: title(problem), detail: problem.detail() };
    (problem.status(), Html(page.render().unwrap_or_default())).into_response()
}

/// Whether a browser asks for a page: programs, pictures and the pages' script do not name HTML.
fn wants_page(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|range| {
        let kind = range.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("text/html")
    })
}
