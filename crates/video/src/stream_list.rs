//! The list file by which ffmpeg gets the address of a live stream: so its password is in a file that only the owner
//! can read, and not among the arguments, which every user of the machine sees.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// Longest time that the camera may send nothing.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How much of a stream is looked at before a frame of it is decoded, in microseconds.
const FRAME_ANALYSIS_US: u32 = 100_000;

/// What of a stream is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The next key frame.
    Frame,
    /// The pictures only.
    Pictures,
    /// Pictures and sound.
    All,
}

/// Writes the list of one stream; `address` has no `'` and no line break.
pub(crate) fn write(path: &Path, address: &str, wanted: Wanted) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(list(address, wanted).as_bytes())
}

/// The concat demuxer's script ("Formats Documentation" of ffmpeg; `option` since version 5).
fn list(address: &str, wanted: Wanted) -> String {
    let silence_us = SILENCE_MAX.as_micros();
    let mut lines = format!(
        "ffconcat version 1.0\nfile '{address}'\noption rtsp_transport tcp\noption timeout {silence_us}\n"
    );
    if wanted != Wanted::All {
        lines.push_str("option allowed_media_types video\n");
    }
    if wanted == Wanted::Frame {
        lines.push_str(&format!(
            "option analyzeduration {FRAME_ANALYSIS_US}\noption fpsprobesize 0\n"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_reads_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        write(&path, "rtsp://u:p@h/", Wanted::All).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        write(&path, "rtsp://h", Wanted::Pictures).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("ffconcat version 1.0\nfile 'rtsp://h'\noption "), "{text}");
    }

    #[test]
    fn a_frame_and_pictures_alone_ask_for_no_sound() {
        for (wanted, has_sound) in
            [(Wanted::Frame, false), (Wanted::Pictures, false), (Wanted::All, true)]
        {
            assert_eq!(!list("x", wanted).contains("allowed_media_types"), has_sound, "{wanted:?}");
        }
    }
}
