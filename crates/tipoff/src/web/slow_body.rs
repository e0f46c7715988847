//! Bodies of requests with a time limit: a slow one fails, so that it does not occupy a connection for long.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use futures_util::{StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

/// Time for any body of a browser or a program.
pub(super) const BODY_TIME: Duration = Duration::from_secs(10);
/// Time for any body of a device: it may be at the end of a weak wireless link.
pub(super) const ALARM_TIME: Duration = Duration::from_secs(60);
/// Each further so many bytes allow one second more.
const BYTES_A_SECOND: u64 = 4 * 1024;

/// The body, which fails if it is slower than the limits. `time`: what any body may take.
pub(super) fn bounded(body: Body, time: Duration) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let began = Instant::now();
    let come = (body.into_data_stream(), 0_u64);
    let pieces = stream::unfold(come, move |(mut pieces, bytes)| async move {
        let deadline = began + time + Duration::from_millis(bytes * 1_000 / BYTES_A_SECOND);
        let piece: io::Result<Bytes> = match timeout_at(deadline, pieces.next()).await {
            Ok(None) => return None,
            Ok(Some(piece)) => piece.map_err(io::Error::other),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        let bytes = bytes.saturating_add(piece.as_ref().map_or(0, |piece| piece.len() as u64));
        Some((piece, (pieces, bytes)))
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes come of a body that brings so many each second.
    async fn come_of(bytes_a_second: usize, seconds: usize) -> Result<usize, axum::Error> {
        let pieces = stream::unfold(0, move |number| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let piece = Bytes::from(vec![0; bytes_a_second]);
            (number < seconds).then_some((Ok::<_, io::Error>(piece), number + 1))
        });
        let body = bounded(Body::from_stream(pieces), BODY_TIME);
        axum::body::to_bytes(body, usize::MAX).await.map(|bytes| bytes.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_fails_and_a_slow_one_comes() {
        assert!(come_of(1, 600).await.is_err());
        assert!(come_of(2 * 1024, 600).await.is_err());
        assert_eq!(come_of(5 * 1024, 60).await.unwrap(), 60 * 5 * 1024);
        assert_eq!(come_of(1, 5).await.unwrap(), 5);
    }
}
