//! What all pages have around them, and how a page is sent.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
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
    /// What the reader may do: forms that only an owner may send are not shown to others.
    pub(super) role: &'static str,
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

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    title: &'a str,
    detail: &'a str,
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let status = self.0.status();
        let title = if status == StatusCode::NOT_FOUND { "Not here" } else { "That did not work" };
        let text = ProblemPage { title, detail: self.0.detail() }.render().unwrap_or_default();
        (status, Html(text)).into_response()
    }
}
