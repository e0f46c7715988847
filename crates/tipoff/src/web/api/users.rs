//! The people who may log in, and the browsers in which they are logged in.
//!
//! Only owners in person manage users; a token of a program cannot (`routes.rs`). Rules that a change could break, such as the
//! last owner, are checked by the spool in the same transaction.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tipoff_spool::{Role, UserId};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::{AuditContext, Principal, note_ended_tokens};
use super::super::account_types::{User, UserRole};
use super::super::error_responses::{Conflict, NotFound};
use super::super::extract::{Json, Path, Query};
use super::super::problem::Problem;
use super::super::reader_language::text;
use crate::audit::AuditAction;
use crate::runtime::utc::utc;

/// All users.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "access",
    responses((status = 200, body = [User])),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
) -> Result<Json<Vec<User>>, Problem> {
    Ok(Json(state.spool.users().await?.iter().map(User::from).collect()))
}

/// A user to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewUser {
    /// Name, unique regardless of case.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// What they may do.
    role: UserRole,
    /// Their first password, from 8 to 200 characters.
    #[schema(min_length = 8, max_length = 200)]
    password: String,
}

/// Number of the new user.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct AddedUser {
    /// Number of the user.
    id: i64,
}

/// Adds a user.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "access", request_body = NewUser,
    responses((status = 201, body = AddedUser), Conflict),
)]
pub(in super::super) async fn add(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Json(NewUser { name, role, password }): Json<NewUser>,
) -> Result<(StatusCode, Json<AddedUser>), Problem> {
    let role = Role::from(role);
    let id = state.access.add_user(&name, role, &password).await?;
    state.note(audit.entry(AuditAction::UserAdd, name.trim(), role.as_str())).await;
    tracing::info!(by = %principal.name, user = %name.trim(), "A user was added.");
    Ok((StatusCode::CREATED, Json(AddedUser { id: id.0 })))
}

/// What is to change of a user; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct UserChange {
    /// The new role. Whatever the user has open with the old one ends; a viewer's tokens end, too.
    #[serde(default)]
    role: Option<UserRole>,
    /// A new password; all logins of the user end. Your own: `PUT /api/v1/password`.
    #[serde(default)]
    #[schema(min_length = 8, max_length = 200)]
    password: Option<String>,
    /// Whether all tokens for programs end, too.
    #[serde(default)]
    revoke_tokens: bool,
}

/// Changes a user's role or password.
#[utoipa::path(
    patch, path = "/api/v1/users/{id}", tag = "access", request_body = UserChange,
    params(("id" = i64, Path, description = "Number of the user")),
    responses((status = 204, description = "Changed"), NotFound, Conflict),
)]
pub(in super::super) async fn change(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Path(id): Path<i64>,
    Json(UserChange { role, password, revoke_tokens }): Json<UserChange>,
) -> Result<StatusCode, Problem> {
    let user = UserId(id);
    if password.is_some() {
        not_oneself(&principal, user)?;
    }
    let name = known(&state, user).await?;
    if let Some(password) = password {
        state.access.set_password_of(user, &password).await?;
        tracing::info!(by = %principal.name, user = id, "The password of a user was set.");
        state.note(audit.entry(AuditAction::Password, &*name, "their logins ended")).await;
    }
    if let Some(role) = role {
        let role = Role::from(role);
        let ended = state.access.set_role(user, role).await?;
        tracing::info!(by = %principal.name, user = id, "The role of a user was changed.");
        let entry = audit.entry(AuditAction::UserRole, &*name, role.as_str());
        state.note(entry.clone()).await;
        note_ended_tokens(&*state.spool, &ended, entry).await;
    }
    if revoke_tokens {
        let entry =
            audit.entry(AuditAction::TokenRevoke, "", format!("with the password of {name}"));
        state.access.end_tokens(entry).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a user; all of their logins, and the tokens that they made, end at once.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}", tag = "access",
    params(("id" = i64, Path, description = "Number of the user")),
    responses((status = 204, description = "Removed"), NotFound, Conflict),
)]
pub(in super::super) async fn remove(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let name = known(&state, UserId(id)).await?;
    let ended = state.access.remove_user(UserId(id)).await?;
    let entry = audit.entry(AuditAction::UserRemove, name, "");
    state.note(entry.clone()).await;
    note_ended_tokens(&*state.spool, &ended, entry).await;
    tracing::info!(by = %principal.name, user = id, "A user was removed.");
    Ok(StatusCode::NO_CONTENT)
}

