//! The digests of the mails of the last minutes, which `arrival.mail_digest` keeps over a restart.

use std::ops::ControlFlow;

use tipoff_model::{ArrivalId, BlobName, Timestamp};

use super::statement::{Row, Sql, at, number, params};
use crate::core::known_mails::{KnownMails, MAILS_MAX, NewMail, is_recent};
use crate::{MailDigest, Result, StoredBlob};

const LATEST: &str = "SELECT arrival.id, received_at, blob, arrival.bytes, mail_digest,
        coalesce(device.place, device.key)
    FROM arrival JOIN incident ON incident.id = arrival.incident
    JOIN device ON device.id = incident.device
    ORDER BY arrival.id DESC LIMIT ?1";

/// Reads the mails that are recent at `now`: after a crash a device may not know that its mail is stored.
pub(super) fn read(sql: &dyn Sql, now: Timestamp) -> Result<KnownMails> {
    let mails_max = i64::try_from(MAILS_MAX).unwrap_or(i64::MAX);
    let mut recent = Vec::new();
    sql.query(LATEST, params![mails_max], &mut |row| {
        if !is_recent(at(row, 1)?, now) {
            return Ok(ControlFlow::Break(()));
        }
        recent.extend(read_mail(row)?);
        Ok(ControlFlow::Continue(()))
    })?;
    let mut known = KnownMails::default();
    recent.into_iter().rev().for_each(|mail| known.note(mail));
    Ok(known)
}

/// `None` if the arrival is no mail that may come again.
fn read_mail(row: &Row<'_>) -> Result<Option<NewMail>> {
    let digest: Option<Vec<u8>> = row.get(4)?;
    let Some(digest) = digest.as_deref().and_then(from_bytes) else {
        return Ok(None);
    };
    let blob = StoredBlob { name: BlobName(row.get(2)?), size: number(row, 3)? };
    let (arrival, owner) = (ArrivalId(row.get(0)?), row.get(5)?);
    Ok(Some(NewMail { digest, arrival, blob, at: at(row, 1)?, owner }))
}

/// The value of `arrival.mail_digest`.
pub(super) fn to_bytes(digest: &MailDigest) -> Vec<u8> {
    let mut bytes = digest.digest.to_vec();
    bytes.push(u8::from(digest.has_message_id));
    bytes
}

pub(super) fn from_bytes(bytes: &[u8]) -> Option<MailDigest> {
    let (digest, flag) = bytes.split_first_chunk()?;
    Some(MailDigest { digest: *digest, has_message_id: flag == [1] })
}
