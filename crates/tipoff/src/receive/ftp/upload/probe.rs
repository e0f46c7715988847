//! Whether the bytes of APPE, or of STOR after REST, continue an earlier upload or begin a file: devices send APPE of
//! the whole file after a try that broke off, and of each picture.

use tipoff_model::file_type::{FileType, HEAD_BYTES, by_content};

use super::resend_comparison::EarlierUpload;

/// First bytes that are compared at most.
const PROBE_BYTES: usize = 4096;
/// If the earlier upload may not be whole, a file begins again when at least so many first bytes are the same.
const SAME_BYTES_MIN: usize = HEAD_BYTES;
/// Streams of frames: their first bytes may also continue a file.
const FRAMES: [&str; 5] =
    ["video/h264", "video/h265", "video/mpeg", "video/x-dav", "video/x-hichip"];

/// The first bytes of an upload that may continue an earlier one.
pub(super) struct AppendProbe {
    /// The earlier upload, if a new one that begins as it does may bring more of it.
    earlier: Option<EarlierUpload>,
    /// Whether a later upload may bring more of the earlier one.
    may_grow: bool,
    /// First bytes of the earlier upload.
    beginning: Vec<u8>,
    /// First bytes that came.
    head: Vec<u8>,
}

impl AppendProbe {
    pub(super) fn new(earlier: Option<EarlierUpload>, may_grow: bool) -> Self {
        Self { earlier, may_grow, beginning: Vec::new(), head: Vec::new() }
    }

    /// Takes the next bytes of the earlier upload.
    pub(super) fn see_earlier(&mut self, bytes: &[u8]) {
        let missing = PROBE_BYTES.saturating_sub(self.beginning.len());
        self.beginning.extend(bytes.iter().take(missing));
    }

    /// Takes the next bytes of the new upload. Whether there are enough to decide.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        self.head.extend_from_slice(bytes);
        self.head.len() >= PROBE_BYTES
    }

    /// Bytes of the new upload so far.
    pub(super) fn size(&self) -> u64 {
        self.head.len() as u64
    }

    /// Whether a file begins here, the bytes that came, and the earlier upload to compare it with. `is_whole` says that
    /// the earlier one has its end.
    pub(super) fn decide(self, is_whole: bool) -> (bool, Vec<u8>, Option<EarlierUpload>) {
        (self.is_new(is_whole), self.head, self.earlier)
    }

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
        // The same byte again and again identifies nothing.
        let is_distinctive = self.beginning.iter().any(|byte| Some(byte) != self.beginning.first());
        is_distinctive && self.beginning.len() >= enough && self.head.starts_with(&self.beginning)
    }
}

fn file_type(head: &[u8]) -> Option<&'static FileType> {
    by_content(head.get(..HEAD_BYTES).unwrap_or(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_new(earlier: &[u8], is_whole: bool, may_grow: bool, new: &[u8]) -> bool {
        let mut probe = AppendProbe::new(None, may_grow);
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
