//! Work with files off the async threads.

use std::io;

use tokio::task::spawn_blocking;

/// Does work that may block, on a thread for such work.
///
/// # Errors
/// That of the work. A panic of the work is an error too, and ends nothing else.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
