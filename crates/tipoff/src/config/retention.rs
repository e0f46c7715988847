//! `[retention]`: how much is stored, and for how long.
//!
//! Reads the limits. `age_guard.rs` decides what is old enough, `disk.rs` how much room there is, and the spool which
//! incidents are removed for it.

use std::time::Duration;

use super::section::Section;

/// The limits of the spool. An incident that is removed before it is delivered is logged as an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    /// The age at which an arrival is removed.
    pub(crate) keep: Duration,
    /// The bytes beyond which incidents are removed; `None` for half of the disk, as it was at the start.
    pub(crate) max_size: Option<u64>,
    /// The free bytes on disk below which the oldest incidents are removed and strangers are refused. Known devices are
    /// refused below half of it.
    pub(crate) min_free: u64,
}

/// Limits of the default of `max_size`, in bytes.
const MAX_SIZE_LEAST: u64 = 1_000_000_000;
const MAX_SIZE_MOST: u64 = 200_000_000_000;

impl Retention {
    /// The default of `max_size`: half of the bytes that are `free` or already `kept` by Tipoff. Counting what is kept
    /// makes the limit the same after a restart.
    pub(crate) fn default_max_size(free: u64, kept: u64) -> u64 {
        (free.saturating_add(kept) / 2).clamp(MAX_SIZE_LEAST, MAX_SIZE_MOST)
    }
}

/// What the reference says of the section.
pub(super) const DOC: &str =
    "How long arrivals are stored. Undelivered ones are never removed without an error in the log.";

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> Retention {
    Retention {
        keep: section.duration(
            "keep",
            "30 days",
            Duration::from_secs(60)..,
            "How long arrivals are stored.",
        ),
        max_size: section.given_size(
            "max_size",
            "20 GB",
            1_000_000..,
            "If all data of Tipoff, with the database and files that are being received, exceeds \
             this size, incidents are evicted: first those of the holder with the most data, \
             strangers before known devices, the oldest first. Without it: half of what is free or \
             used by Tipoff at the start, at least 1 GB, at most 200 GB; with `[spool] media`, 1 PB.",
        ),
        min_free: section.size(
            "min_free",
            "200 MB",
            ..,
            "If less space is free, incidents are evicted as well, except the newest 1 GB or a \
             tenth of `max_size`. If that does not help, new mails are deferred with 452. Known \
             devices can send while half of this space is free.",
        ),
    }
}
