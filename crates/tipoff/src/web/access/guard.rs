//! The guard before every page and every API call: who asks, and may they.

use axum::extract::{FromRequestParts, MatchedPath, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use subtle::ConstantTimeEq;
use tipoff_spool::{Actor, Role, TokenScope, UserId};

use super::super::State;
use super::super::caller::Caller;
use super::super::clock::cookie;
use super::super::frame::PageProblem;
use super::super::problem::Problem;
use super::pages::cookie_name;
use super::tokens::TOKEN_PREFIX;
use super::{Access, Refusal, rights};
use crate::runtime::percent::encode;

/// What the script proves itself with.
const PROOF_HEADER: &str = "x-csrf-token";

/// Who was let in: the principal of a request.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// Name of the user or of the token, for the audit log.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// How they came in.
    pub(crate) entry: Entry,
    /// What their forms must hold. Empty for a program.
    proof: String,
}

/// How somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A browser that is logged in.
    Login {
        /// Number of the login.
        id: i64,
        /// Whose login it is.
        user: UserId,
    },
    /// A reverse proxy let them in.
    Proxy,
    /// A program with a token.
    Token {
        /// Number of the token.
        id: i64,
    },
}

impl Visitor {
    /// What their forms must hold.
    pub(crate) fn proof(&self) -> &str {
        &self.proof
    }

    /// Whether they may change everything, and see secrets.
    pub(crate) fn is_owner(&self) -> bool {
        self.role == Role::Owner
    }

    /// The user whose login this is. `None` for a proxy's user and for a program.
    pub(crate) const fn user(&self) -> Option<UserId> {
        match self.entry {
            Entry::Login { user, .. } => Some(user),
            Entry::Proxy | Entry::Token { .. } => None,
        }
    }

    /// Number of the login. `None` for a proxy's user and for a program.
    pub(crate) const fn login(&self) -> Option<i64> {
        match self.entry {
            Entry::Login { id, .. } => Some(id),
            Entry::Proxy | Entry::Token { .. } => None,
        }
    }

    /// Who it is, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        match self.entry {
            Entry::Login { .. } | Entry::Proxy => Actor::User(self.name.clone()),
            Entry::Token { .. } => Actor::Token(self.name.clone()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The guard stands before all that asks for this.
        parts.extensions.get::<Self>().cloned().ok_or_else(not_logged_in)
    }
}

fn not_logged_in() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "log in, or show an API token: `Authorization: Bearer tip_…`",
    )
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::Wrong | Refusal::WrongCode | Refusal::NoKey | Refusal::Expired => {
                StatusCode::FORBIDDEN
            }
            Refusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Unfit | Refusal::UnfitName => StatusCode::BAD_REQUEST,
            Refusal::Full
            | Refusal::FullOfUsers
            | Refusal::NameTaken
            | Refusal::LastOwner
            | Refusal::NothingPending => StatusCode::CONFLICT,
            Refusal::NoUser => StatusCode::NOT_FOUND,
            Refusal::Spool(_) | Refusal::Machine(_) => {
                tracing::error!(error = %refusal, "Nobody can be let in.");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self::new(status, refusal.to_string())
    }
}

