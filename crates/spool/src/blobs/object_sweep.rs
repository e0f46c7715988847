//! Removes objects: those of arrivals that are removed, and orphans, which are old and which no arrival names.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::sync::PoisonError;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use object_store::{Error, ObjectStoreExt, PutPayload};
use tipoff_model::BlobName;
use tokio::time::timeout;

use super::object::{ObjectBlobs, PROBE};
use super::segments::segments;

/// An object that no arrival names is swept when it is so old. Bytes are sent after they were received, so the longest
/// session does not matter: an upload and its commit end within little more than an hour.
const ORPHAN_AGE_MIN: Duration = Duration::from_secs(24 * 3600);
/// Objects that one sweep lists at most; the next one goes on behind them.
const LISTED_MAX: usize = 50_000;
/// A listing, or the removal of many objects, may take so long.
const SWEEP_TIME_MAX: Duration = Duration::from_secs(300);

impl ObjectBlobs {
    /// Removes objects. Those that are missing are no error.
    pub(super) async fn remove_objects(&self, blobs: &[BlobName]) {
        if blobs.is_empty() {
            return;
        }
        let names: HashSet<String> =
            blobs.iter().flat_map(segments).map(|segment| segment.name).collect();
        if let Some(copies) = &self.copies {
            copies.forget(|name| names.contains(name));
        }
        let keys: Vec<_> = names.iter().map(|name| Ok(self.key(name))).collect();
        let mut removing = self.client.delete_stream(stream::iter(keys).boxed());
        let removes = async {
            while let Some(removed) = removing.next().await {
                match removed {
                    Ok(_) | Err(Error::NotFound { .. }) => {}
                    Err(error) => {
                        let error = self.in_words(&error);
                        tracing::warn!(%error, "An object could not be removed. A later sweep tries again.");
                    }
                }
            }
        };
        if timeout(SWEEP_TIME_MAX, removes).await.is_err() {
            tracing::warn!(
                place = self.place,
                "Objects could not be removed in time. A later sweep tries again."
            );
        }
    }

    /// Objects that are older than any upload can be, by the store's own clock. The caller removes those that no arrival
    /// has. Lists a part of the store; the next call goes on behind it.
    pub(super) async fn old(&self) -> io::Result<Vec<BlobName>> {
        let probe = self.key(PROBE);
        self.tries(0, || self.client.put(&probe, PutPayload::new())).await?;
        let now = self.tries(0, || self.client.head(&probe)).await?.last_modified;
        let begin = self.swept_to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut listing = match &begin {
            Some(begin) => self.client.list_with_offset(Some(&self.root), begin),
            None => self.client.list(Some(&self.root)),
        };
        let mut old = Vec::new();
        let lists = async {
            for _ in 0..LISTED_MAX {
                let Some(object) = listing.next().await else { return Ok(None) };
                let object = object.map_err(|error| self.in_words(&error))?;
                let age = (now - object.last_modified).to_std().unwrap_or_default();
                let name = object.location.prefix_match(&self.root).map(|parts| {
                    parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/")
                });
                match name {
                    Some(name) if age >= ORPHAN_AGE_MIN && is_of_an_arrival(&name) => {
                        old.push(BlobName(name));
                    }
                    _ => {}
                }
                *self.swept_to.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(object.location);
            }
            Ok::<_, io::Error>(Some(()))
        };
        let listed = timeout(SWEEP_TIME_MAX, lists).await.map_err(|_| self.too_slow())??;
        if listed.is_none() {
            *self.swept_to.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Ok(old)
    }

    /// Removes files that earlier runs left in the staging folder: nobody has an acknowledgement of them. Blocks.
    pub(super) fn clean_staging(&self, run: &str) -> io::Result<()> {
        for file in fs::read_dir(&self.staging)? {
            let file = file?;
            if !file.file_name().to_string_lossy().starts_with(run) {
                fs::remove_file(file.path())?;
            }
        }
        Ok(())
    }
}

/// Whether a name is that of an arrival's object: a day, and a file in it. Names that are not made here are no orphans.
fn is_of_an_arrival(name: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    !name.starts_with('.') && name.split('/').count() == 2 && name.bytes().all(of_name)
}
