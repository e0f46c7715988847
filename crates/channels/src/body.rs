//! Request bodies made of stored files. Their length is known beforehand and announced (Content-Length), and only
//! small ones are in memory as a whole. Reading the store blocks, so it happens on threads for that.

use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use futures_util::{Stream, stream};
use serde_json::Value;
use tipoff_model::AlertMedia;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::Files;

/// Smaller bodies are assembled in memory, which is faster than streaming them.
const WHOLE_BYTES_MAX: u64 = 256 * 1024;
/// Size of a chunk in a stream, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// Length of a line of base64 in a mail, without its line end (RFC 2045, section 6.8).
pub(crate) const BASE64_LINE_BYTES: usize = 76;
/// Number of chunks that wait for the network. More would only fill the memory.
const CHUNKS_WAITING_MAX: usize = 4;

/// A part of a body.
#[derive(Clone)]
pub(crate) enum Piece {
    /// Bytes as they are.
    Bytes(Vec<u8>),
    /// A file's bytes.
    File(AlertMedia),
    /// A file's bytes in base64 (RFC 4648, section 4), on one line.
    Base64(AlertMedia),
    /// A file's bytes in base64 in lines, as mails have it. Every line has its end.
    Base64Lines(AlertMedia),
}

impl Piece {
    /// Length in bytes, as it is sent.
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(stored) => stored.media.size,
            Self::Base64(stored) => base64_len(stored),
            Self::Base64Lines(stored) => {
                let len = base64_len(stored);
                len.saturating_add(len.div_ceil(BASE64_LINE_BYTES as u64).saturating_mul(2))
            }
        }
    }
}

/// Length of a file in base64: 4 characters for each 3 bytes, with padding.
fn base64_len(stored: &AlertMedia) -> u64 {
    stored.media.size.div_ceil(3).saturating_mul(4)
}

/// A stored file cannot be read. Holds the reason in plain words.
#[derive(Clone, Debug)]
pub(crate) struct BodyError(pub(crate) String);

impl From<WriteError> for BodyError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Stored(error) => error,
            WriteError::Out(error) => Self(error.to_string()),
        }
    }
}

/// Holds the error that ended a stream of a body.
pub(crate) type Broken = Arc<OnceLock<BodyError>>;

/// A body and its content type.
#[derive(Clone)]
pub(crate) struct Body {
    content_type: String,
    pieces: Vec<Piece>,
    len: u64,
}

impl Body {
    /// A body of these pieces, in order.
    pub(crate) fn new(content_type: String, pieces: Vec<Piece>) -> Self {
        let len = pieces.iter().fold(0_u64, |len, piece| len.saturating_add(piece.len()));
        Self { content_type, pieces, len }
    }

    /// A JSON value.
    pub(crate) fn json(value: &Value) -> Self {
        Self::text("application/json", value.to_string())
    }

    /// A text of this content type.
    pub(crate) fn text(content_type: &str, text: String) -> Self {
        Self::new(content_type.to_owned(), vec![Piece::Bytes(text.into_bytes())])
    }

    /// Its content type. Empty if the request has no body.
    pub(crate) fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Reads the body into memory if it is small.
    pub(crate) async fn settle(self, files: &Arc<dyn Files>) -> Result<Self, BodyError> {
        if self.len > WHOLE_BYTES_MAX || matches!(self.pieces.as_slice(), [Piece::Bytes(_)]) {
            return Ok(self);
        }
        let Self { content_type, pieces, len } = self;
        let whole = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
        let whole = write_blocking(pieces, files, whole).await?;
        Ok(Self { content_type, pieces: vec![Piece::Bytes(whole)], len })
    }

    /// Writes the body into `out`, for example to sign it before it is sent.
    pub(crate) async fn write_to<W>(&self, files: &Arc<dyn Files>, out: W) -> Result<W, BodyError>
    where
        W: Write + Send + 'static,
    {
        match self.pieces.as_slice() {
            [Piece::Bytes(_)] => write_into(&self.pieces, &**files, out),
            _ => write_blocking(self.pieces.clone(), files, out).await,
        }
    }

    /// The body for the HTTP client, and the error that ends it early if a file cannot be read.
    pub(crate) fn open(mut self, files: &Arc<dyn Files>) -> (reqwest::Body, Broken) {
        let broken = Broken::default();
        let body = match self.pieces.as_mut_slice() {
            [Piece::Bytes(bytes)] => std::mem::take(bytes).into(),
            _ => self.stream(Arc::clone(files), Arc::clone(&broken)),
        };
        (body, broken)
    }

    fn stream(self, files: Arc<dyn Files>, broken: Broken) -> reqwest::Body {
        reqwest::Body::wrap_stream(self.chunks(files, broken))
    }

