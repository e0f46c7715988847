//! The server's side of one FTP control connection, and the tree of folders that a device sees.
//! Knows no socket, no clock and no file: bytes in, steps out. The caller (`receive/ftp.rs` of the program) has the
//! sockets, makes the data connections and stores the files.
//!
//! RFC 959 with 2228 and 4217 (TLS), 2389 (FEAT), 2428 (IPv6), 2577 (security), 2640 (UTF-8), 3659 (MLSD, SIZE,
//! MDTM, REST), and what cameras send besides.

mod address;
mod command;
mod letters;
mod listing;
mod path;
mod profile;
mod refusal;
mod reply;
mod session;
mod step;
mod telnet;
mod text;
mod tree;

pub use listing::Listing;
pub use path::{FilePath, NAME_BYTES_MAX, PATH_BYTES_MAX, PATH_DEPTH_MAX};
pub use profile::{MissingFolder, Profile};
pub use refusal::{CommandRefusal, RefusalCause};
pub use reply::FtpReply;
pub use session::Session;
pub use step::{
    DataMode, DownloadRequest, DownloadSource, Protection, Step, TransferFailure, TransferOutcome,
    UploadMode, UploadRequest,
};
pub use tree::{NODES_MAX, PATHS_BYTES_MAX, SharedTree, Tree, UploadedFile};
