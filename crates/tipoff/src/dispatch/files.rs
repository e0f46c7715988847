//! The spool's files, as channels read them.

use std::io::{self, Read};

use tipoff_channels::Files;
use tipoff_model::AlertMedia;
use tipoff_spool::Blobs;

/// Opens media in the spool's blobs.
pub(crate) struct SpoolFiles(Blobs);

impl SpoolFiles {
    /// Over these blobs.
    pub(crate) fn new(blobs: Blobs) -> Self {
        Self(blobs)
    }
}

impl Files for SpoolFiles {
    fn open(&self, media: &AlertMedia) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.0.read(&media.blob, &media.media)?))
    }
}
