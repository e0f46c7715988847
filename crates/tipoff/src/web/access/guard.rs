//! The guard before every page and every question: who asks, and may they.

use axum::extract::{FromRequestParts, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use subtle::ConstantTimeEq;

use super::super::State;
use super::super::caller::Caller;
use super::super::clock::cookie;
use super::super::filter::encode;
use super::super::problem::Problem;
use super::pages::cookie_name;
use super::{Access, Refusal, TOKEN_PREFIX};

/// What the script proves itself with.
const PROOF_HEADER: &str = "x-csrf-token";

/// Who was let in.
#[derive(Clone, Debug)]
pub(crate) enum Visitor {
    /// A browser that is logged in.
    Owner {
        /// What its cookie holds.
        secret: String,
        /// What its forms hold.
        proof: String,
    },
    /// Somebody whom a proxy has let in.
    Guest {
        /// What their forms hold.
        proof: String,
    },
    /// A program with a token.
    Program,
}

impl Visitor {
    /// What its forms must hold.
    pub(crate) fn proof(&self) -> &str {
        match self {
            Self::Owner { proof, .. } | Self::Guest { proof } => proof,
            Self::Program => "",
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
            Refusal::Wrong | Refusal::NoKey => StatusCode::FORBIDDEN,
            Refusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Unfit => StatusCode::BAD_REQUEST,
            Refusal::Full => StatusCode::CONFLICT,
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
    match admit(&state.access, &caller, &parts).await {
        Ok(visitor) => {
            state.access.is_welcome(caller.address);
            parts.extensions.insert(visitor);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) if parts.uri.path().starts_with("/api") => problem.into_response(),
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            Redirect::to(&format!("/login?next={}", encode(path))).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(access: &Access, caller: &Caller, parts: &Parts) -> Result<Visitor, Problem> {
    let changes = !matches!(parts.method, Method::GET | Method::HEAD);
    if let Some(token) = bearer(&parts.headers) {
        let Some(token) = access.token(token).await? else {
            access.wrong_token(token, caller.address)?;
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "this token does not hold"));
        };
        return if changes && !token.may_change {
            Err(Problem::new(StatusCode::FORBIDDEN, "this token may only read"))
        } else {
            Ok(Visitor::Program)
        };
    }
    let visitor = if let Some(user) = &caller.user {
        Visitor::Guest { proof: access.proof(&format!("proxy/{user}")) }
    } else {
        let secret = cookie(parts, cookie_name(caller)).ok_or_else(not_logged_in)?;
        if !access.knows(secret).await? {
            return Err(not_logged_in());
        }
        Visitor::Owner { secret: secret.to_owned(), proof: access.proof(secret) }
    };
    if changes && !is_ours(visitor.proof(), &parts.headers) {
        let detail = "this form is not one of ours: load the page again";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    Ok(visitor)
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

/// Whether the browser says that another site asks (Fetch Metadata), or a page of another origin.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_none_or(|(_, of_origin)| of_origin != host)
        }
        _ => false,
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
            (&[("origin", "http://cam.lan:8080"), ("host", "cam.lan:8080")], false),
            (&[("origin", "http://evil.example"), ("host", "cam.lan:8080")], true),
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
