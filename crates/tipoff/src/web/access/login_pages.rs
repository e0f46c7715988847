//! The forms of the login: log in, enter the one-time code, log out, set the first owner's password.
//!
//! They are HTML forms that work without the script, since nobody is logged in yet. [`Access`](super::Access) checks what
//! they contain and limits the attempts; this file turns its results into pages and cookies. A form that another site sends
//! is refused before it is read (`csrf`).

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Deserialize;

use super::super::access::AuditContext;
use super::super::base_path;
use super::super::client::Client;
use super::super::extract::{Form, Query};
use super::super::local_path::local_path;
use super::super::page::sentence;
use super::super::problem::Problem;
use super::super::{AppState, cookie_header};
use super::csrf::is_from_elsewhere;
use super::guard::is_logged_in;
use super::login_cookie::{cookie_name, cookie_with, login_cookies};
use super::{
    AccessError, AuthMethod, Credentials, LoginSource, LoginStep, NewLogin, Principal,
    known_browser,
};
use crate::audit::AuditAction;

/// The form of the login; open to all.
pub(crate) fn login_route() -> MethodRouter<AppState> {
    get(login).post(enter)
}

/// The form that sets the first owner's password; open to whoever has the key of the link.
pub(crate) fn setup_route() -> MethodRouter<AppState> {
    get(setup).post(set_up)
}

/// The button that ends one's own login; behind the guard.
pub(crate) fn logout_route() -> MethodRouter<AppState> {
    post(leave)
}

/// The form for name and password.
#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    /// Whether anybody can log in; else the page says how to set the first password.
    has_password: bool,
    /// Whether there are several users, so that a name is needed.
    asks_name: bool,
    /// The name that was entered, so that it need not be entered again.
    name: String,
    /// The page to open after the login.
    next: String,
    /// Why the last attempt failed.
    fault: Option<String>,
}

/// The form for the one-time code.
#[derive(Template)]
#[template(path = "login_code.html")]
struct CodePage {
    /// Signed proof that the password was right; the form sends it back.
    ticket: String,
    next: String,
    fault: Option<String>,
}

/// The form for the first owner's password.
#[derive(Template)]
#[template(path = "setup.html")]
struct FirstPasswordPage {
    /// The key of the link from the command line.
    key: String,
    fault: Option<String>,
}

/// The query of the login page.
#[derive(Default, Deserialize)]
#[serde(default)]
struct LoginQuery {
    next: String,
}

/// The login page after a failed attempt, or before the first.
async fn login_page(
    state: &AppState,
    name: String,
    next: String,
    fault: Option<String>,
) -> Result<LoginPage, Problem> {
    let users = state.spool.users().await?;
    let has_password = users.iter().any(|user| user.password.is_some());
    Ok(LoginPage { has_password, asks_name: users.len() > 1, name, next, fault })
}

/// Shows the form.
async fn login(
    State(state): State<AppState>,
    client: Client,
    parts: Parts,
    Query(LoginQuery { next }): Query<LoginQuery>,
) -> Result<Response, Problem> {
    // Below a base path the cookie is not shown for an address without it, which leads here.
    if !base_path::current().is_empty() && is_logged_in(&state.access, &client, &parts).await? {
        return Ok(Redirect::to(local_path(&next)).into_response());
    }
    Ok(show(StatusCode::OK, &login_page(&state, String::new(), next, None).await?))
}

/// Name and password, or the ticket and the code that follow them.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct LoginForm {
    name: String,
    password: String,
    /// What shows that the password was right.
    ticket: String,
    code: String,
    next: String,
}

