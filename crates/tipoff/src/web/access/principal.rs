//! The principal of a request: the user, proxy user or token that the guard has let in.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use tipoff_spool::{Actor, Reader, Role, UserId};

use super::super::problem::Problem;
use super::super::reader_language::text;

/// Who was let in: the principal of a request.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// Name of the user or of the token, for the audit log.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// How they were authenticated.
    pub(crate) auth: AuthMethod,
    /// The token that forms must send: see `csrf`. Empty for a program.
    pub(super) csrf_token: String,
}

/// How a principal was authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    /// A browser that is logged in.
    Login {
        /// Number of the login.
        id: i64,
        /// Whose login it is.
        user: UserId,
    },
    /// A reverse proxy let them in.
    Proxy,
    /// A program with a token.
    Token {
        /// Number of the token.
        id: i64,
    },
}

impl Principal {
    /// The token that their forms must send.
    pub(crate) fn csrf_token(&self) -> &str {
        &self.csrf_token
    }

    /// Whether they may change everything, and see secrets.
    pub(crate) fn is_owner(&self) -> bool {
        self.role == Role::Owner
    }

    /// The user whose login this is. `None` for a proxy's user and for a program.
    pub(crate) const fn user(&self) -> Option<UserId> {
        match self.auth {
            AuthMethod::Login { user, .. } => Some(user),
            AuthMethod::Proxy | AuthMethod::Token { .. } => None,
        }
    }

    /// Number of the login. `None` for a proxy's user and for a program.
    pub(crate) const fn login(&self) -> Option<i64> {
        match self.auth {
            AuthMethod::Login { id, .. } => Some(id),
            AuthMethod::Proxy | AuthMethod::Token { .. } => None,
        }
    }

    /// Whose marks of incidents they read and change. `None` for a program, which has none.
    pub(crate) fn reader(&self) -> Option<Reader> {
        match self.auth {
            AuthMethod::Login { user, .. } => Some(Reader::Account(user)),
            AuthMethod::Proxy => Some(Reader::Proxy(self.name.clone())),
            AuthMethod::Token { .. } => None,
        }
    }

    /// Who it is, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        match self.auth {
            AuthMethod::Login { .. } | AuthMethod::Proxy => Actor::User(self.name.clone()),
            AuthMethod::Token { .. } => Actor::Token(self.name.clone()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // The guard sets it before every handler that extracts it.
        parts.extensions.get::<Self>().cloned().ok_or_else(not_logged_in)
    }
}

/// The answer to a request without a valid login or token.
pub(super) fn not_logged_in() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, text("problem-not-logged-in"))
}
