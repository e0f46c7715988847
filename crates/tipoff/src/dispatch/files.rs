//! The files of one delivery, as channels read them: from the spool, or made for it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tipoff_channels::Files;
use tipoff_model::{AlertMedia, BlobName};
use tipoff_spool::Blobs;
use tipoff_video::Rendition;

/// Opens media in the spool's blobs, and what was made of them.
pub(crate) struct DeliveryFiles {
    blobs: Blobs,
    made: HashMap<BlobName, Made>,
}

/// A file that is in no spool.
enum Made {
    /// A file there is as long as its rendition is.
    Video(PathBuf, #[expect(dead_code, reason = "it keeps the file")] Arc<Rendition>),
    Picture(Arc<Vec<u8>>),
}

impl DeliveryFiles {
    /// Over these blobs.
    pub(crate) fn new(blobs: Blobs) -> Self {
        Self { blobs, made: HashMap::new() }
    }

    /// The spool's part.
    pub(super) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Adds a file of a video that was made.
    pub(super) fn add_video(&mut self, name: &BlobName, path: &Path, rendition: &Arc<Rendition>) {
        self.made.insert(name.clone(), Made::Video(path.to_owned(), Arc::clone(rendition)));
    }

    /// Adds a picture that was made.
    pub(super) fn add_picture(&mut self, name: &BlobName, jpeg: Arc<Vec<u8>>) {
        self.made.insert(name.clone(), Made::Picture(jpeg));
    }
}

impl Files for DeliveryFiles {
    fn open(&self, media: &AlertMedia) -> io::Result<Box<dyn Read + Send>> {
        match self.made.get(&media.blob) {
            Some(Made::Video(path, _)) => Ok(Box::new(File::open(path)?)),
            Some(Made::Picture(jpeg)) => Ok(Box::new(Cursor::new(Shared(Arc::clone(jpeg))))),
            None => Ok(Box::new(self.blobs.read(&media.blob, &media.media)?)),
        }
    }
}

/// Bytes that several attempts read.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