/// Checks the form. Without a ticket it contains a password, with one a code.
async fn enter(
    State(state): State<AppState>,
    client: Client,
    parts: Parts,
    Form(entry): Form<LoginForm>,
) -> Result<Response, Problem> {
    if is_from_elsewhere(&parts.headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let source = LoginSource::of(&client, &parts.headers);
    if entry.ticket.is_empty() {
        let given = Credentials { name: &entry.name, password: &entry.password };
        return match state.access.enter(&given, &source).await {
            Ok(entered) => answer(&state, entered, &client, &parts, &entry.next).await,
            Err(refusal) => {
                let fault = Some(told(&refusal));
                let page = login_page(&state, entry.name, entry.next, fault).await?;
                Ok(refused(&refusal, &page))
            }
        };
    }
    match state.access.enter_code(&entry.ticket, &entry.code, &source).await {
        Ok(login) => answer(&state, LoginStep::LoggedIn(login), &client, &parts, &entry.next).await,
        Err(refusal @ AccessError::Expired) => {
            let fault = Some(told(&refusal));
            let page = login_page(&state, String::new(), entry.next, fault).await?;
            Ok(refused(&refusal, &page))
        }
        Err(refusal) => {
            let LoginForm { ticket, next, .. } = entry;
            Ok(refused(&refusal, &CodePage { ticket, next, fault: Some(told(&refusal)) }))
        }
    }
}

/// Why an attempt failed, as a sentence.
fn told(refusal: &AccessError) -> String {
    sentence(&Problem::new(StatusCode::FORBIDDEN, refusal.to_string()))
}

/// Gives the browser its login, or asks for the code. A login that the browser had before ends.
async fn answer(
    state: &AppState,
    entered: LoginStep,
    client: &Client,
    parts: &Parts,
    next: &str,
) -> Result<Response, Problem> {
    let login = match entered {
        LoginStep::LoggedIn(login) => login,
        LoginStep::CodeRequired(ticket) => {
            let page = CodePage { ticket, next: next.to_owned(), fault: None };
            return Ok(show(StatusCode::OK, &page));
        }
    };
    if let Some(before) = cookie_header::of_request(parts, &cookie_name(client)) {
        state.access.replace_login(before, &login).await?;
    }
    Ok(welcome(&login, client, local_path(next)))
}

impl LoginSource {
    /// From where a request comes, and with which browser.
    pub(crate) fn of(client: &Client, headers: &HeaderMap) -> Self {
        let browser = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok());
        Self {
            address: client.address,
            browser: browser.unwrap_or_default().to_owned(),
            known: known_browser::shown(client, headers),
        }
    }
}

/// The query of the link that sets the first password.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SetupQuery {
    key: String,
}

/// Shows the form while the key is valid.
async fn setup(
    State(state): State<AppState>,
    Query(SetupQuery { key }): Query<SetupQuery>,
) -> Result<Response, Problem> {
    // A link that has done its work, or has expired, leads to the login, which says how to get another.
    if !state.access.is_setup_key(&key).await? {
        return Ok(Redirect::to("/login").into_response());
    }
    Ok(show(StatusCode::OK, &FirstPasswordPage { key, fault: None }))
}

/// The key and the password.
#[derive(Deserialize)]
struct FirstPasswordForm {
    key: String,
    password: String,
}

/// Sets the password, and logs its owner in.
async fn set_up(
    State(state): State<AppState>,
    client: Client,
    parts: Parts,
    Form(FirstPasswordForm { key, password }): Form<FirstPasswordForm>,
) -> Result<Response, Problem> {
    if is_from_elsewhere(&parts.headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let source = LoginSource::of(&client, &parts.headers);
    match state.access.set_up(&key, &password, &source).await {
        Ok(entered) => answer(&state, entered, &client, &parts, "/").await,
        Err(refusal) => {
            let fault = Some(told(&refusal));
            Ok(refused(&refusal, &FirstPasswordPage { key, fault }))
        }
    }
}

/// Ends the present login, and clears what the browser has stored of it. A proxy's user has no login to end.
async fn leave(
    State(state): State<AppState>,
    client: Client,
    Extension(principal): Extension<Principal>,
    audit: AuditContext,
) -> Response {
    if let AuthMethod::Login { id, .. } = principal.auth {
        if let Err(refusal) = state.access.end_login(id).await {
            return Problem::from(refusal).into_response();
        }
        state.note(audit.entry(AuditAction::Logout, "dashboard", "")).await;
    }
    let gone = cookie_with("", 0, &client);
    // Pictures are kept by the browser for a while: whoever uses it next does not see them.
    let forget = HeaderValue::from_static("\"cache\"");
    let headers = [(header::SET_COOKIE, gone)];
    let forget = [(HeaderName::from_static("clear-site-data"), forget)];
    (headers, forget, StatusCode::NO_CONTENT).into_response()
}

/// The answer to a successful login: cookies, and a redirect to a page of ours.
fn welcome(login: &NewLogin, client: &Client, next: &str) -> Response {
    (login_cookies(login, client), Redirect::to(next)).into_response()
}

/// The form again, with the status that a program understands. Of too many attempts it says when to try again.
fn refused(refusal: &AccessError, page: &impl Template) -> Response {
    match refusal {
        AccessError::TooMany(seconds) => {
            let after = [(header::RETRY_AFTER, seconds.to_string())];
            (after, show(StatusCode::TOO_MANY_REQUESTS, page)).into_response()
        }
        AccessError::Wrong | AccessError::WrongCode | AccessError::Expired | AccessError::NoKey => {
            show(StatusCode::FORBIDDEN, page)
        }
        AccessError::Spool(_) | AccessError::Machine(_) => {
            show(StatusCode::SERVICE_UNAVAILABLE, page)
        }
        _ => show(StatusCode::BAD_REQUEST, page),
    }
}

/// A page with this status.
fn show(status: StatusCode, page: &impl Template) -> Response {
    (status, Html(page.render().unwrap_or_default())).into_response()
}
