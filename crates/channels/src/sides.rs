//! The width and height of a stored picture, from its beginning. Never reads it whole.

use std::io::Read;
use std::sync::Arc;

use tipoff_model::AlertMedia;

use crate::Files;

/// Bytes that hold the dimensions, even behind a preview picture and a camera's notes.
const HEAD_BYTES_MAX: u64 = 128 * 1024;

/// Width and height of a picture, in pixels. `None` if they cannot be found. Blocks, and may panic on a damaged
/// picture: call it in a task of its own.
pub fn sides(picture: impl Read) -> Option<(usize, usize)> {
    let mut head = Vec::new();
    picture.take(HEAD_BYTES_MAX).read_to_end(&mut head).ok()?;
    let sides = imagesize::blob_size(&head).ok()?;
    Some((sides.width, sides.height))
}

/// Width and height of a stored picture, in pixels.
pub(crate) async fn of(picture: &AlertMedia, files: &Arc<dyn Files>) -> Option<(usize, usize)> {
    let (picture, files) = (picture.clone(), Arc::clone(files));
    let looking = tokio::task::spawn_blocking(move || sides(files.open(&picture).ok()?));
    // A panic counts as not found.
    looking.await.ok().flatten()
}
