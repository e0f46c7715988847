//! The client of a request: its address, whether the way to it is encrypted, and whom a proxy has let in.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use tipoff_spool::Role;

use super::problem::Problem;

/// The client of a request. [`ProxyPolicy`](super::proxy_policy::ProxyPolicy) makes it, and decides what a proxy may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address from which the client connected to us, or to the trusted proxy.
    pub(crate) address: IpAddr,
    /// Whether the whole way is encrypted, as far as a proxy reports it.
    pub(crate) by_tls: bool,
    /// The user whom a trusted proxy names.
    pub(crate) user: Option<ProxyUser>,
}

/// A user whom a proxy has let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProxyUser {
    /// Name in the proxy's header.
    pub(crate) name: String,
    /// Role by the proxy's header, or the configured one.
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
