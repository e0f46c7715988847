//! The shapes of users, tokens and the audit log, for the API and for `--json` of the command line.

use serde::{Deserialize, Serialize};
use tipoff_spool::{ApiToken, AuditEntry, Role, TokenScope};
use utoipa::ToSchema;

use crate::runtime::utc::utc;

/// What a user may do.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserRole {
    /// Sees and changes everything.
    Owner,
    /// Sees what is no secret and no setting, and changes only their own password, code and logins.
    Viewer,
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Owner => Self::Owner,
            UserRole::Viewer => Self::Viewer,
        }
    }
}

impl From<Role> for UserRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Viewer => Self::Viewer,
        }
    }
}

/// A person who may log in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    /// Number of the user.
    pub(crate) id: i64,
    /// Name, unique regardless of case.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: UserRole,
    /// Whether a one-time code is asked for after the password.
    pub(crate) totp: bool,
    /// When they were added.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
}

impl From<&tipoff_spool::User> for User {
    fn from(user: &tipoff_spool::User) -> Self {
        Self {
            id: user.id.0,
            name: user.name.clone(),
            role: user.role.into(),
            totp: user.totp.is_some(),
            created_at: utc(user.created_at),
        }
    }
}

/// A token, without the token itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct Token {
    /// The number under which it is revoked.
    pub(crate) id: i64,
    /// What it is for.
    pub(crate) name: String,
    /// What it may be used for.
    #[schema(value_type = Scope)]
    pub(crate) scope: &'static str,
    /// Whether it may change anything.
    pub(crate) may_change: bool,
    /// Who made it. It ends when that user is no longer an owner; null if an earlier version made it.
    pub(crate) made_by: Option<String>,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When it was used last, to the hour; null if never.
    #[schema(format = DateTime)]
    pub(crate) used_at: Option<String>,
}

/// What a token may be used for.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Everything that people can do, but for users, their logins and passwords, and tokens.
    Change,
    /// Reading.
    Read,
    /// The feed of incidents only: such a token may be part of an address.
    Feed,
}

impl From<&ApiToken> for Token {
    fn from(token: &ApiToken) -> Self {
        Self {
            id: token.id,
            name: token.name.clone(),
            scope: token.scope.as_str(),
            may_change: token.scope == TokenScope::Change,
            made_by: Some(token.made_by.clone()).filter(|name| !name.is_empty()),
            created_at: utc(token.created_at),
            used_at: token.used_at.map(utc),
        }
    }
}

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Entry)]
pub(crate) struct AuditLine {
    /// Number of the entry.
    pub(crate) id: i64,
    /// When it happened.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// `user`, `token`, `person` (in a chat), `link` (an action link), `command line`, `file` (the configuration) or
    /// `stranger`.
    pub(crate) actor_kind: &'static str,
    /// The name of the user, the token, the person, the channel that got the link, …
    pub(crate) actor: String,
    /// From which address, where it came by the HTTP port.
    pub(crate) address: Option<String>,
    /// An area and a verb, such as `token.create`.
    pub(crate) what: String,
    /// To what.
    pub(crate) object: String,
    /// How.
    pub(crate) detail: String,
    /// How often.
    pub(crate) count: u32,
}

impl From<&AuditEntry> for AuditLine {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: utc(entry.at),
            actor_kind: entry.actor.kind(),
            actor: entry.actor.name().to_owned(),
            address: entry.address.clone(),
            what: entry.what.clone(),
            object: entry.object.clone(),
            detail: entry.detail.clone(),
            count: entry.count,
        }
    }
}
