//! The type of a file: by its first bytes if they are known, else as declared, else by its name.

use crate::MediaKind::{self, Animation, File, Picture, Video};

/// Number of decoded bytes from which [`by_content`] tells the type.
pub const HEAD_BYTES: usize = 64;

/// A type of file, and how devices name and declare it.
#[derive(Debug, PartialEq, Eq)]
pub struct FileType {
    /// The usual content type.
    pub content_type: &'static str,
    /// What a service can do with it.
    pub kind: MediaKind,
    /// Without a dot, the usual one first.
    pub extensions: &'static [&'static str],
    /// Other content types that devices declare.
    aliases: &'static [&'static str],
}

impl FileType {
    /// Whether a file whose last bytes are `tail` is complete; `None` if this type has no end mark.
    pub fn has_end(&self, tail: &[u8]) -> Option<bool> {
        let mark: &[u8] = match self.content_type {
            "image/jpeg" => b"\xFF\xD9",
            "image/png" => b"IEND\xAE\x42\x60\x82",
            "image/gif" => b"\0;",
            "application/pdf" => b"%%EOF",
            _ => return None,
        };
        // Cameras fill up to a round size, or end the line.
        let filling: &[u8] = if mark == b"%%EOF" { b"\r\n" } else { b"\0\r\n" };
        let fill = tail.iter().rev().take_while(|byte| filling.contains(byte)).count();
        Some(tail.get(..tail.len() - fill).is_some_and(|tail| tail.ends_with(mark)))
    }
}

const fn file_type(
    content_type: &'static str,
    kind: MediaKind,
    extensions: &'static [&'static str],
    aliases: &'static [&'static str],
) -> FileType {
    FileType { content_type, kind, extensions, aliases }
}

static JPEG: FileType =
    file_type("image/jpeg", Picture, &["jpg", "jpeg", "jpe"], &["image/jpg", "image/pjpeg"]);
static PNG: FileType = file_type("image/png", Picture, &["png"], &["image/x-png"]);
static GIF: FileType = file_type("image/gif", Animation, &["gif"], &[]);
static WEBP: FileType = file_type("image/webp", Picture, &["webp"], &[]);
static TIFF: FileType = file_type("image/tiff", Picture, &["tif", "tiff"], &[]);
static BMP: FileType = file_type("image/bmp", Picture, &["bmp"], &["image/x-ms-bmp"]);
static HEIC: FileType = file_type("image/heic", Picture, &["heic", "heif"], &["image/heif"]);
static AVIF: FileType = file_type("image/avif", Picture, &["avif"], &[]);
static CR3: FileType = file_type("image/x-canon-cr3", Picture, &["cr3"], &[]);
static CR2: FileType = file_type("image/x-canon-cr2", Picture, &["cr2"], &[]);
static MP4: FileType =
    file_type("video/mp4", Video, &["mp4", "m4v", "f4v"], &["video/x-m4v", "video/x-f4v"]);
static QUICKTIME: FileType = file_type("video/quicktime", Video, &["mov", "qt"], &[]);
static THREE_GP: FileType = file_type("video/3gpp", Video, &["3gp", "3g2"], &[]);
static AVI: FileType =
    file_type("video/x-msvideo", Video, &["avi"], &["video/avi", "video/msvideo"]);
static MATROSKA: FileType = file_type("video/x-matroska", Video, &["mkv"], &[]);
static WEBM: FileType = file_type("video/webm", Video, &["webm"], &[]);
static DHAV: FileType = file_type("video/x-dav", Video, &["dav"], &[]);
static HICHIP: FileType = file_type("video/x-hichip", Video, &["250"], &[]);
static IMKH: FileType = file_type("video/x-hikvision", Video, &["hik"], &[]);
static H264: FileType = file_type("video/h264", Video, &["264", "h264", "avc"], &[]);
static H265: FileType = file_type("video/h265", Video, &["265", "h265", "hevc"], &[]);
static MPEG: FileType = file_type("video/mpeg", Video, &["mpg", "mpeg"], &[]);
static MPEG_TS: FileType = file_type("video/mp2t", Video, &["ts", "mts", "m2ts"], &[]);
static FLV: FileType = file_type("video/x-flv", Video, &["flv"], &[]);
static ASF: FileType = file_type("video/x-ms-wmv", Video, &["wmv", "asf"], &["video/x-ms-asf"]);
static WAV: FileType = file_type("audio/wav", File, &["wav"], &["audio/x-wav"]);
static M4A: FileType = file_type("audio/mp4", File, &["m4a", "m4b", "f4a"], &["audio/x-m4a"]);
static MP3: FileType = file_type("audio/mpeg", File, &["mp3"], &[]);
static PDF: FileType = file_type("application/pdf", File, &["pdf"], &[]);
static ZIP: FileType =
    file_type("application/zip", File, &["zip"], &["application/x-zip-compressed"]);
