//! What nodes tell each other of the spool: the changes of what each keeps in memory. What the program tells is passed
//! on with them.

use serde::{Deserialize, Serialize};

use super::database::Database;
use super::known_mails;
use super::spool::SqlSpool;
use crate::core::known_mails::NewMail;

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
}
