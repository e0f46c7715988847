//! Tokens of programs: made, recognised, and kept out of addresses.

use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tipoff_spool::{ApiToken, AuditEntry, Spool, TokenScope, UserId};

use super::super::problem::Problem;
use super::super::reader_language::text;
use super::{Access, AccessError, digest, secret};

const NAME_CHARS_MAX: usize = 60;
/// How many tokens there may be.
pub(super) const TOKENS_MAX: u32 = 100;
/// What every token begins with, so that one that leaked is recognised.
pub(super) const TOKEN_PREFIX: &str = "tip_";
/// So many hexadecimal digits behind it look like a token.
const TOKEN_DIGITS_MIN: usize = 32;
/// That a token was used is noted this often: it costs a write.
const NOTE_EVERY: Duration = Duration::from_secs(3600);
/// The only path that may contain a token.
const FEED: &str = "/feed/";

impl Access {
    /// The token, if this is one; notes that it was used.
    pub(in super::super) async fn token(
        &self,
        secret: &str,
    ) -> Result<Option<ApiToken>, AccessError> {
        if !secret.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let token = self.0.spool.token(digest(secret)).await?;
        if let Some(token) = &token
            && token.used_at.is_none_or(|used_at| self.now().since(used_at) > NOTE_EVERY)
            && let Err(error) = self.0.spool.note_token_used(token.id, self.now()).await
        {
            // Reading goes on while nothing can be written.
            tracing::warn!(%error, "Could not record the use of a token.");
        }
        Ok(token)
    }
}

/// A name for a token, or what is wrong with it.
pub(crate) fn token_name(name: &str) -> Result<&str, String> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    let is_plain = !name.chars().any(char::is_control);
    if fits && is_plain { Ok(name) } else { Err(text("problem-token-name").to_string()) }
}

/// Makes a token for a program: its number, and the token itself, which is not stored. It ends when its
/// maker is an owner no longer.
pub(crate) async fn make_token(
    spool: &dyn Spool,
    name: &str,
    scope: TokenScope,
    maker: Option<UserId>,
    entry: AuditEntry,
) -> Result<(i64, String), AccessError> {
    let token = format!("{TOKEN_PREFIX}{}", secret()?);
    let (name, digest) = (name.to_owned(), digest(&token));
    let (made_by, created_at) = (entry.actor.spoken(), entry.at);
    let kept = ApiToken { id: 0, name, digest, scope, maker, made_by, created_at, used_at: None };
    let id = spool.add_token(kept, TOKENS_MAX, entry).await?.ok_or(AccessError::Full)?;
    Ok((id, token))
}

/// Refuses a request with a token in its address, which logs and histories keep. Only the path of the feed
/// may contain one.
pub(crate) async fn refuse_tokens_in_urls(request: Request, next: Next) -> Response {
    let uri = request.uri();
    let in_path = !uri.path().starts_with(FEED) && holds_token(uri.path());
    if in_path || uri.query().is_some_and(holds_token) {
        let detail = "a token must not be part of an address, because logs and histories keep addresses: send it in \
                      the header `Authorization: Bearer tip_…`, and revoke this one";
        return Problem::new(StatusCode::BAD_REQUEST, detail).into_response();
    }
    next.run(request).await
}

/// Whether a part of an address has what looks like a token.
fn holds_token(text: &str) -> bool {
    let digits = |rest: &str| rest.bytes().take_while(u8::is_ascii_hexdigit).count();
    let mut candidates = text.split(TOKEN_PREFIX).skip(1);
    candidates.any(|rest| digits(rest) >= TOKEN_DIGITS_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_an_address_is_recognised() {
        let token = format!("tip_{}", "a1".repeat(32));
        for address in
            [format!("token={token}"), format!("a=tip_x&b={token}&c"), format!("/x/{token}/y")]
        {
            assert!(holds_token(&address), "{address}");
        }
        for address in ["", "text=tip_off", "text=tip_abc", "next=%2Fdevices"] {
            assert!(!holds_token(address), "{address}");
        }
    }
}
