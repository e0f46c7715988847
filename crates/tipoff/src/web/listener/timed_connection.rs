//! A connection to the HTTP port on which something must move.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::net::limit::ConnectionHandle;

/// Maximum time in which nothing moves on a connection.
const STANDSTILL_MAX: Duration = Duration::from_secs(30);
/// Minimum rate at which an answer is read, in bytes a second, averaged over [`STANDSTILL_MAX`]. A phone with bad reception
/// is faster.
const READER_RATE_MIN: u64 = 2 * 1024;
/// A connection that fails if nothing moves on it, or if the client reads an answer too slowly.
pub(super) struct Connection<S> {
    socket: S,
    handle: ConnectionHandle,
    standstill: Pin<Box<Sleep>>,
    /// Since when nothing could be written.
    blocked_at: Option<Instant>,
    /// Time that may still pass without anything being written.
    patience: Duration,
}

impl<S> Connection<S> {
    pub(super) fn new(socket: S, handle: ConnectionHandle) -> Self {
        let standstill = Box::pin(tokio::time::sleep(STANDSTILL_MAX));
        Self { socket, handle, standstill, blocked_at: None, patience: STANDSTILL_MAX }
    }

    /// Restarts the time limit after each success.
    fn timed<T>(
        &mut self,
        poll: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if poll.is_ready() {
            self.handle.touch();
            self.standstill.as_mut().reset(Instant::now() + STANDSTILL_MAX);
            return poll;
        }
        match self.standstill.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Written bytes restore patience at [`READER_RATE_MIN`]; time without writing uses it up.
    fn written(&mut self, bytes: usize) {
        if let Some(blocked_at) = self.blocked_at.take() {
            self.patience = self.patience.saturating_sub(blocked_at.elapsed());
        }
        let earned = Duration::from_millis(bytes as u64 * 1_000 / READER_RATE_MIN);
        self.patience = (self.patience + earned).min(STANDSTILL_MAX);
    }

    /// Notes that nothing can be written. Returns whether the patience is used up.
    fn blocked(&mut self) -> bool {
        let now = Instant::now();
        if self.blocked_at.is_none() {
            self.blocked_at = Some(now);
            self.standstill.as_mut().reset(now + self.patience);
        }
        self.patience.is_zero()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_read(context, buffer);
        if poll.is_ready() && self.blocked_at.is_some() {
            // Sending does not count as reading.
            return poll;
        }
        self.timed(poll, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(context, bytes);
        match &poll {
            Poll::Ready(Ok(count)) => self.written(*count),
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.blocked() => {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending => {}
        }
        self.timed(poll, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
