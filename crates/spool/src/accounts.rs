//! Who may see the dashboard: one owner with a password, the browsers that are logged in, tokens for
//! programs. No secret is kept here, only digests of them.

use tipoff_model::Timestamp;

use crate::{BoxFuture, Print, Result};

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

/// A token for a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// The digest of the token.
    pub print: Print,
    /// Whether it may change anything.
    pub may_change: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Accounts of the dashboard.
pub trait Accounts {
    /// The password's hash, in the PHC string format; none: none is set.
    fn password(&self) -> BoxFuture<'_, Result<Option<String>>>;

    /// Sets the password's hash; every login ends, and the key to set it holds no longer.
    fn set_password(&self, hash: String) -> BoxFuture<'_, Result<()>>;

    /// The digest of the key that may set the password once.
    fn setup_key(&self) -> BoxFuture<'_, Result<Option<Print>>>;

    /// Lets this key, by its digest, set the password once; an earlier one holds no longer.
    fn set_setup_key(&self, print: Print) -> BoxFuture<'_, Result<()>>;

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

    /// Makes a token, unless there are `max`; its number. Its own number is not looked at.
    fn add_token(&self, token: ApiToken, max: u32) -> BoxFuture<'_, Result<Option<i64>>>;

    /// Ends a token; whether there was such a one.
    fn remove_token(&self, id: i64) -> BoxFuture<'_, Result<bool>>;
}
