//! The files of a copy: those of arrivals, in the order of the arrivals.

use std::io::{self, ErrorKind, Read};

use sha2::{Digest as _, Sha256};
use tipoff_model::BlobName;

use crate::sql::spool::file_error;
use crate::sql::statement::{Sql, number, params};
use crate::{Blobs, Result, SpoolError};

/// Size of the pieces in which files are read, in bytes.
const READ_BYTES: usize = 64 * 1024;

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
        "/* copy */ SELECT id, blob, bytes FROM arrival WHERE id > ?1 ORDER BY id LIMIT {max}"
    );
    sql.rows(&select, params![after], |row| {
        let blob = BlobName(row.get(1)?);
        Ok(ArrivalFile { arrival: row.get(0)?, blob, bytes: number(row, 2)? })
    })
}

/// Copies files; when this returns, they and their names are durable. Blocks.
///
/// # Errors
/// A disk fails.
pub(super) fn copy(files: &[ArrivalFile], from: &Blobs, to: &Blobs) -> Result<Done> {
    let mut done = Done::default();
    for file in files {
        match import(file, from, to) {
            Ok(bytes) => done.note(file, bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => done.missing.push(file.name()),
            Err(error) => return Err(file.failed(&error)),
        }
    }
    to.sync_names().map_err(file_error)?;
    Ok(done)
}

fn import(file: &ArrivalFile, from: &Blobs, to: &Blobs) -> io::Result<u64> {
    let mut source = from.read_raw(&file.blob, file.bytes)?;
    to.import(&file.blob, &mut source)
}

/// Compares the files of both sides byte by byte, by their digests. Blocks.
///
/// # Errors
/// [`SpoolError::Copy`] with the name of the first one that differs; a disk fails.
pub(super) fn compare(files: &[ArrivalFile], from: &Blobs, to: &Blobs) -> Result<Done> {
    let mut done = Done::default();
    for file in files {
        let source = digest(file, from).map_err(|error| file.failed(&error))?;
        let target = digest(file, to).map_err(|error| file.failed(&error))?;
        if source != target {
            return Err(SpoolError::Copy(format!("the file {} differs in the copy", file.blob)));
        }
        match source {
            Some((_, bytes)) => done.note(file, bytes),
            None => done.missing.push(file.name()),
        }
    }
    Ok(done)
}

/// Looks whether the files are there that both sides share. Blocks.
pub(super) fn check(files: &[ArrivalFile], blobs: &Blobs) -> Done {
    let mut done = Done::default();
    for file in files {
        match blobs.path(&file.blob).metadata() {
            Ok(found) => done.note(file, found.len().min(file.bytes)),
            Err(_) => done.missing.push(file.name()),
        }
    }
    done
}

/// The digest of the acknowledged bytes, and their number. `None`: there is no such file.
fn digest(file: &ArrivalFile, blobs: &Blobs) -> io::Result<Option<([u8; 32], u64)>> {
    let mut source = match blobs.read_raw(&file.blob, file.bytes) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        source => source?,
    };
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let count = source.read(&mut buffer)?;
        if count == 0 {
            return Ok(Some((hash.finalize().into(), bytes)));
        }
        hash.update(buffer.get(..count).unwrap_or_default());
        bytes += count as u64;
    }
}

impl Done {
    fn note(&mut self, file: &ArrivalFile, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
        if bytes < file.bytes {
            self.missing.push(file.name());
        }
    }
}

impl ArrivalFile {
    fn name(&self) -> String {
        format!("{} of arrival {}", self.blob, self.arrival)
    }

    fn failed(&self, error: &io::Error) -> SpoolError {
        SpoolError::File(format!("{}: {error}", self.blob))
    }
}
