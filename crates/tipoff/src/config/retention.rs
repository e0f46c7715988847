//! `[retention]`: what is kept, and for how long.

use std::time::Duration;

use super::section::Section;

/// What is removed from the spool. What is not delivered yet is never removed silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    /// The age at which an arrival is removed.
    pub(crate) keep: Duration,
    /// The bytes beyond which the oldest arrivals are removed.
    pub(crate) max_size: u64,
    /// The free bytes on disk below which nothing more is taken.
    pub(crate) min_free: u64,
}

/// What the reference says of the section.
pub(super) const DOC: &str =
    "What is kept of what arrived. What is not delivered yet is never removed silently.";

/// Reads the section.
pub(super) fn read(section: &mut Section<'_>) -> Retention {
    Retention {
        keep: section.duration(
            "keep",
            "30 days",
            Duration::from_secs(60)..,
            "How long what arrived is kept.",
        ),
        max_size: section.size(
            "max_size",
            "20 GB",
            1_000_000..,
            "When all that is kept is larger, the oldest is removed first.",
        ),
        min_free: section.size(
            "min_free",
            "200 MB",
            ..,
            "With less free disk than this new mails are put off with 452, so that what is being \
             stored can be finished.",
        ),
    }
}
