//! Who may use the dashboard and the API: users with a password and a role, the browsers that are logged in, and
//! tokens of programs. Secrets are stored as digests; only the secrets of one-time codes are needed as they are.
//!
//! The rules are in `core::accounts`. How a password is hashed, when a login expires, and what a role may do on which
//! page, decides the web server.

use std::fmt;

use tipoff_model::Timestamp;

use crate::{AuditEntry, BoxFuture, Digest, Result};

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees and changes everything.
    Owner,
    /// Sees all but secrets and settings; changes only their own password, one-time code and logins.
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
    /// A new secret, in force when the first code of it was confirmed.
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

/// A user that is to be added.
#[derive(Clone)]
pub struct NewUser {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Hash of the password in the PHC string format.
    pub password: String,
    /// When the user is added.
    pub at: Timestamp,
}

/// Outcome of a change of the users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// The change was made to this user.
    Done(UserId),
    /// There is no such user.
    NoUser,
    /// Another user has the name.
    NameTaken,
    /// The limit of users is reached.
    Full,
    /// No owner who can log in would be left, so that nobody could undo the change.
    LastOwner,
}

/// A browser that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Number of the login. Not read when a login is added.
    pub id: i64,
    /// Digest of the cookie that identifies the browser.
    pub digest: Digest,
    /// The user who logged in.
    pub user: UserId,
    /// When it logged in.
    pub created_at: Timestamp,
    /// When it was used last, to some minutes.
    pub seen_at: Timestamp,
    /// Address that it used last; empty if not known.
    pub address: String,
    /// User-Agent of the browser, shortened.
    pub browser: String,
}

/// What a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenScope {
    /// Everything that people can do, except users, their logins and passwords, and tokens.
    Change,
    /// Reading only.
    Read,
    /// The feed of incidents, and nothing else. Such a token may be part of a URL, which logs and browsers keep.
    Feed,
}

impl TokenScope {
    /// Name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Read => "read",
            Self::Feed => "feed",
        }
    }

    /// The scope of this name. An unknown one is the feed: it has the fewest rights.
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
    /// Number of the token. Not read when a token is added.
    pub id: i64,
    /// Name that its maker gave it, such as the program that uses it.
    pub name: String,
    /// Digest of the token, which itself is shown once and not stored.
    pub digest: Digest,
    /// What it may be used for.
    pub scope: TokenScope,
    /// The user who made it. It ends when that user is removed, or is an owner no longer. `None` if it was made on the command line, by somebody whom a
    /// reverse proxy let in, or by an earlier version.
    pub maker: Option<UserId>,
    /// Name of whoever made it; empty if an earlier version did not note it.
    pub made_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used last, to the hour. `None` if it was never used.
    pub used_at: Option<Timestamp>,
}

/// The part of the spool that stores the accounts of the dashboard.
pub trait Accounts {
    /// All users, the oldest first.
    fn users(&self) -> BoxFuture<'_, Result<Vec<User>>>;

    /// Adds a user, unless there are `max`. A viewer is added only where an owner can log in
    /// ([`UserChange::LastOwner`]).
    fn add_user(&self, user: NewUser, max: u32) -> BoxFuture<'_, Result<UserChange>>;

    /// Changes the role of a user. The tokens of an owner who becomes a viewer end.
    fn set_role(&self, user: UserId, role: Role) -> BoxFuture<'_, Result<UserChange>>;

    /// Removes a user with their logins, codes, tokens and subscriptions of browsers.
    fn remove_user(&self, user: UserId) -> BoxFuture<'_, Result<UserChange>>;

    /// Sets the hash of a user's password and ends all logins and subscriptions of that user. `None` stands for the first owner, who is
    /// added if there is none; then the setup key ends as well.
    fn set_password(&self, user: Option<UserId>, hash: String)
    -> BoxFuture<'_, Result<UserChange>>;

    /// Stores a new secret of one-time codes. The old one stays in force until a code of the new one is confirmed.
    /// `false` if there is no such user.
    fn begin_totp(&self, user: UserId, secret: Vec<u8>) -> BoxFuture<'_, Result<bool>>;

    /// Puts the pending secret in force: from now on logins need its codes. `step` counts as used. Replaces the
    /// recovery codes. `false` if no secret is pending.
    fn confirm_totp(
        &self,
        user: UserId,
        step: i64,
        recovery: Vec<Digest>,
    ) -> BoxFuture<'_, Result<bool>>;

    /// Ends one-time codes: logins need none any more. `false` if there is no such user.
    fn end_totp(&self, user: UserId) -> BoxFuture<'_, Result<bool>>;

    /// Uses the code of a time step (RFC 6238, section 5.2: a code is accepted once). `false` if this or a later one
    /// was used.
    fn use_totp_step(&self, user: UserId, step: i64) -> BoxFuture<'_, Result<bool>>;

    /// Uses up a recovery code, by its digest. `false` if the user has no such code.
    fn use_recovery_code(&self, user: UserId, digest: Digest) -> BoxFuture<'_, Result<bool>>;

    /// Digest of the setup key, which may set the first password once, and when the key expires.
    fn setup_key(&self) -> BoxFuture<'_, Result<Option<(Digest, Timestamp)>>>;

    /// Stores the digest of a new setup key. The one before ends.
    fn set_setup_key(&self, digest: Digest, expires_at: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Uses up the setup key of this digest. `false` if it is not the latest one, or was used: of two requests with
    /// one key, one gets `true`. Whether it has expired is for the caller to check.
    fn take_setup_key(&self, digest: Digest) -> BoxFuture<'_, Result<bool>>;

    /// Adds a login. Returns its number, or `None` if there is no such user. Of more than `max` logins of a user the
    /// one that was used longest ago ends.
    fn add_login(&self, login: Login, max: u32) -> BoxFuture<'_, Result<Option<i64>>>;

    /// Notes when and from which address a login was used.
    fn see_login(&self, id: i64, at: Timestamp, address: String) -> BoxFuture<'_, Result<()>>;

    /// The login of this digest with its user.
    fn login(&self, digest: Digest) -> BoxFuture<'_, Result<Option<(Login, User)>>>;

    /// All logins, the one that was used last first.
    fn logins(&self) -> BoxFuture<'_, Result<Vec<Login>>>;

    /// Ends a login, and with it the subscriptions that the browser made in it. `false` if there was none of this number.
    fn end_login(&self, id: i64) -> BoxFuture<'_, Result<bool>>;

    /// Ends all logins of a user except one, from which the request comes, and with them the subscriptions of browsers.
    fn end_logins(&self, user: UserId, except: Option<i64>) -> BoxFuture<'_, Result<()>>;

    /// All tokens, the oldest first.
    fn tokens(&self) -> BoxFuture<'_, Result<Vec<ApiToken>>>;

    /// The token of this digest. `None` if it was never made, or has ended.
    fn token(&self, digest: Digest) -> BoxFuture<'_, Result<Option<ApiToken>>>;

    /// Adds a token and its audit entry in one transaction. Returns its number, or `None` if there are `max` tokens, or
    /// its maker is not an owner (any more).
    fn add_token(
        &self,
        token: ApiToken,
        max: u32,
        entry: AuditEntry,
    ) -> BoxFuture<'_, Result<Option<i64>>>;

    /// Notes that a token was used.
    fn note_token_used(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Ends a token and adds its audit entry. `false` if there was no such token.
    fn remove_token(&self, id: i64, entry: AuditEntry) -> BoxFuture<'_, Result<bool>>;
}
