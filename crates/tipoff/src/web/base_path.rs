//! The path below which a reverse proxy serves us, such as `/tipoff` or that of Home Assistant's ingress.
//!
//! Routes, rights and redirects do not know it. It is removed from the paths of requests, if the proxy has not removed it;
//! the layouts write it as `<base href>`, and pages and scripts link to our pages without a slash at the beginning; it is added
//! to `Location`. Links in alerts have it from `public_url`. Below `<base href>` a link to a fragment leaves the page, so such
//! links contain the page's own address ([`here`]).

use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;

use crate::config::BasePath;

tokio::task_local! {
    /// The place of the request that is being answered. Templates read it, so that no page has to pass it on.
    static PLACE: Place;
}

/// Where the page of a request is, as the browser sees it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    base: BasePath,
    /// The address of the page relative to the base, with its query.
    here: String,
}

impl Place {
    /// The place of a request. The base path is removed from the request's path if it is there and `is_unlike_ours`: if it
    /// begins like a path of ours, nothing shows whether the proxy has removed it already.
    pub(super) fn of(base: BasePath, is_unlike_ours: bool, request: &mut Request) -> Self {
        if is_unlike_ours && let Some(uri) = stripped(request.uri(), &base) {
            *request.uri_mut() = uri;
        }
        let path = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        // With `./` at the beginning it is always a path: neither `//host` nor `scheme:` can come out.
        let here = format!("./{}", path.strip_prefix('/').unwrap_or_default());
        Self { base, here }
    }

    /// Answers a request at this place: what is rendered meanwhile has its links, and so has a redirect.
    pub(super) async fn answer(self, answer: impl Future<Output = Response>) -> Response {
        let mut response = PLACE.scope(self.clone(), answer).await;
        if let Some(location) = response.headers_mut().get_mut(header::LOCATION)
            && location.as_bytes().starts_with(b"/")
            && let Ok(path) = location.to_str()
            && let Ok(moved) = HeaderValue::try_from(format!("{}{path}", self.base.as_str()))
        {
            *location = moved;
        }
        response
    }
}

/// The address without the base path. `None` if the proxy has removed it already.
fn stripped(uri: &Uri, base: &BasePath) -> Option<Uri> {
    let base = base.as_str();
    let rest = uri.path().strip_prefix(base)?;
    if base.is_empty() || !(rest.is_empty() || rest.starts_with('/')) {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = if rest.is_empty() { "/" } else { rest };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{path}{query}").parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The base path of the request that is being answered, without a slash at the end; empty at the root.
pub(super) fn current() -> String {
    PLACE.try_with(|place| place.base.as_str().to_owned()).unwrap_or_default()
}

/// The `href` of a page's `<base>`.
pub(super) fn href() -> String {
    format!("{}/", current())
}

/// The address of the page itself relative to the base, for links to its fragments.
pub(super) fn here() -> String {
    PLACE.try_with(|place| place.here.clone()).unwrap_or_default()
}

/// A path of ours as the browser must ask for it. `path` begins with a slash.
pub(super) fn prefixed(path: &str) -> String {
    format!("{}{path}", current())
}

#[cfg(test)]
mod tests;
