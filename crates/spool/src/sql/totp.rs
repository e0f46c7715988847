//! One-time codes of users (RFC 6238), and the recovery codes that replace one.

use super::statement::{Sql, params};
use crate::{Digest, Result, UserId};

/// See [`crate::Accounts::begin_totp`].
pub(super) fn begin(sql: &dyn Sql, user: UserId, secret: &[u8]) -> Result<bool> {
    let begin = "UPDATE account SET totp_pending = ?2 WHERE id = ?1";
    Ok(sql.execute(begin, params![user.0, secret])? > 0)
}

/// See [`crate::Accounts::confirm_totp`].
pub(super) fn confirm(sql: &dyn Sql, user: UserId, step: i64, recovery: &[Digest]) -> Result<bool> {
    let confirm = "UPDATE account SET totp = totp_pending, totp_pending = NULL, totp_step = ?2
        WHERE id = ?1 AND totp_pending IS NOT NULL";
    if sql.execute(confirm, params![user.0, step])? == 0 {
        return Ok(false);
    }
    remove_recovery_codes(sql, user)?;
    let add = "INSERT INTO recovery_code (account, digest) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    for digest in recovery {
        sql.change(add, params![user.0, digest])?;
    }
    Ok(true)
}

/// See [`crate::Accounts::end_totp`].
pub(super) fn end(sql: &dyn Sql, user: UserId) -> Result<bool> {
    remove_recovery_codes(sql, user)?;
    let end = "UPDATE account SET totp = NULL, totp_pending = NULL WHERE id = ?1";
    Ok(sql.execute(end, params![user.0])? > 0)
}

fn remove_recovery_codes(sql: &dyn Sql, user: UserId) -> Result<()> {
    sql.change("DELETE FROM recovery_code WHERE account = ?1", params![user.0])?;
    Ok(())
}

/// See [`crate::Accounts::use_totp_step`]. One statement compares and sets, so that of two logins with one code one
/// succeeds.
pub(super) fn use_step(sql: &dyn Sql, user: UserId, step: i64) -> Result<bool> {
    let set = "UPDATE account SET totp_step = ?2 WHERE id = ?1 AND totp_step < ?2";
    Ok(sql.execute(set, params![user.0, step])? > 0)
}

/// See [`crate::Accounts::use_recovery_code`].
pub(super) fn use_recovery_code(sql: &dyn Sql, user: UserId, digest: &Digest) -> Result<bool> {
    let remove = "DELETE FROM recovery_code WHERE account = ?1 AND digest = ?2";
    Ok(sql.execute(remove, params![user.0, digest])? > 0)
}