static GZIP: FileType = file_type("application/gzip", File, &["gz"], &["application/x-gzip"]);
static TEXT: FileType = file_type("text/plain", File, &["txt", "log"], &[]);
static HTML: FileType = file_type("text/html", File, &["html", "htm"], &[]);
static CALENDAR: FileType = file_type("text/calendar", File, &["ics"], &[]);
static CSV: FileType = file_type("text/csv", File, &["csv"], &[]);
static XML: FileType = file_type("text/xml", File, &["xml"], &["application/xml"]);
static JSON: FileType = file_type("application/json", File, &["json"], &[]);
static MAIL: FileType = file_type("message/rfc822", File, &["eml"], &[]);
static TNEF: FileType =
    file_type("application/ms-tnef", File, &["dat"], &["application/vnd.ms-tnef"]);

static ALL: &[&FileType] = &[
    &JPEG, &PNG, &GIF, &WEBP, &TIFF, &BMP, &HEIC, &AVIF, &CR3, &CR2, &MP4, &QUICKTIME, &THREE_GP,
    &AVI, &MATROSKA, &WEBM, &DHAV, &HICHIP, &IMKH, &H264, &H265, &MPEG, &MPEG_TS, &FLV, &ASF, &WAV,
    &M4A, &MP3, &PDF, &ZIP, &GZIP, &TEXT, &HTML, &CALENDAR, &CSV, &XML, &JSON, &MAIL, &TNEF,
];

/// The type by the first bytes, which count more than a declaration. `None` for text and archives: their
/// declaration is more precise.
pub fn by_content(head: &[u8]) -> Option<&'static FileType> {
    let file_type =
        match head {
            [0xFF, 0xD8, 0xFF, ..] => &JPEG,
            [0x89, b'P', b'N', b'G', ..] => &PNG,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => &GIF,
            // A TIFF that says in its header that it is Canon's raw.
            [b'I', b'I', b'*', 0, _, _, _, _, b'C', b'R', 2, ..] => &CR2,
            [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => &TIFF,
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => &BMP,
            [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => by_brand(brand),
            [b'R', b'I', b'F', b'F', _, _, _, _, form @ ..] => by_form(form)?,
            [0x1A, 0x45, 0xDF, 0xA3, rest @ ..] => {
                if memchr::memmem::find(rest, b"webm").is_some() { &WEBM } else { &MATROSKA }
            }
            [b'D', b'H', b'A', b'V', ..] => &DHAV,
            // Hichip: a file header for H.264 or H.265, or a frame where the file begins in the middle.
            [b'H', b'X', b'V', b'S' | b'T' | b'F', ..] | [b'H', b'X', b'A', b'F', ..] => &HICHIP,
            [b'I', b'M', b'K', b'H', ..] => &IMKH,
            [0, 0, 0, 1, unit @ ..] | [0, 0, 1, unit @ ..] => by_unit(unit)?,
            [b'F', b'L', b'V', 1, ..] => &FLV,
            [0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11, ..] => &ASF,
            [b'%', b'P', b'D', b'F', ..] => &PDF,
            _ => return None,
        };
    Some(file_type)
}

/// The type by its declared content type.
pub fn by_type(content_type: &str) -> Option<&'static FileType> {
    ALL.iter().copied().find(|file_type| {
        file_type.content_type == content_type || file_type.aliases.contains(&content_type)
    })
}

/// The type by the extension of the name.
pub fn by_name(name: &str) -> Option<&'static FileType> {
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    ALL.iter().copied().find(|file_type| file_type.extensions.contains(&extension.as_str()))
}

/// The kind of a declared content type that is not in the list.
pub fn kind_of(content_type: &str) -> MediaKind {
    match content_type.split_once('/') {
        Some(("image", _)) => Picture,
        Some(("video", _)) => Video,
        _ => File,
    }
}

