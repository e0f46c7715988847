//! The digests of files that a device may send again: read and written for the decisions of
//! [`crate::core::repeated_files`].

use tipoff_model::{Content, IncidentId};

use super::statement::{Sql, params};
use crate::core::repeated_files::{self, KnownFile, TornDevices};
use crate::{DedupPolicy, Digest, Result};

/// Marks the media that are repeats. Returns the incident of the last repeat.
pub(super) fn mark(
    sql: &dyn Sql,
    device: i64,
    content: &mut Content,
    digests: &[Option<Digest>],
    policy: DedupPolicy,
) -> Result<Option<IncidentId>> {
    let known = known_files(sql, device, content, digests)?;
    Ok(repeated_files::mark(content, &known, policy))
}

/// For each of the media, the file with the same digest that the device has sent before.
pub(super) fn known_files(
    sql: &dyn Sql,
    device: i64,
    content: &Content,
    digests: &[Option<Digest>],
) -> Result<Vec<Option<KnownFile>>> {
    let find = |digest: &Option<Digest>| match digest {
        Some(digest) => known_file(sql, device, digest),
        None => Ok(None),
    };
    digests.iter().take(content.media.len()).map(find).collect()
}

fn known_file(sql: &dyn Sql, device: i64, digest: &Digest) -> Result<Option<KnownFile>> {
    let select = "SELECT incident, torn FROM known_media WHERE device = ?1 AND digest = ?2";
    sql.row(select, params![device, digest], |row| {
        Ok(KnownFile { incident: IncidentId(row.get(0)?), torn: row.get(1)? })
    })
}

/// Stores the digests of the whole media of an arrival that may be sent again. The first incident of a file counts.
pub(super) fn remember(
    sql: &dyn Sql,
    device: i64,
    incident: IncidentId,
    content: &Content,
    digests: &[Option<Digest>],
    torn: bool,
) -> Result<()> {
    let insert = "INSERT INTO known_media (device, digest, incident, torn)
        VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    for digest in repeated_files::digests_to_keep(content, digests) {
        sql.change(insert, params![device, digest, incident.0, torn])?;
    }
    Ok(())
}

/// The devices that left torn media which are still stored, by their own keys and those that they report.
pub(super) fn torn_devices(sql: &dyn Sql) -> Result<TornDevices> {
    let select =
        "SELECT key FROM device WHERE id IN (SELECT device FROM known_media WHERE torn = 1)
        UNION
        SELECT told FROM heard WHERE device IN (SELECT device FROM known_media WHERE torn = 1)";
    let keys = sql.rows(select, params![], |row| row.get(0))?;
    Ok(TornDevices::new(keys.into_iter().collect()))
}