/// Turns off the one-time codes of a user who has lost the device and the recovery codes.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}/totp", tag = "access",
    params(("id" = i64, Path, description = "Number of the user")),
    responses((status = 204, description = "Codes are off"), NotFound),
)]
pub(in super::super) async fn end_totp(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let user = UserId(id);
    not_oneself(&principal, user)?;
    let name = known(&state, user).await?;
    state.spool.end_totp(user).await?;
    state.note(audit.entry(AuditAction::CodesEnd, name, "")).await;
    tracing::info!(by = %principal.name, user = id, "A user's one-time codes were removed.");
    Ok(StatusCode::NO_CONTENT)
}

/// The name of a user; 404 if there is none.
async fn known(state: &AppState, user: UserId) -> Result<String, Problem> {
    let known = state.spool.users().await?.into_iter().find(|it| it.id == user);
    known.map(|user| user.name).ok_or_else(|| Problem::not_found("problem-no-user"))
}

/// Refuses a change of one's own account. The calls for it ask for the password: a stolen login must not lock its owner out.
fn not_oneself(principal: &Principal, user: UserId) -> Result<(), Problem> {
    if principal.user() == Some(user) {
        return Err(Problem::new(StatusCode::FORBIDDEN, text("problem-own-account")));
    }
    Ok(())
}

/// A browser that is logged in.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct Login {
    /// The number under which it is ended.
    id: i64,
    /// Name of the user.
    user: String,
    /// When it began.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was used last, accurate to five minutes.
    #[schema(format = DateTime)]
    seen_at: String,
    /// Address that it used last; empty if not known.
    address: String,
    /// User-Agent of the browser.
    browser: String,
    /// Whether this is the login of this request.
    present: bool,
}

/// The browsers that are logged in: all for an owner, else one's own.
#[utoipa::path(
    get, path = "/api/v1/logins", tag = "access",
    responses((status = 200, body = [Login])),
)]
pub(in super::super) async fn logins(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<Vec<Login>>, Problem> {
    let logins = state.access.logins_for(&principal).await?;
    let login = |(login, user, present): (tipoff_spool::Login, String, bool)| Login {
        id: login.id,
        user,
        created_at: utc(login.created_at),
        seen_at: utc(login.seen_at),
        address: login.address,
        browser: login.browser,
        present,
    };
    Ok(Json(logins.into_iter().map(login).collect()))
}

/// Ends the login of a browser.
#[utoipa::path(
    delete, path = "/api/v1/logins/{id}", tag = "access",
    params(("id" = i64, Path, description = "Number of the login")),
    responses((status = 204, description = "Ended"), NotFound),
)]
pub(in super::super) async fn end_login(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::not_found("problem-no-login");
    let logins = state.access.logins_for(&principal).await?;
    let found = logins.into_iter().find(|(login, ..)| login.id == id);
    let (login, user, _) = found.ok_or_else(missing)?;
    if !state.access.end_login(id).await? {
        return Err(missing());
    }
    state
        .note(audit.entry(AuditAction::Logout, user, format!("the login at {}", login.address)))
        .await;
    Ok(StatusCode::NO_CONTENT)
}

/// The query of a request that ends logins.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct LoginsOf {
    /// Whose logins end. `None`: one's own.
    user: Option<i64>,
}

/// Ends all logins of yours but the present one; with `user`, for an owner, all of that user.
#[utoipa::path(
    delete, path = "/api/v1/logins", tag = "access",
    params(("user" = Option<i64>, Query, description = "Number of the user")),
    responses((status = 204, description = "Ended"), NotFound),
)]
pub(in super::super) async fn end_logins(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Query(LoginsOf { user }): Query<LoginsOf>,
) -> Result<StatusCode, Problem> {
    let user = match user.map(UserId) {
        Some(user) if principal.is_owner() || principal.user() == Some(user) => user,
        Some(_) => {
            return Err(Problem::new(StatusCode::FORBIDDEN, text("problem-owners-only")));
        }
        None => principal.user().ok_or_else(|| Problem::bad(text("problem-which-user")))?,
    };
    let name = known(&state, user).await?;
    state.access.end_logins(user, principal.login()).await?;
    state.note(audit.entry(AuditAction::Logout, name, "all logins but the present one")).await;
    Ok(StatusCode::NO_CONTENT)
}
