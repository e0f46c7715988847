//! The layout of all pages behind the login: navigation, faults of the configuration, and the problem page in it.

use std::convert::Infallible;

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use super::access::Principal;
use super::clock::Clock;
use super::page::{PageProblem, is_api, problem_title, sentence, wants_page};
use super::page_table::{PAGES, PageEntry, TabEntry};
use super::problem::Problem;
use super::{AppState, assets};

/// What the layout of a page shows.
pub(super) struct Layout {
    /// The zone in which times are written.
    pub(super) zone: String,
    /// The token that a form sends along: see `access::csrf`.
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

/// A tab of the navigation.
pub(super) struct Tab {
    pub(super) path: &'static str,
    pub(super) name: &'static str,
    /// SVG markup.
    pub(super) icon: &'static str,
    /// Whether the page that is shown belongs to it.
    pub(super) current: bool,
}

impl Layout {
    pub(super) fn tabs(&self) -> Vec<Tab> {
        let tab = |&PageEntry { path, ref tab, .. }: &PageEntry| {
            let TabEntry { name, icon } = *tab.as_ref()?;
            let of_timeline = path == "/" && self.path.starts_with("/incidents/");
            let below = path != "/" && self.path.starts_with(path);
            Some(Tab { path, name, icon, current: self.path == path || of_timeline || below })
        };
        PAGES.iter().filter_map(tab).collect()
    }
}

impl FromRequestParts<AppState> for Layout {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let clock = Clock::from_request_parts(parts, state).await?;
        let principal = parts.extensions.get::<Principal>();
        let is_owner = principal.is_some_and(Principal::is_owner);
        // Lines of the file are masked, and are still nothing for everybody.
        let shown = |fault: &crate::config::ConfigFault| match is_owner {
            true => fault.text.clone(),
            false => "Only owners see the details.".to_owned(),
        };
        Ok(Self {
            zone: clock.zone_name().to_owned(),
            csrf: principal.map_or("", Principal::csrf_token).to_owned(),
            version: assets::VERSION,
            fault: state.configuration.borrow().fault.as_ref().map(shown),
            role: principal.map_or("viewer", |principal| principal.role.as_str()),
            is_owner,
            path: parts.uri.path().to_owned(),
        })
    }
}

#[derive(Template)]
#[template(path = "problem_layout.html")]
struct LayoutProblemPage<'a> {
    layout: Layout,
    title: &'a str,
    detail: String,
}

/// Shows a browser a page where a program gets a problem: whoever is logged in sees it in the frame of all
/// pages. What is asked of the API is answered for programs.
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
