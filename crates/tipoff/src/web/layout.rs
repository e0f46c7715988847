//! The layout of all pages behind the login: navigation, faults of the configuration, and the problem page in it.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::access::Principal;
use super::local_path::is_api;
use super::page::{PageProblem, problem_title, sentence, wants_page};
use super::problem::Problem;
use super::reader_clock::ReaderClock;
use super::reader_language::text;
use super::{AppState, assets};

/// What the layout of a page shows.
pub(super) struct Layout {
    /// The zone in which times are written; the script compares it with the browser's.
    pub(super) zone: String,
    /// The token that a form sends along: see `access::csrf`.
    pub(super) csrf: String,
    /// Changes with the script and the style.
    pub(super) version: &'static str,
    /// The fault of the configuration file, if it has one. The previous configuration stays in effect.
    pub(super) fault: Option<String>,
    /// What the reader may do.
    pub(super) role: &'static str,
    /// Whether forms and links that only an owner may use are written.
    pub(super) is_owner: bool,
    /// The tabs of the navigation.
    pub(super) tabs: Vec<Tab>,
}

/// A tab of the navigation.
#[derive(Clone)]
pub(super) struct Tab {
    pub(super) path: &'static str,
    /// The key of its name.
    pub(super) name: &'static str,
    /// SVG markup.
    pub(super) icon: &'static str,
    /// Whether the page that is shown belongs to it.
    pub(super) current: bool,
}

/// The tab of a page in the table of pages.
pub(super) struct TabEntry {
    /// The key of its name.
    pub(super) name: &'static str,
    /// SVG markup.
    pub(super) icon: &'static str,
}

/// All tabs, in their order; an extension of each request, which the router adds.
#[derive(Clone, Default)]
pub(super) struct Navigation(Arc<[Tab]>);

impl Navigation {
    pub(super) fn new(tabs: Vec<Tab>) -> Self {
        Self(tabs.into())
    }

    /// The tabs as a page at this path shows them.
    fn at(&self, at: &str) -> Vec<Tab> {
        let tab = |tab: &Tab| {
            let of_timeline = tab.path == "/" && at.starts_with("/incidents/");
            let below = tab.path != "/" && at.starts_with(tab.path);
            Tab { current: at == tab.path || of_timeline || below, ..tab.clone() }
        };
        self.0.iter().map(tab).collect()
    }
}

impl FromRequestParts<AppState> for Layout {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let clock = ReaderClock::from_request_parts(parts, state).await?;
        let navigation = parts.extensions.get::<Navigation>().cloned().unwrap_or_default();
        let principal = parts.extensions.get::<Principal>();
        let is_owner = principal.is_some_and(Principal::is_owner);
        // Lines of the file are masked, and are still nothing for everybody.
        let shown = |fault: &crate::config::ConfigFault| match is_owner {
            true => fault.text.clone(),
            false => text("layout-fault-owners").to_string(),
        };
        Ok(Self {
            zone: clock.zone_name().to_owned(),
            csrf: principal.map_or("", Principal::csrf_token).to_owned(),
            version: assets::VERSION,
            fault: state.configuration.borrow().fault.as_ref().map(shown),
            role: principal.map_or("viewer", |principal| principal.role.as_str()),
            is_owner,
            tabs: navigation.at(parts.uri.path()),
        })
    }
}

/// The page of a problem with the navigation.
#[derive(Template)]
#[template(path = "problem_layout.html")]
struct LayoutProblemPage {
    layout: Layout,
    title: String,
    detail: String,
}

/// Replaces a problem by a page if a browser requested one: in the layout if the principal is known, else without it. Answers
/// of the API stay as they are.
pub(super) async fn for_browsers(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    if is_api(request.uri().path()) || !wants_page(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let response = next.run(Request::from_parts(parts.clone(), body)).await;
    let Some(problem) = response.extensions().get::<Problem>() else {
        return response;
    };
    let Some(principal) = response.extensions().get::<Principal>() else {
        return PageProblem::from(problem.clone()).into_response();
    };
    parts.extensions.insert(principal.clone());
    let Ok(layout) = Layout::from_request_parts(&mut parts, &state).await;
    let page =
        LayoutProblemPage { layout, title: problem_title(problem), detail: sentence(problem) };
    (problem.status(), Html(page.render().unwrap_or_default())).into_response()
}
