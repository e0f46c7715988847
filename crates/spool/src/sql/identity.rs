//! Facts about the spool itself, such as its name: part of every idempotency key.

use super::statement::{Sql, params};
use crate::hex::hex;
use crate::{Result, SpoolError};

/// The random name of the spool, made at its first start and kept.
pub(super) fn identity(sql: &dyn Sql) -> Result<String> {
    if let Some(identity) = fact(sql, "identity")? {
        return Ok(identity);
    }
    let identity = random_hex(8)?;
    set_fact(sql, "identity", &identity)?;
    Ok(identity)
}

/// A stored fact.
pub(super) fn fact(sql: &dyn Sql, key: &str) -> Result<Option<String>> {
    sql.row("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
}

/// Stores a fact in place of the one before.
pub(super) fn set_fact(sql: &dyn Sql, key: &str, value: &str) -> Result<()> {
    let set = "INSERT INTO meta (key, value) VALUES (?1, ?2)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    sql.change(set, params![key, value])?;
    Ok(())
}

/// Random bytes in hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| SpoolError::File(error.to_string()))?;
    Ok(hex(&random))
}
