//! Makes the names of files safe to show and to send on: a label, never a path. Devices write
//! `/mnt/mmc/alarm/1.jpg`, control characters, or nothing at all.

use crate::MediaKind;
use crate::file_type::{FileType, by_name};

/// Longest label in characters. A longer one is cut before its extension.
pub const LABEL_CHARS_MAX: usize = 120;

/// Longest extension in characters. A longer text behind the last dot is part of the name.
const EXTENSION_CHARS_MAX: usize = 8;

/// The label of a file by the name that the device gave it, with the extension of its file type if the name has
/// none. `None` if nothing visible is left of the name.
pub fn label(given: &str, file_type: Option<&FileType>) -> Option<String> {
    let last = given.rsplit(['/', '\\']).find(|piece| !piece.trim().is_empty())?;
    let visible: String = one_line(last).chars().filter(|&c| !is_invisible(c)).collect();
    let name = visible.trim_start_matches(['.', ' ']).trim_end_matches(['.', ' ']);
    if name.is_empty() {
        return None;
    }
    let (stem, extension) = split(name);
    // A name without an extension gets the usual one of its content; an unusual one stays: "clip.bin".
    let extension = match (extension, file_type.and_then(|file_type| file_type.extensions.first()))
    {
        (None, Some(usual)) => Some(*usual),
        (extension, _) => extension,
    };
    Some(match extension {
        Some(extension) => {
            let room = LABEL_CHARS_MAX - extension.chars().count() - 1;
            format!("{}.{extension}", cut(stem, room))
        }
        None => cut(stem, LABEL_CHARS_MAX),
    })
}

/// The label of a file that has no name: `picture-1.jpg`.
pub fn default_label(kind: MediaKind, file_type: Option<&FileType>, number: usize) -> String {
    let stem = match kind {
        MediaKind::Picture => "picture",
        MediaKind::Animation => "animation",
        MediaKind::Video => "video",
        MediaKind::File => "file",
    };
    let extension = file_type.and_then(|file_type| file_type.extensions.first()).unwrap_or(&"bin");
    format!("{stem}-{number}.{extension}")
}

/// Replaces control characters by spaces, and white space of any kind and length by one space.
pub fn one_line(text: &str) -> String {
    let spaced = text.replace(char::is_control, " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name and its extension. `10.12.03` has none: an extension contains a letter.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && (by_name(name).is_some()
                    || !extension.is_empty()
                        && extension.chars().count() <= EXTENSION_CHARS_MAX
                        && extension.bytes().any(|byte| byte.is_ascii_alphabetic())
                        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())) =>
        {
            (stem, Some(extension))
        }
        _ => (name, None),
    }
}

/// The first characters of a name.
fn cut(stem: &str, chars: usize) -> String {
    stem.chars().take(chars).collect::<String>().trim_end().to_owned()
}

/// Whether a character is invisible, or reverses the direction of the text behind it, which shows `gpj.exe` as
/// `exe.jpg` (Unicode, bidirectional controls).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file_type::by_type;

    #[test]
    fn labels_are_safe() {
        let jpeg = by_type("image/jpeg");
        for (given, expected) in [
            ("1.jpg", Some("1.jpg")),
            ("/mnt/mmc/alarm/1.jpg", Some("1.jpg")),
            ("C:\\temp\\1.jpg", Some("1.jpg")),
            ("../../etc/passwd", Some("passwd.jpg")),
            ("..", None),
            ("...x", Some("x.jpg")),
            ("a\r\nb\0.jpg", Some("a b.jpg")),
            ("移动 侦测.jpg", Some("移动 侦测.jpg")),
            ("snap 10.12.03", Some("snap 10.12.03.jpg")),
            ("clip.bin", Some("clip.bin")),
            ("\u{202e}gpj.exe", Some("gpj.exe")),
            ("/mnt/", Some("mnt.jpg")),
            ("", None),
            (" / ", None),
        ] {
            assert_eq!(label(given, jpeg).as_deref(), expected, "{given:?}");
        }
        assert_eq!(label("README", None).as_deref(), Some("README"));
    }

    #[test]
    fn labels_are_cut_at_their_limit() {
        let fits = format!("{}.jpg", "ä".repeat(LABEL_CHARS_MAX - 4));
        assert_eq!(label(&fits, None).as_deref(), Some(fits.as_str()));
        assert_eq!(label(&format!("ä{fits}"), None).as_deref(), Some(fits.as_str()));
        let no_extension = "x".repeat(LABEL_CHARS_MAX);
        assert_eq!(label(&format!("{no_extension}x"), None), Some(no_extension));
    }

    #[test]
    fn files_without_a_name_are_numbered() {
        assert_eq!(default_label(MediaKind::Picture, by_type("image/png"), 2), "picture-2.png");
        assert_eq!(default_label(MediaKind::File, None, 1), "file-1.bin");
    }
}
