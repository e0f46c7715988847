//! Whether a device expects that missing folders are made for it.
//!
//! Most cameras make a folder after CWD was refused. A few give up instead, at every try: for them the folders are
//! made from then on. The caller stores that with the device, because trees are forgotten.

use super::Tree;

/// Whether missing folders are made for the device.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FolderExpectation {
    /// Whether the device gave up because a folder was missing.
    is_expected: bool,
    /// Whether this was found out in this tree and is not stored yet.
    is_unsaved: bool,
}

impl Tree {
    /// Records that the device gave up because a folder was missing, and made none itself.
    pub(crate) fn note_giving_up(&mut self) {
        self.expectation.is_unsaved |= !self.expectation.is_expected;
        self.expectation.is_expected = true;
    }

    /// Whether the device gave up before, so that missing folders are made for it.
    pub(crate) fn expects_folders(&self) -> bool {
        self.expectation.is_expected
    }

    /// Restores what was stored after [`Tree::take_news`].
    pub fn set_expects_folders(&mut self) {
        self.expectation.is_expected = true;
    }

    /// Whether the device was found to expect folders since the last call. The caller stores that.
    pub fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.expectation.is_unsaved)
    }
}
