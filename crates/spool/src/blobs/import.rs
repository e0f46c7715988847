//! Blobs that come from another spool, under the names that they had there.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path};

use tipoff_model::{BlobName, Encoding, Media, MediaKind};

use super::{Blobs, MediaReader};

/// Suffix of a file's name until the file is whole. No arrival names it: if it stays, the next start removes it.
const UNFINISHED: &str = ".copying";

impl Blobs {
    /// Stores the bytes of a blob under its name, in place of those that an earlier attempt left, and returns their
    /// number. They are durable; their name is after the next [`Blobs::sync_names`]. Blocks.
    ///
    /// # Errors
    /// The name is none that a spool makes, `bytes` cannot be read, or the disk fails.
    pub(crate) fn import(&self, name: &BlobName, bytes: &mut dyn Read) -> io::Result<u64> {
        let day = day_of_name(name).ok_or(ErrorKind::InvalidFilename)?;
        self.make_day(day)?;
        let path = self.path(name);
        let unfinished = self.path(&BlobName(format!("{name}{UNFINISHED}")));
        let mut file = File::create(&unfinished)?;
        let size = io::copy(bytes, &mut file)?;
        file.sync_data()?;
        fs::rename(&unfinished, &path)?;
        self.days().entry(day.to_owned()).or_default().has_new_names = true;
        Ok(size)
    }

    /// The first `size` bytes of a blob as they are stored. Blocks.
    ///
    /// # Errors
    /// There is no such blob.
    pub(crate) fn read_raw(&self, name: &BlobName, size: u64) -> io::Result<MediaReader> {
        let raw = Media {
            name: String::new(),
            content_type: String::new(),
            kind: MediaKind::File,
            range: 0..size,
            encoding: Encoding::Identity,
            size,
            whole: true,
            repeat: false,
            decoration: false,
        };
        self.read(name, &raw)
    }

    /// Whether both are the same blobs in the same place.
    pub(crate) fn are_those_of(&self, other: &Self) -> bool {
        let place = |blobs: &Self| blobs.root.canonicalize().ok();
        place(self).is_some_and(|own| place(other) == Some(own))
    }
}

/// The folder in a name of the form `DAY/NAME`. `None` for any other: a name comes from a database, and must not lead
/// out of the folder of blobs.
fn day_of_name(name: &BlobName) -> Option<&str> {
    let (day, file) = name.0.split_once('/')?;
    let is_plain = |part: &str| {
        let mut components = Path::new(part).components();
        let first = components.next();
        matches!(first, Some(Component::Normal(first)) if first == part)
            && components.next().is_none()
    };
    (is_plain(day) && is_plain(file)).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imported_blob_has_its_name_and_bytes_and_replaces_an_unfinished_one() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path(), "run").unwrap();
        let name = BlobName("2026-11-27/a-1.eml".to_owned());
        assert!(blobs.import(&name, &mut Failing).is_err());
        assert!(!blobs.path(&name).exists());
        assert_eq!(blobs.import(&name, &mut &b"a picture"[..]).unwrap(), 9);
        let mut read = Vec::new();
        blobs.read_raw(&name, 4).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, b"a pi");
        assert_eq!(fs::read_dir(folder.path().join("2026-11-27")).unwrap().count(), 1);
        blobs.sync_names().unwrap();
    }

    struct Failing;

    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::UnexpectedEof.into())
        }
    }

    #[test]
    fn a_name_does_not_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs"), "run").unwrap();
        for name in ["../x", "x", "/etc/x", "day/../../x", "day/a/b", "day/", "./x", "day/."] {
            let imported = blobs.import(&BlobName(name.to_owned()), &mut &b"x"[..]);
            assert!(imported.is_err(), "{name}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
    }
}
