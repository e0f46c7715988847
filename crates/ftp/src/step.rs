//! What a session wants of its shell, and what the shell may answer. Values only.

use std::net::SocketAddr;

use tipoff_model::ArrivalId;

use crate::listing::Listing;
use crate::path::FilePath;
use crate::reply::Reply;
use crate::tree::File;

/// One thing to do. Where an answer is due, [`crate::Session::next_step`] gives nothing more until
/// it has it; during a transfer it gives what can be said meanwhile.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write it. Those of commands that came together may leave together.
    Reply(Reply),
    /// Write these lines, which are part of the reply that has begun.
    Lines(Vec<u8>),
    /// A command line for the transcript, on one line, its secrets masked.
    Heard(String),
    /// Answer with [`crate::Session::login_accepted`] or [`crate::Session::login_refused`], or
    /// [`crate::Session::login_deferred`].
    Authenticate {
        /// Of USER.
        user: String,
        /// Of PASS.
        password: String,
    },
    /// Listen for a data connection, in place of an earlier one. Answer with
    /// [`crate::Session::passive`].
    Passive,
    /// The client wants data connections to go to an address that is not its own. Answer with
    /// [`crate::Session::foreign`].
    Foreign(SocketAddr),
    /// Encrypt, then tell by [`crate::Session::tls_started`]. All input behind it is gone: nothing
    /// that came in plain text survives.
    StartTls,
    /// An upload begins. Answer with [`crate::Session::transfer_ended`]; meanwhile what is said on
    /// the control connection is given to the session as always.
    Receive(Receive),
    /// A download or listing begins. Answer with [`crate::Session::transfer_ended`].
    Send(Send),
    /// Stop the transfer, keep what came, and tell so by [`crate::Session::transfer_ended`].
    Abort,
    /// An uploaded file has another name now. Answer with [`crate::Session::renamed`].
    Rename {
        /// Where it is stored.
        arrival: ArrivalId,
        /// Its new path.
        path: FilePath,
    },
    /// Another session of the device may be ending an upload of this path, which a command is about: wait for it,
    /// but not for long. Answer with [`crate::Session::upload_awaited`].
    AwaitUpload(FilePath),
    /// Close the connection when everything is written. There is no further step.
    Close,
}

/// Which side opens the data connection (RFC 959, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataMode {
    /// The client connects to where the shell listens.
    Passive,
    /// The shell connects, to the client's own address or to one that it was asked for.
    Active(SocketAddr),
}

/// Whether the data connection is encrypted (RFC 4217, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// It is not.
    Clear,
    /// It must be.
    Private,
    /// The client wants none on an encrypted control connection. Some encrypt all the same: its first bytes tell.
    Declined,
    /// The client has said nothing of it on an encrypted control connection: its first bytes tell.
    Untold,
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receive {
    /// Where its bytes come from.
    pub data: DataMode,
    /// Whether they are encrypted.
    pub protection: Protection,
    /// Its name.
    pub path: FilePath,
    /// Whether it begins a file or continues one.
    pub mode: UploadMode,
    /// A file of its name that it takes the place of.
    pub earlier: Option<File>,
}

/// How the bytes of an upload relate to an earlier file of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadMode {
    /// They are a new file.
    New,
    /// They continue this file at its end.
    Append(File),
    /// They continue this longer file at an offset: the bytes before are the same.
    Within {
        /// The file.
        file: File,
        /// How many bytes of it are kept.
        offset: u64,
    },
}

/// A download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// Where its bytes go to.
    pub data: DataMode,
    /// Whether they are encrypted.
    pub protection: Protection,
    /// Its bytes.
    pub source: DownloadSource,
}

/// What is downloaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadSource {
    /// A listing.
    Listing(Listing),
    /// A stored file, without so many bytes at its beginning.
    File {
        /// The file.
        file: File,
        /// How many bytes are left out.
        offset: u64,
    },
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of an upload is durable, and is this file now.
    Stored(File),
    /// All of a download has left.
    Sent,
    /// It was not completed; of an upload perhaps something was kept.
    Failed(Failure, Option<File>),
}

/// Why a transfer was not completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There was no data connection.
    NoConnection,
    /// There was one, and it could not be encrypted.
    NotEncrypted,
    /// The data connection broke.
    Broken,
    /// [`Step::Abort`] was done.
    Aborted,
    /// Nothing came, or it took longer than it may.
    TimedOut,
    /// The file is larger than it may be.
    TooBig,
    /// Another session writes this file.
    Busy,
    /// What was to be sent is not there any more.
    Gone,
    /// There is no room for it now.
    SpoolFull,
    /// It went wrong, and may go well later.
    Temporary,
}
