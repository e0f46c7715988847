//! The path of a file in an archive: a template of words and placeholders, and safe names made of what devices
//! send. A value is always a part of one folder's or file's name: it cannot add a folder or leave the archive.

use jiff::tz::TimeZone;
use tipoff_model::{Alert, AlertMedia, MediaPlace};

use crate::words;

/// Number of folders and file name in a path at most.
const SEGMENTS_MAX: usize = 8;
/// Length limit of a folder's or file's name, in bytes. Eight of them and a number stay below the 1,024 bytes of
/// a key of S3 ("Naming Amazon S3 objects" in its documentation), and one below the 255 of a file.
const SEGMENT_BYTES_MAX: usize = 110;
/// Length limit of a template, in bytes.
const TEMPLATE_BYTES_MAX: usize = 500;

/// The placeholders. A path contains no expressions: if all placeholders are known, the path works, so that
/// every mistake is found when the configuration is read.
const PLACEHOLDERS: &[(&str, Placeholder)] = &[
    ("arrival", Placeholder::Arrival),
    ("day", Placeholder::Time("%d")),
    ("device", Placeholder::Device),
    ("device_id", Placeholder::DeviceId),
    ("event", Placeholder::Event),
    ("hour", Placeholder::Time("%H")),
    ("incident", Placeholder::Incident),
    ("minute", Placeholder::Time("%M")),
    ("month", Placeholder::Time("%m")),
    ("name", Placeholder::Name),
    ("second", Placeholder::Time("%S")),
    ("year", Placeholder::Time("%Y")),
];

/// A value of the alert or the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    Arrival,
    Device,
    DeviceId,
    Event,
    Incident,
    Name,
    /// In the form that `strftime` names.
    Time(&'static str),
}

/// A piece of a folder's or file's name.
#[derive(Debug, PartialEq, Eq)]
enum PathPiece {
    Word(String),
    Value(Placeholder),
}

/// A path with placeholders: the pieces of each folder's name, then those of the file's name.
#[derive(Debug)]
pub(super) struct PathTemplate(Vec<Vec<PathPiece>>);

impl PathTemplate {
    /// Reads a template, or returns what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(format!("must be of at most {TEMPLATE_BYTES_MAX} bytes"));
        }
        let segments: Vec<_> = text.split('/').map(segment).collect::<Result<_, _>>()?;
        if segments.len() > SEGMENTS_MAX {
            return Err(format!("must be at most {SEGMENTS_MAX} folders deep"));
        }
        Ok(Self(segments))
    }

    /// The path of a file of an alert.
    pub(super) fn path(&self, alert: &Alert, stored: &AlertMedia, zone: &TimeZone) -> ArchivePath {
        let at = jiff::Timestamp::from_millisecond(alert.received_at.as_ms())
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let at = jiff::ZonedDateTime::new(at, zone.clone());
        let value = |placeholder| match placeholder {
            Placeholder::Arrival => stored.place.arrival.to_string(),
            Placeholder::Device => alert.device.clone(),
            Placeholder::DeviceId => alert.device_id.to_string(),
            Placeholder::Event => alert.event.as_str().to_owned(),
            Placeholder::Incident => alert.incident.to_string(),
            Placeholder::Name => stored.media.name.clone(),
            Placeholder::Time(form) => at.strftime(form).to_string(),
        };
        let name = |pieces: &Vec<PathPiece>| {
            let piece = |piece: &PathPiece| match piece {
                PathPiece::Word(word) => word.clone(),
                PathPiece::Value(placeholder) => value(*placeholder),
            };
            safe(&pieces.iter().map(piece).collect::<String>())
        };
        ArchivePath(self.0.iter().map(name).collect())
    }
}

