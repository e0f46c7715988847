//! Files of a follow-up that the incident already has: a camera that mails a picture and uploads it
//! as well sends it to the phone once.

use std::io;

use tipoff_channels::Abilities;
use tipoff_model::{AlertKind, AlertMedia, MediaKind};
use tipoff_spool::{Blobs, DueDelivery};

/// The entry in the timeline of a follow-up that is not sent.
pub(super) const NOTHING_NEW: &str = "not sent: the incident's earlier alerts have these files";

/// Leaves out files whose bytes an earlier arrival of the incident, or an earlier file of this
/// delivery, has. Files that cannot be compared stay.
pub(super) async fn drop_repeats(due: &mut DueDelivery, blobs: &Blobs) {
    let media = &due.alert.media;
    let may_repeat = |(place, file): (usize, &AlertMedia)| {
        let before = media.iter().take(place).chain(&due.earlier_media);
        before.filter(|other| is_same_size(other, file)).count() > 0
    };
    if due.alert.kind != AlertKind::FollowUp || !media.iter().enumerate().any(may_repeat) {
        return;
    }
    let (files, earlier, blobs) = (media.clone(), due.earlier_media.clone(), blobs.clone());
    let compared = tokio::task::spawn_blocking(move || news(files, &earlier, &blobs)).await;
    match compared {
        Ok(media) => due.alert.media = media,
        Err(error) => tracing::warn!(%error, "Files could not be compared; all are sent."),
    }
}

/// Whether there is anything to send: a follow-up of files that repeat has neither files nor words.
/// Services that pass mails on get every mail.
pub(super) fn has_news(due: &DueDelivery, abilities: &Abilities) -> bool {
    let alert = &due.alert;
    let passes_on = matches!(abilities, Abilities::Whole) && !alert.mails.is_empty();
    let has_words = alert.details.as_deref() != Some("") || !alert.events.is_empty();
    let has_files = !alert.media.is_empty() || !alert.raw.is_empty();
    alert.kind != AlertKind::FollowUp
        || due.earlier_media.is_empty()
        || passes_on
        || has_words
        || has_files
        || alert.torn
}

fn is_same_size(a: &AlertMedia, b: &AlertMedia) -> bool {
    a.media.kind != MediaKind::File && a.media.kind == b.media.kind && a.media.size == b.media.size
}

/// The files without those whose bytes are known. Blocks while it reads.
fn news(files: Vec<AlertMedia>, earlier: &[AlertMedia], blobs: &Blobs) -> Vec<AlertMedia> {
    let mut kept: Vec<AlertMedia> = Vec::new();
    for file in files {
        let is_same = |other: &AlertMedia| {
            is_same_size(other, &file) && matches!(have_same_bytes(other, &file, blobs), Ok(true))
        };
        if !earlier.iter().any(is_same) && !kept.iter().any(is_same) {
            kept.push(file);
        }
    }
    kept
}

fn have_same_bytes(a: &AlertMedia, b: &AlertMedia, blobs: &Blobs) -> io::Result<bool> {
    let digest = |file: &AlertMedia| -> io::Result<blake3::Hash> {
        let reader = blobs.read(&file.blob, &file.media)?;
        Ok(blake3::Hasher::new().update_reader(reader)?.finalize())
    };
    Ok(digest(a)? == digest(b)?)
}
