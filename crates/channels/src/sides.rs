//! The width and height of a stored picture, from its beginning. Never reads it whole.

use std::io::Read;
use std::sync::Arc;

use tipoff_model::AlertMedia;

use crate::Files;

/// Where the sides stand, even behind a preview picture and other notes of a camera.
const HEAD_BYTES_MAX: u64 = 128 * 1024;

/// Width and height in pixels; none where they cannot be found.
pub(crate) async fn of(picture: &AlertMedia, files: &Arc<dyn Files>) -> Option<(usize, usize)> {
    let (picture, files) = (picture.clone(), Arc::clone(files));
    let looking = tokio::task::spawn_blocking(move || {
        let mut head = Vec::new();
        files.open(&picture).ok()?.take(HEAD_BYTES_MAX).read_to_end(&mut head).ok()?;
        let sides = imagesize::blob_size(&head).ok()?;
        Some((sides.width, sides.height))
    });
    // A reader that panics at what a camera sent has found no sides.
    looking.await.ok().flatten()
}
