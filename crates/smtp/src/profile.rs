//! The settings of a listener: what it offers, and its limits. The configuration makes them (`[smtp]`, `[access]`); the
//! session decides by them.

use crate::content::SURPLUS_BYTES_MIN;

/// The settings of a listener, shared by its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The server's name in its replies; one line, without spaces.
    pub host_name: String,
    /// Whether EHLO is accepted. A Reolink whose EHLO is refused falls back to HELO, and then does not log in.
    pub ehlo: bool,
    /// Whether EHLO lists AUTH. A login is accepted even if AUTH is not listed, and after HELO: some cameras log in
    /// without reading the list.
    pub auth: bool,
    /// Whether STARTTLS is offered on plain connections.
    pub starttls: bool,
    /// Whether MAIL is refused before a login.
    pub require_login: bool,
    /// Whether a dot between bare LFs may end a message whose commands end with CRLF
    /// ([`crate::Session::may_have_ended`]). For clients in the trusted networks only.
    pub lf_ends_message: bool,
    /// Limit of a message in bytes. A larger one is refused with 552.
    pub message_bytes_max: u64,
    /// Limit of the recipients of a message. Further ones are refused with 452.
    pub recipients_max: usize,
    /// Limit of a command line in bytes, with its line end. A longer line is refused with 500.
    pub line_bytes_max: usize,
    /// Number of refused commands that end the session.
    pub errors_max: u32,
    /// Whether the session returns [`crate::Step::Transcript`].
    pub transcript: bool,
}

impl Profile {
    /// Limit of a refused chunk in bytes that is read and discarded. A larger one ends the session.
    pub(crate) fn swallowed_max(&self) -> u64 {
        self.message_bytes_max.max(SURPLUS_BYTES_MIN)
    }
}

/// A listener that offers everything, with the limits of RFC 5321, section 4.5.3.1, or above.
impl Default for Profile {
    fn default() -> Self {
        Self {
            host_name: "localhost".to_owned(),
            ehlo: true,
            auth: true,
            starttls: true,
            require_login: false,
            lf_ends_message: false,
            message_bytes_max: 50_000_000,
            recipients_max: 100,
            line_bytes_max: 2_048,
            errors_max: 20,
            transcript: false,
        }
    }
}
