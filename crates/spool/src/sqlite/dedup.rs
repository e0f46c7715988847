//! What a device has sent before: known by its print, kept, not told again.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{Content, IncidentId};

use crate::{DedupPolicy, Digest, Result};

/// Devices that are remembered because they left something torn.
const TORN_DEVICES_MAX: usize = 10_000;

/// Marks the media that are known; the incident of the latest such.
pub(super) fn mark(
    connection: &Connection,
    device: i64,
    content: &mut Content,
    digests: &[Option<Digest>],
    again: DedupPolicy,
) -> Result<Option<IncidentId>> {
    let mut seen_in = None;
    for (media, digest) in content.media.iter_mut().zip(digests) {
        let Some(digest) = digest else { continue };
        let incident = connection
            .prepare_cached(
                "SELECT incident FROM known_media WHERE device = ?1 AND digest = ?2
                 AND (torn OR ?3)",
            )?
            .query_row(params![device, digest, again == DedupPolicy::Always], |row| row.get(0))
            .optional()?
            .map(IncidentId);
        media.repeat = incident.is_some();
        seen_in = incident.or(seen_in);
    }
    Ok(seen_in)
}

/// Remembers the whole media of an arrival that may be sent again.
pub(super) fn remember(
    connection: &Connection,
    device: i64,
    incident: IncidentId,
    content: &Content,
    digests: &[Option<Digest>],
    torn: bool,
) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO known_media (device, digest, incident, torn) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    let whole = content.media.iter().zip(digests).filter(|(media, _)| media.whole);
    for digest in whole.filter_map(|(_, digest)| *digest) {
        insert.execute(params![device, digest, incident.0, torn])?;
    }
    Ok(())
}

/// The names of devices that left something torn, and may send it again.
pub(super) struct TornDevices(HashSet<String>);

impl TornDevices {
    /// Those that left torn media which are still stored.
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut select = connection.prepare(
            "SELECT key FROM device WHERE id IN (SELECT device FROM known_media WHERE torn)
             UNION
             SELECT told FROM heard WHERE device IN (SELECT device FROM known_media WHERE torn)",
        )?;
        let keys = select.query_map([], |row| row.get(0))?;
        Ok(Self(keys.collect::<rusqlite::Result<_>>()?))
    }

    /// One more. Beyond what can be remembered every device may be one.
    pub(super) fn insert(&mut self, key: String) {
        if self.0.len() < TORN_DEVICES_MAX {
            self.0.insert(key);
        }
    }

    /// Whether the device is one of them, as far as that is known.
    pub(super) fn may_have(&self, key: &str) -> bool {
        self.0.contains(key) || self.0.len() >= TORN_DEVICES_MAX
    }
}
