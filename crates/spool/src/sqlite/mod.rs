//! The spool of one machine: SQLite for what is known, a folder of blobs for what was received.
//!
//! One thread writes, a few connections read; nothing here decides anything.

mod accounts;
mod audit;
mod clock;
mod connection;
mod covered;
mod dedup;
mod deliveries;
mod device_edits;
mod device_names;
mod device_resolution;
mod devices;
mod dismissal;
mod home_settings;
mod identity;
mod incident_rows;
mod incident_summary;
mod incidents;
mod known_mails;
mod new_deliveries;
mod newcomers;
mod notices;
mod orphans;
mod past;
mod resent;
mod retention;
mod review;
mod rows;
mod schema;
mod sessions;
mod setup_key;
mod share_links;
mod shares;
mod sightings;
mod space;
mod statement;
mod stats;
mod store;
mod summaries;
mod tokens;
mod totp;
mod turns;
mod uploads;
mod users;
mod waiting_places;
mod writer;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};
use tipoff_model::{AddressShare, ArrivalId, Event, RuleSource, Timestamp};

use crate::core::dedup::TornDevices;
use crate::core::known_mails::{KnownMails, NewMail};
use crate::{
    AttemptRecord, Blobs, BoxFuture, DueBatch, Growth, MailDigest, NewArrival, Newest, Result,
    RetentionLimits, Room, Spool, SpoolError, SpoolStats, Stored, StoredBlob, Swept, Upload,
    durable,
};
use connection::{Readers, connect};

use home_settings::Choice;
use identity::{identity, random_hex};

use rows::{at, from_json, json, number};
pub use space::Compacted;
use turns::Turns;
use writer::Writer;

/// The embedded engine.
pub struct SqliteSpool {
    writer: Writer,
    readers: Arc<Readers>,
    blobs: Blobs,
    identity: String,
    rules: Arc<dyn RuleSource>,
    torn_devices: Mutex<TornDevices>,
    /// The keys of discovered devices that somebody named.
    named: Mutex<HashSet<String>>,
    known_mails: Mutex<KnownMails>,
    /// Of each channel, who had the latest turns.
    turns: Mutex<HashMap<String, Arc<Mutex<Turns>>>>,
    /// Held while this spool is open for receiving.
    _lock: Option<File>,
}

impl SqliteSpool {
    /// Opens the spool in `folder` and makes it where it is missing; refuses a folder on which
    /// another Tipoff receives.
    pub fn open(folder: &Path, rules: Arc<dyn RuleSource>) -> Result<Self> {
        durable::make_private_folder(folder).map_err(file_error)?;
        let lock = File::create(folder.join("lock")).map_err(file_error)?;
        lock.try_lock().map_err(|_| SpoolError::Locked(folder.display().to_string()))?;
        let spool = Self::open_shared(folder, rules, Some(lock))?;
        // The names of the database and of the folder of blobs: SQLite syncs those of its own logs only.
        durable::sync_folder(folder).map_err(file_error)?;
        Ok(spool)
    }

    /// Opens the spool beside a Tipoff that may be running on it: to look, and to retry.
    pub fn open_beside(folder: &Path, rules: Arc<dyn RuleSource>) -> Result<Self> {
        if !folder.join("spool.db").exists() {
            return Err(SpoolError::File(format!("{} holds no spool yet", folder.display())));
        }
        Self::open_shared(folder, rules, None)
    }

    fn open_shared(folder: &Path, rules: Arc<dyn RuleSource>, lock: Option<File>) -> Result<Self> {
        let path = folder.join("spool.db");
        let mut connection = connect(&path, OpenFlags::default())?;
        if lock.is_some() {
            space::prepare(&connection, &path)?;
        }
        schema::migrate(&mut connection)?;
        // What undoes a job of the writer stays in memory: of a job that changes more than 64 KB of pages, as most
        // uploads do, SQLite would write it to a temporary file. A migration may change too much for that.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        let identity = identity(&connection)?;
        let now = Timestamp::from(SystemTime::now());
        if lock.is_some() {
            deliveries::retry_at_once(&connection, now)?;
        }
        let torn = dedup::torn_devices(&connection)?;
        let named = devices::named(&connection)?;
        let known_mails = known_mails::read(&connection, now)?;
        let run = format!("{:x}{}", now.0, random_hex(4)?);
        let blobs = Blobs::open(&folder.join("blobs"), &run).map_err(file_error)?;
        let journal = match lock {
            Some(_) => orphans::open_journal(folder, &connection)?,
            None => None,
        };
        let blobs = blobs.with_journal(journal);
        let (names, file) = (blobs.clone(), path.clone());
        let reopen = move || connect(&file, OpenFlags::default());
        let sync_names = move || names.sync_names().map_err(file_error);
        Ok(Self {
            writer: Writer::start(connection, reopen, sync_names)?,
            readers: Arc::new(Readers { path, idle: Mutex::default() }),
            blobs,
            identity,
            rules,
            torn_devices: Mutex::new(torn),
            named: Mutex::new(named),
            known_mails: Mutex::new(known_mails),
            turns: Mutex::default(),
            _lock: lock,
        })
    }

