//! The shared engine: PostgreSQL for what is known. Several nodes use one spool.
//!
//! Statements are those of [`crate::sql`]; each transaction has a connection of its own, on a thread for blocking work.
//! What one writer keeps apart in the embedded engine, locks keep apart here ([`Sql::lock`]).

mod ahead;
mod connection;
pub(crate) mod copying;
mod lanes;
mod locks;
mod notices;
#[cfg(test)]
mod plans;
mod repeat;
mod schema;
mod statement;
mod text_index;
mod text_pieces;
mod values;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

use deadpool_postgres::Pool;
use tipoff_model::{RuleSource, Timestamp};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::sql::database::Database;
use crate::sql::identity::random_hex;
use crate::sql::spool::{Opening, SqlSpool, file_error};
use crate::sql::statement::Sql;
use crate::sql::sweep;
use crate::{Blobs, Connections, Heard, Result, S3Settings, SpoolError, durable};
use lanes::Lanes;
use notices::Notices;
use schema::CURRENT;
use statement::Session;

/// The spool of several nodes.
pub type PostgresSpool = SqlSpool<PostgresDatabase>;

/// Connections of a node to the database at the same time, unless the configuration says otherwise.
pub const CONNECTIONS: usize = 12;

/// Where the shared engine is.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgresql://user:password@host1,host2/database`. Of several hosts the one that takes writes is found with
    /// `target_session_attrs=read-write`. A secret.
    pub url: String,
    /// Authorities that sign the server's certificate, besides the system's: a PEM file.
    pub ca: Option<PathBuf>,
    /// The most connections of this node at the same time.
    pub connections: usize,
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PostgresConfig").field("ca", &self.ca).finish_non_exhaustive()
    }
}

/// Why a spool is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To receive as a node.
    Receive,
    /// To look, and to change what people may change.
    Look,
}

/// The database, with its connections.
pub struct PostgresDatabase {
    pool: Pool,
    /// Whether the last change could not be committed.
    is_failing: Arc<AtomicBool>,
    lanes: Lanes,
    /// Round trips to the database of all transactions.
    round_trips: Arc<AtomicU64>,
    notices: Notices,
}

impl SqlSpool<PostgresDatabase> {
    /// Opens the spool in the database and makes its tables where they are missing. The bytes of arrivals are in
    /// `folder`.
    ///
    /// # Errors
    /// [`SpoolError::Newer`]; if the database or the disk fails.
    pub async fn open(
        config: &PostgresConfig,
        folder: &Path,
        rules: Arc<dyn RuleSource>,
        purpose: Purpose,
    ) -> Result<Self> {
        Self::open_with(config, (folder, None), rules, purpose).await
    }

    /// The same with the bytes of arrivals in a bucket, if there is one. The folder is this node's own.
    ///
    /// # Errors
    /// As [`Self::open`]; if the bucket's settings are unusable.
    pub async fn open_with(
        config: &PostgresConfig,
        (folder, bucket): (&Path, Option<&S3Settings>),
        rules: Arc<dyn RuleSource>,
        purpose: Purpose,
    ) -> Result<Self> {
        let database = PostgresDatabase::on(config)?;
        match purpose {
            Purpose::Receive => schema::migrate(&database, &CURRENT).await?,
            Purpose::Look => database.transaction(|session| CURRENT.is_current(session)).await?,
        }
        let now = Timestamp::from(SystemTime::now());
        let opening =
            database.write(move |sql| Opening::read(sql, purpose == Purpose::Receive, now)).await?;
        let run = format!("{:x}{}", now.0, random_hex(4)?);
        durable::make_private_folder(folder).map_err(file_error)?;
        let blobs = Blobs::of_spool(folder, bucket, &run).map_err(file_error)?;
        if purpose == Purpose::Receive {
            blobs.remove_leftovers().map_err(file_error)?;
        }
        let folder = folder.to_owned();
        let journal = match purpose {
            Purpose::Receive if !blobs.are_remote() => {
                database.read(move |sql| sweep::open_journal(&folder, sql)).await?
            }
            _ => None,
        };
        Ok(Self::new(database, blobs.with_journal(journal), rules, opening))
    }
}

