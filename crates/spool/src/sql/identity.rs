//! The name of a spool: part of every idempotency key.

use super::statement::{Sql, params};
use crate::{Result, SpoolError};

/// The random name of the spool, made at its first start and kept.
pub(super) fn identity(sql: &dyn Sql) -> Result<String> {
    let known =
        sql.row("SELECT value FROM meta WHERE key = 'identity'", params![], |row| row.get(0))?;
    if let Some(identity) = known {
        return Ok(identity);
    }
    let identity = random_hex(8)?;
    sql.execute("INSERT INTO meta (key, value) VALUES ('identity', ?1)", params![&identity])?;
    Ok(identity)
}

/// Random bytes in hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| SpoolError::File(error.to_string()))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
