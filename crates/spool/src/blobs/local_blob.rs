//! A blob as a file of this machine.

use std::io;
use std::path::{Path, PathBuf};

use tipoff_model::Media;

use super::MediaReader;

/// A blob as a file of this machine.
#[derive(Clone, Debug)]
pub struct LocalBlob {
    path: PathBuf,
}

impl LocalBlob {
    /// The file of the blob itself.
    pub(super) fn itself(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its path, as long as this exists.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a file inside it, decoded, from the disk.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn read(&self, media: &Media) -> io::Result<MediaReader> {
        MediaReader::of_file(&self.path, media)
    }
}
