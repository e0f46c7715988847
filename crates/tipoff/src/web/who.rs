//! Who asks, for the audit log.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tipoff_spool::{Actor, AuditEntry};

use super::access::Visitor;
use super::caller::Caller;
use super::problem::Problem;
use crate::audit;

/// Who asks, and from where.
#[derive(Clone, Debug)]
pub(super) struct Who {
    pub(super) actor: Actor,
    address: String,
}

impl Who {
    /// Of a visitor at an address.
    pub(super) fn new(visitor: &Visitor, caller: &Caller) -> Self {
        Self { actor: visitor.actor(), address: caller.address.to_string() }
    }

    /// What they did, as an entry. Neither text may hold a secret.
    pub(super) fn did(
        &self,
        what: &'static str,
        object: impl Into<String>,
        detail: impl Into<String>,
    ) -> AuditEntry {
        let address = Some(self.address.clone());
        AuditEntry { address, ..audit::entry(self.actor.clone(), what, object, detail) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let visitor = Visitor::from_request_parts(parts, state).await?;
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self::new(&visitor, &caller))
    }
}
