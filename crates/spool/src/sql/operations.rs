//! What each operation of [`Spool`] reads and writes.

use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{AddressShare, ArrivalId, Event, IncidentId, Timestamp};

use super::database::Database;
use super::home_settings::Choice;
use super::node_notices::NodeNotice;
use super::spool::{Opening, Remembered, SqlSpool, file_error, lock};
use super::statement::{Lock, Sql, params};
use super::{
    clock, copy_notes, deliveries, home_settings, identity, leases, stats, store, turns, uploads,
};
use crate::core::known_mails::NewMail;
use crate::core::uploads::NewName;
use crate::{
    AttemptRecord, Blobs, BoxFuture, DueBatch, Growth, Lease, MailDigest, NewArrival, Newest,
    Result, RetentionLimits, Room, Spool, SpoolError, SpoolStats, Stored, StoredBlob, Swept,
    Upload,
};

impl Opening {
    /// Reads it, and gives the spool its name at the first start. If the spool `receives`, and no node lives yet,
    /// deliveries that failed in an earlier run become due.
    pub(crate) fn read(sql: &dyn Sql, receives: bool, now: Timestamp) -> Result<Self> {
        sql.lock(Lock::Opening)?;
        copy_notes::check_opening(sql)?;
        let identity = identity::identity(sql)?;
        if receives && !leases::has_node(sql)? {
            deliveries::retry_at_once(sql, now)?;
        }
        Ok(Self { identity, remembered: Remembered::read(sql, now)? })
    }
}

/// How long an arrival is looked up whose commit was not answered. Devices wait longer for their answer.
const LOOK_UP_MAX: Duration = Duration::from_secs(30);
/// Between two attempts to look it up.
const LOOK_UP_PAUSE: Duration = Duration::from_millis(500);

impl<D: Database> SqlSpool<D> {
    /// The arrival with this blob, whose commit was not answered (`lost`). It is never stored again: if it cannot be
    /// found out whether it is stored, the device is told that it is not, and the rows, if there are any, are alerted
    /// of.
    pub(crate) async fn find_stored(&self, blob: &StoredBlob, lost: String) -> Result<Stored> {
        let deadline = tokio::time::Instant::now() + LOOK_UP_MAX;
        loop {
            let name = blob.name.clone();
            match self.write(move |sql| store::find(sql, &name)).await {
                Ok(Some(stored)) => return Ok(stored),
                Ok(None) => return Err(SpoolError::Database(lost)),
                Err(_) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(LOOK_UP_PAUSE).await;
                }
                Err(_) => return Err(SpoolError::CommitUnknown(lost)),
            }
        }
    }

    /// Stores an arrival, into `incident` if it is given and stored.
    async fn store_arrival(
        &self,
        arrival: NewArrival,
        incident: Option<IncidentId>,
    ) -> Result<Stored> {
        let rules = Arc::clone(&self.rules);
        let torn = arrival.unacknowledged.then(|| arrival.device.key.clone());
        let owner = match arrival.device.discovered {
            true => AddressShare::of(arrival.envelope.peer).to_string(),
            false => arrival.device.key.clone(),
        };
        let digest = arrival.digest_to_keep();
        let (blob, at) = (arrival.blob.clone(), arrival.received_at);
        let locked_max = self.blobs.room.locked_max();
        let work = move |sql: &dyn Sql| {
            let (rules, arrival) = (rules.current(), arrival.clone());
            match incident {
                None => store::store(sql, &*rules, arrival, locked_max),
                Some(incident) => store::store_in(sql, &*rules, arrival, locked_max, incident),
            }
        };
        let stored = match self.database.write_for(&owner, work).await {
            Err(SpoolError::CommitUnknown(error)) => self.find_stored(&blob, error).await?,
            stored => stored?,
        };
        if let Some(device) = torn {
            self.tell(|| NodeNotice::Torn(device.clone()));
            lock(&self.torn_devices).insert(device);
        }
        if let Some(digest) = digest {
            let arrival = stored.arrival;
            let mail = NewMail { digest, arrival, blob, at, owner };
            self.tell(|| NodeNotice::of_mail(&mail));
            lock(&self.known_mails).note(mail);
        }
        Ok(stored)
    }
}

impl<D: Database> Spool for SqlSpool<D> {
    fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    fn identity(&self) -> &str {
        &self.identity
    }

