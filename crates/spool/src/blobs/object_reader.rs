//! Reads parts of objects in requests for ranges, one after the other.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use super::object::{CHUNK_BYTES, ObjectBlobs};

/// Reads parts of objects one after the other. Blocks while a request waits for the store.
pub(super) struct ObjectReader {
    objects: Arc<ObjectBlobs>,
    /// What is still to be read.
    parts: VecDeque<(String, Range<u64>)>,
    /// The latest bytes that came.
    chunk: io::Cursor<Vec<u8>>,
}

impl ObjectReader {
    pub(super) fn new(objects: Arc<ObjectBlobs>, parts: Vec<(String, Range<u64>)>) -> Self {
        Self { objects, parts: parts.into(), chunk: io::Cursor::default() }
    }

    /// The next bytes; nothing at the end.
    pub(super) async fn next(&mut self) -> io::Result<Vec<u8>> {
        while let Some((name, range)) = self.parts.front_mut() {
            if range.is_empty() {
                self.parts.pop_front();
                continue;
            }
            let wanted = (range.end - range.start).min(CHUNK_BYTES);
            let bytes = self.objects.get(name, range.clone()).await?;
            range.start = range.start.saturating_add(bytes.len() as u64);
            if (bytes.len() as u64) < wanted {
                // The object has no more.
                self.parts.pop_front();
            }
            if !bytes.is_empty() {
                return Ok(bytes);
            }
        }
        Ok(Vec::new())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.chunk.read(out)?;
        if count > 0 || out.is_empty() {
            return Ok(count);
        }
        let objects = Arc::clone(&self.objects);
        let mut next = Self::new(Arc::clone(&objects), self.parts.clone().into());
        let waits = async move {
            let bytes = next.next().await?;
            Ok((next.parts, bytes))
        };
        let (parts, bytes) = objects.wait(waits)?;
        self.parts = parts;
        self.chunk = io::Cursor::new(bytes);
        self.chunk.read(out)
    }
}
