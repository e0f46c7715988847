//! Opens the spool on its engine: the only place that knows which.

use std::path::PathBuf;
use std::sync::Arc;

use tipoff_model::RuleSource;

use crate::postgres::Purpose;
use crate::{PostgresConfig, PostgresSpool, Result, S3Settings, Spool, SqliteSpool};

/// Where a spool is.
#[derive(Clone, Debug)]
pub struct SpoolConfig {
    /// The node's own folder: the embedded engine's database, blobs, uploads under way.
    pub folder: PathBuf,
    /// What the spool stands on.
    pub engine: Engine,
    /// The bucket for the bytes of arrivals; `None` for the folder.
    pub bucket: Option<S3Settings>,
}

/// What a spool stands on.
#[derive(Clone, Debug)]
pub enum Engine {
    /// SQLite in the folder.
    Embedded,
    /// PostgreSQL, which several nodes share.
    Postgres(PostgresConfig),
}

/// Opens the spool to receive, and makes it where it is missing.
///
/// # Errors
/// [`crate::SpoolError::Locked`] if another Tipoff receives on the embedded engine's folder;
/// [`crate::SpoolError::Newer`], [`crate::SpoolError::TooOld`]; if the disk or the database fails; if the bucket's settings are unusable.
pub async fn open(config: &SpoolConfig, rules: Arc<dyn RuleSource>) -> Result<Arc<dyn Spool>> {
    let (folder, bucket) = (&config.folder, config.bucket.as_ref());
    Ok(match &config.engine {
        Engine::Embedded => {
            let spool = SqliteSpool::open_with(folder, rules, bucket);
            Arc::new(spool.map_err(|error| error.in_folder(folder))?)
        }
        Engine::Postgres(database) => {
            let purpose = Purpose::Receive;
            Arc::new(PostgresSpool::open_with(database, (folder, bucket), rules, purpose).await?)
        }
    })
}

/// Opens the spool beside a Tipoff that may be running on it: to look, and to change what people may change.
///
/// # Errors
/// As [`open`]; [`crate::SpoolError::Empty`] if nothing was stored yet.
pub async fn open_beside(
    config: &SpoolConfig,
    rules: Arc<dyn RuleSource>,
) -> Result<Arc<dyn Spool>> {
    let (folder, bucket) = (&config.folder, config.bucket.as_ref());
    Ok(match &config.engine {
        Engine::Embedded => {
            let spool = SqliteSpool::open_beside_with(folder, rules, bucket);
            Arc::new(spool.map_err(|error| error.in_folder(folder))?)
        }
        Engine::Postgres(database) => {
            let purpose = Purpose::Look;
            Arc::new(PostgresSpool::open_with(database, (folder, bucket), rules, purpose).await?)
        }
    })
}
