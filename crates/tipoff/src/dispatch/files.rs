//! The files of one delivery as channels read them: stored in the spool, or made for the delivery.
//!
//! A file that was made has a blob name of its own (`made/…`) that no stored blob has. Channels open both kinds alike,
//! and may open one several times.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tipoff_channels::Files;
use tipoff_model::{AlertMedia, BlobName};
use tipoff_spool::Blobs;
use tipoff_video::Rendition;

/// Opens media in the spool's blobs, and the videos and pictures made of them.
pub(crate) struct DeliveryFiles {
    blobs: Blobs,
    /// By the name that stands for the file in the alert.
    made: HashMap<BlobName, Made>,
}

/// A file that is not in the spool.
enum Made {
    /// The file exists as long as its rendition.
    Video(PathBuf, #[expect(dead_code, reason = "keeps the file")] Arc<Rendition>),
    /// A JPEG in memory, shared by the attempts that use it.
    Picture(Arc<Vec<u8>>),
}

impl DeliveryFiles {
    pub(crate) fn new(blobs: Blobs) -> Self {
        Self { blobs, made: HashMap::new() }
    }

    /// The blobs of the spool.
    pub(super) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Adds a file of a rendition.
    pub(super) fn add_video(&mut self, name: &BlobName, path: &Path, rendition: &Arc<Rendition>) {
        self.made.insert(name.clone(), Made::Video(path.to_owned(), Arc::clone(rendition)));
    }

    /// Adds a resized picture.
    pub(super) fn add_picture(&mut self, name: &BlobName, jpeg: Arc<Vec<u8>>) {
        self.made.insert(name.clone(), Made::Picture(jpeg));
    }
}

impl Files for DeliveryFiles {
    fn open(&self, media: &AlertMedia) -> io::Result<Box<dyn Read + Send>> {
        match self.made.get(&media.blob) {
            Some(Made::Video(path, _)) => Ok(Box::new(File::open(path)?)),
            Some(Made::Picture(jpeg)) => Ok(Box::new(Cursor::new(SharedBytes(Arc::clone(jpeg))))),
            None => Ok(Box::new(self.blobs.read(&media.blob, &media.media)?)),
        }
    }
}

/// Bytes that several attempts read.
struct SharedBytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