/// By the brand that a file says it is of first, then by those that it is compatible with: ISO 14496-12,
/// section 4.3; ISO 23008-12, section 10 (HEIF); the AVIF specification, section 6.
fn by_brand(brands: &[u8]) -> &'static FileType {
    let (major, compatible) = brands.split_at_checked(4).unwrap_or((brands, &[]));
    match major {
        [b'q', b't', ..] => &QUICKTIME,
        b"crx " => &CR3,
        // Of any codec: the others say which.
        b"mif1" | b"msf1" | b"miaf" => {
            // Behind the minor version.
            let mut compatible = compatible.chunks_exact(4).skip(1);
            let is_avif = compatible.any(|brand| matches!(brand, b"avif" | b"avis"));
            if is_avif { &AVIF } else { &HEIC }
        }
        [b'h', b'e', b'i' | b'v', ..] => &HEIC,
        [b'a', b'v', b'i', b'f' | b's', ..] => &AVIF,
        // Apple's sound, books and bought music, and Adobe's.
        b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B " => &M4A,
        [b'3', b'g', ..] => &THREE_GP,
        _ => &MP4,
    }
}

fn by_form(form: &[u8]) -> Option<&'static FileType> {
    match form {
        [b'A', b'V', b'I', b' ', ..] => Some(&AVI),
        [b'W', b'E', b'B', b'P', ..] => Some(&WEBP),
        [b'W', b'A', b'V', b'E', ..] => Some(&WAV),
        _ => None,
    }
}

