//! The files of one delivery, as channels read them: from the spool, or made for it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tipoff_channels::Files;
use tipoff_model::{AlertMedia, BlobName};
use tipoff_spool::Blobs;
use tipoff_video::Rendition;

/// Opens media in the spool's blobs, and what was made of them.
pub(crate) struct DeliveryFiles {
    blobs: Blobs,
    /// The rendition's files are there as long as it is.
    made: HashMap<BlobName, (PathBuf, Arc<Rendition>)>,
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

    /// Adds a file that was made.
    pub(super) fn add(&mut self, name: &BlobName, path: &Path, rendition: &Arc<Rendition>) {
        self.made.insert(name.clone(), (path.to_owned(), Arc::clone(rendition)));
    }
}

impl Files for DeliveryFiles {
    fn open(&self, media: &AlertMedia) -> io::Result<Box<dyn Read + Send>> {
        match self.made.get(&media.blob) {
            Some((path, _)) => Ok(Box::new(File::open(path)?)),
            None => Ok(Box::new(self.blobs.read(&media.blob, &media.media)?)),
        }
    }
}
