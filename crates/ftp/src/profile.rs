//! The settings of a listener: what it offers, and its limits. The configuration makes them (`[ftp]`); the session
//! decides by them.

/// The reply to a device that enters a missing folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingFolder {
    /// 550, so that cameras which make their own folders do so. If a device gives up instead, this folder is made for
    /// its next try, and from then on every other one.
    #[default]
    Learn,
    /// 250, and the folder is made.
    Create,
    /// 550, always.
    Refuse,
}

/// The settings of a listener, shared by its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whether AUTH TLS is offered.
    pub tls: bool,
    /// The reply to a device that enters a missing folder.
    pub missing_folder: MissingFolder,
    /// Whether the client may download what it uploaded, and see what it uploaded in earlier sessions.
    pub read: bool,
    /// Whether data connections go to the address that the client has connected to. If not, EPSV, whose reply names a port
    /// only (RFC 2428, section 3), is refused to clients of IPv4, which have PASV.
    pub extended_passive: bool,
    /// Limit of a command line in bytes, with its line end. A longer line is refused with 500.
    pub line_bytes_max: usize,
    /// Number of refused logins that end the session.
    pub login_failures_max: u32,
    /// Whether the session returns [`crate::Step::Transcript`].
    pub transcript: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            tls: true,
            missing_folder: MissingFolder::Learn,
            read: true,
            extended_passive: true,
            line_bytes_max: 8_192,
            login_failures_max: 10,
            transcript: false,
        }
    }
}
