//! Links by which somebody sees one incident without a login.

use tipoff_model::{IncidentId, Timestamp};

use crate::{AuditEntry, BoxFuture, Result};

/// A link. What opens it is signed and not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareLink {
    /// Number; the spool gives it.
    pub id: i64,
    /// The incident that it shows.
    pub incident: IncidentId,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How often its page was opened.
    pub opened: u64,
    /// When its page was opened last.
    pub opened_at: Option<Timestamp>,
}

/// The links.
pub trait ShareLinks {
    /// Makes a link unless there are `max`, and notes who did; its number. What has expired by
    /// `link.created_at` is removed first. Its own number and how often it was opened are not read.
    fn add_share_link(
        &self,
        link: ShareLink,
        max: u32,
        entry: AuditEntry,
    ) -> BoxFuture<'_, Result<Option<i64>>>;

    /// All links that have not expired at `now`, the newest first.
    fn share_links(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<ShareLink>>>;

    /// The link of this number.
    fn share_link(&self, id: i64) -> BoxFuture<'_, Result<Option<ShareLink>>>;

    /// Removes a link, and notes who did; whether there was such a one.
    fn revoke_share_link(&self, id: i64, entry: AuditEntry) -> BoxFuture<'_, Result<bool>>;

    /// Counts openings: numbers of links, and how often each was opened until `now`.
    fn note_opened(&self, opened: Vec<(i64, u64)>, now: Timestamp) -> BoxFuture<'_, Result<()>>;
}
