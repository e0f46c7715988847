//! The digests of the mails of the last minutes, as `arrival.mail_digest` holds them.

use std::ops::ControlFlow;

use tipoff_model::{ArrivalId, BlobName, Timestamp};

use super::statement::{Sql, at, number, params};
use crate::core::known_mails::{KnownMails, MAILS_MAX, NewMail, is_recent};
use crate::{MailDigest, Result, StoredBlob};

/// Reads the mails that are recent at `now`: a crash may be why a device was not told that its mail is stored.
pub(super) fn read(sql: &dyn Sql, now: Timestamp) -> Result<KnownMails> {
    let select = "SELECT arrival.id, received_at, blob, arrival.bytes, mail_digest,
                coalesce(device.place, device.key)
         FROM arrival JOIN incident ON incident.id = arrival.incident
         JOIN device ON device.id = incident.device
         ORDER BY arrival.id DESC LIMIT ?1";
    let mut recent = Vec::new();
    let limit = i64::try_from(MAILS_MAX).unwrap_or(i64::MAX);
    sql.query(select, params![limit], &mut |row| {
        let received_at = at(row, 1)?;
        if !is_recent(received_at, now) {
            return Ok(ControlFlow::Break(()));
        }
        let blob = StoredBlob { name: BlobName(row.get(2)?), size: number(row, 3)? };
        let digest: Option<Vec<u8>> = row.get(4)?;
        if let Some(digest) = digest.as_deref().and_then(from_bytes) {
            let (arrival, owner) = (ArrivalId(row.get(0)?), row.get(5)?);
            recent.push(NewMail { digest, arrival, blob, at: received_at, owner });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut known = KnownMails::default();
    recent.into_iter().rev().for_each(|mail| known.note(mail));
    Ok(known)
}

/// The value of `arrival.mail_digest`.
pub(super) fn to_bytes(digest: &MailDigest) -> Vec<u8> {
    let mut bytes = digest.digest.to_vec();
    bytes.push(u8::from(digest.has_message_id));
    bytes
}

fn from_bytes(bytes: &[u8]) -> Option<MailDigest> {
    let (digest, flag) = bytes.split_first_chunk()?;
    Some(MailDigest { digest: *digest, has_message_id: flag == [1] })
}
