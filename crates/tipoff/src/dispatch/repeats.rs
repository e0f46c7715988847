//! Files of a follow-up that the incident already has: a camera that mails a picture and uploads it
//! as well sends it to the phone once.

use std::io;

use tipoff_channels::Abilities;
use tipoff_model::{AlertKind, AlertMedia, MediaPlace};
use tipoff_spool::{Blobs, DueDelivery};

/// The entry in the timeline of a follow-up that is not sent.
pub(super) const NOTHING_NEW: &str = "not sent: the incident's earlier alerts have these files";

/// Leaves out files whose bytes came before by another protocol. Files that cannot be compared stay.
pub(super) async fn drop_repeats(due: &mut DueDelivery, blobs: &Blobs) {
    if due.maybe_repeated.is_empty() {
        return;
    }
    let (media, blobs) = (due.alert.media.clone(), blobs.clone());
    let pairs = due.maybe_repeated.clone();
    match tokio::task::spawn_blocking(move || events(media, &pairs, &blobs)).await {
        Ok(media) => due.alert.media = media,
        Err(error) => tracing::warn!(%error, "Files could not be compared; all are sent."),
    }
}

/// Whether there is anything to send: a follow-up of files that repeat has neither files nor words.
/// Services that pass mails on get every mail.
pub(super) fn has_news(due: &DueDelivery, abilities: &Abilities) -> bool {
    let alert = &due.alert;
    let passes_on = matches!(abilities, Abilities::AcceptsAlert) && !alert.mails.is_empty();
    let has_words = alert.details.as_deref() != Some("") || !alert.events.is_empty();
    let has_files = !alert.media.is_empty() || !alert.raw.is_empty();
    alert.kind != AlertKind::FollowUp
        || due.maybe_repeated.is_empty()
        || passes_on
        || has_words
        || has_files
        || alert.torn
}

/// The files without those whose bytes are known. Blocks while it reads.
fn events(
    files: Vec<AlertMedia>,
    pairs: &[(MediaPlace, AlertMedia)],
    blobs: &Blobs,
) -> Vec<AlertMedia> {
    let is_repeat = |file: &AlertMedia| {
        let mut earlier = pairs.iter().filter(|(place, _)| *place == file.place);
        earlier.any(|(_, earlier)| matches!(have_same_bytes(earlier, file, blobs), Ok(true)))
    };
    files.into_iter().filter(|file| !is_repeat(file)).collect()
}

fn have_same_bytes(a: &AlertMedia, b: &AlertMedia, blobs: &Blobs) -> io::Result<bool> {
    let digest = |file: &AlertMedia| -> io::Result<blake3::Hash> {
        let reader = blobs.read(&file.blob, &file.media)?;
        Ok(blake3::Hasher::new().update_reader(reader)?.finalize())
    };
    Ok(digest(a)? == digest(b)?)
}
