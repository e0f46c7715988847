//! What a device sends again: by what it is recognised. Values only.

use crate::NewArrival;

/// A digest of a file's decoded bytes: two files have the same only if they are the same.
pub type Digest = [u8; 32];

/// By what a mail is recognised that the device may send again because it was not told that it is stored.
/// Mails with the same digest are the same only if their bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MailDigest {
    /// Digest of its recipients, its Message-ID and its size.
    pub digest: [u8; 16],
    /// Whether it has a Message-ID: else the device may mean another event by a mail of the same bytes.
    pub has_message_id: bool,
}

/// Which media of an arrival are no news if the device has sent the same bytes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DedupPolicy {
    /// Those that a torn arrival brought.
    AfterTorn,
    /// All: there are devices that upload everything once more.
    Always,
}

impl NewArrival {
    /// The digest to find it by if it comes again; `None` if it cannot, or is itself what came again.
    pub(crate) fn digest_to_keep(&self) -> Option<MailDigest> {
        let may_come = |digest: &MailDigest| digest.has_message_id || self.unacknowledged;
        self.digest.filter(|digest| self.same_as.is_none() && !self.torn && may_come(digest))
    }
}
