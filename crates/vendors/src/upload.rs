//! An uploaded file as the vendors' files read it: its path and name. It also recognises, for all vendors, names of
//! files that are still being written, and files that are no alarm: tests, indexes, markers, empty files.

use tipoff_model::{Event, MediaKind};

/// Ends of names under which devices write a file before they rename it. Dahua appends `_` (`….jpg_`, `….dav_`).
const TEMPORARY: &[&str] =
    &["_", ".tmp", ".temp", ".part", ".partial", ".filepart", ".uploading", ".crdownload"];
/// Extensions of files that index others or describe a folder. Dahua writes an `.idx` beside each `.dav`.
const INDEXES: &[&str] = &["idx", "nfo"];
/// The marker that Dahua devices look for and create in the root of their tree, in lower case.
const DAHUA_MARKER: &str = "dvrworkdirectory";
/// Largest file of a test button in bytes.
const TEST_BYTES_MAX: u64 = 4 * 1024;

/// An uploaded file, by what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct UploadedFile<'a> {
    /// Its path from the root of the device's tree: `/IPC06/2026-10-05/001/jpg/14/03.jpg`.
    pub path: &'a str,
    /// Its kind by its content.
    pub kind: MediaKind,
    /// Its size in bytes.
    pub size: u64,
}

/// What an uploaded file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The event by its name; [`Event::Other`] if the name contains none.
    pub event: Event,
    /// Whether it is a marker, an index, a test or empty: it is stored, not alerted.
    pub housekeeping: bool,
}

/// Whether a name is one under which a file is still being written.
pub fn is_temporary(name: &str) -> bool {
    lasting_name(name).len() < name.len()
}

/// The name that the file will have: without all temporary ends. It is never empty unless `name` is.
pub fn lasting_name(name: &str) -> &str {
    let mut lasting = name;
    while let Some(shorter) = without_end(lasting) {
        lasting = shorter;
    }
    lasting
}

/// The name without one temporary end; `None` if it has none.
fn without_end(name: &str) -> Option<&str> {
    TEMPORARY.iter().find_map(|end| {
        let (rest, tail) = name.split_at_checked(name.len().checked_sub(end.len())?)?;
        // A name that consists of such an end is a name: `/_`.
        let is_named = !rest.is_empty() && !rest.ends_with('/');
        (is_named && tail.eq_ignore_ascii_case(end)).then_some(rest)
    })
}

impl<'a> UploadedFile<'a> {
    /// Its lasting name, without folders.
    pub(crate) fn name(&self) -> &'a str {
        lasting_name(self.path).rsplit('/').next().unwrap_or_default()
    }

    /// Its name without the extension.
    pub(crate) fn stem(&self) -> &'a str {
        let name = self.name();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    /// The text behind the last dot of its name; empty if there is none.
    fn extension(&self) -> &'a str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The names of its folders, the innermost first.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &'a str> {
        self.path.rsplit('/').skip(1).filter(|folder| !folder.is_empty())
    }

    /// Whether it is an index, a marker or a test, and so is not alerted.
    pub(crate) fn is_housekeeping(&self) -> bool {
        let extension = self.extension().to_ascii_lowercase();
        INDEXES.contains(&extension.as_str())
            || self.name().eq_ignore_ascii_case(DAHUA_MARKER)
            || self.is_test()
    }

    /// Whether a test button uploaded it: a small file named `test…` or `ftp_test…` that is no picture, such as
    /// `testftp.txt`, or an empty file, by which devices try whether they can write.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.name().to_ascii_lowercase();
        let rest = name.strip_prefix("ftp").unwrap_or(&name);
        let is_called_so = rest.strip_prefix('_').unwrap_or(rest).starts_with("test");
        self.size == 0
            || (self.kind == MediaKind::File && self.size <= TEST_BYTES_MAX && is_called_so)
    }
}

/// Whether a text consists of digits.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && is_digits(text, text.len())
}

/// Whether a text consists of this many digits.
pub(crate) fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}
