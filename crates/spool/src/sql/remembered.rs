//! What a spool keeps in memory of its database, and how it follows what other nodes change.

use tipoff_model::{ArrivalId, BlobName, Timestamp};

use super::database::Database;
use super::node_notices::NodeNotice;
use super::spool::{Remembered, SqlSpool, lock};
use super::statement::Sql;
use super::{dedup, devices, known_mails};
use crate::core::known_mails::NewMail;
use crate::{Heard, Result, StoredBlob};

impl Remembered {
    /// Reads it, as it is at `now`.
    pub(super) fn read(sql: &dyn Sql, now: Timestamp) -> Result<Self> {
        Ok(Self {
            torn_devices: dedup::torn_devices(sql)?,
            named: devices::named(sql)?,
            known_mails: known_mails::read(sql, now)?,
        })
    }
}

impl<D: Database> SqlSpool<D> {
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
