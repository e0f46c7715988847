//! One-time codes of the user's own account (RFC 6238).
//!
//! Two steps turn them on: a secret that has no effect yet, and a code that proves that the app has it. Both turning on
//! and turning off ask for the password, because a stolen login must not lock its owner out.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::{AuditContext, OwnAccount};
use super::super::error_responses::Conflict;
use super::super::extract::Json;
use super::super::problem::Problem;
use super::super::qr_code::qr_code;
use crate::audit::AuditAction;

/// The present password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct CurrentPassword {
    /// The password of the user who is logged in.
    password: String,
}

/// A secret for an authenticator app, shown this once.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct NewSecret {
    /// The secret in base32.
    secret: String,
    /// The same as an `otpauth:` URI.
    uri: String,
    /// The URI as a QR code: a `data:` URL of an SVG picture.
    qr: String,
}

/// Makes a secret for one-time codes. It takes effect once `PUT` confirms it with a code.
#[utoipa::path(
    post, path = "/api/v1/totp", tag = "access", request_body = CurrentPassword,
    responses((status = 200, body = NewSecret)),
)]
pub(in super::super) async fn begin(
    State(state): State<AppState>,
    account: OwnAccount,
    Json(CurrentPassword { password }): Json<CurrentPassword>,
) -> Result<Json<NewSecret>, Problem> {
    let made = state.access.begin_totp(&account, &password).await?;
    let qr = qr_code(&made.uri);
    Ok(Json(NewSecret { secret: made.secret, uri: made.uri, qr }))
}

/// A code of the authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct OneTimeCode {
    /// The six digits that the app shows; spaces are ignored.
    #[schema(min_length = 6, max_length = 10)]
    code: String,
}

/// Recovery codes, shown this once.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct RecoveryCodes {
    /// Each replaces a one-time code, once.
    recovery_codes: Vec<String>,
}

/// Confirms the new secret with a code: from now on a code is required after the password.
#[utoipa::path(
    put, path = "/api/v1/totp", tag = "access", request_body = OneTimeCode,
    responses((status = 200, body = RecoveryCodes), Conflict),
)]
pub(in super::super) async fn confirm(
    State(state): State<AppState>,
    account: OwnAccount,
    audit: AuditContext,
    Json(OneTimeCode { code }): Json<OneTimeCode>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let recovery_codes = state.access.confirm_totp(&account, &code).await?;
    tracing::info!(user = %account.name, "One-time codes are asked for from now on.");
    state.note(audit.entry(AuditAction::CodesBegin, account.name, "")).await;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Turns one-time codes off.
#[utoipa::path(
    post, path = "/api/v1/totp/end", tag = "access", request_body = CurrentPassword,
    responses((status = 204, description = "Codes are off")),
)]
pub(in super::super) async fn end(
    State(state): State<AppState>,
    account: OwnAccount,
    audit: AuditContext,
    Json(CurrentPassword { password }): Json<CurrentPassword>,
) -> Result<StatusCode, Problem> {
    state.access.end_totp(&account, &password).await?;
    tracing::info!(user = %account.name, "One-time codes are not asked for any more.");
    state.note(audit.entry(AuditAction::CodesEnd, account.name, "")).await;
    Ok(StatusCode::NO_CONTENT)
}
