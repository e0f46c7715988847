//! What a listener offers and where its limits are. Settings only: nothing is decided here.

use crate::content::SURPLUS_BYTES_MIN;

/// The settings of a listener, shared by its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name by which the server calls itself; one line, without spaces.
    pub host_name: String,
    /// Whether EHLO is answered. A Reolink that is refused falls back to HELO, and then does not
    /// try to log in.
    pub ehlo: bool,
    /// Whether EHLO lists AUTH. A login is accepted also where it is not listed, and after HELO,
    /// because there are cameras that log in without looking.
    pub auth: bool,
    /// Whether STARTTLS is offered to whoever is not encrypted yet.
    pub starttls: bool,
    /// Whether MAIL is refused to whoever has not logged in.
    pub require_login: bool,
    /// Whether a dot between bare LFs may end a message whose commands end with CRLF
    /// ([`crate::Session::may_have_ended`]). For clients in the trusted networks only.
    pub lf_ends_message: bool,
    /// The largest message.
    pub message_bytes_max: u64,
    /// The most recipients of a message.
    pub recipients_max: usize,
    /// The longest command line, with its line end.
    pub line_bytes_max: usize,
    /// The refused command with this number ends the session.
    pub errors_max: u32,
    /// Whether the session gives [`crate::Step::Heard`].
    pub transcript: bool,
}

impl Profile {
    /// The largest chunk that is swallowed when it is refused.
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
