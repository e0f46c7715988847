//! An uploaded file as the vendors' files look at it: what it is called, and what is no alarm at all.

use tipoff_model::{Event, MediaKind};

/// The ends of names under which a file is only being written; it is renamed when all of it is
/// there. Dahua's is `_`.
const TEMPORARY: &[&str] =
    &["_", ".tmp", ".temp", ".part", ".partial", ".filepart", ".uploading", ".crdownload"];
/// Files that are an index to others, or mark a folder.
const INDEXES: &[&str] = &["idx", "nfo"];
/// The file that a Dahua looks for in the root of its tree.
const DAHUA_MARKER: &str = "dvrworkdirectory";
/// What a device's test button uploads is no larger than this.
const TEST_BYTES_MAX: u64 = 4 * 1024;

/// An uploaded file, by what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct UploadedFile<'a> {
    /// What the device calls it, from the root of its tree: `/IPC06/2026-10-05/001/jpg/14/03.jpg`.
    pub path: &'a str,
    /// By its content.
    pub kind: MediaKind,
    /// In bytes.
    pub size: u64,
}

/// What an uploaded file means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What has happened, as far as its name tells.
    pub event: Event,
    /// Whether it is a marker, an index, a test or empty: nothing to tell of.
    pub housekeeping: bool,
}

/// Whether it is a name under which a file is only being written.
pub fn is_temporary(name: &str) -> bool {
    lasting_name(name).len() < name.len()
}

/// The name without what makes it temporary, however often: what the file will be called. It is
/// the beginning of the name, and never empty unless that is.
pub fn lasting_name(name: &str) -> &str {
    let mut lasting = name;
    while let Some(shorter) = without_end(lasting) {
        lasting = shorter;
    }
    lasting
}

fn without_end(name: &str) -> Option<&str> {
    TEMPORARY.iter().find_map(|end| {
        let (rest, tail) = name.split_at_checked(name.len().checked_sub(end.len())?)?;
        // A name that is nothing else is a name.
        let is_named = !rest.is_empty() && !rest.ends_with('/');
        (is_named && tail.eq_ignore_ascii_case(end)).then_some(rest)
    })
}

impl<'a> UploadedFile<'a> {
    /// Its lasting name in its folder.
    pub(crate) fn name(&self) -> &'a str {
        lasting_name(self.path).rsplit('/').next().unwrap_or_default()
    }

    /// Its name without the extension.
    pub(crate) fn stem(&self) -> &'a str {
        let name = self.name();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }

    fn extension(&self) -> &'a str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    /// The folders that it is in, the innermost first.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &'a str> {
        self.path.rsplit('/').skip(1).filter(|folder| !folder.is_empty())
    }

    pub(crate) fn is_housekeeping(&self) -> bool {
        let extension = self.extension().to_ascii_lowercase();
        INDEXES.contains(&extension.as_str())
            || self.name().eq_ignore_ascii_case(DAHUA_MARKER)
            || self.is_test()
    }

    /// What test buttons upload, or an empty file: a device that tries whether it can write.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.name().to_ascii_lowercase();
        let rest = name.strip_prefix("ftp").unwrap_or(&name);
        let is_called_so = rest.strip_prefix('_').unwrap_or(rest).starts_with("test");
        self.size == 0
            || (self.kind == MediaKind::File && self.size <= TEST_BYTES_MAX && is_called_so)
    }
}

/// Whether a text is digits and nothing else.
pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && is_digits(text, text.len())
}

/// Whether a text is this many digits.
pub(crate) fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}