    /// The bytes as a stream. An error ends the stream; if it is the store's error, `broken` gets it.
    pub(crate) fn chunks(
        self,
        files: Arc<dyn Files>,
        broken: Broken,
    ) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
        let (queue_tx, queue_rx) = mpsc::channel(CHUNKS_WAITING_MAX);
        spawn_blocking(move || {
            let mut out = Queue { queue_tx, chunk: Vec::with_capacity(CHUNK_BYTES) };
            let written = write(&self.pieces, &*files, &mut out)
                .and_then(|()| out.flush().map_err(WriteError::Out));
            if let Err(WriteError::Stored(error)) = written {
                let _ = broken.set(error);
                // Ends the request. If the receiver is gone, the request has ended already.
                let _ = out.queue_tx.blocking_send(Err(io::ErrorKind::InvalidData.into()));
            }
        });
        stream::unfold(queue_rx, |mut queue_rx| async {
            queue_rx.recv().await.map(|chunk: io::Result<Vec<u8>>| (chunk, queue_rx))
        })
    }
}

/// Collects what is written into chunks and sends them to the stream. Blocks while too many chunks wait.
struct Queue {
    queue_tx: mpsc::Sender<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
}

impl Write for Queue {
    /// Accepts all bytes: the base64 encoder in use fails on a writer that accepts only a part.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = CHUNK_BYTES.saturating_sub(self.chunk.len());
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.chunk.extend_from_slice(now);
            if self.chunk.len() >= CHUNK_BYTES {
                self.flush()?;
            }
            rest = later;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES));
        let sent = self.queue_tx.blocking_send(Ok(chunk));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Breaks base64 that is written to it into lines.
struct LineBreaker<'a> {
    out: &'a mut dyn Write,
    column: usize,
}

impl LineBreaker<'_> {
    /// Ends the last line, if there is one.
    fn end(&mut self) -> io::Result<()> {
        if self.column > 0 {
            self.column = 0;
            self.out.write_all(b"\r\n")?;
        }
        Ok(())
    }
}

impl Write for LineBreaker<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = BASE64_LINE_BYTES.saturating_sub(self.column);
            let (now, later) = rest.split_at(room.min(rest.len()));
            self.out.write_all(now)?;
            self.column = self.column.saturating_add(now.len());
            if self.column >= BASE64_LINE_BYTES {
                self.end()?;
            }
            rest = later;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Why a stored file was not copied.
pub(crate) enum WriteError {
    /// It cannot be read from the store.
    Stored(BodyError),
    /// The target does not accept it.
    Out(io::Error),
}

/// Writes pieces into `out` on a thread that may block.
async fn write_blocking<W>(
    pieces: Vec<Piece>,
    files: &Arc<dyn Files>,
    out: W,
) -> Result<W, BodyError>
where
    W: Write + Send + 'static,
{
    let files = Arc::clone(files);
    let writing = spawn_blocking(move || write_into(&pieces, &*files, out));
    writing.await.unwrap_or_else(|error| Err(BodyError(error.to_string())))
}

/// Writes pieces into `out` and returns it. Blocks if a piece is a file.
fn write_into<W: Write>(pieces: &[Piece], files: &dyn Files, mut out: W) -> Result<W, BodyError> {
    write(pieces, files, &mut out)?;
    Ok(out)
}

/// Writes pieces one after the other.
fn write(pieces: &[Piece], files: &dyn Files, out: &mut dyn Write) -> Result<(), WriteError> {
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => out.write_all(bytes).map_err(WriteError::Out)?,
            Piece::File(stored) => copy(stored, files, out)?,
            Piece::Base64(stored) => {
                let mut encoder = EncoderWriter::new(&mut *out, &STANDARD);
                copy(stored, files, &mut encoder)?;
                encoder.finish().map_err(WriteError::Out)?;
            }
            Piece::Base64Lines(stored) => {
                let mut lines = LineBreaker { out: &mut *out, column: 0 };
                let mut encoder = EncoderWriter::new(&mut lines, &STANDARD);
                copy(stored, files, &mut encoder)?;
                encoder.finish().map_err(WriteError::Out)?;
                drop(encoder);
                lines.end().map_err(WriteError::Out)?;
            }
        }
    }
    Ok(())
}

/// Copies exactly `media.size` bytes of a stored file, because that length was announced to the service.
pub(crate) fn copy(
    stored: &AlertMedia,
    files: &dyn Files,
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    let broken = |cause: String| {
        WriteError::Stored(BodyError(format!("{} cannot be read: {cause}", stored.media.name)))
    };
    let mut reader = files.open(stored).map_err(|error| broken(error.to_string()))?;
    let mut left = stored.media.size;
    let mut chunk = [0; 16 * 1024];
    while left > 0 {
        let room = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let Some(room) = chunk.get_mut(..room) else {
            break;
        };
        let read = match reader.read(room) {
            Ok(0) => return Err(broken(format!("{left} bytes are missing at its end"))),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error.to_string())),
        };
        out.write_all(room.get(..read).unwrap_or_default()).map_err(WriteError::Out)?;
        left = left.saturating_sub(read as u64);
    }
    Ok(())
}
