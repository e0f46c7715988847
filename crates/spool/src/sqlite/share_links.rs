//! Links by which somebody sees one incident without a login.

use rusqlite::{OptionalExtension, Row, params};
use tipoff_model::{IncidentId, Timestamp};

use super::{SqliteSpool, at, audit, number};
use crate::{AuditEntry, BoxFuture, Result, ShareLink, ShareLinks};

const LINK: &str = "SELECT id, incident, made_by, created_at, expires_at, opened, opened_at
                    FROM share_link";

impl ShareLinks for SqliteSpool {
    fn add_share_link(
        &self,
        link: ShareLink,
        max: u32,
        entry: AuditEntry,
    ) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.writer.run(move |connection| {
            connection
                .execute("DELETE FROM share_link WHERE expires_at <= ?1", [link.created_at.0])?;
            let added = connection.execute(
                "INSERT INTO share_link (incident, made_by, created_at, expires_at)
                 SELECT ?1, ?2, ?3, ?4 WHERE (SELECT count(*) FROM share_link) < ?5",
                params![link.incident.0, link.made_by, link.created_at.0, link.expires_at.0, max],
            )?;
            if added == 0 {
                return Ok(None);
            }
            let id = connection.last_insert_rowid();
            audit::note(connection, &entry)?;
            Ok(Some(id))
        }))
    }

    fn share_links(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<ShareLink>>> {
        Box::pin(self.read(move |connection| {
            let mut select = connection
                .prepare_cached(&format!("{LINK} WHERE expires_at > ?1 ORDER BY id DESC"))?;
            Ok(select.query_map([now.0], read)?.collect::<rusqlite::Result<_>>()?)
        }))
    }

    fn share_link(&self, id: i64) -> BoxFuture<'_, Result<Option<ShareLink>>> {
        Box::pin(self.read(move |connection| {
            let mut select = connection.prepare_cached(&format!("{LINK} WHERE id = ?1"))?;
            Ok(select.query_row([id], read).optional()?)
        }))
    }

    fn revoke_share_link(&self, id: i64, entry: AuditEntry) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.writer.run(move |connection| {
            if connection.execute("DELETE FROM share_link WHERE id = ?1", [id])? == 0 {
                return Ok(false);
            }
            audit::note(connection, &entry)?;
            Ok(true)
        }))
    }

    fn note_opened(&self, opened: Vec<(i64, u64)>, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.writer.run(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE share_link SET opened = opened + ?2, opened_at = ?3 WHERE id = ?1",
            )?;
            for (id, times) in &opened {
                let times = i64::try_from(*times).unwrap_or(i64::MAX >> 16);
                update.execute(params![id, times, now.0])?;
            }
            Ok(())
        }))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ShareLink> {
    let opened_at: Option<i64> = row.get(6)?;
    Ok(ShareLink {
        id: row.get(0)?,
        incident: IncidentId(row.get(1)?),
        made_by: row.get(2)?,
        created_at: at(row, 3)?,
        expires_at: at(row, 4)?,
        opened: number(row, 5)?,
        opened_at: opened_at.map(Timestamp::from_ms),
    })
}
