//! A value that is never shown.

use std::fmt;

/// A password, a token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Keeps it.
    pub(crate) fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for what it is needed for.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}
