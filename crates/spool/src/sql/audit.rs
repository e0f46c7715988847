//! The audit log. [`crate::core::audit`] decides what is stored, counted and removed.

use super::database::Database;
use super::spool::SqlSpool;
use super::statement::{Lock, Row, Sql, at, number, params};
use crate::core::audit::{self, ActorEntries};
use crate::{Actor, Audit, AuditEntry, AuditFilter, BoxFuture, Result};

/// The columns that [`read`] takes.
const ENTRY: &str =
    "SELECT id, at, actor_kind, actor, address, what, object, detail, count FROM audit";

impl<D: Database> Audit for SqlSpool<D> {
    fn note(&self, entry: AuditEntry) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| note(sql, &entry)))
    }

    fn audit(&self, filter: AuditFilter, limit: u32) -> BoxFuture<'_, Result<Vec<AuditEntry>>> {
        Box::pin(self.read(move |sql| list(sql, &filter, limit)))
    }
}

/// Adds an entry, or counts it at the newest one if that says the same.
pub(super) fn note(sql: &dyn Sql, entry: &AuditEntry) -> Result<()> {
    let entry = audit::to_stored(entry.clone());
    let newest = sql.row(&format!("{ENTRY} ORDER BY id DESC LIMIT 1"), params![], read)?;
    if let Some(newest) = newest.filter(|newest| audit::repeats(newest, &entry)) {
        let update = "UPDATE audit SET count = count + ?2, at = ?3 WHERE id = ?1";
        sql.change(update, params![newest.id, entry.count, entry.at.0])?;
        return Ok(());
    }
    let id = insert(sql, &entry)?;
    if audit::is_trimmed_after(id) {
        trim(sql, &entry)?;
    }
    Ok(())
}

fn insert(sql: &dyn Sql, entry: &AuditEntry) -> Result<i64> {
    sql.insert_row(
        "INSERT INTO audit (at, actor_kind, actor, address, what, object, detail, count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            entry.at.0,
            entry.actor.kind(),
            entry.actor.name(),
            entry.address,
            entry.what,
            entry.object,
            entry.detail,
            entry.count
        ],
    )
}

fn trim(sql: &dyn Sql, entry: &AuditEntry) -> Result<()> {
    sql.lock(Lock::AuditLog)?;
    sql.change(
        "DELETE FROM audit WHERE at < ?1
            AND id < (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        params![audit::kept_since(entry.at).0, audit::ENTRIES_MIN],
    )?;
    loop {
        let count = sql.one("SELECT count(*) FROM audit", params![], |row| row.get(0))?;
        let Some(step) = audit::trim_step(count) else { return Ok(()) };
        let Some(greediest) = audit::greediest(actors(sql)?) else { return Ok(()) };
        let removed = sql.execute(
            "DELETE FROM audit WHERE id IN
                (SELECT id FROM audit WHERE actor_kind = ?1 AND actor = ?2 ORDER BY id LIMIT ?3)",
            params![greediest.kind, greediest.name, step],
        )?;
        if removed == 0 {
            return Ok(());
        }
    }
}

fn actors(sql: &dyn Sql) -> Result<Vec<ActorEntries>> {
    let select = "SELECT actor_kind, actor, count(*), min(id) FROM audit GROUP BY 1, 2";
    sql.rows(select, params![], |row| {
        Ok(ActorEntries {
            kind: row.get(0)?,
            name: row.get(1)?,
            entries: row.get(2)?,
            oldest: row.get(3)?,
        })
    })
}

fn list(sql: &dyn Sql, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditEntry>> {
    let select = format!(
        "{ENTRY}
         WHERE (CAST(?1 AS BIGINT) IS NULL OR id < ?1)
           AND (CAST(?2 AS TEXT) IS NULL OR actor_kind = ?2 OR instr(lower(actor), lower(?2)) > 0)
           AND (CAST(?3 AS TEXT) IS NULL OR what = ?3 OR substr(what, 1, length(?3) + 1) = ?3 || '.')
         ORDER BY id DESC LIMIT ?4"
    );
    sql.rows(&select, params![filter.before, filter.who, filter.what, limit], read)
}

fn read(row: &Row<'_>) -> Result<AuditEntry> {
    let kind: String = row.get(2)?;
    Ok(AuditEntry {
        id: row.get(0)?,
        at: at(row, 1)?,
        actor: Actor::of(&kind, row.get(3)?),
        address: row.get(4)?,
        what: row.get(5)?,
        object: row.get(6)?,
        detail: row.get(7)?,
        count: number(row, 8)?,
    })
}
