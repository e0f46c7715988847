//! Who may see the dashboard: one owner with a password, the browsers that are logged in, tokens for
//! programs. No secret is kept here, only digests of them.

use tipoff_model::Timestamp;

use crate::{AuditEntry, BoxFuture, Print, Result};

/// A browser that is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    /// The digest of what it shows.
    pub print: Print,
    /// When it logged in.
    pub created_at: Timestamp,
    /// When it was seen last, to the hour.
    pub seen_at: Timestamp,
}

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Everything that people can do, but for the password.
    Change,
    /// Reading only.
    Read,
    /// The feed of incidents, and nothing else. Such a token may stand in an address.
    Feed,
}

impl TokenScope {
    /// As it is stored and shown to programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Read => "read",
            Self::Feed => "feed",
        }
    }

    /// The scope of this name; the least where it is not known.
    pub fn of(name: &str) -> Self {
        match name {
            "change" => Self::Change,
            "read" => Self::Read,
            _ => Self::Feed,
        }
    }
}

/// A token for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// The digest of the token.
    pub print: Print,
    /// What it may be used for.
    pub scope: TokenScope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, to the hour. `None` if it never was.
    pub used_at: Option<Timestamp>,
}

/// Accounts of the dashboard.
pub trait Accounts {
    /// The password's hash, in the PHC string format; none: none is set.
    fn password(&self) -> BoxFuture<'_, Result<Option<String>>>;

    /// Sets the password's hash; every login ends, and the key to set it holds no longer.
    fn set_password(&self, hash: String) -> BoxFuture<'_, Result<()>>;

    /// The digest of the key that may set the password once, and when that expires.
    fn setup_key(&self) -> BoxFuture<'_, Result<Option<(Print, Timestamp)>>>;

    /// Lets this key, by its digest, set the password once until then; an earlier key is of no use any more.
    fn set_setup_key(&self, print: Print, expires_at: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Uses up the key of this digest; `false` if it is not the latest one, or was used already. Of two
    /// that come with one key, one gets `true`.
    fn take_setup_key(&self, print: Print) -> BoxFuture<'_, Result<bool>>;

    /// Keeps a login; of more than `max` the one that was seen longest ago ends.
    fn keep_login(&self, login: Login, max: u32) -> BoxFuture<'_, Result<()>>;

    /// The login of this digest.
    fn login(&self, print: Print) -> BoxFuture<'_, Result<Option<Login>>>;

    /// Ends a login.
    fn end_login(&self, print: Print) -> BoxFuture<'_, Result<()>>;

    /// All tokens, the oldest first.
    fn tokens(&self) -> BoxFuture<'_, Result<Vec<ApiToken>>>;

    /// The token of this digest.
    fn token(&self, print: Print) -> BoxFuture<'_, Result<Option<ApiToken>>>;

    /// Makes a token, unless there are `max`, and notes who did; its number. Its own number is not read.
    fn add_token(
        &self,
        token: ApiToken,
        max: u32,
        entry: AuditEntry,
    ) -> BoxFuture<'_, Result<Option<i64>>>;

    /// Notes that a token was used.
    fn note_token_used(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Ends a token, and notes who did; whether there was such a one.
    fn remove_token(&self, id: i64, entry: AuditEntry) -> BoxFuture<'_, Result<bool>>;
}
