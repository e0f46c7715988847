//! What nodes tell each other of the spool: the changes of what each keeps in memory. What the program tells is passed
//! on with them.

use serde::{Deserialize, Serialize};
use tipoff_model::{ArrivalId, BlobName, Timestamp};

use super::database::Database;
use super::spool::{Remembered, SqlSpool, lock};
use super::statement::Sql;
use super::{devices, known_mails};
use crate::core::known_mails::NewMail;
use crate::{Heard, Result, StoredBlob};

/// A notice of one node to the others.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum NodeNotice {
    /// A mail is stored that its device may send again.
    Mail { digest: Vec<u8>, arrival: i64, blob: String, size: u64, at: i64, owner: String },
    /// The device of this key left something torn.
    Torn(String),
    /// Devices were named, merged or removed.
    Named,
    /// What the program announces.
    Program(String),
}

impl NodeNotice {
    pub(super) fn of_mail(mail: &NewMail) -> Self {
        let NewMail { digest, arrival, blob, at, owner } = mail;
        Self::Mail {
            digest: known_mails::to_bytes(digest),
            arrival: arrival.0,
            blob: blob.name.0.clone(),
            size: blob.size,
            at: at.0,
            owner: owner.clone(),
        }
    }
}

impl<D: Database> SqlSpool<D> {
    /// Tells the other nodes, if there can be any.
    pub(super) fn tell(&self, notice: impl FnOnce() -> NodeNotice) {
        if self.database.is_shared()
            && let Ok(notice) = serde_json::to_string(&notice())
        {
            self.database.announce(notice);
        }
    }

    /// See [`crate::Nodes::hear`].
    pub(super) async fn hear_others(&self) -> Heard {
        loop {
            let heard = match self.database.hear().await {
                // A later version may tell what this one does not know.
                Heard::Notice(notice) => serde_json::from_str(&notice).ok(),
                Heard::Gap => None,
            };
            match heard {
                Some(NodeNotice::Program(notice)) => return Heard::Notice(notice),
                Some(NodeNotice::Mail { digest, arrival, blob, size, at, owner }) => {
                    let blob = StoredBlob { name: BlobName(blob), size };
                    if let Some(digest) = known_mails::from_bytes(&digest) {
                        let (arrival, at) = (ArrivalId(arrival), Timestamp(at));
                        let mail = NewMail { digest, arrival, blob, at, owner };
                        lock(&self.known_mails).note(mail);
                    }
                }
                Some(NodeNotice::Torn(device)) => lock(&self.torn_devices).insert(device),
                Some(NodeNotice::Named) => {
                    if let Ok(named) = self.read(devices::named).await {
                        *lock(&self.named) = named;
                    } else {
                        return Heard::Gap;
                    }
                }
                None => {
                    if let Err(error) = self.remember_again().await {
                        tracing::debug!(%error, "The spool's memory could not be read again.");
                    }
                    return Heard::Gap;
                }
            }
        }
    }

    /// Reads again what is kept in memory.
    async fn remember_again(&self) -> Result<()> {
        let read = |sql: &dyn Sql| Remembered::read(sql, sql.now()?);
        let Remembered { torn_devices, named, known_mails } = self.read(read).await?;
        *lock(&self.torn_devices) = torn_devices;
        *lock(&self.named) = named;
        *lock(&self.known_mails) = known_mails;
        Ok(())
    }
}