/// Lets pass who may; a page leads the rest to the login, the API tells them.
pub(crate) async fn guard(
    Shared(state): Shared<State>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let visitor = match recognise(&state.access, &caller, &parts).await {
        Ok(visitor) => visitor,
        Err(problem) => return refuse(problem, &parts),
    };
    let mut response = match permit(&visitor, &parts) {
        Ok(()) => {
            state.access.is_welcome(caller.address);
            parts.extensions.insert(visitor.clone());
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => refuse(problem, &parts),
    };
    // What is shown instead of a problem has the same frame.
    response.extensions_mut().insert(visitor);
    response
}

/// Leads whoever is not logged in to the login, where a page was asked for.
fn refuse(problem: Problem, parts: &Parts) -> Response {
    if parts.uri.path().starts_with("/api") {
        return problem.into_response();
    }
    if problem.status() == StatusCode::UNAUTHORIZED {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        return Redirect::to(&format!("/login?next={}", encode(path))).into_response();
    }
    PageProblem::from(problem).into_response()
}

/// Whether a visitor may do what is asked.
fn permit(visitor: &Visitor, parts: &Parts) -> Result<(), Problem> {
    let changes = !matches!(parts.method, Method::GET | Method::HEAD);
    // A program's token is in a header that no other site can make a browser send.
    let is_program = matches!(visitor.entry, Entry::Token { .. });
    if changes && !is_program && !is_ours(visitor.proof(), &parts.headers) {
        let detail = "security check failed; reload the page";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if rights::may(visitor, &parts.method, path) {
        return Ok(());
    }
    let detail = match (is_program, visitor.role) {
        (true, Role::Owner) => {
            "a token changes no users, logins, passwords or tokens: log in for that"
        }
        (true, Role::Viewer) => "this token may only read",
        (false, _) => "only an owner may do this",
    };
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

async fn recognise(access: &Access, caller: &Caller, parts: &Parts) -> Result<Visitor, Problem> {
    if let Some(token) = bearer(&parts.headers) {
        let Some(token) = access.token(token).await? else {
            access.wrong_token(token, caller.address)?;
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "this token does not hold"));
        };
        let role = match token.scope {
            TokenScope::Feed => {
                let detail = "this token opens the feed only";
                return Err(Problem::new(StatusCode::FORBIDDEN, detail));
            }
            TokenScope::Read => Role::Viewer,
            TokenScope::Change => Role::Owner,
        };
        let entry = Entry::Token { id: token.id };
        return Ok(Visitor { name: token.name, role, entry, proof: String::new() });
    }
    if let Some(user) = &caller.user {
        let proof = access.proof(&format!("proxy/{}", user.name));
        let (name, role) = (user.name.clone(), user.role);
        return Ok(Visitor { name, role, entry: Entry::Proxy, proof });
    }
    let secret = cookie(parts, cookie_name(caller)).ok_or_else(not_logged_in)?;
    let known = access.recognise(secret, caller.address).await?;
    let (login, user) = known.ok_or_else(not_logged_in)?;
    let entry = Entry::Login { id: login.id, user: user.id };
    Ok(Visitor { name: user.name, role: user.role, entry, proof: access.proof(secret) })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let is_token = scheme.eq_ignore_ascii_case("bearer") && token.starts_with(TOKEN_PREFIX);
    is_token.then(|| token.trim())
}

/// Whether a change was asked for by a page of ours: another site can make a browser send the cookie
/// in some ways, but not this header.
fn is_ours(expected: &str, headers: &HeaderMap) -> bool {
    let proof = headers.get(PROOF_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    !is_from_elsewhere(headers) && bool::from(proof.ct_eq(expected.as_bytes()))
}

/// Whether the browser says that another site asks (Fetch Metadata), or a page of another origin. Each
/// of the two headers that is there must name this site.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    match (text("origin"), text("host")) {
        (None, _) => false,
        // A browser may hide the origin of a form (`null`) where it says that it is the same one.
        (Some("null"), _) => site != Some("same-origin"),
        (Some(origin), Some(host)) => {
            let of_origin = origin.split_once("://").map(|(_, of_origin)| of_origin);
            // A proxy may not pass on `Host`; the browser itself says that it is the same origin.
            of_origin.is_none_or(|it| !it.eq_ignore_ascii_case(host)) && site.is_none()
        }
        (Some(_), None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_origin_may_ask_for_a_change() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect()
        };
        for (pairs, elsewhere) in [
            (&[("sec-fetch-site", "same-origin")][..], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null"), ("host", "a")], false),
            (&[("origin", "http://cam.lan:8080"), ("host", "cam.lan:8080")], false),
            (&[("origin", "http://cam.lan:8080"), ("host", "CAM.lan:8080")], false),
            (&[("origin", "http://cam.lan:8080")], true),
            (&[("origin", "http://evil.example"), ("host", "cam.lan:8080")], true),
            (&[("origin", "http://cam.lan:9"), ("host", "cam.lan:8080")], true),
            (&[("origin", "null"), ("host", "cam.lan:8080")], true),
            (&[("host", "cam.lan:8080")], false),
        ] {
            assert_eq!(is_from_elsewhere(&headers(pairs)), elsewhere, "{pairs:?}");
        }
    }

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
