//! Who asks, for the audit log.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tipoff_spool::{Actor, AuditEntry};

use super::super::client::Client;
use super::super::problem::Problem;
use super::principal::Principal;
use crate::audit;

/// Who asks, and from where.
#[derive(Clone, Debug)]
pub(in super::super) struct AuditContext {
    pub(in super::super) actor: Actor,
    address: String,
}

impl AuditContext {
    /// Of a principal at an address.
    pub(in super::super) fn new(principal: &Principal, client: &Client) -> Self {
        Self { actor: principal.actor(), address: client.address.to_string() }
    }

    /// What they did, as an entry. Neither text may hold a secret.
    pub(in super::super) fn entry(
        &self,
        what: &'static str,
        object: impl Into<String>,
        detail: impl Into<String>,
    ) -> AuditEntry {
        let address = Some(self.address.clone());
        AuditEntry { address, ..audit::entry(self.actor.clone(), what, object, detail) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AuditContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        let client = Client::from_request_parts(parts, state).await?;
        Ok(Self::new(&principal, &client))
    }
}
