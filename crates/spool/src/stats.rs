//! What the spool counts for the metrics.

use tipoff_model::Timestamp;

/// Numbers for the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpoolStats {
    /// Bytes of all blobs.
    pub blob_bytes: u64,
    /// Pending deliveries by channel.
    pub pending: Vec<(String, u64)>,
    /// When the first of them is or was due, by channel.
    pub due_since: Vec<(String, Timestamp)>,
    /// Number of restarts of the writer.
    pub writer_restarts: u64,
}