    fn store(&self, arrival: NewArrival) -> BoxFuture<'_, Result<Stored>> {
        Box::pin(self.store_arrival(arrival, None))
    }

    fn store_in(&self, incident: IncidentId, arrival: NewArrival) -> BoxFuture<'_, Result<Stored>> {
        Box::pin(self.store_arrival(arrival, Some(incident)))
    }

    fn grow(&self, growth: Growth) -> BoxFuture<'_, Result<Stored>> {
        let rules = Arc::clone(&self.rules);
        let locked_max = self.blobs.room.locked_max();
        let work =
            move |sql: &dyn Sql| uploads::grow(sql, &*rules.current(), growth.clone(), locked_max);
        Box::pin(self.write(work))
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
        let new = NewName { path, name, event, now };
        Box::pin(self.write(move |sql| uploads::rename(sql, &*rules.current(), arrival, &new)))
    }

    fn uploads<'a>(&'a self, tree: &'a str, limit: u32) -> BoxFuture<'a, Result<Vec<Upload>>> {
        let tree = tree.to_owned();
        Box::pin(self.read(move |sql| uploads::list(sql, &tree, limit)))
    }

    fn prolong(&self, incident: IncidentId, until: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| super::incident_rows::prolong(sql, incident, until)))
    }

    fn note_path(&self, arrival: ArrivalId, path: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| uploads::note_path(sql, arrival, &path)))
    }

    fn note_expects_folders(&self, tree: String, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| uploads::note_expects_folders(sql, &tree, now)))
    }

    fn expects_folders<'a>(&'a self, tree: &'a str) -> BoxFuture<'a, Result<bool>> {
        let tree = tree.to_owned();
        Box::pin(self.read(move |sql| uploads::expects_folders(sql, &tree)))
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
        Box::pin(self.read(move |sql| {
            let (busy, claimed) = (&busy, &claimed);
            let room = Room { limit, known, discovered, of_share, busy, claimed };
            let picked = turns::pick(sql, &channel, now, &room, &mut lock(&turns))?;
            deliveries::due(sql, &identity, &channel, now, &picked)
        }))
    }

    fn record(&self, record: AttemptRecord) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| deliveries::record(sql, &record)))
    }

    fn paused(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        Box::pin(self.read(deliveries::paused))
    }

    fn set_paused(&self, channel: String, paused: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| deliveries::set_paused(sql, &channel, paused)))
    }

    fn chosen_mode(&self) -> BoxFuture<'_, Result<Option<(String, Timestamp)>>> {
        Box::pin(self.read(|sql| home_settings::read(sql, Choice::Mode)))
    }

    fn choose_mode(&self, mode: String, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        let choose = move |sql: &dyn Sql| home_settings::write(sql, Choice::Mode, &mode, now);
        Box::pin(self.write(choose))
    }

    fn muted_until(&self) -> BoxFuture<'_, Result<Option<Timestamp>>> {
        Box::pin(self.read(home_settings::muted_until))
    }

    fn mute_until(&self, until: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        let mute = move |sql: &dyn Sql| {
            home_settings::write(sql, Choice::Muted, &until.0.to_string(), now)
        };
        Box::pin(self.write(mute))
    }

    fn memory<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Vec<(String, String)>>> {
        let channel = channel.to_owned();
        Box::pin(self.read(move |sql| deliveries::memory(sql, &channel)))
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
        Box::pin(self.write(move |sql| clock::set_back(sql, now, by, is_certain)))
    }

    fn remember<'a>(
        &'a self,
        channel: &'a str,
        pairs: Vec<(String, String)>,
        lease: Option<Lease>,
    ) -> BoxFuture<'a, Result<()>> {
        let channel = channel.to_owned();
        Box::pin(self.write(move |sql| {
            leases::check(sql, lease.as_ref())?;
            deliveries::remember(sql, &channel, &pairs)
        }))
    }

    fn limit(&self, bytes_max: u64, free_min: u64) {
        self.blobs.limit(bytes_max, free_min);
    }

    fn give_back(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(self.database.give_back())
    }

    fn database_bytes(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(self.database.bytes())
    }

    fn sweep(&self, keep: RetentionLimits, now: Timestamp) -> BoxFuture<'_, Result<Swept>> {
        Box::pin(self.sweep_all(keep, now))
    }

    fn sweep_orphans(&self) -> BoxFuture<'_, Result<u64>> {
        Box::pin(self.remove_orphans())
    }

    fn check_writer(&self) -> BoxFuture<'_, Result<()>> {
        let change = |sql: &dyn Sql| {
            // A change, so that it is written.
            sql.change(
                "INSERT INTO meta (key, value) VALUES ('writer_check', '1')
                 ON CONFLICT (key) DO UPDATE SET
                     value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)",
                params![],
            )?;
            Ok(())
        };
        Box::pin(async move {
            self.database.check(change).await?;
            self.blobs.check().await.map_err(file_error)
        })
    }

    fn stats(&self) -> BoxFuture<'_, Result<SpoolStats>> {
        Box::pin(async move {
            let stats = self.read(stats::stats).await?;
            Ok(SpoolStats { writer_restarts: self.database.writer_restarts(), ..stats })
        })
    }
}
