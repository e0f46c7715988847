//! Whether what comes behind an earlier upload, by APPE or behind REST, is more of it, or a file from its
//! beginning: devices send APPE of the whole file after a try that broke off, and of each picture.

use std::io;

use tipoff_model::AlertMedia;
use tipoff_model::file_type::{FileType, HEAD_BYTES, by_content};

use super::uploading::{Target, Uploading};
use crate::receive::follow::Following;
use crate::receive::look::Look;

/// So many first bytes are compared at most.
const PROBE_BYTES: usize = 4096;
/// A file of which nothing shows that it is whole begins again where at least so many bytes are the same.
const SAME_BYTES_MIN: usize = HEAD_BYTES;
/// These may begin in the middle, with a frame, so that their first bytes may be more of a file as well.
const FRAMES: [&str; 5] =
    ["video/h264", "video/h265", "video/mpeg", "video/x-dav", "video/x-hichip"];

/// The first bytes of an upload that may be more of an earlier one.
pub(super) struct Probe {
    /// The earlier one, if the new one may bring more of it where it begins as that one does.
    stored: Option<AlertMedia>,
    /// Whether a later upload may bring more of the earlier one.
    may_grow: bool,
    /// First bytes of the earlier one.
    beginning: Vec<u8>,
    /// First bytes that came.
    head: Vec<u8>,
}

impl Probe {
    pub(super) fn new(stored: Option<AlertMedia>, may_grow: bool) -> Self {
        Self { stored, may_grow, beginning: Vec::new(), head: Vec::new() }
    }

    /// The next bytes of the earlier upload.
    pub(super) fn see_earlier(&mut self, bytes: &[u8]) {
        let missing = PROBE_BYTES.saturating_sub(self.beginning.len());
        self.beginning.extend(bytes.iter().take(missing));
    }

    /// The next bytes that come. Whether they are enough.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        self.head.extend_from_slice(bytes);
        self.head.len() >= PROBE_BYTES
    }

    /// Bytes that have come.
    pub(super) fn size(&self) -> u64 {
        self.head.len() as u64
    }

    /// Whether a file begins here; `is_whole`: the earlier one has its end.
    fn is_new(&self, is_whole: bool) -> bool {
        let (earlier, new) = (file_type(&self.beginning), file_type(&self.head));
        let is_header = new.is_some_and(|new| {
            !FRAMES.contains(&new.content_type)
                || matches!(self.head.get(..4), Some(b"HXVS" | b"HXVT"))
        });
        if is_header && (is_whole || earlier == new) {
            return true;
        }
        let enough = if self.may_grow { SAME_BYTES_MIN } else { PROBE_BYTES };
        // Of nothing but one byte nothing can be told.
        let is_told = self.beginning.iter().any(|byte| Some(byte) != self.beginning.first());
        is_told && self.beginning.len() >= enough && self.head.starts_with(&self.beginning)
    }
}

fn file_type(head: &[u8]) -> Option<&'static FileType> {
    by_content(head.get(..HEAD_BYTES).unwrap_or(head))
}

impl Uploading {
    /// Decides what the first bytes are. Called when they are enough, and at the end.
    pub(in crate::receive) fn settle(&mut self) {
        let Some(probe) = self.probe.take() else { return };
        let is_new = probe.is_new(self.look.is_complete() == Some(true));
        if is_new && let Err(error) = self.begin_again(probe.stored) {
            self.failed = Some(error);
        }
        self.push(&probe.head);
    }

    /// Goes on as STOR does.
    fn begin_again(&mut self, stored: Option<AlertMedia>) -> io::Result<()> {
        let claim = match self.target.take() {
            Some(Target::Growing { claim, .. }) => Some(claim),
            _ => stored.as_ref().and_then(|it| self.uploads.claim(it.place.arrival).ok()),
        };
        // What cannot be read is no reason to refuse the new one.
        let following = claim
            .zip(stored)
            .and_then(|(claim, stored)| Following::new(claim, stored, self.uploads.blobs()).ok());
        (self.look, self.hasher) = (Look::default(), blake3::Hasher::new());
        self.target = Some(match following {
            Some(following) => Target::Following(following.into()),
            None => Target::New(self.new_blob()?),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_new(earlier: &[u8], is_whole: bool, may_grow: bool, new: &[u8]) -> bool {
        let mut probe = Probe::new(None, may_grow);
        earlier.chunks(1000).for_each(|piece| probe.see_earlier(piece));
        probe.push(new);
        probe.is_new(is_whole)
    }

    #[test]
    fn a_file_that_begins_again_is_told_from_the_rest_of_one() {
        let (jpeg, png) = (b"\xFF\xD8\xFF\xE0 a", b"\x89PNG\r\n\x1a\n");
        assert!(is_new(&jpeg[..4], false, true, b"\xFF\xD8\xFF\xE1 another"));
        assert!(is_new(jpeg, true, false, jpeg) && is_new(jpeg, true, false, png));
        assert!(!is_new(jpeg, false, true, png), "a picture inside of another file");
        assert!(!is_new(jpeg, false, true, b" the rest") && !is_new(jpeg, false, true, b""));
        // Frames follow each other in one file, a header does not come twice.
        assert!(!is_new(b"\0\0\0\x01\x67ab", false, true, b"\0\0\0\x01\x67ab"));
        assert!(!is_new(b"HXVS....", false, true, b"HXVF...."));
        assert!(is_new(b"HXVS....", false, true, b"HXVS...."));
        // The lines of a log may be the same.
        let log = b"motion\r\n".repeat(1_000);
        assert!(!is_new(b"motion\r\n", false, false, b"motion\r\nmotion\r\n"));
        assert!(is_new(&log, false, false, &log) && !is_new(&log, false, false, &log[..80]));
        assert!(!is_new(&[7; 5_000], false, true, &[7; 5_000]));
        let stream: Vec<u8> = (0..=255).cycle().skip(200).take(3_000).collect();
        assert!(is_new(&stream, false, true, &stream) && !is_new(&stream, false, false, &stream));
    }
}
