//! The pages before the door: log in, log out, set the password for the first time.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;

use super::super::caller::Caller;
use super::super::clock::cookie;
use super::super::local::local;
use super::super::problem::{Asked, Problem, Sent};
use super::super::who::Who;
use super::super::{State, access};
use super::guard::is_from_elsewhere;
use super::{Credentials, Entered, NewLogin, Place, Refusal, Visitor, known_browser};
use crate::audit::what;

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
    /// Whether there are several users, so that a name is needed.
    asks_name: bool,
    name: String,
    next: String,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "login_code.html")]
struct CodePage {
    ticket: String,
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

async fn login_page(
    state: &State,
    name: String,
    next: String,
    fault: Option<String>,
) -> Result<LoginPage, Problem> {
    let users = state.spool.users().await?;
    let has_password = users.iter().any(|user| user.password.is_some());
    Ok(LoginPage { has_password, asks_name: users.len() > 1, name, next, fault })
}

async fn login(
    Shared(state): Shared<State>,
    Asked(Next { next }): Asked<Next>,
) -> Result<Response, Problem> {
    Ok(show(StatusCode::OK, &login_page(&state, String::new(), next, None).await?))
}

/// The password, or the code that follows it.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Entry {
    name: String,
    password: String,
    /// What shows that the password was right.
    ticket: String,
    code: String,
    next: String,
}

async fn enter(
    Shared(state): Shared<State>,
    caller: Caller,
    parts: Parts,
    Sent(entry): Sent<Entry>,
) -> Result<Response, Problem> {
    if is_from_elsewhere(&parts.headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let place = Place::of(&caller, &parts.headers);
    if entry.ticket.is_empty() {
        let given = Credentials { name: &entry.name, password: &entry.password };
        return match state.access.enter(&given, &place).await {
            Ok(entered) => answer(&state, entered, &caller, &parts, &entry.next).await,
            Err(refusal) => {
                let fault = Some(refusal.to_string());
                let page = login_page(&state, entry.name, entry.next, fault).await?;
                Ok(refused(&refusal, &page))
            }
        };
    }
    match state.access.enter_code(&entry.ticket, &entry.code, &place).await {
        Ok(login) => answer(&state, Entered::In(login), &caller, &parts, &entry.next).await,
        Err(refusal @ Refusal::Expired) => {
            let fault = Some(refusal.to_string());
            let page = login_page(&state, String::new(), entry.next, fault).await?;
            Ok(refused(&refusal, &page))
        }
        Err(refusal) => {
            let Entry { ticket, next, .. } = entry;
            Ok(refused(&refusal, &CodePage { ticket, next, fault: Some(refusal.to_string()) }))
        }
    }
}

/// Gives the browser its login, or asks for the code. A login that the browser had before ends.
async fn answer(
    state: &State,
    entered: Entered,
    caller: &Caller,
    parts: &Parts,
    next: &str,
) -> Result<Response, Problem> {
    let login = match entered {
        Entered::In(login) => login,
        Entered::CodeWanted(ticket) => {
            let page = CodePage { ticket, next: next.to_owned(), fault: None };
            return Ok(show(StatusCode::OK, &page));
        }
    };
    if let Some(before) = cookie(parts, cookie_name(caller)) {
        state.access.forget(before).await?;
    }
    Ok(welcome(&login, caller, local(next)))
}

impl Place {
    /// From where a request comes, and with which browser.
    pub(crate) fn of(caller: &Caller, headers: &HeaderMap) -> Self {
        let browser = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        Self {
            address: caller.address,
            browser: browser.unwrap_or_default().to_owned(),
            known: known_browser::shown(caller, headers),
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
    Asked(Key { key }): Asked<Key>,
) -> Result<Response, Problem> {
    // A link that has done its work, or has expired, leads to the login, which says how to get another.
    if !state.access.is_setup_key(&key).await? {
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
    parts: Parts,
    Sent(NewPassword { key, password }): Sent<NewPassword>,
) -> Result<Response, Problem> {
    if is_from_elsewhere(&parts.headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let place = Place::of(&caller, &parts.headers);
    match state.access.set_up(&key, &password, &place).await {
        Ok(entered) => answer(&state, entered, &caller, &parts, "/").await,
        Err(refusal) => {
            let fault = Some(refusal.to_string());
            Ok(refused(&refusal, &SetupPage { key, fault }))
        }
    }
}

async fn leave(
    Shared(state): Shared<State>,
    caller: Caller,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    if let access::Entry::Login { id, .. } = visitor.entry {
        if let Err(refusal) = state.access.end_login(id).await {
            return Problem::from(refusal).into_response();
        }
        state.note(Who::new(&visitor, &caller).did(what::LOGOUT, "dashboard", "")).await;
    }
    let gone = cookie_with("", 0, &caller);
    // Pictures are kept by the browser for a while: whoever uses it next does not see them.
    let forget = HeaderValue::from_static("\"cache\"");
    let headers = [(header::SET_COOKIE, gone)];
    let forget = [(HeaderName::from_static("clear-site-data"), forget)];
    (headers, forget, StatusCode::NO_CONTENT).into_response()
}

/// The cookie of a login, and the one by which the browser is known after it.
pub(in super::super) fn cookies_of(
    login: &NewLogin,
    caller: &Caller,
) -> AppendHeaders<[(HeaderName, String); 2]> {
    let known = known_browser::cookie_of(login.user, &login.known, caller);
    AppendHeaders([
        (header::SET_COOKIE, cookie_with(&login.secret, COOKIE_AGE_S, caller)),
        (header::SET_COOKIE, known),
    ])
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

fn welcome(login: &NewLogin, caller: &Caller, next: &str) -> Response {
    (cookies_of(login, caller), Redirect::to(next)).into_response()
}

fn refused(refusal: &Refusal, page: &impl Template) -> Response {
    match refusal {
        Refusal::TooMany(seconds) => {
            let after = [(header::RETRY_AFTER, seconds.to_string())];
            (after, show(StatusCode::TOO_MANY_REQUESTS, page)).into_response()
        }
        Refusal::Wrong | Refusal::WrongCode | Refusal::Expired | Refusal::NoKey => {
            show(StatusCode::FORBIDDEN, page)
        }
        Refusal::Spool(_) | Refusal::Machine(_) => show(StatusCode::SERVICE_UNAVAILABLE, page),
        _ => show(StatusCode::BAD_REQUEST, page),
    }
}

fn show(status: StatusCode, page: &impl Template) -> Response {
    (status, Html(page.render().unwrap_or_default())).into_response()
}
