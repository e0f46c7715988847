//! The audit log: who changed what, and when. Entries are only ever added; nobody can remove one. When there are too
//! many, the spool removes the oldest of the actor with the most, so that nobody pushes out what others did.

use tipoff_model::Timestamp;

use crate::{BoxFuture, Result};

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who is logged in to the dashboard, by name.
    User(String),
    /// A program, by the name of its token.
    Token(String),
    /// Somebody who pressed a button or wrote a command in a channel: "Ann (me)".
    Person(String),
    /// Whoever opened an action link, by the name of the channel that got the link.
    Link(String),
    /// A subcommand on this machine, by the user who ran it.
    CommandLine(String),
    /// Whoever edited the configuration file, by its path.
    File(String),
    /// Somebody who did not log in, by address.
    Stranger(String),
}

impl Actor {
    /// The actor for people: the name of a user or person, otherwise the kind and the name, as in "token backup".
    #[must_use]
    pub fn spoken(&self) -> String {
        match self {
            Self::User(name) | Self::Person(name) => name.clone(),
            other => format!("{} {}", other.kind(), other.name()).trim().to_owned(),
        }
    }

    /// The kind, as the database and the API have it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Token(_) => "token",
            Self::Person(_) => "person",
            Self::Link(_) => "link",
            Self::CommandLine(_) => "command line",
            Self::File(_) => "file",
            Self::Stranger(_) => "stranger",
        }
    }

    /// The name within the kind.
    pub fn name(&self) -> &str {
        match self {
            Self::User(name)
            | Self::Token(name)
            | Self::Person(name)
            | Self::Link(name)
            | Self::CommandLine(name)
            | Self::File(name)
            | Self::Stranger(name) => name,
        }
    }

    /// The actor of a stored kind and name.
    pub fn of(kind: &str, name: String) -> Self {
        match kind {
            "user" => Self::User(name),
            "token" => Self::Token(name),
            "person" => Self::Person(name),
            "link" => Self::Link(name),
            "command line" => Self::CommandLine(name),
            "file" => Self::File(name),
            _ => Self::Stranger(name),
        }
    }
}

/// A change that somebody made. Its texts hold no secret. They may hold what a device or a person wrote, so they are
/// untrusted: shown as text, never as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Number. The spool assigns it; not read when an entry is added.
    pub id: i64,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The address that it came from. `None` if it did not come over the network.
    pub address: Option<String>,
    /// What was done: an area and a verb, such as `token.create`.
    pub what: String,
    /// Name or number of what was changed.
    pub object: String,
    /// The change in words.
    pub detail: String,
    /// Number of equal changes that this entry stands for.
    pub count: u32,
}

/// Which entries a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Part of the actor's name, or its whole kind.
    pub who: Option<String>,
    /// The beginning of what was done: `token`, `token.create`.
    pub what: Option<String>,
    /// Only entries before this number.
    pub before: Option<i64>,
}

/// The part of the spool that keeps the audit log.
pub trait Audit {
    /// Adds an entry. A change that is audited in its own transaction, as that of a token, does not use this.
    fn note(&self, entry: AuditEntry) -> BoxFuture<'_, Result<()>>;

    /// Up to `limit` entries, the newest first.
    fn audit(&self, filter: AuditFilter, limit: u32) -> BoxFuture<'_, Result<Vec<AuditEntry>>>;
}
