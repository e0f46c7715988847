//! The steps that a session asks of its caller, and the values of the answers.
//!
//! Values only: [`crate::Session::next_step`] returns the steps, and the methods in `session/answers.rs` take the
//! answers.

use std::net::SocketAddr;

use tipoff_model::ArrivalId;

use crate::listing::Listing;
use crate::path::FilePath;
use crate::refusal::CommandRefusal;
use crate::reply::FtpReply;
use crate::tree::UploadedFile;

/// One thing to do. If it needs an answer, [`crate::Session::next_step`] returns nothing more before the answer. A
/// transfer is an exception: until its end the session still returns replies and [`Step::Abort`].
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Write it. Replies to commands that were received together may be sent together.
    Reply(FtpReply),
    /// Write these lines. They belong to the reply that has begun.
    Lines(Vec<u8>),
    /// The next reply refuses a command. If the device gives up now, this is why.
    Refused(CommandRefusal),
    /// The device found a way around the latest [`Step::Refused`]: it is no explanation any more.
    RefusalSettled,
    /// A command line for the transcript, on one line, its secrets masked.
    Transcript(String),
    /// Answer with [`crate::Session::login_accepted`] or [`crate::Session::login_refused`], or
    /// [`crate::Session::login_deferred`].
    Authenticate {
        /// The argument of USER.
        user: String,
        /// The argument of PASS.
        password: String,
    },
    /// Listen for a data connection instead of an earlier one. Answer with [`crate::Session::passive`].
    Passive,
    /// The client wants data connections to go to an address that is not its own. Answer with
    /// [`crate::Session::foreign`].
    Foreign(SocketAddr),
    /// Encrypt, then call [`crate::Session::tls_started`]. Input behind this step is discarded: plain text must not
    /// be read as encrypted (RFC 4217, section 4).
    StartTls,
    /// An upload begins. Answer with [`crate::Session::transfer_ended`]; until then keep passing the input of the
    /// control connection to the session.
    Receive(UploadRequest),
    /// A download or listing begins. Answer with [`crate::Session::transfer_ended`].
    Send(DownloadRequest),
    /// Stop the transfer, keep the bytes received so far, and call [`crate::Session::transfer_ended`].
    Abort,
    /// An uploaded file was renamed. Answer with [`crate::Session::renamed`].
    Rename {
        /// The arrival that it is stored as.
        arrival: ArrivalId,
        /// Its new path.
        path: FilePath,
    },
    /// A command refers to this path, and another session of the device may be finishing an upload of it: wait for
    /// that, with a short time limit. Answer with [`crate::Session::upload_awaited`].
    AwaitUpload(FilePath),
    /// Close the connection when everything is written. There is no further step.
    Close,
}

/// Which side opens the data connection (RFC 959, section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataMode {
    /// The client connects to the caller's listener.
    Passive,
    /// The caller connects, to the client's own address or to another one that was allowed.
    Active(SocketAddr),
}

/// Whether the data connection is encrypted (RFC 4217, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Not encrypted.
    Clear,
    /// Encryption is required.
    Private,
    /// The client declined it on an encrypted control connection. Some clients encrypt nevertheless: the first bytes
    /// decide.
    Declined,
    /// The client has not sent PROT on an encrypted control connection: the first bytes decide.
    Unspecified,
}

/// An upload that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRequest {
    /// Which side opens the data connection.
    pub data: DataMode,
    /// Whether the data connection is encrypted.
    pub protection: Protection,
    /// Path of the file.
    pub path: FilePath,
    /// Where its bytes go in a file that exists already.
    pub mode: UploadMode,
    /// The file at this path that the upload replaces.
    pub earlier: Option<UploadedFile>,
}

/// Where the bytes of an upload go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UploadMode {
    /// Into a new file.
    New,
    /// Behind the end of this file.
    Append(UploadedFile),
    /// Into this file from an offset before its end; the bytes before the offset stay.
    Within {
        /// The file.
        file: UploadedFile,
        /// Number of bytes that stay.
        offset: u64,
    },
}

/// A download or listing that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadRequest {
    /// Which side opens the data connection.
    pub data: DataMode,
    /// Whether the data connection is encrypted.
    pub protection: Protection,
    /// Where its bytes come from.
    pub source: DownloadSource,
}

/// Where the bytes of a download come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadSource {
    /// The lines of a listing.
    Listing(Listing),
    /// A stored file, from an offset on.
    File {
        /// The file.
        file: UploadedFile,
        /// Number of bytes that are left out at the beginning.
        offset: u64,
    },
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferOutcome {
    /// The whole upload is durable, as this file.
    Stored(UploadedFile),
    /// The whole download was sent.
    Sent,
    /// The transfer was not completed. The file is the part of an upload that was kept, if any.
    Failed(TransferFailure, Option<UploadedFile>),
}

/// Why a transfer was not completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferFailure {
    /// There was no data connection.
    NoConnection,
    /// The data connection could not be encrypted.
    NotEncrypted,
    /// The data connection broke.
    Broken,
    /// The caller carried out [`Step::Abort`].
    Aborted,
    /// No bytes were received for too long, or the transfer took too long.
    TimedOut,
    /// The file is larger than the limit.
    TooBig,
    /// Another session writes this file.
    Busy,
    /// The file to send does not exist any more.
    Gone,
    /// The spool is full now.
    SpoolFull,
    /// A temporary error; a later try may succeed.
    Temporary,
}
