//! Links by which somebody sees one incident without a login: read and written for [`crate::core::share_links`].

use tipoff_model::{IncidentId, Timestamp};

use super::audit;
use super::database::Database;
use super::spool::SqlSpool;
use super::statement::{Lock, Row, Sql, at, number, params};
use crate::core::share_links;
use crate::{AuditEntry, BoxFuture, Result, ShareLink, ShareLinks};

const LINK: &str = "SELECT id, incident, made_by, created_at, expires_at, opened, opened_at
                    FROM share_link";

impl<D: Database> ShareLinks for SqlSpool<D> {
    fn add_share_link(
        &self,
        link: ShareLink,
        max: u32,
        entry: AuditEntry,
    ) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.write(move |sql| {
            sql.lock(Lock::Accounts)?;
            let links = sql.rows(LINK, params![], read)?;
            let admission = share_links::admit(&links, link.created_at, max);
            for id in &admission.expired {
                remove(sql, *id)?;
            }
            if !admission.is_stored {
                return Ok(None);
            }
            let id = sql.insert_row(
                "INSERT INTO share_link (incident, made_by, created_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4)",
                params![link.incident.0, link.made_by, link.created_at.0, link.expires_at.0],
            )?;
            audit::note(sql, &entry)?;
            Ok(Some(id))
        }))
    }

    fn share_links(&self, now: Timestamp) -> BoxFuture<'_, Result<Vec<ShareLink>>> {
        Box::pin(self.read(move |sql| {
            let mut links = sql.rows(&format!("{LINK} ORDER BY id DESC"), params![], read)?;
            links.retain(|link| !share_links::is_expired(link, now));
            Ok(links)
        }))
    }

    fn share_link(&self, id: i64) -> BoxFuture<'_, Result<Option<ShareLink>>> {
        Box::pin(self.read(move |sql| {
            let select = format!("{LINK} WHERE id = ?1");
            sql.row(&select, params![id], read)
        }))
    }

    fn revoke_share_link(&self, id: i64, entry: AuditEntry) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| {
            if remove(sql, id)? == 0 {
                return Ok(false);
            }
            audit::note(sql, &entry)?;
            Ok(true)
        }))
    }

    fn note_opened(&self, opened: Vec<(i64, u64)>, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| {
            let update = "UPDATE share_link SET opened = opened + ?2, opened_at = ?3 WHERE id = ?1";
            for (id, times) in &opened {
                let times = i64::try_from(*times).unwrap_or(i64::MAX >> 16);
                sql.change(update, params![id, times, now.0])?;
            }
            Ok(())
        }))
    }
}

fn remove(sql: &dyn Sql, id: i64) -> Result<usize> {
    sql.execute("DELETE FROM share_link WHERE id = ?1", params![id])
}

fn read(row: &Row<'_>) -> Result<ShareLink> {
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
