//! One-time codes of one's own account.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use qrcode::{Color, QrCode};
use serde::{Deserialize, Serialize};
use tipoff_spool::UserId;
use utoipa::ToSchema;

use super::super::AppState;
use super::super::access::{AuditContext, LoginSource, Principal};
use super::super::client::Client;
use super::super::extract::JsonBody;
use super::super::problem::Problem;
use super::error_responses::Conflict;
use crate::audit::what;

/// Light modules around the symbol (ISO/IEC 18004, section 6.3.8).
const QUIET: usize = 4;

/// The present password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Password {
    password: String,
}

/// A secret for an authenticator app, shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct NewSecret {
    /// The secret in base32.
    secret: String,
    /// The same as an `otpauth:` URI.
    uri: String,
    /// The URI as a QR code: a `data:` URL of an SVG picture.
    qr: String,
}

/// Makes a secret for one-time codes. It holds once `PUT` confirms it with a code.
#[utoipa::path(
    post, path = "/api/v1/totp", tag = "access", request_body = Password,
    responses((status = 200, body = NewSecret)),
)]
pub(super) async fn begin(
    State(state): State<AppState>,
    client: Client,
    principal: Principal,
    headers: HeaderMap,
    JsonBody(Password { password }): JsonBody<Password>,
) -> Result<Json<NewSecret>, Problem> {
    let user = oneself(&principal)?;
    let source = LoginSource::of(&client, &headers);
    let made = state.access.begin_totp(user, &password, principal.login(), &source).await?;
    let qr = qr(&made.uri);
    Ok(Json(NewSecret { secret: made.secret, uri: made.uri, qr }))
}

/// A code of the authenticator app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Code {
    #[schema(min_length = 6, max_length = 10)]
    code: String,
}

/// Recovery codes, shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    /// Each replaces a one-time code, once.
    recovery_codes: Vec<String>,
}

/// Confirms the new secret with a code: from now on a code is asked for after the password.
#[utoipa::path(
    put, path = "/api/v1/totp", tag = "access", request_body = Code,
    responses((status = 200, body = RecoveryCodes), Conflict),
)]
pub(super) async fn confirm(
    State(state): State<AppState>,
    client: Client,
    principal: Principal,
    headers: HeaderMap,
    JsonBody(Code { code }): JsonBody<Code>,
) -> Result<Json<RecoveryCodes>, Problem> {
    let source = LoginSource::of(&client, &headers);
    let user = oneself(&principal)?;
    let recovery_codes = state.access.confirm_totp(user, &code, principal.login(), &source).await?;
    tracing::info!(user = %principal.name, "One-time codes are asked for from now on.");
    state
        .note(AuditContext::new(&principal, &client).entry(what::CODES_BEGIN, &*principal.name, ""))
        .await;
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Asks for no one-time code any more.
#[utoipa::path(
    post, path = "/api/v1/totp/end", tag = "access", request_body = Password,
    responses((status = 204, description = "No code is asked for")),
)]
pub(super) async fn end(
    State(state): State<AppState>,
    client: Client,
    principal: Principal,
    headers: HeaderMap,
    JsonBody(Password { password }): JsonBody<Password>,
) -> Result<StatusCode, Problem> {
    let source = LoginSource::of(&client, &headers);
    let user = oneself(&principal)?;
    state.access.end_totp(user, &password, principal.login(), &source).await?;
    tracing::info!(user = %principal.name, "One-time codes are not asked for any more.");
    state
        .note(AuditContext::new(&principal, &client).entry(what::CODES_END, &*principal.name, ""))
        .await;
    Ok(StatusCode::NO_CONTENT)
}

fn oneself(principal: &Principal) -> Result<UserId, Problem> {
    let detail = "only a user who is logged in here has one-time codes";
    principal.user().ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, detail))
}

/// A QR code as a `data:` URL; empty if the text is too long for one.
fn qr(text: &str) -> String {
    let Ok(code) = QrCode::new(text) else {
        return String::new();
    };
    let width = code.width().max(1);
    let mut path = String::new();
    for (index, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (index % width + QUIET, index / width + QUIET);
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    let side = width + 2 * QUIET;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}h-{side}z\"/><path d=\"{path}\"/></svg>"
    );
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg))
}
