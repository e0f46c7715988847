//! What a device has sent before: known by its print, kept, not told again.

use rusqlite::{Connection, OptionalExtension, params};
use tipoff_model::{Content, IncidentId};

use crate::{Again, Print, Result};

/// Marks the media that are known; the incident of the latest such.
pub(super) fn mark(
    connection: &Connection,
    device: i64,
    content: &mut Content,
    prints: &[Option<Print>],
    again: Again,
) -> Result<Option<IncidentId>> {
    let mut seen_in = None;
    for (media, print) in content.media.iter_mut().zip(prints) {
        let Some(print) = print else { continue };
        let incident = connection
            .prepare_cached(
                "SELECT incident FROM known_media WHERE device = ?1 AND print = ?2
                 AND (torn OR ?3)",
            )?
            .query_row(params![device, print, again == Again::Always], |row| row.get(0))
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
    prints: &[Option<Print>],
    torn: bool,
) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO known_media (device, print, incident, torn) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    let whole = content.media.iter().zip(prints).filter(|(media, _)| media.whole);
    for print in whole.filter_map(|(_, print)| *print) {
        insert.execute(params![device, print, incident.0, torn])?;
    }
    Ok(())
}

/// What the devices are called that left torn media.
pub(super) fn torn_devices(connection: &Connection) -> Result<Vec<String>> {
    let mut select = connection.prepare(
        "SELECT key FROM device WHERE id IN (SELECT device FROM known_media WHERE torn)
         UNION
         SELECT told FROM heard WHERE device IN (SELECT device FROM known_media WHERE torn)",
    )?;
    let keys = select.query_map([], |row| row.get(0))?;
    Ok(keys.collect::<Result<_, _>>()?)
}
