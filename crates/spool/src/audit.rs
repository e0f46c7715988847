//! The audit log: who changed what, and when. Entries are only ever added; the spool itself removes the
//! oldest of whoever has the most.

use std::time::Duration;

use tipoff_model::Timestamp;

use crate::{BoxFuture, Result};

/// How many entries are kept. Of more, the oldest of the actor with the most entries go, so that nobody
/// pushes out what others did.
pub(crate) const AUDIT_ENTRIES_MAX: u32 = 20_000;
/// Older entries go, except for the newest [`AUDIT_ENTRIES_MIN`]: a clock that is wrong by years removes
/// no more.
pub(crate) const AUDIT_KEEP: Duration = Duration::from_secs(2 * 366 * 24 * 3600);
/// How many entries age alone never removes.
pub(crate) const AUDIT_ENTRIES_MIN: u32 = 1_000;
/// How long each text of an entry may be, in characters.
pub(crate) const AUDIT_TEXT_CHARS_MAX: usize = 200;
/// An entry like the newest one within this time is counted there.
pub(crate) const AUDIT_SAME_WITHIN: Duration = Duration::from_secs(60);

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who is logged in to the dashboard, by name.
    User(String),
    /// A program, by the name of its token.
    Token(String),
    /// Somebody who pressed a button or wrote a command: "Ann (me)".
    Person(String),
    /// Whoever used an action link, by the name of the channel that got it.
    Link(String),
    /// A subcommand on this machine, by the user who ran it.
    CommandLine(String),
    /// Whoever edited the configuration file, by its path.
    File(String),
    /// Somebody who is not known, by address.
    Stranger(String),
}

impl Actor {
    /// Who it is, in words: the bare name of a user, of others with what they are.
    #[must_use]
    pub fn spoken(&self) -> String {
        match self {
            Self::User(name) | Self::Person(name) => name.clone(),
            other => format!("{} {}", other.kind(), other.name()).trim().to_owned(),
        }
    }

    /// The kind, as it is stored and shown to programs.
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

/// Something that was done. No text holds a secret; what a device or a person wrote in it is only text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Number; the spool gives it.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// From which address, where it came over the network.
    pub address: Option<String>,
    /// What was done: an area and a verb, such as `token.create`.
    pub what: String,
    /// To what: a name or a number.
    pub object: String,
    /// How, in words.
    pub detail: String,
    /// How often.
    pub count: u32,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Part of the actor's name, or its whole kind.
    pub who: Option<String>,
    /// The beginning of what was done: `token`, `token.create`.
    pub what: Option<String>,
    /// Only entries before this number.
    pub before: Option<i64>,
}

/// The audit log.
pub trait Audit {
    /// Adds an entry.
    fn note(&self, entry: AuditEntry) -> BoxFuture<'_, Result<()>>;

    /// Up to `limit` entries, the newest first.
    fn audit(&self, filter: AuditFilter, limit: u32) -> BoxFuture<'_, Result<Vec<AuditEntry>>>;
}
