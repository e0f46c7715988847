//! The cause of a refused command, as the session names it for the person who owns the device.
//!
//! A device that gives up after a refusal sends nothing more, and its own page says only that the test failed. The
//! session follows refusals (`session/refusals.rs`) and passes each with its cause; the caller turns the cause into
//! a sentence that says what to change.

use std::net::SocketAddr;

/// A command that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRefusal {
    /// What has to change for the device to succeed.
    pub cause: RefusalCause,
    /// The command line, cut, with its secrets masked.
    pub command: String,
    /// The code of the reply, from 425 to 553.
    pub code: u16,
}

/// Cause of a refused command. Each calls for another change in the device or in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// The command needs a login, and the device has not logged in.
    LoginMissing,
    /// PORT or EPRT named this address, which is not the device's own, and the caller did not allow it.
    ForeignAddress(SocketAddr),
    /// There is no data connection: the device set none up, or the set-up failed.
    DataConnection,
    /// The folder is missing, or cannot be made.
    Folder,
    /// The name of the upload is not possible.
    FileName,
    /// The upload was to be resumed behind the end of the stored file.
    ResumeOffset,
    /// A type, structure or mode of transfer that no device needs.
    TransferMode,
    /// A change of the encryption that is not possible.
    Encryption,
    /// A command that sets nothing up, such as a query.
    Other,
}

impl RefusalCause {
    /// Whether the device loses an upload because of it, even if it has stored other files.
    pub const fn loses_an_upload(self) -> bool {
        matches!(
            self,
            Self::LoginMissing
                | Self::ForeignAddress(_)
                | Self::DataConnection
                | Self::FileName
                | Self::ResumeOffset
        )
    }
}
