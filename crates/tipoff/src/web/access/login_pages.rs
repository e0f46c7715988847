//! The pages before the door: log in, log out, set the password for the first time.

use askama::Template;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use serde::Deserialize;

use super::super::AppState;
use super::super::access::AuditContext;
use super::super::client::Client;
use super::super::clock::cookie;
use super::super::extract::{Form, Query};
use super::super::local_path::local_path;
use super::super::problem::Problem;
use super::csrf::is_from_elsewhere;
use super::login_cookie::{cookie_name, cookie_with, login_cookies};
use super::{
    AccessError, AuthMethod, Credentials, LoginSource, LoginStep, NewLogin, Principal,
    known_browser,
};
use crate::audit::what;

/// The pages that are open to all.
pub(crate) fn router() -> Router<AppState> {
    Router::new().route("/login", get(login).post(enter)).route("/setup", get(setup).post(set_up))
}

/// The way out, which is behind the guard.
pub(crate) fn logout_router() -> Router<AppState> {
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
    state: &AppState,
    name: String,
    next: String,
    fault: Option<String>,
) -> Result<LoginPage, Problem> {
    let users = state.spool.users().await?;
    let has_password = users.iter().any(|user| user.password.is_some());
    Ok(LoginPage { has_password, asks_name: users.len() > 1, name, next, fault })
}

async fn login(
    State(state): State<AppState>,
    Query(Next { next }): Query<Next>,
) -> Result<Response, Problem> {
    Ok(show(StatusCode::OK, &login_page(&state, String::new(), next, None).await?))
}

/// The password, or the code that follows it.
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
                let fault = Some(refusal.to_string());
                let page = login_page(&state, entry.name, entry.next, fault).await?;
                Ok(refused(&refusal, &page))
            }
        };
    }
    match state.access.enter_code(&entry.ticket, &entry.code, &source).await {
        Ok(login) => answer(&state, LoginStep::LoggedIn(login), &client, &parts, &entry.next).await,
        Err(refusal @ AccessError::Expired) => {
            let fault = Some(refusal.to_string());
            let page = login_page(&state, String::new(), entry.next, fault).await?;
            Ok(refused(&refusal, &page))
        }
        Err(refusal) => {
            let LoginForm { ticket, next, .. } = entry;
            Ok(refused(&refusal, &CodePage { ticket, next, fault: Some(refusal.to_string()) }))
        }
    }
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
    if let Some(before) = cookie(parts, cookie_name(client)) {
        state.access.forget(before).await?;
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

#[derive(Default, Deserialize)]
#[serde(default)]
struct Key {
    key: String,
}

async fn setup(
    State(state): State<AppState>,
    Query(Key { key }): Query<Key>,
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
    State(state): State<AppState>,
    client: Client,
    parts: Parts,
    Form(NewPassword { key, password }): Form<NewPassword>,
) -> Result<Response, Problem> {
    if is_from_elsewhere(&parts.headers) {
        return Ok(StatusCode::FORBIDDEN.into_response());
    }
    let source = LoginSource::of(&client, &parts.headers);
    match state.access.set_up(&key, &password, &source).await {
        Ok(entered) => answer(&state, entered, &client, &parts, "/").await,
        Err(refusal) => {
            let fault = Some(refusal.to_string());
            Ok(refused(&refusal, &SetupPage { key, fault }))
        }
    }
}

async fn leave(
    State(state): State<AppState>,
    client: Client,
    Extension(principal): Extension<Principal>,
) -> Response {
    if let AuthMethod::Login { id, .. } = principal.auth {
        if let Err(refusal) = state.access.end_login(id).await {
            return Problem::from(refusal).into_response();
        }
        state
            .note(AuditContext::new(&principal, &client).entry(what::LOGOUT, "dashboard", ""))
            .await;
    }
    let gone = cookie_with("", 0, &client);
    // Pictures are kept by the browser for a while: whoever uses it next does not see them.
    let forget = HeaderValue::from_static("\"cache\"");
    let headers = [(header::SET_COOKIE, gone)];
    let forget = [(HeaderName::from_static("clear-site-data"), forget)];
    (headers, forget, StatusCode::NO_CONTENT).into_response()
}

fn welcome(login: &NewLogin, client: &Client, next: &str) -> Response {
    (login_cookies(login, client), Redirect::to(next)).into_response()
}

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

fn show(status: StatusCode, page: &impl Template) -> Response {
    (status, Html(page.render().unwrap_or_default())).into_response()
}
