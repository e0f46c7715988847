//! Why a login or a change of accounts is refused: the reasons, their texts, and their status in the API.
//!
//! A text says what to do next. A failed login never says whether the name exists. The forms of the login show the text,
//! the API sends it as a [`Problem`].

use axum::http::StatusCode;
use tipoff_spool::{SpoolError, UserChange, UserId};

use super::super::problem::Problem;

/// Why a login or a change of accounts is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// The password is wrong, or there is no such user: which of the two is not said.
    #[error("wrong name or password")]
    Wrong,
    /// The one-time or recovery code is wrong, or was used before.
    #[error("wrong code, or a code that was already used")]
    WrongCode,
    /// The code came too late after the password.
    #[error("the time limit has passed; enter the password again")]
    Expired,
    /// Too many attempts; with the seconds to wait.
    #[error("too many attempts; try again in {0} seconds")]
    TooMany(u64),
    /// The link that sets the first password was used, has expired, or was replaced by a newer one.
    #[error("invalid or expired link; `tipoff password --link` makes a new one")]
    NoKey,
    /// The length of the password is not allowed.
    #[error("a password must have 8 to 200 characters")]
    Unfit,
    /// The name is empty, too long or deceptive.
    #[error(
        "a name must have 1 to 60 characters, and no invisible ones or ones that change the direction of text"
    )]
    UnfitName,
    /// There are too many tokens.
    #[error("the limit of 100 tokens is reached; revoke one first")]
    Full,
    /// There are too many users.
    #[error("the limit of 50 users is reached; remove one first")]
    FullOfUsers,
    /// Names are unique regardless of case.
    #[error("another user has this name")]
    NameTaken,
    /// The change would leave nobody who can change anything.
    #[error("there must be an owner with a password: first add one, or make another user an owner")]
    LastOwner,
    /// The user was removed meanwhile.
    #[error("user not found")]
    NoUser,
    /// The secret for one-time codes was replaced or confirmed meanwhile.
    #[error("there is no new secret to confirm; start again")]
    NothingPending,
    /// The spool cannot be used.
    #[error("{0}")]
    Spool(#[from] SpoolError),
    /// No random numbers, or no memory for a hash.
    #[error("this machine cannot make or check a password: {0}")]
    Machine(String),
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
            AccessError::Spool(_) | AccessError::Machine(_) => {
                tracing::error!(error = %refusal, "Could not check a login.");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        Self::new(status, refusal.to_string())
    }
}
