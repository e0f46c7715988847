//! Why a camera gives no events, in words for its owner, and whether asking again may help.

use tipoff_camera::CameraError;

use super::pauses::Patience;

/// Why a camera gives no events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PullError {
    /// Asking again may help.
    Again {
        /// Why.
        reason: String,
        /// How soon.
        patience: Patience,
    },
    /// Only other settings help.
    Never {
        /// Why, and what to do.
        reason: String,
        /// The user whose password the camera refuses.
        refused: Option<String>,
    },
}

impl PullError {
    /// The camera has answered, and the answer was no.
    pub(super) fn answered(reason: impl Into<String>) -> Self {
        Self::Again { reason: reason.into(), patience: Patience::Long }
    }

    /// The connection ended.
    pub(super) fn ended(reason: impl Into<String>) -> Self {
        Self::Again { reason: reason.into(), patience: Patience::Soon }
    }

    /// Asking again is of no use.
    pub(super) fn never(reason: impl Into<String>) -> Self {
        Self::Never { reason: reason.into(), refused: None }
    }

    /// Why.
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Again { reason, .. } | Self::Never { reason, .. } => reason,
        }
    }
}

impl From<CameraError> for PullError {
    fn from(error: CameraError) -> Self {
        let words = error.to_string();
        match error {
            CameraError::LoginRefused { user, .. } => Self::Never {
                reason: format!(
                    "{words}. Correct it in `pull`: Tipoff does not try it again, because cameras lock the account"
                ),
                refused: Some(user),
            },
            CameraError::LoginMissing { .. } => Self::never(format!("{words}: add them to `pull`")),
            CameraError::NotAllowed { .. } => Self::never(format!(
                "{words}: give the user more rights, or name another one in `pull`"
            )),
            CameraError::UnknownChallenge { .. } | CameraError::BadQuestion(_) => {
                Self::never(words)
            }
            CameraError::Unreachable { .. }
            | CameraError::Silent { .. }
            | CameraError::Broken { .. }
            | CameraError::TooLarge { .. } => Self::ended(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tipoff_camera::CameraAddress;

    #[test]
    fn a_refused_password_says_whose_it_is_and_what_to_do() {
        let camera = CameraAddress { host: "192.168.1.20".to_owned(), port: 80, is_tls: false };
        let refused =
            CameraError::LoginRefused { camera: camera.clone(), user: "admin".to_owned() };
        let error = PullError::from(refused);
        assert_eq!(
            error.reason(),
            "http://192.168.1.20 refuses the password of the user \"admin\". Correct it in `pull`: Tipoff does not \
             try it again, because cameras lock the account"
        );
        assert!(matches!(error, PullError::Never { refused: Some(user), .. } if user == "admin"));
        let unreachable = CameraError::Unreachable { camera, reason: "no route".to_owned() };
        assert!(matches!(
            PullError::from(unreachable),
            PullError::Again { patience: Patience::Soon, .. }
        ));
    }
}
