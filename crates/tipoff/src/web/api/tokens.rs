//! Tokens for programs, and the user's own password.
//!
//! A token is shown once and stored as a digest. It has one scope, and ends when its maker is no longer an owner.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tipoff_spool::TokenScope;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::{
    AuditContext, OwnAccount, Principal, login_cookies, make_token, token_name,
};
use super::super::account_types::{Scope, Token};
use super::super::client::Client;
use super::super::error_responses::{Conflict, NotFound};
use super::super::extract::{Json, Path};
use super::super::problem::Problem;
use super::super::reader_language::text;
use crate::audit::AuditAction;

/// All tokens.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "access",
    responses((status = 200, body = [Token])),
)]
pub(in super::super) async fn list(
    State(state): State<AppState>,
) -> Result<Json<Vec<Token>>, Problem> {
    Ok(Json(state.spool.tokens().await?.iter().map(Token::from).collect()))
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// Whether it may change anything, where `scope` is left out.
    #[serde(default)]
    may_change: bool,
    /// What it may be used for.
    #[serde(default)]
    scope: Option<Scope>,
}

/// A new token. Only this answer contains it.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct MadeToken {
    /// Number of the token.
    id: i64,
    /// The token itself, to be sent as `Authorization: Bearer`.
    token: String,
}

/// Makes a token for a program.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "access", request_body = NewToken,
    responses((status = 201, body = MadeToken), Conflict),
)]
pub(in super::super) async fn add(
    State(state): State<AppState>,
    principal: Principal,
    audit: AuditContext,
    Json(NewToken { name, may_change, scope }): Json<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let name = token_name(&name).map_err(Problem::bad)?;
    let scope = match (scope, may_change) {
        (Some(Scope::Change), _) | (None, true) => TokenScope::Change,
        (Some(_), true) => return Err(Problem::bad(text("problem-token-scope"))),
        (Some(Scope::Read) | None, false) => TokenScope::Read,
        (Some(Scope::Feed), false) => TokenScope::Feed,
    };
    let entry = audit.entry(AuditAction::TokenCreate, name, format!("scope: {}", scope.as_str()));
    let (id, token) = make_token(&*state.spool, name, scope, principal.user(), entry).await?;
    Ok((StatusCode::CREATED, Json(MadeToken { id, token })))
}

/// Revokes a token.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "access",
    params(("id" = i64, Path, description = "Number of the token")),
    responses((status = 204, description = "Revoked"), NotFound),
)]
pub(in super::super) async fn remove(
    State(state): State<AppState>,
    audit: AuditContext,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let token = state.spool.tokens().await?.into_iter().find(|token| token.id == id);
    let name = token.map(|token| token.name).unwrap_or_default();
    let entry = audit.entry(AuditAction::TokenRevoke, name, format!("number {id}"));
    if !state.spool.remove_token(id, entry).await? {
        return Err(Problem::not_found("problem-no-token"));
    }
    // Event streams that it opened end.
    state.access.changed();
    Ok(StatusCode::NO_CONTENT)
}

/// A change of the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct NewPassword {
    /// The present password.
    old: String,
    /// The new one, from 8 to 200 characters.
    #[schema(min_length = 8, max_length = 200)]
    new: String,
    /// Whether all tokens for programs end, too. Only for an owner.
    #[serde(default)]
    revoke_tokens: bool,
}

/// Changes your own password; your other browsers must log in again. Only for a browser that is logged in.
#[utoipa::path(
    put, path = "/api/v1/password", tag = "access", request_body = NewPassword,
    responses((status = 204, description = "It is changed")),
)]
pub(in super::super) async fn change_password(
    State(state): State<AppState>,
    client: Client,
    principal: Principal,
    account: OwnAccount,
    audit: AuditContext,
    Json(NewPassword { old, new, revoke_tokens }): Json<NewPassword>,
) -> Result<Response, Problem> {
    if revoke_tokens && !principal.is_owner() {
        return Err(Problem::new(StatusCode::FORBIDDEN, text("problem-revoke-owners-only")));
    }
    let login = state.access.change_password(&account, &old, &new).await?;
    let detail = "every other login of this user ended";
    state.note(audit.entry(AuditAction::Password, account.name, detail)).await;
    if revoke_tokens {
        let entry = audit.entry(AuditAction::TokenRevoke, "", "with the password");
        state.access.end_tokens(entry).await?;
    }
    Ok((StatusCode::NO_CONTENT, login_cookies(&login, &client)).into_response())
}