impl SqlSpool<PostgresDatabase> {
    /// Round trips to the database until now, of all that this node did.
    pub fn round_trips(&self) -> u64 {
        self.database.round_trips.load(Ordering::Relaxed)
    }
}

impl PostgresDatabase {
    /// The database of `config`. Connects to nothing yet.
    ///
    /// # Errors
    /// If the URL or the certificates cannot be read.
    fn on(config: &PostgresConfig) -> Result<Self> {
        let (url, tls) = connection::settings(config)?;
        let notices = Notices::new(url.clone(), tls.clone())?;
        let pool = connection::pool((url, tls), config.connections)?;
        let lanes = Lanes::new(config.connections);
        let (is_failing, round_trips) = (Arc::default(), Arc::default());
        Ok(Self { pool, is_failing, lanes, round_trips, notices })
    }

    /// Runs `work` with a connection, on a thread for blocking work. Without its changes if it fails.
    async fn on_connection<T: Send + 'static>(
        &self,
        begin: fn(deadpool_postgres::Object, Handle) -> Session,
        work: impl FnOnce(&Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connection = connection::get(&self.pool).await?;
        let runtime = Handle::current();
        let round_trips = Arc::clone(&self.round_trips);
        let run = move || {
            let session = begin(connection, runtime);
            let done = session.or_roll_back(|| work(&session));
            round_trips.fetch_add(session.round_trips(), Ordering::Relaxed);
            let (connection, is_usable) = session.end();
            if !is_usable {
                connection::discard(connection);
            }
            done
        };
        spawn_blocking(run).await.map_err(|_| SpoolError::Closed)?
    }

    /// Does `work` in a transaction and commits it. If another transaction comes in its way, it is done again.
    async fn transaction<T: Send + 'static>(
        &self,
        work: impl Fn(&Session) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let run = move |session: &Session| {
            repeat::unless_in_the_way(|| {
                session.begin();
                session.or_roll_back(|| {
                    let value = work(session)?;
                    session.commit()?;
                    Ok(value)
                })
            })
        };
        let done = self.on_connection(Session::writing, run).await;
        let is_failing = matches!(
            done,
            Err(SpoolError::Database(_) | SpoolError::Full(_) | SpoolError::CommitUnknown(_))
        );
        self.is_failing.store(is_failing, Ordering::Relaxed);
        done
    }
}

impl Database for PostgresDatabase {
    async fn read<T, R>(&self, read: R) -> Result<T>
    where
        T: Send + 'static,
        R: FnOnce(&dyn Sql) -> Result<T> + Send + 'static,
    {
        self.on_connection(Session::reading, |session| read(session)).await
    }

    async fn write<T, W>(&self, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: Fn(&dyn Sql) -> Result<T> + Send + 'static,
    {
        self.transaction(move |session| work(session)).await
    }

    async fn write_for<T, W>(&self, sender: &str, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: Fn(&dyn Sql) -> Result<T> + Send + 'static,
    {
        let _place = self.lanes.enter(sender).await?;
        self.write(work).await
    }

    async fn check<W>(&self, change: W) -> Result<()>
    where
        W: Fn(&dyn Sql) -> Result<()> + Send + 'static,
    {
        match self.is_failing.load(Ordering::Relaxed) {
            true => self.write(change).await,
            false => self.read(|sql| sql.one("SELECT 1", &[], |_| Ok(()))).await,
        }
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn connections(&self) -> Option<Connections> {
        let status = self.pool.status();
        Some(Connections {
            busy: status.size.saturating_sub(status.available) as u64,
            idle: status.available as u64,
            waiting: status.waiting as u64,
        })
    }

    fn announce(&self, notice: String) {
        self.notices.announce(notice);
    }

    async fn hear(&self) -> Heard {
        self.notices.hear().await
    }

    fn writer_restarts(&self) -> u64 {
        0
    }

    async fn give_back(&self) -> Result<u64> {
        // PostgreSQL's own vacuum keeps what was freed for the next rows.
        Ok(0)
    }

    async fn bytes(&self) -> Result<u64> {
        let select = "SELECT pg_database_size(current_database())";
        let bytes = self.read(|sql| sql.one(select, &[], |row| row.get::<i64>(0))).await?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
