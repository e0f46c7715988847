//! Why a camera gives no answer, in words for its owner.

use std::time::Duration;

use crate::CameraAddress;

/// Why a camera gives no answer. No message contains a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CameraError {
    /// No connection could be made.
    #[error("{camera} cannot be reached: {reason}")]
    Unreachable {
        /// Which camera.
        camera: CameraAddress,
        /// What the system says.
        reason: String,
    },
    /// The time for the answer is over.
    #[error("{camera} did not answer within {seconds} s", seconds = time.as_secs_f32())]
    Silent {
        /// Which camera.
        camera: CameraAddress,
        /// How long was waited.
        time: Duration,
    },
    /// The connection ended, or what came is no HTTP.
    #[error("the connection to {camera} broke: {reason}")]
    Broken {
        /// Which camera.
        camera: CameraAddress,
        /// What happened.
        reason: String,
    },
    /// User or password are wrong. Nothing is asked again with them.
    #[error("{camera} refuses the password of the user \"{user}\"")]
    LoginRefused {
        /// Which camera.
        camera: CameraAddress,
        /// The user.
        user: String,
    },
    /// The camera wants a login, and there is none.
    #[error("{camera} wants a user and a password")]
    LoginMissing {
        /// Which camera.
        camera: CameraAddress,
    },
    /// The login is right, but not for this.
    #[error("{camera} does not let the user \"{user}\" ask for {path}")]
    NotAllowed {
        /// Which camera.
        camera: CameraAddress,
        /// The user.
        user: String,
        /// What was asked for, without its query.
        path: String,
    },
    /// The camera wants a kind of login that is not known.
    #[error("{camera} wants a login of a kind that Tipoff does not know: {reason}")]
    UnknownChallenge {
        /// Which camera.
        camera: CameraAddress,
        /// What is wrong with the challenge.
        reason: String,
    },
    /// The answer is larger than it may be.
    #[error("the answer of {camera} has more than {bytes} bytes")]
    TooLarge {
        /// Which camera.
        camera: CameraAddress,
        /// How much it may have.
        bytes: usize,
    },
    /// The question cannot be sent as HTTP.
    #[error("{address} is no address that a camera can be asked for", address = .0)]
    BadQuestion(String),
}

impl CameraError {
    /// Whether asking again with the same login is of no use, and may lock the account.
    pub fn is_about_login(&self) -> bool {
        matches!(
            self,
            Self::LoginRefused { .. }
                | Self::LoginMissing { .. }
                | Self::NotAllowed { .. }
                | Self::UnknownChallenge { .. }
        )
    }
}
