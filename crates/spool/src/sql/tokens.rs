//! Tokens of programs. The audit log notes in the same transaction who makes and who ends one.

use tipoff_model::Timestamp;

use super::statement::{Lock, Row, Sql, at, params};
use super::{audit, users};
use crate::core::accounts;
use crate::{ApiToken, AuditEntry, Digest, Result, TokenScope, UserId};

const TOKEN: &str =
    "SELECT id, name, digest, scope, created_at, used_at, maker, made_by FROM token";

/// See [`crate::Accounts::tokens`].
pub(super) fn all(sql: &dyn Sql) -> Result<Vec<ApiToken>> {
    sql.rows(&format!("{TOKEN} ORDER BY id"), params![], read)
}

/// See [`crate::Accounts::token`].
pub(super) fn find(sql: &dyn Sql, digest: &Digest) -> Result<Option<ApiToken>> {
    sql.row(&format!("{TOKEN} WHERE digest = ?1"), params![digest], read)
}

fn read(row: &Row<'_>) -> Result<ApiToken> {
    Ok(ApiToken {
        id: row.get(0)?,
        name: row.get(1)?,
        digest: row.get(2)?,
        scope: TokenScope::of(&row.get::<String>(3)?),
        created_at: at(row, 4)?,
        used_at: row.get::<Option<i64>>(5)?.map(Timestamp),
        maker: row.get::<Option<i64>>(6)?.map(UserId),
        made_by: row.get(7)?,
    })
}

/// See [`crate::Accounts::add_token`].
pub(super) fn add(
    sql: &dyn Sql,
    token: &ApiToken,
    max: u32,
    entry: &AuditEntry,
) -> Result<Option<i64>> {
    let ApiToken { name, digest, scope, created_at, maker, made_by, .. } = token;
    sql.lock(Lock::Accounts)?;
    let count = sql.one("SELECT count(*) FROM token", params![], |row| row.get(0))?;
    if !accounts::may_make_token(&users::all(sql)?, *maker, count, max) {
        return Ok(None);
    }
    let maker = maker.map(|maker| maker.0);
    let id = sql.insert_row(
        "INSERT INTO token (name, digest, scope, created_at, maker, made_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![name, digest, scope.as_str(), created_at.0, maker, made_by],
    )?;
    audit::note(sql, entry)?;
    Ok(Some(id))
}

/// See [`crate::Accounts::note_token_used`].
pub(super) fn note_used(sql: &dyn Sql, id: i64, now: Timestamp) -> Result<()> {
    sql.change("UPDATE token SET used_at = ?2 WHERE id = ?1", params![id, now.0])?;
    Ok(())
}

/// See [`crate::Accounts::remove_token`].
pub(super) fn remove(sql: &dyn Sql, id: i64, entry: &AuditEntry) -> Result<bool> {
    let is_removed = sql.execute("DELETE FROM token WHERE id = ?1", params![id])? > 0;
    if is_removed {
        audit::note(sql, entry)?;
    }
    Ok(is_removed)
}
