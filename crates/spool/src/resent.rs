//! What a device sends again: by what it is recognised. Values only.

/// A digest of a file's decoded bytes: two files have the same only if they are the same.
pub type Print = [u8; 32];

/// By what a mail is recognised that the device sends again because it was not told that it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailDigest {
    /// Digest of its envelope's recipients and its bytes, without the line ends behind it.
    pub print: Print,
    /// Whether it has a Message-ID: only then no other mail has the same bytes.
    pub has_message_id: bool,
}

/// Which media of an arrival are no news if the device has sent the same bytes before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Those that a torn arrival brought.
    AfterTorn,
    /// All: there are devices that upload everything once more.
    Always,
}
