//! Blobs as objects of a bucket (S3). Knows requests, their limits and retries; names and lists are decided elsewhere.
//!
//! An object is written at once, from a file of the staging folder, and never changes. Every request has a time limit
//! and is repeated a few times; requests under way are bounded by the memory that they need. A store that fails, is slow
//! or refuses gives an error, so that the device is put off: nothing waits here for a better time.

use std::fs::{self, File};
use std::future::Future;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::s3::S3Settings;
use super::staged::Copies;
use super::store::blocking;

/// Larger files are sent in parts of this size. S3 wants 5 MiB at least and 10,000 parts at most ("Amazon S3 multipart
/// upload limits"): files of 78 GiB.
const PART_BYTES: u64 = 8 << 20;
/// Bytes that one request for a range reads at most.
pub(super) const CHUNK_BYTES: u64 = 1 << 20;
/// Files up to this size have a budget of their own: no alarm waits for the videos of others.
const SMALL_BYTES_MAX: u64 = 1 << 20;
/// The memory of requests is counted in units of so many bytes.
const UNIT_BYTES: u64 = 64 << 10;
/// Units that small files, and large ones, may use at the same time: 16 MB and 64 MB.
const SMALL_UNITS: u32 = 256;
const LARGE_UNITS: u32 = 1024;
/// Requests that read at the same time.
const READS_MAX: usize = 32;
/// Tries of a request, and the pause before the second one; it doubles.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);
/// A try may take so long, and a second more for so many bytes.
const TRY_TIME: Duration = Duration::from_secs(5);
const BYTES_PER_SECOND_MIN: u64 = 256 << 10;
/// An upload in parts may take so long.
const UPLOAD_TIME_MAX: Duration = Duration::from_secs(3600);
/// Objects that are tried, of which no arrival knows: names of arrivals begin with a day.
pub(super) const PROBE: &str = ".probe";

/// The objects of a spool.
#[derive(Debug)]
pub(crate) struct ObjectBlobs {
    pub(super) client: Arc<dyn ObjectStore>,
    pub(super) root: Path,
    /// `s3://BUCKET/PREFIX`, for people.
    pub(super) place: String,
    /// What must not be in a text.
    secrets: Vec<String>,
    /// Files on their way into the store.
    pub(super) staging: PathBuf,
    /// Where requests of threads that block are made.
    runtime: Handle,
    small: Semaphore,
    large: Semaphore,
    reads: Semaphore,
    /// Whether the latest upload failed.
    failing: AtomicBool,
    /// The object behind which the next sweep goes on. `None`: from the first one.
    pub(super) swept_to: Mutex<Option<Path>>,
    /// Copies of objects that this run has stored a moment ago. `None`: no copy is kept.
    pub(super) copies: Option<Copies>,
    /// See [`TRY_TIME`].
    try_time: Duration,
}

impl ObjectBlobs {
    /// The objects of a bucket. Sends no request.
    pub(super) fn open(settings: &S3Settings, staging: &FilePath) -> io::Result<Self> {
        let client = settings.client().map_err(|error| {
            let text =
                format!("{}: {}", settings.place(), hide(&settings.secrets(), &innermost(&error)));
            io::Error::new(io::ErrorKind::InvalidInput, text)
        })?;
        let objects = Self::with_client(client, settings.root(), settings.place(), staging)?;
        Ok(Self { secrets: settings.secrets(), ..objects })
    }

    /// Objects behind any client.
    pub(super) fn with_client(
        client: Arc<dyn ObjectStore>,
        root: Path,
        place: String,
        staging: &FilePath,
    ) -> io::Result<Self> {
        fs::create_dir_all(staging)?;
        Ok(Self {
            client,
            root,
            place,
            secrets: Vec::new(),
            staging: staging.to_owned(),
            runtime: Handle::try_current().map_err(io::Error::other)?,
            small: Semaphore::new(SMALL_UNITS as usize),
            large: Semaphore::new(LARGE_UNITS as usize),
            reads: Semaphore::new(READS_MAX),
            failing: AtomicBool::new(false),
            swept_to: Mutex::default(),
            copies: Some(Copies::default()),
            try_time: TRY_TIME,
        })
    }

    #[cfg(test)]
    pub(super) fn with_try_time(self, try_time: Duration) -> Self {
        Self { try_time, ..self }
    }

    #[cfg(test)]
    pub(super) fn without_copies(self) -> Self {
        Self { copies: None, ..self }
    }

