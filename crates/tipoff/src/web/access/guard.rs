//! The guard of every page and API call: it authenticates the request, and checks rights and the CSRF token.
//!
//! The order matters. A token in `Authorization` comes first, so a browser's cookie never adds rights to a program's request;
//! then the user of a trusted proxy; then the cookie of a login. Wrong tokens count against the address. Which routes a
//! principal may use is in [`Rights`], which the router makes from the tables of routes.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tipoff_spool::{Role, TokenScope};

use tipoff_model::percent_encoded;

use super::super::client::Client;
use super::super::local_path::is_api;
use super::super::page::problem_response;
use super::super::problem::Problem;
use super::super::reader_language::text;
use super::super::{AppState, cookie_header};
use super::csrf::has_csrf_token;
use super::login_cookie::cookie_name;
use super::principal::{AuthMethod, Principal, not_logged_in};
use super::tokens::TOKEN_PREFIX;
use super::{Access, Rights};

/// What the guard of some routes needs.
#[derive(Clone)]
pub(crate) struct Guard {
    /// What handlers share: the guard needs the accounts.
    pub(crate) state: AppState,
    /// Who may use each of the guarded routes.
    pub(crate) rights: Arc<Rights>,
}

/// Passes on requests that are allowed. A refused page redirects to the login, a refused call gets a problem.
pub(crate) async fn guard(
    State(Guard { state, rights }): State<Guard>,
    client: Client,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let principal = match recognise(&state.access, &client, &parts).await {
        Ok(principal) => principal,
        Err(problem) => return refuse(problem, &parts),
    };
    let mut response = match permit(&rights, &principal, &parts) {
        Ok(()) => {
            state.access.is_welcome(client.address);
            parts.extensions.insert(principal.clone());
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => refuse(problem, &parts),
    };
    // What is shown instead of a problem has the same frame.
    response.extensions_mut().insert(principal);
    response
}

/// The answer to a refused request: a redirect to the login for pages without one, else the problem.
fn refuse(problem: Problem, parts: &Parts) -> Response {
    let path = parts.uri.path();
    if problem.status() == StatusCode::UNAUTHORIZED && !is_api(path) {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        return Redirect::to(&format!("/login?next={}", percent_encoded(path))).into_response();
    }
    problem_response(problem, path)
}

/// Whether a principal may do what is asked: the CSRF token of a change is checked before the rights.
fn permit(rights: &Rights, principal: &Principal, parts: &Parts) -> Result<(), Problem> {
    let changes = !matches!(parts.method, Method::GET | Method::HEAD);
    // A program's token is in a header that no other site can make a browser send.
    let is_program = matches!(principal.auth, AuthMethod::Token { .. });
    if changes && !is_program && !has_csrf_token(principal.csrf_token(), &parts.headers) {
        return Err(Problem::new(StatusCode::FORBIDDEN, text("problem-csrf")));
    }
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if rights.may(principal, &parts.method, path) {
        return Ok(());
    }
    let detail = match (is_program, principal.role) {
        (true, Role::Owner) => text("problem-token-in-person"),
        (true, Role::Viewer) => text("problem-token-read-only"),
        (false, _) => text("problem-owners-only"),
    };
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// Whether a browser shows the cookie of a login.
pub(super) async fn is_logged_in(
    access: &Access,
    client: &Client,
    parts: &Parts,
) -> Result<bool, Problem> {
    let Some(secret) = cookie_header::of_request(parts, &cookie_name(client)) else {
        return Ok(false);
    };
    Ok(access.recognise(secret, client.address).await?.is_some())
}

/// Who sends the request: by token, by proxy, or by the cookie of a login, in this order.
async fn recognise(access: &Access, client: &Client, parts: &Parts) -> Result<Principal, Problem> {
    if let Some(token) = bearer(&parts.headers) {
        let Some(token) = access.token(token).await? else {
            access.wrong_token(token, client.address)?;
            return Err(Problem::new(StatusCode::UNAUTHORIZED, text("problem-token-invalid")));
        };
        let role = match token.scope {
            TokenScope::Feed => {
                let detail = text("problem-token-feed-only");
                return Err(Problem::new(StatusCode::FORBIDDEN, detail));
            }
            TokenScope::Read => Role::Viewer,
            TokenScope::Change => Role::Owner,
        };
        let auth = AuthMethod::Token { id: token.id };
        return Ok(Principal { name: token.name, role, auth, csrf_token: String::new() });
    }
    if let Some(user) = &client.user {
        let csrf_token = access.csrf_token(&format!("proxy/{}", user.name));
        let (name, role) = (user.name.clone(), user.role);
        return Ok(Principal { name, role, auth: AuthMethod::Proxy, csrf_token });
    }
    let secret =
        cookie_header::of_request(parts, &cookie_name(client)).ok_or_else(not_logged_in)?;
    let known = access.recognise(secret, client.address).await?;
    let (login, user) = known.ok_or_else(not_logged_in)?;
    let auth = AuthMethod::Login { id: login.id, user: user.id };
    Ok(Principal { name: user.name, role: user.role, auth, csrf_token: access.csrf_token(secret) })
}

/// The token of an `Authorization: Bearer` header (RFC 6750, section 2.1). Anything else may be a proxy's own login, and is ignored.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_token = scheme.eq_ignore_ascii_case("bearer") && token.starts_with(TOKEN_PREFIX);
    is_token.then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_told_by_its_beginning() {
        let bearer_of = |value: &'static str| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(bearer_of("Bearer tip_1").as_deref(), Some("tip_1"));
        assert_eq!(bearer_of("bearer tip_1").as_deref(), Some("tip_1"));
        assert_eq!(bearer_of("Bearer other"), None);
        assert_eq!(bearer_of("Basic tip_1"), None);
    }
}