    async fn read<T, R>(&self, read: R) -> Result<T>
    where
        T: Send + 'static,
        R: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        tokio::task::spawn_blocking(move || readers.with(read))
            .await
            .map_err(|_| SpoolError::Closed)?
    }
}

impl Spool for SqliteSpool {
    fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn store(&self, arrival: NewArrival) -> BoxFuture<'_, Result<Stored>> {
        let rules = Arc::clone(&self.rules);
        let torn = arrival.unacknowledged.then(|| arrival.device.key.clone());
        let owner = match arrival.device.discovered {
            true => AddressShare::of(arrival.envelope.peer).to_string(),
            false => arrival.device.key.clone(),
        };
        let digest = arrival.digest_to_keep();
        let (blob, at) = (arrival.blob.clone(), arrival.received_at);
        Box::pin(async move {
            let locked_max = self.blobs.room.locked_max();
            let work = move |connection: &Connection| {
                store::store(connection, &*rules.current(), arrival, locked_max)
            };
            let stored = self.writer.run(work).await?;
            if let Some(device) = torn {
                lock(&self.torn_devices).insert(device);
            }
            if let Some(digest) = digest {
                let arrival = stored.arrival;
                lock(&self.known_mails).note(NewMail { digest, arrival, blob, at, owner });
            }
            Ok(stored)
        })
    }

    fn grow(&self, growth: Growth) -> BoxFuture<'_, Result<Stored>> {
        let rules = Arc::clone(&self.rules);
        let locked_max = self.blobs.room.locked_max();
        let work = move |connection: &Connection| {
            uploads::grow(connection, &*rules.current(), growth, locked_max)
        };
        Box::pin(self.writer.run(work))
    }

    fn rename(
        &self,
        arrival: ArrivalId,
        path: String,
        name: String,
        event: Event,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<String>>> {
        let rules = Arc::clone(&self.rules);
        let renamed = uploads::Renamed { arrival, path, name, event, now };
        Box::pin(
            self.writer
                .run(move |connection| uploads::rename(connection, &*rules.current(), &renamed)),
        )
    }

    fn uploads<'a>(&'a self, tree: &'a str, limit: u32) -> BoxFuture<'a, Result<Vec<Upload>>> {
        let tree = tree.to_owned();
        Box::pin(self.read(move |connection| uploads::list(connection, &tree, limit)))
    }

    fn note_path(&self, arrival: ArrivalId, path: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.writer.run(move |connection| uploads::note_path(connection, arrival, &path)))
    }

    fn note_expects_folders(&self, tree: String, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(
            self.writer
                .run(move |connection| uploads::note_expects_folders(connection, &tree, now)),
        )
    }

    fn expects_folders<'a>(&'a self, tree: &'a str) -> BoxFuture<'a, Result<bool>> {
        let tree = tree.to_owned();
        Box::pin(self.read(move |connection| uploads::expects_folders(connection, &tree)))
    }

    fn known_mail(&self, digest: &MailDigest, now: Timestamp) -> Option<(ArrivalId, StoredBlob)> {
        lock(&self.known_mails).find(digest, now)
    }

    fn is_known(&self, device: &tipoff_model::Device) -> bool {
        let root = device.recorder.as_deref().unwrap_or(device);
        !device.discovered || lock(&self.named).contains(&root.key)
    }

    fn has_torn(&self, device_key: &str) -> bool {
        lock(&self.torn_devices).may_have(device_key)
    }

    fn due_in_turn<'a>(
        &'a self,
        channel: &'a str,
        now: Timestamp,
        room: Room<'a>,
    ) -> BoxFuture<'a, Result<DueBatch>> {
        let (identity, channel) = (self.identity.clone(), channel.to_owned());
        let (busy, claimed) = (room.busy.to_owned(), room.claimed.to_owned());
        let turns = Arc::clone(lock(&self.turns).entry(channel.clone()).or_default());
        let Room { limit, known, discovered, of_share, .. } = room;
        Box::pin(self.read(move |connection| {
            let (busy, claimed) = (&busy, &claimed);
            let room = Room { limit, known, discovered, of_share, busy, claimed };
            let picked = turns::pick(connection, &channel, now, &room, &mut lock(&turns))?;
            deliveries::due(connection, &identity, &channel, now, &picked)
        }))
    }

    fn record(&self, record: AttemptRecord) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.writer.run(move |connection| deliveries::record(connection, &record)))
    }

    fn paused(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(self.read(deliveries::paused))
    }

    fn set_paused(&self, channel: String, paused: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(
            self.writer.run(move |connection| deliveries::set_paused(connection, &channel, paused)),
        )
    }

    fn chosen_mode(&self) -> BoxFuture<'_, Result<Option<(String, Timestamp)>>> {
        Box::pin(self.read(|connection| home_settings::read(connection, Choice::Mode)))
    }

    fn choose_mode(&self, mode: String, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        let choose = move |connection: &Connection| {
            home_settings::write(connection, Choice::Mode, &mode, now)
        };
        Box::pin(self.writer.run(choose))
    }

    fn muted_until(&self) -> BoxFuture<'_, Result<Option<Timestamp>>> {
        Box::pin(self.read(|sql| home_settings::muted_until(sql)))
    }

    fn mute_until(&self, until: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        let mute = move |connection: &Connection| {
            home_settings::write(connection, Choice::Muted, &until.0.to_string(), now)
        };
        Box::pin(self.writer.run(mute))
    }

    fn memory<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Vec<(String, String)>>> {
        let channel = channel.to_owned();
        Box::pin(self.read(move |connection| deliveries::memory(connection, &channel)))
    }

    fn newest(&self) -> BoxFuture<'_, Result<Newest>> {
        Box::pin(self.read(clock::newest))
    }

    fn clock_set_back(
        &self,
        now: Timestamp,
        by: Duration,
        is_certain: bool,
    ) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(
            self.writer.run(move |connection| clock::set_back(connection, now, by, is_certain)),
        )
    }

    fn remember<'a>(
        &'a self,
        channel: &'a str,
        pairs: Vec<(String, String)>,
    ) -> BoxFuture<'a, Result<()>> {
        let channel = channel.to_owned();
        Box::pin(
            self.writer.run(move |connection| deliveries::remember(connection, &channel, &pairs)),
        )
    }

    fn limit(&self, bytes_max: u64, free_min: u64) {
        self.blobs.limit(bytes_max, free_min);
    }

    fn give_back(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(self.give_back_freed())
    }

    fn database_bytes(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(self.measure_database())
    }

    fn sweep(&self, keep: RetentionLimits, now: Timestamp) -> BoxFuture<'_, Result<Swept>> {
        Box::pin(self.sweep_all(keep, now))
    }

    fn sweep_orphans(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(self.remove_orphans())
    }

    fn check_writer(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.writer.check(|connection| {
            // A change, so that it is written.
            connection.execute(
                "INSERT INTO meta (key, value) VALUES ('writer_check', '1')
                 ON CONFLICT (key) DO UPDATE SET value = value + 1",
                [],
            )?;
            Ok(())
        }))
    }

    fn stats(&self) -> BoxFuture<'_, Result<SpoolStats>> {
        Box::pin(async move {
            let stats = self.read(incidents::stats).await?;
            Ok(SpoolStats { writer_restarts: self.writer.restarts(), ..stats })
        })
    }
}

