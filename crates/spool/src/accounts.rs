//! Who may see the dashboard: users with a password and a role, the browsers that are logged in, tokens for
//! programs. Secrets are kept as digests; only the secrets of one-time codes are needed as they are.

use std::fmt;

use tipoff_model::Timestamp;

use crate::{AuditEntry, BoxFuture, Digest, Result};

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees and changes everything.
    Owner,
    /// Sees what is no secret and no setting; changes only their own password, code and logins.
    Viewer,
}

impl Role {
    /// Name in the database, the API and headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Viewer => "viewer",
        }
    }

    /// The role of this name. An unknown one is a viewer: it has the fewest rights.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        if name.eq_ignore_ascii_case("owner") { Self::Owner } else { Self::Viewer }
    }
}

/// Number of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// A person who may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Number of the user.
    pub id: UserId,
    /// Name; unique, regardless of ASCII case.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Hash of the password in the PHC string format. `None` if no password is set.
    pub password: Option<String>,
    /// Secret of the one-time codes (RFC 6238). `None` if no code is asked for.
    pub totp: Option<Vec<u8>>,
    /// A secret that no code has confirmed yet.
    pub totp_pending: Option<Vec<u8>>,
    /// When the user was added.
    pub created_at: Timestamp,
}

impl fmt::Debug for User {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let User { id, name, role, .. } = self;
        formatter
            .debug_struct("User")
            .field("id", id)
            .field("name", name)
            .field("role", role)
            .finish_non_exhaustive()
    }
}

/// A user to add.
#[derive(Clone)]
pub struct NewUser {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Hash of the password in the PHC string format.
    pub password: String,
    /// Now.
    pub at: Timestamp,
}

/// Outcome of a change of the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// Changed; the number of the user.
    Done(UserId),
    /// There is no such user.
    NoUser,
    /// Another user has the name.
    NameTaken,
    /// There are as many users as there may be.
    Full,
    /// It would leave no owner who can log in.
    LastOwner,
}

/// A browser that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Number of the login. Not read when a login is added.
    pub id: i64,
    /// The digest of what the browser shows.
    pub digest: Digest,
    /// Whose login it is.
    pub user: UserId,
    /// When it logged in.
    pub created_at: Timestamp,
    /// When it was seen last, to some minutes.
    pub seen_at: Timestamp,
    /// Address that it used last; empty if not known.
    pub address: String,
    /// User-Agent of the browser, shortened.
    pub browser: String,
}

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Everything that people can do, but for users, logins, passwords of users and tokens.
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
    pub digest: Digest,
    /// What it may be used for.
    pub scope: TokenScope,
    /// The user who made it, and with whom it ends. `None` if it was made on the command line, by somebody whom a
    /// reverse proxy let in, or by an earlier version.
    pub maker: Option<UserId>,
    /// Name of whoever made it; empty if an earlier version did not note it.
    pub made_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, to the hour. `None` if it never was.
    pub used_at: Option<Timestamp>,
}

/// Accounts of the dashboard.
pub trait Accounts {
    /// All users, the oldest first.
    fn users(&self) -> BoxFuture<'_, Result<Vec<User>>>;

    /// Adds a user, unless there are `max`. A viewer is added only where an owner can log in
    /// ([`UserChange::LastOwner`]).
    fn add_user(&self, user: NewUser, max: u32) -> BoxFuture<'_, Result<UserChange>>;

    /// Changes the role of a user. Whoever is an owner no longer has no tokens any more.
    fn set_role(&self, user: UserId, role: Role) -> BoxFuture<'_, Result<UserChange>>;

    /// Removes a user with their logins, codes and tokens.
    fn remove_user(&self, user: UserId) -> BoxFuture<'_, Result<UserChange>>;

    /// Sets the hash of a user's password, and ends all logins of that user. With `None` the user is the
    /// first owner, who is added if there is none; the key that sets the password ends, too.
    fn set_password(&self, user: Option<UserId>, hash: String)
    -> BoxFuture<'_, Result<UserChange>>;

    /// Keeps a secret for one-time codes until a code confirms it.
    fn begin_totp(&self, user: UserId, secret: Vec<u8>) -> BoxFuture<'_, Result<bool>>;

    /// From now on codes of the pending secret are asked for; `step` is used. Replaces the recovery codes.
    /// `false` if no secret is pending.
    fn confirm_totp(
        &self,
        user: UserId,
        step: i64,
        recovery: Vec<Digest>,
    ) -> BoxFuture<'_, Result<bool>>;

    /// No code is asked for any more. `false` if there is no such user.
    fn end_totp(&self, user: UserId) -> BoxFuture<'_, Result<bool>>;

    /// Uses the code of a time step. `false` if this or a later one was used.
    fn use_totp_step(&self, user: UserId, step: i64) -> BoxFuture<'_, Result<bool>>;

    /// Uses a recovery code, by its digest. `false` if there is none.
    fn use_recovery_code(&self, user: UserId, digest: Digest) -> BoxFuture<'_, Result<bool>>;

    /// The digest of the key that may set the password once, and when that expires.
    fn setup_key(&self) -> BoxFuture<'_, Result<Option<(Digest, Timestamp)>>>;

    /// Lets this key, by its digest, set the password once until then; an earlier key is of no use any more.
    fn set_setup_key(&self, digest: Digest, expires_at: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Uses up the key of this digest; `false` if it is not the latest one, or was used already. Of two
    /// that come with one key, one gets `true`.
    fn take_setup_key(&self, digest: Digest) -> BoxFuture<'_, Result<bool>>;

    /// Adds a login; of more than `max` of the same user the one that was seen longest ago ends. `None` if
    /// there is no such user.
    fn add_login(&self, login: Login, max: u32) -> BoxFuture<'_, Result<Option<i64>>>;

    /// Notes when and at which address a login was seen.
    fn see_login(&self, id: i64, at: Timestamp, address: String) -> BoxFuture<'_, Result<()>>;

    /// The login of this digest, and whose it is.
    fn login(&self, digest: Digest) -> BoxFuture<'_, Result<Option<(Login, User)>>>;

    /// All logins, the one that was seen last first.
    fn logins(&self) -> BoxFuture<'_, Result<Vec<Login>>>;

    /// Ends a login; whether there was one.
    fn end_login(&self, id: i64) -> BoxFuture<'_, Result<bool>>;

    /// Ends all logins of a user but `except`.
    fn end_logins(&self, user: UserId, except: Option<i64>) -> BoxFuture<'_, Result<()>>;

    /// All tokens, the oldest first.
    fn tokens(&self) -> BoxFuture<'_, Result<Vec<ApiToken>>>;

    /// The token of this digest.
    fn token(&self, digest: Digest) -> BoxFuture<'_, Result<Option<ApiToken>>>;

    /// Makes a token, unless there are `max` or its maker is an owner no longer, and notes who did; its number. Its
    /// own number is not read.
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