    pub(super) fn key(&self, name: &str) -> Path {
        let names = self.root.parts().map(|part| part.as_ref().to_owned());
        Path::from_iter(names.chain(name.split('/').map(str::to_owned)))
    }

    /// Stores a file as an object: in one request if it is not large. When this returns, the store has it.
    ///
    /// # Errors
    /// The store does not take it in time, also after a few tries.
    pub(super) async fn put(&self, name: &str, file: PathBuf, bytes: u64) -> io::Result<()> {
        let key = self.key(name);
        let put = match bytes {
            0..=PART_BYTES => self.put_whole(&key, file, bytes).await,
            _ => match timeout(UPLOAD_TIME_MAX, self.put_parts(&key, file, bytes)).await {
                Ok(put) => put,
                Err(_) => Err(self.too_slow()),
            },
        };
        self.failing.store(put.is_err(), Ordering::Relaxed);
        put
    }

    async fn put_whole(&self, key: &Path, file: PathBuf, bytes: u64) -> io::Result<()> {
        let budget = if bytes <= SMALL_BYTES_MAX { &self.small } else { &self.large };
        let wait = timeout(self.time_for(bytes), budget.acquire_many(units(bytes)));
        let _memory = wait.await.map_err(|_| self.too_slow())?.map_err(io::Error::other)?;
        let payload = read_part(file, 0..bytes).await?;
        self.tries(bytes, || self.client.put(key, payload.clone())).await.map(drop)
    }

    /// Sends a large file in parts, one after the other. An upload that fails is aborted: its parts cost money.
    async fn put_parts(&self, key: &Path, file: PathBuf, bytes: u64) -> io::Result<()> {
        let mut upload = self.tries(0, || self.client.put_multipart(key)).await?;
        let sending = async {
            let mut begin = 0;
            while begin < bytes {
                let part = begin..bytes.min(begin.saturating_add(PART_BYTES));
                let size = part.end - part.start;
                let wait =
                    timeout(self.time_for(LARGE_WAIT_BYTES), self.large.acquire_many(units(size)));
                let _memory = wait.await.map_err(|_| self.too_slow())?.map_err(io::Error::other)?;
                begin = part.end;
                let payload = read_part(file.clone(), part).await?;
                // `put_part` takes the next number each time, so a part has one try of the same time.
                let time = self.time_for(size).saturating_mul(TRIES);
                match timeout(time, upload.put_part(payload)).await {
                    Ok(sent) => sent.map_err(|error| self.in_words(&error))?,
                    Err(_) => return Err(self.too_slow()),
                }
            }
            match timeout(self.time_for(bytes), upload.complete()).await {
                Ok(completed) => completed.map(drop).map_err(|error| self.in_words(&error)),
                Err(_) => Err(self.too_slow()),
            }
        };
        let sent = sending.await;
        if sent.is_err() {
            let _ = timeout(self.try_time, upload.abort()).await;
        }
        sent
    }

    /// Reads a range of an object, up to [`CHUNK_BYTES`] of it. Fewer bytes are returned at the object's end.
    pub(super) async fn get(&self, name: &str, range: Range<u64>) -> io::Result<Vec<u8>> {
        let end = range.end.min(range.start.saturating_add(CHUNK_BYTES));
        let (key, range) = (self.key(name), range.start..end);
        let bytes = end.saturating_sub(range.start);
        if let Some(copy) = self.copy_of(name) {
            return blocking(move || read_range(copy.path(), range)).await;
        }
        let wait = timeout(self.time_for(bytes).saturating_mul(TRIES), self.reads.acquire());
        let _turn = wait.await.map_err(|_| self.too_slow())?.map_err(io::Error::other)?;
        let read = self.tries(bytes, || self.client.get_range(&key, range.clone())).await?;
        Ok(read.into())
    }

    /// Size of an object, in bytes.
    pub(super) async fn size(&self, name: &str) -> io::Result<u64> {
        let key = self.key(name);
        self.tries(0, || self.client.head(&key)).await.map(|object| object.size)
    }

