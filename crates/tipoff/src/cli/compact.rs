//! `tipoff compact`: rewrites the database so that it takes no more space than its rows need.
//! Tipoff must be stopped.
//!
//! A database of an earlier version keeps the space of deleted rows; after this, it returns such
//! space to the disk itself.

use tipoff_spool::SqliteSpool;

use super::{Ending, Failure};
use crate::config::Config;
use crate::disk::size;

/// Rewrites the database, and prints its size before and after. Exit code 1 while a Tipoff runs on
/// the data folder.
pub(super) fn run(config: &Config) -> Ending {
    if config.spool.is_shared() {
        let text = "the spool is in PostgreSQL, whose own vacuum gives room back";
        return Err(Failure::Failed(anyhow::anyhow!(text)));
    }
    let compacted = SqliteSpool::compact(&config.data_dir);
    let compacted = compacted.map_err(|error| {
        Failure::Failed(
            anyhow::Error::from(error)
                .context(format!("cannot compact {}", config.data_dir.display())),
        )
    })?;
    println!(
        "The database took {}, and takes {} now. From now on it gives back to the disk what is freed in it.",
        size(compacted.before),
        size(compacted.after),
    );
    Ok(())
}