/// Reads the part of a template between two slashes.
fn segment(text: &str) -> Result<Vec<PathPiece>, String> {
    if text.is_empty() {
        return Err("must not begin or end with /, and not have two in a row".to_owned());
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((word, behind)) = rest.split_once('{') {
        let (name, behind) = behind.split_once('}').ok_or("a { has no } behind it")?;
        let known = PLACEHOLDERS.iter().find(|(known, _)| *known == name);
        let (_, placeholder) = known.ok_or_else(|| {
            let all: Vec<_> = PLACEHOLDERS.iter().map(|(name, _)| *name).collect();
            format!("there is no {{{name}}}; there are {}", all.join(", "))
        })?;
        pieces.push(PathPiece::Word(word.to_owned()));
        pieces.push(PathPiece::Value(*placeholder));
        rest = behind;
    }
    pieces.push(PathPiece::Word(rest.to_owned()));
    let odd = |piece: &PathPiece| match piece {
        PathPiece::Word(word) => word.chars().find(|&character| !is_harmless(character)),
        PathPiece::Value(_) => None,
    };
    if let Some(odd) = pieces.iter().find_map(odd) {
        return Err(format!("has {odd:?} in it: letters, digits, spaces, - _ . and / may be"));
    }
    let words_only = pieces.iter().all(|piece| matches!(piece, PathPiece::Word(_)));
    if words_only && safe(text) != text {
        return Err(format!("{text:?} cannot be the name of a folder or file"));
    }
    Ok(pieces)
}

/// Whether a character may be in a name: letters and digits of any language, and ` -_.`.
fn is_harmless(character: char) -> bool {
    character.is_alphanumeric() || " -_.".contains(character)
}

/// `text` as a name that is safe on every file system and in every bucket. It has harmless characters only, is
/// neither hidden nor "..", has a bounded length, and does not end in spaces or dots, which Windows drops. If
/// it is cut, the end is kept because it is the extension.
fn safe(text: &str) -> String {
    let harmless = |character| if is_harmless(character) { character } else { '_' };
    let name: String = text.chars().map(harmless).collect();
    let name = words::end_of_name(&name, SEGMENT_BYTES_MAX);
    let name = name.trim_end_matches([' ', '.']).trim_start_matches([' ', '.']);
    if name.is_empty() { "_".to_owned() } else { name.to_owned() }
}

/// The path of a file, if no other file is there: its folders and its name.
pub(super) struct ArchivePath(Vec<String>);

impl ArchivePath {
    /// The path itself.
    pub(super) fn plain(&self) -> String {
        self.0.join("/")
    }

    /// A path that no other file has: with the arrival's number and the file's place in it before the
    /// extension. Number 0 is the path itself. The same at every attempt.
    pub(super) fn numbered(&self, place: MediaPlace, number: u32) -> String {
        let plain = self.plain();
        if number == 0 {
            return plain;
        }
        let index = place.index.map(|index| format!(".{index}")).unwrap_or_default();
        let again = if number > 1 { format!(".{number}") } else { String::new() };
        let mark = format!("-{}{index}{again}", place.arrival);
        let file = self.0.last().map(String::as_str).unwrap_or_default();
        let (stem, extension) = file.rsplit_once('.').unwrap_or((file, ""));
        let folders = plain.strip_suffix(file).unwrap_or_default();
        match extension {
            "" => format!("{folders}{stem}{mark}"),
            extension => format!("{folders}{stem}{mark}.{extension}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tipoff_model::ArrivalId;

    use super::*;

    #[test]
    fn templates_are_read_and_mistakes_are_told() {
        for right in ["{name}", "a/b c/{device} {event}.{name}", "Höfe/{device_id}-{incident}"] {
            assert!(PathTemplate::parse(right).is_ok(), "{right}");
        }
        for (wrong, told) in [
            ("", "must not begin"),
            ("/srv/{name}", "must not begin"),
            ("a//{name}", "two in a row"),
            ("{name}/", "end with /"),
            ("../{name}", "cannot be the name"),
            ("a/./{name}", "cannot be the name"),
            (".hidden/{name}", "cannot be the name"),
            ("{nam}", "there is no {nam}; there are arrival, day,"),
            ("{name", "no } behind it"),
            ("name}", "'}'"),
            ("a\\{name}", "'\\\\'"),
            ("a:b", "':'"),
            ("1/2/3/4/5/6/7/8/{name}", "8 folders deep"),
            (&"x".repeat(501), "500 bytes"),
            (&"x".repeat(111), "cannot be the name"),
        ] {
            let fault = PathTemplate::parse(wrong).expect_err(wrong);
            assert!(fault.contains(told), "{wrong}: {fault}");
        }
    }

    #[test]
    fn names_become_safe() {
        for (given, safe_name) in [
            ("snap.jpg", "snap.jpg"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..", "_"),
            (" . ", "_"),
            ("", "_"),
            (".bashrc", "bashrc"),
            ("a\0b\nc:d|e", "a_b_c_d_e"),
            ("Garten Süd 车库", "Garten Süd 车库"),
            ("dots...", "dots"),
            ("gpj.\u{202e}exe", "gpj._exe"),
        ] {
            assert_eq!(safe(given), safe_name, "{given:?}");
        }
        let long = format!("{}.jpg", "ü".repeat(200));
        assert!(safe(&long).len() <= SEGMENT_BYTES_MAX && safe(&long).ends_with("ü.jpg"));
    }

    #[test]
    fn the_mark_stands_before_the_extension() {
        let path = ArchivePath(vec!["yard".to_owned(), "snap.jpg".to_owned()]);
        let place = MediaPlace { arrival: ArrivalId(17), index: Some(2) };
        assert_eq!(path.numbered(place, 0), "yard/snap.jpg");
        assert_eq!(path.numbered(place, 1), "yard/snap-17.2.jpg");
        assert_eq!(path.numbered(place, 2), "yard/snap-17.2.2.jpg");
        let mail = MediaPlace { arrival: ArrivalId(17), index: None };
        assert_eq!(ArchivePath(vec!["mail".to_owned()]).numbered(mail, 1), "mail-17");
    }

    proptest! {
        #[test]
        fn whatever_a_device_says_is_one_harmless_name(text in any::<String>()) {
            let name = safe(&text);
            prop_assert!(!name.is_empty() && name.len() <= SEGMENT_BYTES_MAX, "{name:?}");
            prop_assert!(!name.starts_with(['.', ' ']) && !name.ends_with(['.', ' ']), "{name:?}");
            prop_assert!(name.chars().all(is_harmless), "{name:?}");
            prop_assert_eq!(safe(&name), name.clone());
        }

        #[test]
        fn no_template_panics(text in "[a-z{}/. \\\\ü]{0,40}") {
            let _ = PathTemplate::parse(&text);
        }
    }
}