fn file_error(error: std::io::Error) -> SpoolError {
    SpoolError::File(error.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What is guarded here is whole after every statement.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract;

    #[tokio::test(flavor = "multi_thread")]
    async fn the_contract_holds() {
        let folders = Mutex::new(Vec::new());
        contract::check(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("data");
            lock(&folders).push(folder);
            Box::new(move || Arc::new(SqliteSpool::open(&path, Arc::new(contract::Plain)).unwrap()))
        })
        .await;
    }

    /// Counts how often the rules are taken.
    #[derive(Default)]
    struct Counted(std::sync::atomic::AtomicU32);

    impl RuleSource for Counted {
        fn current(&self) -> Arc<dyn tipoff_model::Planner> {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Arc::new(contract::Plain)
        }
    }

    #[tokio::test]
    async fn an_arrival_is_judged_by_one_rule_set() {
        let folder = tempfile::tempdir().unwrap();
        let rules = Arc::new(Counted::default());
        let spool = SqliteSpool::open(folder.path(), Arc::clone(&rules) as _).unwrap();
        for taken in 1..=3 {
            let arrival = contract::arrival(&spool, "yard", contract::NOW);
            spool.store(arrival).await.unwrap();
            assert_eq!(rules.0.load(std::sync::atomic::Ordering::Relaxed), taken);
        }
    }

    #[tokio::test]
    async fn only_one_receives_on_a_folder_and_others_may_look() {
        let folder = tempfile::tempdir().unwrap();
        let planner = || Arc::new(contract::Plain);
        assert!(SqliteSpool::open_beside(folder.path(), planner()).is_err());
        let first = SqliteSpool::open(folder.path(), planner()).unwrap();
        let second = SqliteSpool::open(folder.path(), planner()).err();
        assert!(matches!(second, Some(SpoolError::Locked(_))));
        assert!(SqliteSpool::open_beside(folder.path(), planner()).is_ok());
        drop(first);
        assert!(SqliteSpool::open(folder.path(), planner()).is_ok());
    }

    #[test]
    fn every_commit_is_synced() {
        let folder = tempfile::tempdir().unwrap();
        let connection = connect(&folder.path().join("spool.db"), OpenFlags::default()).unwrap();
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get(0));
        assert_eq!(pragma("synchronous"), Ok(2));
        let mode: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}
