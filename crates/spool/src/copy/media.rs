//! The files of a copy: those of arrivals, in the order of the arrivals, from a folder or a bucket into another.
//!
//! A bucket gets the same objects that another bucket has, and one object for each file of a folder. A folder gets one
//! file for each arrival: its segments are joined, and the copied row names none (`arrival.segments`).

use std::io::{self, ErrorKind, Read};

use std::thread;

use sha2::{Digest as _, Sha256};
use tipoff_model::BlobName;

use crate::blobs::segments;
use crate::sql::spool::file_error;
use crate::sql::statement::{Sql, number, params};
use crate::{Blobs, Result, SpoolError};

/// Size of the pieces in which files are read, in bytes.
const READ_BYTES: usize = 64 * 1024;
/// Files that are copied or compared at the same time: each may wait for a network.
const LANES: usize = 8;

/// The file of an arrival.
#[derive(Clone, Debug)]
pub(super) struct ArrivalFile {
    pub(super) arrival: i64,
    blob: BlobName,
    /// The bytes that were acknowledged. The file may have more.
    bytes: u64,
}

/// What became of some files.
#[derive(Clone, Debug, Default)]
pub(super) struct Done {
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// Names of files that the source does not have, or has only in part.
    pub(super) missing: Vec<String>,
}

/// The files of the next arrivals behind a number, up to `max`.
///
/// # Errors
/// If the database fails.
pub(super) fn next(sql: &dyn Sql, after: i64, max: usize) -> Result<Vec<ArrivalFile>> {
    let select = format!(
        "/* copy */ SELECT id, coalesce(segments, blob), bytes FROM arrival WHERE id > ?1
         ORDER BY id LIMIT {max}"
    );
    sql.rows(&select, params![after], |row| {
        let blob = BlobName(row.get(1)?);
        Ok(ArrivalFile { arrival: row.get(0)?, blob, bytes: number(row, 2)? })
    })
}

/// Copies files; when this returns, they and their names are durable. Blocks.
///
/// # Errors
/// A disk or a bucket fails.
pub(super) fn copy(files: &[ArrivalFile], from: &Blobs, to: &Blobs) -> Result<Done> {
    let done = in_lanes(files, |file| match import(file, from, to) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file.failed(&error)),
    })?;
    to.sync_names().map_err(file_error)?;
    Ok(done)
}

fn import(file: &ArrivalFile, from: &Blobs, to: &Blobs) -> io::Result<u64> {
    if !to.are_remote() || segments::list(&file.blob).is_none() {
        let mut source = from.read_raw(&file.blob, file.bytes)?;
        return to.import(&file.name_in(to), &mut source);
    }
    let mut bytes = 0;
    for segment in segments::segments(&file.blob) {
        let name = BlobName(segment.name);
        let mut source = from.read_raw(&name, segment.bytes.unwrap_or(file.bytes))?;
        bytes += to.import(&name, &mut source)?;
    }
    Ok(bytes)
}

/// Compares the files of both sides byte by byte, by their digests. Blocks.
///
/// # Errors
/// [`SpoolError::Copy`] with the name of the first one that differs; a disk or a bucket fails.
pub(super) fn compare(files: &[ArrivalFile], from: &Blobs, to: &Blobs) -> Result<Done> {
    in_lanes(files, |file| {
        let source = digest(file, from).map_err(|error| file.failed(&error))?;
        let target = digest(file, to).map_err(|error| file.failed(&error))?;
        match source == target {
            true => Ok(source.map(|(_, bytes)| bytes)),
            false => {
                let text = format!("the file {} differs in the copy", file.first());
                Err(SpoolError::Copy(text))
            }
        }
    })
}

/// Looks whether the files are there that both sides share. Blocks.
///
/// # Errors
/// A disk or a bucket fails.
pub(super) fn check(files: &[ArrivalFile], blobs: &Blobs) -> Result<Done> {
    in_lanes(files, |file| match blobs.stored_bytes(&file.name_in(blobs)) {
        Ok(bytes) => Ok(Some(bytes.min(file.bytes))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file.failed(&error)),
    })
}

/// Does something with each file, with several at a time. `work` returns the file's bytes, `None` if it is missing.
fn in_lanes(
    files: &[ArrivalFile],
    work: impl Fn(&ArrivalFile) -> Result<Option<u64>> + Sync,
) -> Result<Done> {
    let work = |lane: &[ArrivalFile]| lane.iter().map(&work).collect::<Result<Vec<_>>>();
    let found = thread::scope(|scope| {
        let lanes = files.chunks(files.len().div_ceil(LANES).max(1));
        let lanes: Vec<_> = lanes.map(|lane| scope.spawn(|| work(lane))).collect();
        let ended = lanes.into_iter().map(|lane| lane.join().map_err(|_| SpoolError::Closed)?);
        ended.collect::<Result<Vec<_>>>()
    })?;
    let mut done = Done::default();
    for (file, bytes) in files.iter().zip(found.into_iter().flatten()) {
        done.note(file, bytes);
    }
    Ok(done)
}

/// The digest of the acknowledged bytes, and their number. `None`: there is no such file.
fn digest(file: &ArrivalFile, blobs: &Blobs) -> io::Result<Option<([u8; 32], u64)>> {
    let read = blobs.read_raw(&file.name_in(blobs), file.bytes).and_then(|mut source| {
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = source.read(&mut buffer)?;
            if count == 0 {
                return Ok((hash.finalize().into(), bytes));
            }
            hash.update(buffer.get(..count).unwrap_or_default());
            bytes += count as u64;
        }
    });
    match read {
        // Of an object this is known at the first read.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

impl Done {
    fn note(&mut self, file: &ArrivalFile, bytes: Option<u64>) {
        if let Some(bytes) = bytes {
            self.files += 1;
            self.bytes += bytes;
        }
        if bytes.is_none_or(|bytes| bytes < file.bytes) {
            self.missing.push(file.name());
        }
    }
}

impl ArrivalFile {
    /// The name of its first segment, which is the file's name in a folder.
    fn first(&self) -> &str {
        segments::first(&self.blob.0)
    }

    /// Its name in these blobs.
    fn name_in(&self, blobs: &Blobs) -> BlobName {
        match blobs.are_remote() {
            true => self.blob.clone(),
            false => BlobName(self.first().to_owned()),
        }
    }

    fn name(&self) -> String {
        format!("{} of arrival {}", self.first(), self.arrival)
    }

    fn failed(&self, error: &io::Error) -> SpoolError {
        SpoolError::File(format!("{}: {error}", self.first()))
    }
}
