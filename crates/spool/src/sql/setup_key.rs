//! The key with which the first password is set, once, in the table of facts about the spool.

use tipoff_model::Timestamp;

use super::identity::{fact, set_fact};
use super::statement::{Sql, params};
use crate::core::accounts::SetupKey;
use crate::{Digest, Result};

const KEY: &str = "setup-key";

/// The latest key. `None` if it was used, or there was none.
pub(super) fn read(sql: &dyn Sql) -> Result<Option<SetupKey>> {
    Ok(fact(sql, KEY)?.as_deref().and_then(SetupKey::parse))
}

/// Replaces the key.
pub(super) fn set(sql: &dyn Sql, digest: Digest, expires_at: Timestamp) -> Result<()> {
    set_fact(sql, KEY, &SetupKey { digest, expires_at }.to_text())
}

/// Removes the key. Whether there was one.
pub(super) fn remove(sql: &dyn Sql) -> Result<bool> {
    Ok(sql.execute("DELETE FROM meta WHERE key = ?1", params![KEY])? > 0)
}

/// Removes the key of this digest. Whether it was the latest one.
pub(super) fn take(sql: &dyn Sql, digest: &Digest) -> Result<bool> {
    Ok(read(sql)?.is_some_and(|key| key.digest == *digest) && remove(sql)?)
}
