//! The account of the person who sends a request, for changes that only they may make: password and one-time codes.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use tipoff_spool::UserId;

use super::super::client::Client;
use super::super::problem::Problem;
use super::super::reader_language::text;
use super::{LoginSource, Principal};

/// The account of a browser that is logged in. A request by a token or through a proxy gets a 403: programs have no
/// account, and the proxy keeps the accounts of its users.
pub(crate) struct OwnAccount {
    /// Number of the user.
    pub(super) user: UserId,
    /// Number of the present login, whose attempts are counted for themselves.
    pub(super) login: Option<i64>,
    /// Address and browser.
    pub(super) source: LoginSource,
    /// Name of the user, for the audit log.
    pub(crate) name: String,
}

impl<S: Send + Sync> FromRequestParts<S> for OwnAccount {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        let client = Client::from_request_parts(parts, state).await?;
        let no_account = || Problem::new(StatusCode::FORBIDDEN, text("problem-no-account"));
        Ok(Self {
            user: principal.user().ok_or_else(no_account)?,
            login: principal.login(),
            source: LoginSource::of(&client, &parts.headers),
            name: principal.name,
        })
    }
}
