//! Files of a follow-up that the incident already has: the picture of a camera that both mails and uploads it is
//! sent to the phone once.
//!
//! The spool names the candidates when it reads a delivery (`maybe_repeated`: same size, another protocol). Here their
//! bytes are compared, because only that is certain. Channels that are archives get every file.

use std::io;

use tipoff_channels::Abilities;
use tipoff_model::{AlertKind, AlertMedia, MediaPlace};
use tipoff_spool::{Blobs, DueDelivery};

/// The timeline's reason for a follow-up that is not sent.
pub(super) const NOTHING_NEW: &str = "not sent: the incident's earlier alerts have these files";

/// Removes files whose bytes arrived before by another protocol. A file that cannot be compared stays.
pub(super) async fn drop_duplicate_files(due: &mut DueDelivery, blobs: &Blobs) {
    if due.maybe_repeated.is_empty() {
        return;
    }
    let (media, blobs) = (due.alert.media.clone(), blobs.clone());
    let pairs = due.maybe_repeated.clone();
    match tokio::task::spawn_blocking(move || new_files(media, &pairs, &blobs)).await {
        Ok(media) => due.alert.media = media,
        Err(error) => tracing::warn!(%error, "Files could not be compared; all are sent."),
    }
}

/// Whether there is anything to send: a follow-up of duplicate files has neither files nor text. Services that
/// forward mails get every mail.
pub(super) fn has_new_content(due: &DueDelivery, abilities: &Abilities) -> bool {
    let alert = &due.alert;
    let forwards_mail = matches!(abilities, Abilities::AcceptsAlert) && !alert.mails.is_empty();
    let has_text = alert.details.as_deref() != Some("") || !alert.events.is_empty();
    let has_files = !alert.media.is_empty() || !alert.raw.is_empty();
    alert.kind != AlertKind::FollowUp
        || due.maybe_repeated.is_empty()
        || forwards_mail
        || has_text
        || has_files
        || alert.torn
}

/// The files whose bytes did not arrive before. Blocks while it reads.
fn new_files(
    files: Vec<AlertMedia>,
    pairs: &[(MediaPlace, AlertMedia)],
    blobs: &Blobs,
) -> Vec<AlertMedia> {
    let is_duplicate = |file: &AlertMedia| {
        let mut earlier = pairs.iter().filter(|(place, _)| *place == file.place);
        earlier.any(|(_, earlier)| matches!(have_same_bytes(earlier, file, blobs), Ok(true)))
    };
    files.into_iter().filter(|file| !is_duplicate(file)).collect()
}

/// Compares two files by their digests, decoded: a mail has its picture in base64, an upload does not.
fn have_same_bytes(a: &AlertMedia, b: &AlertMedia, blobs: &Blobs) -> io::Result<bool> {
    let digest = |file: &AlertMedia| -> io::Result<blake3::Hash> {
        let reader = blobs.read(&file.blob, &file.media)?;
        Ok(blake3::Hasher::new().update_reader(reader)?.finalize())
    };
    Ok(digest(a)? == digest(b)?)
}
