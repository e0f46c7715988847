//! Why a login or a change of accounts is refused: the reasons, their texts, and their status in the API.
//!
//! A text says what to do next. A failed login never says whether the name exists. The forms of the login show the text,
//! the API sends it as a [`Problem`].

use std::fmt;

use axum::http::StatusCode;
use tipoff_spool::{SpoolError, UserChange, UserId};

use super::super::problem::Problem;
use super::super::reader_language::text;

/// Why a login or a change of accounts is refused. Its text is in the reader's language, and English on the command line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// The password is wrong, or there is no such user: which of the two is not said.
    Wrong,
    /// The one-time or recovery code is wrong, or was used before.
    WrongCode,
    /// The code came too late after the password.
    Expired,
    /// Too many attempts; with the seconds to wait.
    TooMany(u64),
    /// The link that sets the first password was used, has expired, or was replaced by a newer one.
    NoKey,
    /// The length of the password is not allowed.
    Unfit,
    /// The name is empty, too long or deceptive.
    UnfitName,
    /// There are too many tokens.
    Full,
    /// There are too many users.
    FullOfUsers,
    /// Names are unique regardless of case.
    NameTaken,
    /// The change would leave nobody who can change anything.
    LastOwner,
    /// The user was removed meanwhile.
    NoUser,
    /// The secret for one-time codes was replaced or confirmed meanwhile.
    NothingPending,
    /// The spool cannot be used.
    Spool(#[from] SpoolError),
    /// No random numbers, or no memory for a hash.
    Machine(String),
}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self {
            Self::Wrong => "problem-wrong-login",
            Self::WrongCode => "problem-wrong-code",
            Self::Expired => "problem-login-expired",
            Self::TooMany(seconds) => {
                return text("problem-too-many-attempts").count(*seconds).fmt(f);
            }
            Self::NoKey => "problem-setup-link",
            Self::Unfit => "problem-password-length",
            Self::UnfitName => "problem-user-name",
            Self::Full => "problem-tokens-full",
            Self::FullOfUsers => "problem-users-full",
            Self::NameTaken => "problem-name-taken",
            Self::LastOwner => "problem-last-owner",
            Self::NoUser => "problem-no-such-user",
            Self::NothingPending => "problem-no-secret",
            Self::Spool(error) => return error.fmt(f),
            Self::Machine(reason) => {
                return text("problem-machine").words("reason", reason).fmt(f);
            }
        };
        text(key).fmt(f)
    }
}

impl From<UserChange> for AccessError {
    fn from(change: UserChange) -> Self {
        match change {
            UserChange::NameTaken => Self::NameTaken,
            UserChange::Full => Self::FullOfUsers,
            UserChange::LastOwner => Self::LastOwner,
            UserChange::NoUser | UserChange::Done(_) => Self::NoUser,
        }
    }
}

/// The number of the user, or why nothing was changed.
pub(super) fn done(change: UserChange) -> Result<UserId, AccessError> {
    match change {
        UserChange::Done(user) => Ok(user),
        change => Err(change.into()),
    }
}

impl From<AccessError> for Problem {
    fn from(refusal: AccessError) -> Self {
        let status = match &refusal {
            AccessError::Spool(_) => {
                tracing::error!(error = %refusal, "Could not check a login.");
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, text("problem-spool"));
            }
            AccessError::Wrong
            | AccessError::WrongCode
            | AccessError::NoKey
            | AccessError::Expired => StatusCode::FORBIDDEN,
            AccessError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            AccessError::Unfit | AccessError::UnfitName => StatusCode::BAD_REQUEST,
            AccessError::Full
            | AccessError::FullOfUsers
            | AccessError::NameTaken
            | AccessError::LastOwner
            | AccessError::NothingPending => StatusCode::CONFLICT,
            AccessError::NoUser => StatusCode::NOT_FOUND,
            AccessError::Machine(reason) => {
                tracing::error!(%reason, "Could not make or check a password.");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self::new(status, refusal.to_string())
    }
}
