//! Reads a file inside a blob, decoded, piece by piece.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use tipoff_model::transfer::Decoder;
use tipoff_model::{Encoding, Media};

use super::object_reader::ObjectReader;

/// Size of the pieces in which encoded bytes are read and decoded, in bytes.
pub(super) const READ_BYTES: usize = 32 * 1024;

/// Where the encoded bytes come from.
enum Source {
    File(io::Take<BufReader<File>>),
    Objects(ObjectReader),
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(out),
            Self::Objects(objects) => objects.read(out),
        }
    }
}

/// The decoded bytes of a file inside a blob. At most one piece of it is in memory.
pub struct MediaReader {
    source: Source,
    decoder: Decoder,
    /// The decoded bytes of the latest piece.
    ready: Vec<u8>,
    /// Number of these that were given out.
    given: usize,
    /// Whether the source has ended and the decoder has given what it kept back.
    ended: bool,
}

impl MediaReader {
    /// Reads from the file of a blob.
    pub(super) fn of_file(path: &Path, media: &Media) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(media.range.start))?;
        let length = media.range.end.saturating_sub(media.range.start);
        let file = BufReader::with_capacity(READ_BYTES, file).take(length);
        Ok(Self::new(Source::File(file), media.encoding))
    }

    /// Reads from objects, each time on a thread that may wait for the network.
    pub(super) fn of_objects(objects: ObjectReader, encoding: Encoding) -> Self {
        Self::new(Source::Objects(objects), encoding)
    }

    fn new(source: Source, encoding: Encoding) -> Self {
        let decoder = Decoder::new(encoding);
        Self { source, decoder, ready: Vec::new(), given: 0, ended: false }
    }
}

impl Read for MediaReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.ended {
            self.ready.clear();
            self.given = 0;
            let mut encoded = [0; READ_BYTES];
            let count = self.source.read(&mut encoded)?;
            match encoded.get(..count) {
                Some(encoded) if count > 0 => self.decoder.push(encoded, &mut self.ready),
                _ => {
                    self.decoder.finish(&mut self.ready);
                    self.ended = true;
                }
            }
        }
        let count = self.ready.get(self.given..).unwrap_or_default().read(out)?;
        self.given += count;
        Ok(count)
    }
}
