//! A blob as a file of this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tipoff_model::Media;

use super::{BlobWriter, MediaReader};

/// A blob as a file of this machine.
#[derive(Clone, Debug)]
pub struct LocalBlob {
    path: PathBuf,
    /// Removes the copy when it is dropped.
    _copy: Option<Arc<BlobWriter>>,
}

impl LocalBlob {
    /// The file of the blob itself.
    pub(super) fn itself(path: PathBuf) -> Self {
        Self { path, _copy: None }
    }

    /// A copy in the staging folder. It counts as under way of its sender.
    pub(super) fn copy(copy: BlobWriter) -> Self {
        Self { path: copy.path(), _copy: Some(Arc::new(copy)) }
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
