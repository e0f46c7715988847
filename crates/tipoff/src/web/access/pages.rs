//! The pages before the door: log in, log out, set the password for the first time.

use askama::Template;
use axum::extract::{Form, Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;

use super::super::State;
use super::super::caller::Caller;
use super::super::local::local;
use super::super::problem::Problem;
use super::guard::is_from_elsewhere;
use super::{Refusal, Visitor};

/// Browsers keep a cookie for at most 400 days; ours is over sooner where it is unseen.
const COOKIE_AGE_S: u32 = 400 * 24 * 3600;

/// The pages that are open to all.
pub(crate) fn router() -> Router<State> {
    Router::new().route("/login", get(login).post(enter)).route("/setup", get(setup).post(set_up))
}

/// The way out, which is behind the guard.
pub(crate) fn way_out() -> Router<State> {
    Router::new().route("/logout", post(leave))
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    has_password: bool,
    next: String,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct SetupPage {
    key: String,
    fault: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Next {
    next: String,
}

async fn login(
    Shared(state): Shared<State>,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Problem> {
    let has_password = state.access.has_password().await?;
    Ok(show(StatusCode::OK, &LoginPage { has_password, next, fault: None }))
}

#[derive(Deserialize)]
struct Entry {
    password: String,
    #[serde(default)]
    next: String,
}

async fn enter(
    Shared(state): Shared<State>,
    caller: Caller,
    headers: HeaderMap,
    Form(Entry { password, next }): Form<Entry>,
) -> Response {
    if is_from_elsewhere(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match state.access.enter(&password, caller.address).await {
        Ok(secret) => welcome(&secret, &caller, local(&next)),
        Err(refusal) => {
            let page = LoginPage { has_password: true, next, fault: Some(refusal.to_string()) };
            refused(&refusal, &page)
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Key {
    key: String,
}

async fn setup(
    Shared(state): Shared<State>,
    Query(Key { key }): Query<Key>,
) -> Result<Response, Problem> {
    // A link that has done its work leads to the login.
    if state.access.has_password().await? && !state.access.is_setup_key(&key).await? {
        return Ok(Redirect::to("/login").into_response());
    }
    Ok(show(StatusCode::OK, &SetupPage { key, fault: None }))
}

#[derive(Deserialize)]
struct NewPassword {
    key: String,
    password: String,
}

async fn set_up(
    Shared(state): Shared<State>,
    caller: Caller,
    headers: HeaderMap,
    Form(NewPassword { key, password }): Form<NewPassword>,
) -> Response {
    if is_from_elsewhere(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match state.access.set_up(&key, &password, caller.address).await {
        Ok(secret) => welcome(&secret, &caller, "/"),
        Err(refusal) => {
            let fault = Some(refusal.to_string());
            refused(&refusal, &SetupPage { key, fault })
        }
    }
}

async fn leave(
    Shared(state): Shared<State>,
    caller: Caller,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    if let Visitor::Owner { secret, .. } = visitor
        && let Err(refusal) = state.access.leave(&secret).await
    {
        return Problem::from(refusal).into_response();
    }
    let gone = cookie_with("", 0, &caller);
    ([(header::SET_COOKIE, gone)], StatusCode::NO_CONTENT).into_response()
}

/// The cookie of a login.
pub(crate) fn cookie_of(secret: &str, caller: &Caller) -> String {
    cookie_with(secret, COOKIE_AGE_S, caller)
}

fn cookie_with(value: &str, age_s: u32, caller: &Caller) -> String {
    let name = cookie_name(caller);
    let secure = if caller.by_tls { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}")
}

/// The cookie of a login by TLS is another one: browsers never show it without, nor let it be
/// replaced without (RFC 6265bis, section 4.1.3.2).
pub(super) fn cookie_name(caller: &Caller) -> &'static str {
    if caller.by_tls { "__Host-tipoff" } else { "tipoff" }
}

fn welcome(secret: &str, caller: &Caller, next: &str) -> Response {
    ([(header::SET_COOKIE, cookie_of(secret, caller))], Redirect::to(next)).into_response()
}

fn refused(refusal: &Refusal, page: &impl Template) -> Response {
    match refusal {
        Refusal::TooMany(seconds) => {
            let after = [(header::RETRY_AFTER, seconds.to_string())];
            (after, show(StatusCode::TOO_MANY_REQUESTS, page)).into_response()
        }
        Refusal::Wrong | Refusal::NoKey => show(StatusCode::FORBIDDEN, page),
        Refusal::Unfit | Refusal::Full => show(StatusCode::BAD_REQUEST, page),
        Refusal::Spool(_) | Refusal::Machine(_) => show(StatusCode::SERVICE_UNAVAILABLE, page),
    }
}

fn show(status: StatusCode, page: &impl Template) -> Response {
    (status, Html(page.render().unwrap_or_default())).into_response()
}