    /// Tries a request a few times. What another try cannot change is not tried again.
    pub(super) async fn tries<T, F>(&self, bytes: u64, request: impl Fn() -> F) -> io::Result<T>
    where
        F: Future<Output = object_store::Result<T>>,
    {
        let mut pause = PAUSE;
        let mut failed = self.too_slow();
        for number in 1..=TRIES {
            match timeout(self.time_for(bytes), request()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) => {
                    failed = self.in_words(&error);
                    if is_final(&error) {
                        return Err(failed);
                    }
                }
                Err(_) => failed = self.too_slow(),
            }
            if number < TRIES {
                sleep(pause).await;
                pause *= 2;
            }
        }
        Err(failed)
    }

    fn time_for(&self, bytes: u64) -> Duration {
        self.try_time + Duration::from_secs(bytes / BYTES_PER_SECOND_MIN)
    }

    pub(super) fn too_slow(&self) -> io::Error {
        let text = format!("{} did not answer in time", self.place);
        io::Error::new(io::ErrorKind::TimedOut, text)
    }

    /// The error of a request. Codes are those of "Error responses" in Amazon's API reference.
    pub(super) fn in_words(&self, error: &Error) -> io::Error {
        let text = error.to_string();
        let tag = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>"))?;
            rest.split_once("</").map(|(value, _)| value.to_owned())
        };
        let code = tag("Code").unwrap_or_default();
        let kind = match error {
            Error::NotFound { .. } => io::ErrorKind::NotFound,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                io::ErrorKind::PermissionDenied
            }
            _ if code.contains("StorageFull") || code.contains("QuotaExceeded") => {
                io::ErrorKind::StorageFull
            }
            _ => io::ErrorKind::Other,
        };
        let said = match tag("Message") {
            Some(message) => format!("{code}: {message}"),
            None => innermost(error),
        };
        let said: String = hide(&self.secrets, &said).chars().take(300).collect();
        io::Error::new(kind, format!("{}: {said}", self.place))
    }

    /// Whether objects can be stored: yes, or the latest upload failed, and a small one fails too.
    pub(super) async fn check_uploads(&self) -> io::Result<()> {
        if !self.failing.load(Ordering::Relaxed) {
            return Ok(());
        }
        let key = self.key(PROBE);
        let put = self.tries(0, || self.client.put(&key, PutPayload::new())).await.map(drop);
        self.failing.store(put.is_err(), Ordering::Relaxed);
        put
    }

    /// Writes, reads and removes a small object.
    pub(super) async fn try_object(&self, run: &str) -> io::Result<()> {
        const BYTES: &[u8] = b"a test of Tipoff";
        let key = self.key(&format!("{PROBE}-{run}"));
        let step = |what: &str, error: io::Error| {
            io::Error::new(error.kind(), format!("{what} failed: {error}"))
        };
        let put = self.tries(0, || self.client.put(&key, PutPayload::from_static(BYTES))).await;
        put.map_err(|error| step("writing an object", error))?;
        let read = self.tries(0, || self.client.get_range(&key, 2..6)).await;
        let removed = self.tries(0, || self.client.delete(&key)).await;
        let read = read.map_err(|error| step("reading a range of an object", error))?;
        if read.as_ref() != BYTES.get(2..6).unwrap_or_default() {
            let text = format!("{} returned other bytes than were written", self.place);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        removed.map_err(|error| step("removing an object", error))
    }

    /// Does what waits for the network on a thread that may block.
    pub(super) fn wait<T, F>(&self, work: F) -> io::Result<T>
    where
        T: Send + 'static,
        F: Future<Output = io::Result<T>> + Send + 'static,
    {
        let (done_tx, done_rx) = mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            let _ = done_tx.send(work.await);
        });
        done_rx.recv().map_err(|_| io::Error::other("the program is stopping"))?
    }
}

/// A part of a large file waits for memory as long as so many bytes may take.
const LARGE_WAIT_BYTES: u64 = 8 * PART_BYTES;

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(LARGE_UNITS).max(1)
}

/// Whether another try gives the same error.
fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound { .. } | Error::PermissionDenied { .. } | Error::Unauthenticated { .. }
    )
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn hide(secrets: &[String], text: &str) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "[secret]"))
}

/// Reads a part of a file, on a thread for blocking work.
async fn read_part(file: PathBuf, part: Range<u64>) -> io::Result<PutPayload> {
    let size = part.end - part.start;
    let bytes = blocking(move || read_range(&file, part)).await?;
    match bytes.len() as u64 == size {
        true => Ok(PutPayload::from(bytes)),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Reads a range of a file, up to its end. Blocks.
fn read_range(file: &FilePath, range: Range<u64>) -> io::Result<Vec<u8>> {
    let mut file = File::open(file)?;
    file.seek(SeekFrom::Start(range.start))?;
    let size = range.end.saturating_sub(range.start);
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(io::Error::other)?);
    file.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}
