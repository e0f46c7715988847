//! Where an export goes: files in a folder, or one zip file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, bail};
use tempfile::TempPath;
use tipoff_model::{AlertMedia, Timestamp};
use tipoff_spool::Blobs;
use zip::ZipWriter;
use zip::write::StreamWriter;

use crate::runtime::lock::lock;
use crate::web::zip_options;

/// The file of an arrival is not stored any more.
#[derive(Debug, thiserror::Error)]
#[error("the file is not stored any more")]
pub(super) struct Missing;

/// The bytes of a file to write.
pub(super) enum Content {
    /// Of an arrival.
    Stored(Box<AlertMedia>),
    /// The index.
    Index(File),
}

impl Content {
    /// Opens it. Returns also its size in bytes.
    pub(super) fn open(self, blobs: &Blobs) -> anyhow::Result<(Box<dyn Read>, u64)> {
        match self {
            Self::Stored(media) => match blobs.read(&media.blob, &media.media) {
                Ok(reader) => Ok((Box::new(reader), media.media.size)),
                Err(error) if error.kind() == ErrorKind::NotFound => Err(Missing.into()),
                Err(error) => Err(error).context("a stored file cannot be read"),
            },
            Self::Index(file) => {
                let size = file.metadata()?.len();
                Ok((Box::new(file), size))
            }
        }
    }
}

/// Takes one file after the other.
pub(super) trait Target: Send {
    /// Adds a file under a relative path.
    fn add(
        &mut self,
        path: &str,
        at: Timestamp,
        size: u64,
        reader: &mut dyn Read,
    ) -> anyhow::Result<()>;

    /// Writes what is left.
    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}

/// A folder of this machine.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder. One that has files is refused, so that nothing is overwritten.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot make the folder {}", path.display());
        fs::create_dir_all(path).with_context(cannot)?;
        if fs::read_dir(path).with_context(cannot)?.next().is_some() {
            bail!("the folder {} is not empty: name a new one", path.display());
        }
        Ok(Self(path.to_owned()))
    }
}

impl Target for Folder {
    fn add(
        &mut self,
        path: &str,
        _at: Timestamp,
        _size: u64,
        reader: &mut dyn Read,
    ) -> anyhow::Result<()> {
        let path = self.0.join(path);
        let cannot = || format!("cannot write {}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(cannot)?;
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).open(&path).with_context(cannot)?;
        io::copy(reader, &mut file).with_context(cannot)?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        Ok(())
    }
}

/// A zip file that is written as it is made.
pub(super) struct Zip<W: Write + Send> {
    writer: ZipWriter<StreamWriter<Output<W>>>,
    failure: Failure,
    /// A file that is removed unless it is finished.
    unfinished: Option<TempPath>,
}

/// The first error of an output.
type Failure = Arc<Mutex<Option<io::Error>>>;

impl Zip<File> {
    /// Makes the file. One that exists is refused, so that nothing is overwritten.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => {
                let unfinished = TempPath::try_from_path(path).with_context(cannot)?;
                Ok(Self { unfinished: Some(unfinished), ..Self::new(file) })
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!("{} exists already: name a new file", path.display())
            }
            Err(error) => Err(error).with_context(cannot),
        }
    }
}

impl<W: Write + Send> Zip<W> {
    pub(super) fn new(output: W) -> Self {
        let failure = Failure::default();
        let output = Output { output: Some(output), failure: Arc::clone(&failure) };
        Self { writer: ZipWriter::new_stream(output), failure, unfinished: None }
    }
}

const CANNOT_ZIP: &str = "cannot write the zip file";

impl<W: Write + Send> Target for Zip<W> {
    fn add(
        &mut self,
        path: &str,
        at: Timestamp,
        size: u64,
        reader: &mut dyn Read,
    ) -> anyhow::Result<()> {
        self.writer.start_file(path, zip_options(at, size)).context(CANNOT_ZIP)?;
        io::copy(reader, &mut self.writer).context(CANNOT_ZIP)?;
        written(&self.failure)
    }

    fn finish(self: Box<Self>) -> anyhow::Result<()> {
        self.writer.finish().context(CANNOT_ZIP)?.flush().context(CANNOT_ZIP)?;
        written(&self.failure)?;
        if let Some(file) = self.unfinished {
            file.keep().context(CANNOT_ZIP)?;
        }
        Ok(())
    }
}

/// Whether all could be written so far.
fn written(failure: &Failure) -> anyhow::Result<()> {
    lock(failure).take().map_or(Ok(()), |error| Err(error).context(CANNOT_ZIP))
}

/// An output that keeps its first error, and drops all bytes after it. `ZipWriter` would print an error that it meets when it is
/// dropped.
struct Output<W> {
    /// `None` after an error.
    output: Option<W>,
    failure: Failure,
}

impl<W: Write> Output<W> {
    fn keep(&mut self, write: impl FnOnce(&mut W) -> io::Result<()>) {
        if let Some(output) = &mut self.output
            && let Err(error) = write(output)
        {
            *lock(&self.failure) = Some(error);
            self.output = None;
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.keep(|output| output.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.keep(Write::flush);
        Ok(())
    }
}
