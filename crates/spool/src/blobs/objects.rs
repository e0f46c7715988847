//! What [`BlobStore`] asks of objects: arrivals become objects and lists of them.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tipoff_model::{BlobName, Media};

use super::object::ObjectBlobs;
use super::object_reader::ObjectReader;
use super::staged::StagedFile;
use super::store::{Begun, BlobStore, Target};
use super::{BlobWriter, Blobs, LocalBlob, MediaReader, StoredBlob, segments};
use crate::BoxFuture;
use crate::room::Sender;

impl ObjectBlobs {
    /// Begins a file in the staging folder. `append_to` is what it continues, with `size` bytes.
    fn stage(
        &self,
        unique: &str,
        (name, size): (BlobName, u64),
        append_to: Option<BlobName>,
    ) -> io::Result<Begun> {
        let (staged, file) = StagedFile::create(self.staging.join(unique))?;
        let target = Target::Staged { file: staged, append_to, begin: size };
        Ok(Begun { name, file, size, target })
    }

    /// Sends the staged file. The name is the whole list of segments then.
    async fn send(&self, mut writer: BlobWriter) -> io::Result<StoredBlob> {
        writer.close();
        let Target::Staged { file, append_to, begin } = writer.target() else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let (segment, size) = (writer.name(), writer.size());
        let bytes = size.saturating_sub(*begin);
        let name = match append_to {
            Some(blob) if bytes == 0 => return Ok(StoredBlob { name: blob.clone(), size }),
            Some(blob) => segments::append(blob, *begin, &segment.0, bytes)
                .ok_or(io::ErrorKind::UnexpectedEof)?,
            None => segment.clone(),
        };
        self.put(&segment.0, file.path().to_owned(), bytes).await?;
        if let Some(copies) = &self.copies {
            copies.keep(&segment.0, file, bytes, Instant::now());
        }
        Ok(StoredBlob { name, size })
    }

    /// The copy of an object that this run has stored a moment ago.
    pub(super) fn copy_of(&self, name: &str) -> Option<Arc<StagedFile>> {
        self.copies.as_ref()?.of(name)
    }

    /// Copies the first `size` bytes of a blob into a file of the staging folder.
    async fn copy(
        self: Arc<Self>,
        blob: &BlobName,
        size: u64,
        mut copy: BlobWriter,
    ) -> io::Result<LocalBlob> {
        let parts = segments::parts(blob, 0..size);
        let mut reader = ObjectReader::new(self, parts);
        loop {
            let bytes = reader.next().await?;
            if bytes.is_empty() {
                return Ok(LocalBlob::copy(copy));
            }
            copy.write(&bytes)?;
            copy.keep_pace().await;
        }
    }
}

impl BlobStore for ObjectBlobs {
    fn is_remote(&self) -> bool {
        true
    }

    fn folder(&self) -> &Path {
        &self.staging
    }

    fn begin(&self, name: BlobName, unique: &str) -> io::Result<Begun> {
        self.stage(unique, (name, 0), None)
    }

    fn resume(&self, blob: &BlobName, size: u64, unique: &str) -> io::Result<Begun> {
        let segment = segments::appended_name(blob, unique);
        segments::append(blob, size, &segment, 0).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.stage(unique, (BlobName(segment), size), Some(blob.clone()))
    }

    fn finish(self: Arc<Self>, writer: BlobWriter) -> io::Result<StoredBlob> {
        let this = Arc::clone(&self);
        self.wait(async move { this.send(writer).await })
    }

    fn commit(self: Arc<Self>, writer: BlobWriter) -> BoxFuture<'static, io::Result<StoredBlob>> {
        Box::pin(async move { self.send(writer).await })
    }

    fn read(self: Arc<Self>, blob: &BlobName, media: &Media) -> io::Result<MediaReader> {
        if let Some(copy) = self.copy_of(&blob.0) {
            // The open file can be read also when the copy is removed meanwhile.
            return MediaReader::of_file(copy.path(), media);
        }
        let parts = segments::parts(blob, media.range.clone());
        Ok(MediaReader::of_objects(ObjectReader::new(self, parts), media.encoding))
    }

    fn local(
        self: Arc<Self>,
        blobs: Blobs,
        blob: BlobName,
        size: u64,
        sender: Sender,
    ) -> BoxFuture<'static, io::Result<LocalBlob>> {
        Box::pin(async move {
            if let Some(copy) = self.copy_of(&blob.0) {
                return Ok(LocalBlob::staged(copy));
            }
            let unique = blobs.unique();
            let begun = self.stage(&unique, (blob.clone(), 0), None)?;
            let mut copy = blobs.writer(begun);
            copy.belongs_to(sender);
            self.copy(&blob, size, copy).await
        })
    }

    fn import(
        self: Arc<Self>,
        _day: &str,
        name: &BlobName,
        unique: &str,
        bytes: &mut dyn Read,
    ) -> io::Result<u64> {
        let (staged, mut file) = StagedFile::create(self.staging.join(unique))?;
        let size = io::copy(bytes, &mut file)?;
        let (this, name) = (Arc::clone(&self), name.0.clone());
        self.wait(async move { this.put(&name, staged.path().to_owned(), size).await })?;
        Ok(size)
    }

    fn stored_bytes(self: Arc<Self>, blob: &BlobName) -> io::Result<u64> {
        let (this, segments) = (Arc::clone(&self), segments::segments(blob));
        self.wait(async move {
            let mut bytes = 0_u64;
            for segment in segments {
                bytes = bytes.saturating_add(this.size(&segment.name).await?);
            }
            Ok(bytes)
        })
    }

    fn remove(self: Arc<Self>, blobs: Vec<BlobName>) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.remove_objects(&blobs).await })
    }

    fn remove_leftovers(&self, run: &str) -> io::Result<()> {
        self.clean_staging(run)
    }

    fn possible_orphans(
        self: Arc<Self>,
        _run: Arc<str>,
    ) -> BoxFuture<'static, io::Result<Vec<BlobName>>> {
        Box::pin(async move { self.old().await })
    }

    fn check(&self) -> BoxFuture<'_, io::Result<()>> {
        Box::pin(self.check_uploads())
    }

    fn probe<'a>(&'a self, run: &'a str) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(self.try_object(run))
    }

    fn spare_bytes(&self, is_needed: bool) -> u64 {
        let Some(copies) = &self.copies else { return 0 };
        if is_needed {
            copies.forget(|_| true);
        }
        copies.bytes(Instant::now())
    }
}
