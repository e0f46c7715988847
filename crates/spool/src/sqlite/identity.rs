//! The name of a spool: part of every idempotency key.

use rusqlite::{Connection, OptionalExtension};

use crate::{Result, SpoolError};

/// The random name of the spool, made at its first start and kept.
pub(super) fn identity(connection: &Connection) -> Result<String> {
    let known = connection
        .query_row("SELECT value FROM meta WHERE key = 'identity'", [], |row| row.get(0))
        .optional()?;
    if let Some(identity) = known {
        return Ok(identity);
    }
    let identity = random_hex(8)?;
    connection.execute("INSERT INTO meta (key, value) VALUES ('identity', ?1)", [&identity])?;
    Ok(identity)
}

/// Random bytes in hexadecimal.
pub(super) fn random_hex(bytes: usize) -> Result<String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| SpoolError::File(error.to_string()))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
