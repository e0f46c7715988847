//! Bodies of responses that a blocking thread writes, no faster than the client reads, and never whole in memory.
//!
//! Files of any size are sent this way. An error after the headers breaks the connection, so that the client does not take a
//! part for the whole.

use std::io::{self, BufWriter, Write};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

/// Pieces that wait between the disk and the client; with their size, the memory of one answer.
const PIECES: usize = 4;
/// Size of a piece, in bytes.
const PIECE_BYTES: usize = 32 * 1024;

/// The writer for the body. It fails once the client is gone.
pub(super) type Pipe = BufWriter<Pieces>;

/// A body of the bytes that `write` writes. It starts when the first piece is read, so never for HEAD.
pub(super) fn streaming_body(
    write: impl FnOnce(&mut Pipe) -> io::Result<()> + Send + 'static,
) -> Body {
    let begin = async move || {
        let (pieces_tx, pieces_rx) = mpsc::channel(PIECES);
        tokio::task::spawn_blocking(move || {
            let failed_tx = pieces_tx.clone();
            let mut pipe = BufWriter::with_capacity(PIECE_BYTES, Pieces(pieces_tx));
            if let Err(error) = write(&mut pipe).and_then(|()| pipe.flush()) {
                // The error breaks the body, so that it does not look complete.
                let _ = failed_tx.blocking_send(Err(error));
            }
        });
        pieces_rx
    };
    let pieces = stream::once(begin()).flat_map(|pieces_rx| {
        stream::unfold(pieces_rx, |mut pieces_rx| async move {
            pieces_rx.recv().await.map(|piece| (piece, pieces_rx))
        })
    });
    Body::from_stream(pieces)
}

/// Sends each write as a piece.
pub(super) struct Pieces(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
