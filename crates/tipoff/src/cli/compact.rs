//! `tipoff compact`: rewrites the database so that it takes no more than it holds. Tipoff must be stopped.

use tipoff_spool::SqliteSpool;

use super::{Ending, Failure};
use crate::config::Config;
use crate::disk::size;

/// Rewrites the database, and says what it took before and takes now.
pub(super) fn run(config: &Config) -> Ending {
    let compacted = SqliteSpool::compact(&config.data_dir);
    let compacted = compacted.map_err(|error| Failure::Failed(error.into()))?;
    println!(
        "The database took {}, and takes {} now. From now on it gives back to the disk what is freed in it.",
        size(compacted.before),
        size(compacted.after),
    );
    Ok(())
}
