//! The audit log.

use super::database::Database;
use super::spool::SqlSpool;
use super::statement::{Row, Sql, at, number, params};
use crate::audit::{
    AUDIT_ENTRIES_MAX, AUDIT_ENTRIES_MIN, AUDIT_KEEP, AUDIT_SAME_WITHIN, AUDIT_TEXT_CHARS_MAX,
};
use crate::{Actor, Audit, AuditEntry, AuditFilter, BoxFuture, Result};

/// After so many entries it is looked at whether some have to go.
const TRIM_EVERY: i64 = 64;

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
    let (name, object, detail) =
        (short(entry.actor.name()), short(&entry.object), short(&entry.detail));
    let since = entry.at.before(AUDIT_SAME_WITHIN);
    let same = sql.execute(
        "UPDATE audit SET count = count + ?7, at = max(at, ?8)
             WHERE id = (SELECT max(id) FROM audit) AND actor_kind = ?1 AND actor = ?2
               AND address IS ?3 AND what = ?4 AND object = ?5 AND detail = ?6
               AND at BETWEEN ?9 AND ?8",
        params![
            entry.actor.kind(),
            name,
            entry.address,
            entry.what,
            object,
            detail,
            entry.count.max(1),
            entry.at.0,
            since.0
        ],
    )?;
    if same > 0 {
        return Ok(());
    }
    let id = sql.insert_row(
        "INSERT INTO audit (at, actor_kind, actor, address, what, object, detail, count)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            entry.at.0,
            entry.actor.kind(),
            name,
            entry.address,
            entry.what,
            object,
            detail,
            entry.count.max(1)
        ],
    )?;
    if id % TRIM_EVERY == 0 {
        trim(sql, entry)?;
    }
    Ok(())
}

/// Text without control characters, at its greatest length.
fn short(text: &str) -> String {
    text.chars().filter(|it| !it.is_control()).take(AUDIT_TEXT_CHARS_MAX).collect()
}

fn trim(sql: &dyn Sql, entry: &AuditEntry) -> Result<()> {
    sql.execute(
        "DELETE FROM audit WHERE at < ?1
            AND id < (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?2)",
        params![entry.at.before(AUDIT_KEEP).0, AUDIT_ENTRIES_MIN],
    )?;
    loop {
        let count: i64 = sql.one("SELECT count(*) FROM audit", params![], |row| row.get(0))?;
        let over = count - i64::from(AUDIT_ENTRIES_MAX);
        if over <= 0 {
            return Ok(());
        }
        let greediest: Option<(String, String)> = sql.row(
            "SELECT actor_kind, actor FROM audit GROUP BY 1, 2
                 ORDER BY count(*) DESC, min(id) LIMIT 1",
            params![],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let Some((kind, name)) = greediest else { return Ok(()) };
        let removed = sql.execute(
            "DELETE FROM audit WHERE id IN
                (SELECT id FROM audit WHERE actor_kind = ?1 AND actor = ?2 ORDER BY id LIMIT ?3)",
            params![kind, name, over.min(TRIM_EVERY)],
        )?;
        if removed == 0 {
            return Ok(());
        }
    }
}

fn list(sql: &dyn Sql, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditEntry>> {
    let select = "SELECT id, at, actor_kind, actor, address, what, object, detail, count FROM audit
         WHERE (?1 IS NULL OR id < ?1)
           AND (?2 IS NULL OR actor_kind = ?2 OR instr(lower(actor), lower(?2)) > 0)
           AND (?3 IS NULL OR what = ?3 OR substr(what, 1, length(?3) + 1) = ?3 || '.')
         ORDER BY id DESC LIMIT ?4";
    let rows = sql.rows(select, params![filter.before, filter.who, filter.what, limit], read)?;
    Ok(rows)
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
