//! What a listener offers and where its limits are. Settings only: nothing is decided here.

/// What is answered to a device that enters a folder which is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingFolder {
    /// 550, so that cameras which make their own folders do so. A device that gave up there finds this folder
    /// at its next try, and every other one that it wants.
    #[default]
    Learn,
    /// The folder is made.
    Create,
    /// 550, always.
    Refuse,
}

/// The settings of a listener, shared by its sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whether AUTH TLS is offered.
    pub tls: bool,
    /// What happens where a folder is missing.
    pub missing_folder: MissingFolder,
    /// Whether the client may download what it uploaded, and see what it uploaded in earlier sessions.
    pub read: bool,
    /// The longest command line, with its line end.
    pub line_bytes_max: usize,
    /// The refused login with this number ends the session.
    pub login_failures_max: u32,
    /// Whether the session gives [`crate::Step::Heard`].
    pub transcript: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            tls: true,
            missing_folder: MissingFolder::Learn,
            read: true,
            line_bytes_max: 8_192,
            login_failures_max: 10,
            transcript: false,
        }
    }
}
