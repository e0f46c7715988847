//! Bodies of answers that are written on a thread that may block, no faster than the other side
//! takes them, and not kept as a whole.

use std::io::{self, BufWriter, Write};

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

/// Pieces on their way between the disk and the reader: this many of this size.
const PIECES: usize = 4;
const PIECE_BYTES: usize = 32 * 1024;

/// Where the body is written to; it breaks when nobody reads on.
pub(super) type Pipe = BufWriter<Pieces>;

/// A body of what this writes. Only begun when somebody takes the first piece: for HEAD nobody does.
pub(super) fn streaming_body(
    write: impl FnOnce(&mut Pipe) -> io::Result<()> + Send + 'static,
) -> Body {
    let begin = async move || {
        let (pieces_tx, pieces_rx) = mpsc::channel(PIECES);
        tokio::task::spawn_blocking(move || {
            let failed_tx = pieces_tx.clone();
            let mut pipe = BufWriter::with_capacity(PIECE_BYTES, Pieces(pieces_tx));
            if let Err(error) = write(&mut pipe).and_then(|()| pipe.flush()) {
                // Who reads must not take what came for the whole.
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

/// Hands each write over as a piece.
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
