//! A spool whose database was restored from a backup: numbers that were given after the backup must not be given again.
//! Links in alerts and keys of deliveries (`idempotency_key`) name them.

use super::{last_numbers, side};
use crate::sql::identity::random_hex;
use crate::{Result, SpoolConfig};

/// How many numbers are left out: more than a fleet gives between two backups.
const GAP: i64 = 1_000_000_000;

/// Leaves out numbers of incidents, arrivals, deliveries and everything else that has numbers, so that none that was given since the
/// backup is given again. Returns how many are left out.
///
/// # Errors
/// A Tipoff uses the spool, there is none, or the database fails.
pub async fn leave_out_numbers(config: &SpoolConfig) -> Result<u64> {
    side::check_exists(config)?;
    let _locks = side::lock_folders([&config.folder, &config.folder])?;
    let spool = side::Side::source(config, &random_hex(8)?).await?;
    let catalog = spool.catalog();
    spool
        .write(move |sql| {
            for (table, last) in last_numbers(catalog, sql)? {
                catalog.set_last_number(sql, table, last.saturating_add(GAP))?;
            }
            Ok(())
        })
        .await?;
    Ok(GAP.unsigned_abs())
}
