//! The errors of a job, in words for people. They contain no path of this machine, because alerts and pages show
//! them.

use std::io;
use std::path::Path;

/// The longest error text, in characters.
const WORDS_CHARS_MAX: usize = 200;

/// Why a job failed. The source is unchanged: it can still be sent as it is.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// The bytes are not a video that ffmpeg can read.
    #[error("not a video that can be read: {0}")]
    NotAVideo(String),
    /// It is a video, but no playable one could be made of it.
    #[error("the video could not be prepared: {0}")]
    Failed(String),
    /// The job took longer than [`crate::Limits::time`].
    #[error("the video took too long to prepare")]
    TimedOut,
    /// The source is larger than [`crate::Limits::scratch_bytes_max`].
    #[error("the video is too large to prepare")]
    TooLarge,
    /// The scratch folder or the programs could not be used.
    #[error("the video could not be prepared here: {0}")]
    Machine(#[from] io::Error),
}

impl VideoError {
    /// Whether it is an MP4 without its index, by ffmpeg's words.
    pub fn is_missing_index(&self) -> bool {
        matches!(self, VideoError::NotAVideo(words) if words == "moov atom not found")
    }

    /// Whether the file is at fault, and not this machine: another attempt fails too.
    pub fn is_of_the_file(&self) -> bool {
        matches!(self, VideoError::NotAVideo(_) | VideoError::Failed(_))
    }
}

/// The first line a program wrote to its standard error, fit for an owner to read: without the
/// address of the part that wrote it, without paths, without control characters.
pub(crate) fn first_words(stderr: &[u8], source: &Path) -> Option<String> {
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().map(without_part).find(|line| !line.is_empty())?;
    // What follows is our own list of decoders, and long.
    let line = line.split_once(" not on whitelist").map_or(line, |(codec, _)| codec);
    let named = line.replace(&*source.to_string_lossy(), "the video");
    let words: Vec<&str> = named.split_whitespace().map(without_path).collect();
    let clean = words.join(" ").replace("file:the video", "the video");
    Some(clean.chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect())
}

/// ffmpeg begins a line with the part that speaks and its address: `[h264 @ 0x55d98f5701c0] …`.
fn without_part(line: &str) -> &str {
    match line.trim().strip_prefix('[').and_then(|l| l.split_once(']')) {
        Some((part, rest)) if part.contains(" @ 0x") => rest.trim(),
        _ => line.trim(),
    }
}

/// A word without its path, if it is one.
fn without_path(word: &str) -> &str {
    if word.contains("file:/") || word.starts_with('/') || word.starts_with("'/") {
        "the file:"
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(stderr: &str) -> Option<String> {
        first_words(stderr.as_bytes(), Path::new("/var/lib/x y/source"))
    }

    #[test]
    fn says_what_ffmpeg_said() {
        let table = [
            ("[mov,mp4,m4a @ 0x55d98f5701c0] moov atom not found\nmore", "moov atom not found"),
            ("\n  \nfile:/var/lib/x y/source: Invalid data found", "the video: Invalid data found"),
            ("/usr/bin/ffmpeg: no libx", "the file: no libx"),
            ("file:/etc/passwd: denied", "the file: denied"),
            ("bell\u{7}\u{1b}[31m", "bell[31m"),
            ("[quiet] kept", "[quiet] kept"),
            ("[png @ 0x55] Codec (png) not on whitelist 'h264,hevc'", "Codec (png)"),
        ];
        for (stderr, expected) in table {
            assert_eq!(words(stderr).as_deref(), Some(expected));
        }
        assert_eq!(words(" \n"), None);
    }

    #[test]
    fn keeps_words_short() {
        let at = |n: usize| words(&"x".repeat(n)).map(|w| w.len());
        assert_eq!(at(WORDS_CHARS_MAX), Some(WORDS_CHARS_MAX));
        assert_eq!(at(WORDS_CHARS_MAX + 1), Some(WORDS_CHARS_MAX));
    }
}
