//! What to change at a device whose session went on all the same, in words for the person at the device.
//!
//! A problem (`problem.rs`) ends when it is solved. Advice stays for the session.

use super::super::wrong_port::WrongPort;
use super::problem::shown;

/// Something to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::receive) enum SessionAdvice {
    /// It came to the port of another protocol.
    WrongPort(WrongPort),
    /// The user is known and the password is wrong. No login is required, so that it may send.
    WrongPassword {
        /// The user of the login.
        user: String,
    },
}

impl SessionAdvice {
    /// What to change.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::WrongPort(wrong) => wrong.served_hint(),
            Self::WrongPassword { user } => {
                let user = shown(user);
                format!(
                    "The password of the user \"{user}\" is wrong, so that what comes is not assigned to its device: \
                     type the password into the device again. Some devices cut long passwords or cannot send every \
                     character.",
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tipoff_model::Protocol;

    use super::*;

    #[test]
    fn each_advice_says_what_to_change() {
        let right = Some(2525);
        let wrong = WrongPort { spoken: Protocol::Smtp, of: Protocol::Ftp, came_to: 2121, right };
        let user = "front\u{7}".to_owned();
        for (advice, words) in [
            (SessionAdvice::WrongPort(wrong), "Set the port to 2525"),
            (SessionAdvice::WrongPassword { user }, "the user \"front\" is wrong"),
        ] {
            let hint = advice.hint();
            assert!(hint.contains(words) && hint.ends_with('.'), "{hint}");
        }
    }
}
