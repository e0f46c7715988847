//! Blobs that come from another spool, under the names that they had there.

use std::io::{self, ErrorKind, Read};
use std::path::{Component, Path};
use std::sync::Arc;

use tipoff_model::{BlobName, Encoding, Media, MediaKind};

use super::{Blobs, MediaReader};

impl Blobs {
    /// Stores the bytes of a blob of one segment under its name, in place of those that an earlier attempt left, and
    /// returns their number. They are durable; the name of a file is after the next [`Blobs::sync_names`]. Blocks.
    ///
    /// # Errors
    /// The name is none that a spool makes, `bytes` cannot be read, or the store does not take them.
    pub(crate) fn import(&self, name: &BlobName, bytes: &mut dyn Read) -> io::Result<u64> {
        let day = day_of_name(name).ok_or(ErrorKind::InvalidFilename)?;
        Arc::clone(&self.store).import(day, name, &self.unique(), bytes)
    }

    /// The first `size` bytes of a blob as they are stored. Blocks.
    ///
    /// # Errors
    /// As [`Blobs::read`].
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

    /// Number of bytes that the store has of a blob. Reads none of them. Blocks.
    ///
    /// # Errors
    /// There is no such blob (`NotFound`), or the store fails.
    pub(crate) fn stored_bytes(&self, name: &BlobName) -> io::Result<u64> {
        Arc::clone(&self.store).stored_bytes(name)
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
    use std::fs;

    use super::*;

    #[test]
    fn an_imported_blob_has_its_name_and_bytes_and_replaces_an_unfinished_one() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path(), "run").unwrap();
        let name = BlobName("2026-11-27/a-1.eml".to_owned());
        assert!(blobs.import(&name, &mut Failing).is_err());
        assert!(!blobs.path(&name).unwrap().exists());
        assert_eq!(blobs.stored_bytes(&name).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(blobs.import(&name, &mut &b"a picture"[..]).unwrap(), 9);
        let mut read = Vec::new();
        blobs.read_raw(&name, 4).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!((read, blobs.stored_bytes(&name).unwrap()), (b"a pi".to_vec(), 9));
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
