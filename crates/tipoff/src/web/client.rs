//! The client of a request: its address, whether the way to it is encrypted, and whom a proxy has let in.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use tipoff_spool::Role;

use super::problem::Problem;

/// Where a request comes from. [`ProxyPolicy`](super::proxy_policy::ProxyPolicy) decides what a proxy may say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address from which they came to us, or to the proxy.
    pub(crate) address: IpAddr,
    /// Whether nobody can listen in.
    pub(crate) by_tls: bool,
    /// Whom a proxy has let in.
    pub(crate) user: Option<ProxyUser>,
}

/// A user whom a proxy has let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProxyUser {
    pub(crate) name: String,
    pub(crate) role: Role,
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let unknown = || {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error: no caller information")
        };
        parts.extensions.get::<Self>().cloned().ok_or_else(unknown)
    }
}
