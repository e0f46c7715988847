//! Why the spool could not do what it was asked.

use std::io::{self, ErrorKind};
use std::path::Path;

use tipoff_model::{ArrivalId, IncidentId};

use crate::Locks;

/// Why the spool could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// No room: the disk is full.
    #[error("the disk with the spool is full: {0}")]
    Full(String),
    /// Another Tipoff runs on the same folder.
    #[error(
        "another Tipoff is already running with the data folder {0}: stop it, or set another `data_dir`"
    )]
    Locked(String),
    /// A copy of a spool to here was begun and is not complete.
    #[error(
        "a copy of another spool to here is not complete; continue it with `tipoff spool copy`, with Tipoff stopped"
    )]
    Unfinished,
    /// A copy cannot be made while a Tipoff uses the database.
    #[error("a Tipoff uses the database, from {0}; stop it first")]
    InUse(String),
    /// A copy cannot be made, or continued.
    #[error("{0}")]
    Copy(String),
    /// The spool was written by a newer Tipoff.
    #[error(
        "a newer Tipoff has used it (the spool has version {found}, this Tipoff knows versions up to {known}): start that \
         one, or set another `data_dir`"
    )]
    Newer {
        /// The version in the file.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The spool was written by a build from before the first release.
    #[error(
        "the data folder has a spool of version {found}, which only builds from before the first release wrote; \
         this Tipoff opens versions from {oldest} on. Set `data_dir` to a new folder, or use the build that wrote it"
    )]
    TooOld {
        /// The version in the file.
        found: i64,
        /// The oldest version that this program opens.
        oldest: i64,
    },
    /// The database failed.
    #[error("the spool's database failed: {0}")]
    Database(String),
    /// Another transaction came in the way, such as one with which this one would wait for ever, or one that removed or
    /// merged a device of this one. Nothing was written, and the next attempt can succeed.
    #[error("the spool's database is changed by others at the same time: {0}")]
    Conflict(String),
    /// The connection to the database broke during a commit: what was written may be stored or not.
    #[error("the spool's database did not say whether it stored: {0}")]
    CommitUnknown(String),
    /// The data folder cannot be used.
    #[error("the data folder {folder} cannot be used: {reason}")]
    Folder {
        /// The folder.
        folder: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// Nothing was stored there yet, so there is nothing to look at.
    #[error(
        "nothing is stored in {0} yet. `tipoff run` makes it; for the spool of a Tipoff that runs with another \
         configuration or data folder, give the same --config or --data-dir"
    )]
    Empty(String),
    /// A file failed.
    #[error("a file of the spool cannot be read or written: {0}")]
    File(String),
    /// There is no such incident.
    #[error("there is no incident {0}")]
    NoIncident(IncidentId),
    /// Locked incidents would take more than half of the room.
    #[error("{0}")]
    LocksFull(Locks),
    /// There is no such arrival any more.
    #[error("there is no arrival {0}")]
    NoArrival(ArrivalId),
    /// Another node may have held the lease since: nothing was written.
    #[error("this node has lost the lease of {0:?}")]
    LeaseLost(String),
    /// The program is stopping.
    #[error("the spool is closed")]
    Closed,
}

impl SpoolError {
    /// The same, with the folder of the spool that was to be opened.
    pub(crate) fn in_folder(self, folder: &Path) -> Self {
        let name = folder.display();
        match self {
            Self::File(reason) => Self::Folder { folder: name.to_string(), reason },
            Self::Newer { .. } => {
                Self::Folder { folder: name.to_string(), reason: self.to_string() }
            }
            Self::Full(reason) => Self::Full(format!("{name}: {reason}")),
            Self::Database(reason) => {
                let what_to_do = database_hint(&reason);
                let file = folder.join("spool.db");
                Self::Database(format!("{}: {reason}{what_to_do}", file.display()))
            }
            other => other,
        }
    }
}

/// What to do about an error of SQLite when a database is opened, by its text.
fn database_hint(reason: &str) -> &'static str {
    if reason.contains("not a database") || reason.contains("malformed") {
        "; restore it from a backup (docs/backup.md), or move it away to begin anew"
    } else if reason.contains("unable to open") || reason.contains("readonly") {
        "; run this as the user that Tipoff runs as, as in `sudo -u tipoff tipoff …`"
    } else {
        ""
    }
}

/// Why a folder cannot be used, and what to do.
pub(crate) fn folder_error(error: &io::Error) -> SpoolError {
    SpoolError::File(match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
            "it is a file, or in one; set `data_dir` to a folder".to_owned()
        }
        ErrorKind::PermissionDenied => {
            "this user may not use it; run this as the user that Tipoff runs as, as in \
             `sudo -u tipoff tipoff …`, or give that user the folder (`chown`)"
                .to_owned()
        }
        ErrorKind::ReadOnlyFilesystem => {
            "its disk is mounted read-only; mount it for writing, or set another `data_dir`"
                .to_owned()
        }
        ErrorKind::StorageFull => return SpoolError::Full(error.to_string()),
        _ => format!("{error}; set another `data_dir`"),
    })
}

/// What the spool does give.
pub type Result<T, E = SpoolError> = std::result::Result<T, E>;