/// Behind a start code: a pack of MPEG, or a unit of a raw stream (H.264 section 7.3.1, H.265
/// section 7.3.1.2).
fn by_unit(unit: &[u8]) -> Option<&'static FileType> {
    match unit {
        [0xBA | 0xB3, ..] => Some(&MPEG),
        // Parameter sets and delimiters: 32 to 35, of layer 0.
        [0x40 | 0x42 | 0x44 | 0x46, 1, ..] => Some(&H265),
        [first, ..] if first & 0x80 == 0 && matches!(first & 0x1F, 1 | 5..=9) => Some(&H264),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        for (head, expected) in [
            (b"\xFF\xD8\xFF\xE0".as_slice(), Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n", Some("image/png")),
            (b"GIF89a", Some("image/gif")),
            (b"II*\0", Some("image/tiff")),
            (b"MM\0*", Some("image/tiff")),
            (b"BM\x10\0\0\0\0\0\0\0", Some("image/bmp")),
            (b"BMW was seen", None),
            (b"\0\0\0\x18ftypmp42", Some("video/mp4")),
            (b"\0\0\0\x18ftypisom", Some("video/mp4")),
            (b"\0\0\0\x14ftypqt  ", Some("video/quicktime")),
            (b"\0\0\0\x18ftypheic", Some("image/heic")),
            (b"\0\0\0\x18ftypM4A ", Some("audio/mp4")),
            (b"\0\0\0\x18ftypM4B ", Some("audio/mp4")),
            (b"\0\0\0\x18ftypF4A ", Some("audio/mp4")),
            (b"\0\0\0\x18ftypM4V ", Some("video/mp4")),
            (b"\0\0\0\x18ftypF4V ", Some("video/mp4")),
            (b"\0\0\0\x18ftyp3gp5", Some("video/3gpp")),
            (b"\0\0\0\x18ftyp3g2a", Some("video/3gpp")),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", Some("image/x-canon-cr3")),
            (b"II*\0\x10\0\0\0CR\x02\0", Some("image/x-canon-cr2")),
            (b"II*\0\x08\0\0\0CR\x01\0", Some("image/tiff")),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf", Some("image/heic")),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Some("image/avif")),
            (b"\0\0\0\x1cftypmsf1\0\0\0\0msf1hevcavis", Some("image/avif")),
            (b"\0\0\0\x18ftypheix", Some("image/heic")),
            (b"\0\0\0\x18ftyphevc", Some("image/heic")),
            (b"\0\0\0\x18ftypavif", Some("image/avif")),
            (b"\0\0\0\x18ftypavis", Some("image/avif")),
            (b"\0\0\0\x18ftyp", Some("video/mp4")),
            (b"RIFF\0\0\0\0AVI LIST", Some("video/x-msvideo")),
            (b"RIFF\0\0\0\0WEBP", Some("image/webp")),
            (b"RIFF\0\0\0\0nope", None),
            (b"\x1A\x45\xDF\xA3\x01", Some("video/x-matroska")),
            (b"\x1A\x45\xDF\xA3\x01\x42\x82\x84webm", Some("video/webm")),
            (b"DHAV\xfd", Some("video/x-dav")),
            (b"IMKH", Some("video/x-hikvision")),
            (b"HXVS\0\x05\0\0", Some("video/x-hichip")),
            (b"HXVT\0\x05\0\0", Some("video/x-hichip")),
            (b"HXVF\x1c\0\0\0", Some("video/x-hichip")),
            (b"HXAF\xa4\0\0\0", Some("video/x-hichip")),
            (b"HXXX", None),
            (b"\0\0\0\x01\x67\x64", Some("video/h264")),
            (b"\0\0\x01\x09\xf0", Some("video/h264")),
            (b"\0\0\0\x01\x40\x01\x0c", Some("video/h265")),
            (b"\0\0\x01\xba", Some("video/mpeg")),
            (b"\0\0\x01\x41\x9a", Some("video/h264")),
            (b"\0\0\x01\x65\x88", Some("video/h264")),
            (b"\0\0\x01\x42\x01", Some("video/h265")),
            (b"\0\0\x01\x42\x02", None),
            (b"\0\0\0\x01\x01", Some("video/h264")),
            (b"\0\0\0\x01\x81", None),
            (b"\0\0\0\x01\x04", None),
            (b"\0\0\0\x01\xff", None),
            (b"\0\0\x01\xb3", Some("video/mpeg")),
            (b"RIFF\0\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"FLV\x01\x05", Some("video/x-flv")),
            (b"FLV\x02\x05", None),
            (b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", Some("video/x-ms-wmv")),
            (b"%PDF-1.4", Some("application/pdf")),
            (b"", None),
            (b"Motion", None),
        ] {
            assert_eq!(
                by_content(head).map(|file_type| file_type.content_type),
                expected,
                "{head:?}"
            );
        }
    }

    #[test]
    fn a_file_has_its_end_where_its_mark_is_before_what_fills_it_up() {
        for (content_type, tail, expected) in [
            ("image/jpeg", b"..\xFF\xD9".as_slice(), Some(true)),
            ("image/jpeg", b"..\xFF\xD9\0\0\r\n", Some(true)),
            ("image/jpeg", b"..\xFF\xD9x", Some(false)),
            ("image/jpeg", b"..\xFF", Some(false)),
            ("image/jpeg", b"", Some(false)),
            ("image/jpeg", b"\0\0", Some(false)),
            ("image/png", b"\0\0\0\0IEND\xAE\x42\x60\x82", Some(true)),
            ("image/png", b"\0\0\0\0IEND", Some(false)),
            ("image/gif", b"..\0;", Some(true)),
            ("image/gif", b"..\0;\0", Some(true)),
            ("image/gif", b"..;", Some(false)),
            ("application/pdf", b"\n%%EOF\r\n", Some(true)),
            // A document that was filled up with zeros was never written to its end.
            ("application/pdf", b"\n%%EOF\0", Some(false)),
            ("image/webp", b"..", None),
            ("video/mp4", b"..", None),
        ] {
            let file_type = by_type(content_type).unwrap();
            assert_eq!(file_type.has_end(tail), expected, "{content_type} {tail:?}");
        }
    }

    #[test]
    fn a_declared_type_or_the_end_of_a_name_tells_the_sort() {
        let of_type = |name| by_type(name).map(|file_type| file_type.content_type);
        assert_eq!(of_type("image/jpeg"), Some("image/jpeg"));
        assert_eq!(of_type("image/jpg"), Some("image/jpeg"));
        assert_eq!(of_type("image/jp"), None);
        let of_name = |name| by_name(name).map(|file_type| file_type.content_type);
        assert_eq!(of_name("a.b.JPEG"), Some("image/jpeg"));
        assert_eq!(of_name("scan.tif"), Some("image/tiff"));
        assert_eq!(of_name("jpg"), None);
        assert_eq!(of_name("a.jpg."), None);
    }

    #[test]
    fn a_type_that_is_not_listed_tells_the_kind_by_its_first_half() {
        assert_eq!(kind_of("image/x-unheard-of"), Picture);
        assert_eq!(kind_of("video/x-unheard-of"), Video);
        assert_eq!(kind_of("audio/x-unheard-of"), File);
        assert_eq!(kind_of("image"), File);
    }

    #[test]
    fn no_name_stands_for_two_sorts() {
        let mut names: Vec<&str> = ALL
            .iter()
            .flat_map(|file_type| {
                [file_type.content_type]
                    .into_iter()
                    .chain(file_type.aliases.iter().copied())
                    .chain(file_type.extensions.iter().copied())
            })
            .collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
