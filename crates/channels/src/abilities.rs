//! What a service accepts: facts from the service's documentation.

/// The form in which a service accepts an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abilities {
    /// The whole alert.
    AcceptsAlert,
    /// Messages within these limits.
    Messages(&'static Limits),
}

/// Content types that browsers and phones show as a picture.
pub(crate) const PICTURE_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Limits of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The name of the service, as people know it.
    pub service: &'static str,
    /// A message without files: title, line break and text, in UTF-16 units.
    pub text_utf16_max: usize,
    /// The same for a message with files.
    pub caption_utf16_max: usize,
    /// Number of pictures and videos in one message.
    pub album_files_max: usize,
    /// Number of documents in one message, such as the pages of a scan.
    pub documents_max: usize,
    /// Total size of the files in one message, in bytes.
    pub album_bytes_max: u64,
    /// Limits of a file that is shown as a picture.
    pub picture: PictureLimits,
    /// The content types that are shown as a video.
    pub video_types: &'static [&'static str],
    /// Whether a moving GIF is shown moving, in a message of its own.
    pub animations: bool,
    /// Size of any file, in bytes.
    pub file_bytes_max: u64,
    /// Whether a message can answer an earlier one.
    pub replies: bool,
}

impl Limits {
    /// The limits that most services share: one file of any size in a message, pictures of the usual types, videos as
    /// MP4, no animations and no replies. `text_utf16_max` holds for a message with and without files. A service
    /// names what differs, with the passage of its documentation.
    pub(crate) const fn new(service: &'static str, text_utf16_max: usize) -> Self {
        Self {
            service,
            text_utf16_max,
            caption_utf16_max: text_utf16_max,
            album_files_max: 1,
            documents_max: 1,
            album_bytes_max: u64::MAX,
            picture: PictureLimits::ANY_SIZE,
            video_types: &["video/mp4"],
            animations: false,
            file_bytes_max: u64::MAX,
            replies: false,
        }
    }
}

/// Limits of what a service shows as a picture. Other pictures are sent as documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureLimits {
    /// The content types that it can show.
    pub types: &'static [&'static str],
    /// Size of the file, in bytes.
    pub bytes_max: u64,
    /// Width and height together, in pixels.
    pub sides_px_max: usize,
    /// The longer side divided by the shorter one.
    pub ratio_max: usize,
}

impl PictureLimits {
    /// Pictures of the usual types, of any size: only [`Limits::file_bytes_max`] limits them.
    pub(crate) const ANY_SIZE: Self = Self {
        types: PICTURE_TYPES,
        bytes_max: u64::MAX,
        sides_px_max: usize::MAX,
        ratio_max: usize::MAX,
    };

    /// Whether a picture of this width and height, in pixels, is accepted.
    pub fn takes(&self, width: usize, height: usize) -> bool {
        let (long, short) = (width.max(height), width.min(height));
        short > 0
            && long.saturating_add(short) <= self.sides_px_max
            && long <= short.saturating_mul(self.ratio_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_and_ratio_are_taken_at_the_limit_and_not_beyond() {
        let limits =
            PictureLimits { types: &[], bytes_max: 0, sides_px_max: 10_000, ratio_max: 20 };
        for (width, height, taken) in [
            (7_680, 2_160, true),
            (5_000, 5_000, true),
            (5_001, 5_000, false),
            (2_000, 100, true),
            (2_001, 100, false),
            (100, 2_001, false),
            (0, 10, false),
            (usize::MAX, usize::MAX, false),
        ] {
            assert_eq!(limits.takes(width, height), taken, "{width} x {height}");
        }
    }
}
