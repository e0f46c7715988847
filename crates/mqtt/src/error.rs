//! Why there is no connection to a broker, in words for its owner.

use rumqttc::{ConnectReturnCode, ConnectionError, StateError};

/// Longest text of an error, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// What an error means for the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// User or password are wrong, or missing.
    Login,
    /// The broker answered, and does not accept the connection.
    Refused,
    /// The broker cannot be reached, or the connection broke.
    Unreachable,
    /// A message is larger than it may be.
    TooLarge,
}

/// Why there is no connection. The text contains no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct MqttError {
    /// What it means.
    pub kind: ErrorKind,
    text: String,
}

impl MqttError {
    /// An error with these words.
    pub fn new(kind: ErrorKind, text: String) -> Self {
        Self {
            kind,
            text: text.chars().filter(|it| !it.is_control()).take(TEXT_CHARS_MAX).collect(),
        }
    }

    /// The error of the library, for the broker of this name.
    pub(crate) fn of(broker: &str, error: &ConnectionError) -> Self {
        use ConnectReturnCode::{BadUserNamePassword, NotAuthorized};
        match error {
            ConnectionError::ConnectionRefused(BadUserNamePassword | NotAuthorized) => {
                Self::new(ErrorKind::Login, format!("{broker} refuses the login"))
            }
            ConnectionError::ConnectionRefused(code) => {
                Self::new(ErrorKind::Refused, format!("{broker} refuses the connection ({code:?})"))
            }
            ConnectionError::MqttState(StateError::ConnectionAborted) => {
                Self::new(ErrorKind::Unreachable, format!("{broker} closed the connection"))
            }
            ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => {
                Self::new(ErrorKind::Unreachable, format!("{broker} did not answer in time"))
            }
            error => {
                let mut inner: &dyn std::error::Error = error;
                while let Some(source) = inner.source() {
                    inner = source;
                }
                let text = inner.to_string();
                // `rumqttc` has no type for it that it passes on.
                let kind = match text.starts_with("payload size limit exceeded") {
                    true => ErrorKind::TooLarge,
                    false => ErrorKind::Unreachable,
                };
                Self::new(kind, format!("the connection to {broker} failed: {text}"))
            }
        }
    }
}
