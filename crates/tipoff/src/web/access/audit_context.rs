//! The actor and address of a request, for the audit log.
//!
//! Every handler that changes something takes an [`AuditContext`] and writes an entry made by it.
//! `crates/tipoff/tests/program/audit_coverage.rs` sends a request to each such route and fails if the entry is missing.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tipoff_spool::{Actor, AuditEntry};

use super::super::AppState;
use super::super::client::Client;
use super::super::problem::Problem;
use super::principal::Principal;
use crate::audit::{self, AuditAction};
use crate::runtime::clock::Clock;

/// The actor and address of a request.
#[derive(Clone)]
pub(in super::super) struct AuditContext {
    /// Who sends the request: a user, or a token of a program.
    pub(in super::super) actor: Actor,
    clock: Clock,
    /// The client's address, as a trusted proxy reports it.
    address: String,
}

impl AuditContext {
    /// An entry of now. Neither text may contain a secret.
    pub(in super::super) fn entry(
        &self,
        action: AuditAction,
        object: impl Into<String>,
        detail: impl Into<String>,
    ) -> AuditEntry {
        let address = Some(self.address.clone());
        AuditEntry {
            address,
            ..audit::entry(self.clock.now(), self.actor.clone(), action, object, detail)
        }
    }
}

impl FromRequestParts<AppState> for AuditContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        let client = Client::from_request_parts(parts, state).await?;
        let (actor, address) = (principal.actor(), client.address.to_string());
        Ok(Self { actor, address, clock: state.clock.clone() })
    }
}
