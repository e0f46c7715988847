//! Why the spool could not do what it was asked.

use tipoff_model::{ArrivalId, IncidentId};

use crate::Locks;

/// Why the spool could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// No room: the disk is full.
    #[error("the disk with the spool is full: {0}")]
    Full(String),
    /// Another Tipoff runs on the same folder.
    #[error("another Tipoff is already running with the data folder {0}")]
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
        "the spool is of version {found}, this Tipoff knows versions up to {known}; use the newer Tipoff"
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
    /// A file failed.
    #[error("the spool's folder failed: {0}")]
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

/// What the spool does give.
pub type Result<T, E = SpoolError> = std::result::Result<T, E>;
