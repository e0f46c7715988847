//! The server's side of one FTP control connection, and the tree of folders that a device sees.
//! Knows no socket, no clock and no file: bytes in, steps out.
//!
//! RFC 959 with 2228 and 4217 (TLS), 2389 (FEAT), 2428 (IPv6), 2640 (UTF-8), 3659 (MLSD, SIZE,
//! MDTM, REST), and what cameras send besides. The data connection is the shell's.

mod address;
mod command;
mod letters;
mod listing;
mod path;
mod profile;
mod reply;
mod session;
mod step;
mod telnet;
mod text;
mod tree;

pub use listing::Listing;
pub use path::{FilePath, NAME_BYTES_MAX, PATH_BYTES_MAX, PATH_DEPTH_MAX};
pub use profile::{MissingFolder, Profile};
pub use reply::Reply;
pub use session::Session;
pub use step::{
    DataMode, DownloadRequest, DownloadSource, Failure, Outcome, Protection, Step, UploadMode,
    UploadRequest,
};
pub use tree::{File, NODES_MAX, PATHS_BYTES_MAX, SharedTree, Tree};
