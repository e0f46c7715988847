//! A blob as a file of this machine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tipoff_model::Media;

use super::staged::StagedFile;
use super::{BlobWriter, MediaReader};

/// A blob as a file of this machine.
#[derive(Clone, Debug)]
pub struct LocalBlob {
    path: PathBuf,
    /// What removes the file when it is dropped.
    _kept: Option<Kept>,
}

/// What removes a file when it is dropped.
#[derive(Clone, Debug)]
enum Kept {
    Copy(#[expect(dead_code, reason = "keeps the file")] Arc<BlobWriter>),
    Staged(#[expect(dead_code, reason = "keeps the file")] Arc<StagedFile>),
}

impl LocalBlob {
    /// The file of the blob itself.
    pub(super) fn itself(path: PathBuf) -> Self {
        Self { path, _kept: None }
    }

    /// A copy in the staging folder. It counts as under way of its sender.
    pub(super) fn copy(copy: BlobWriter) -> Self {
        Self { path: copy.path(), _kept: Some(Kept::Copy(Arc::new(copy))) }
    }

    /// The copy of an object that was stored a moment ago.
    pub(super) fn staged(file: Arc<StagedFile>) -> Self {
        Self { path: file.path().to_owned(), _kept: Some(Kept::Staged(file)) }
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
