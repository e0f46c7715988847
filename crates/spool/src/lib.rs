//! The durable store of arrivals, incidents and deliveries; blobs beside it.
//!
//! What is stored survives a crash at any instant: the states are numbered in docs/spool.md and the code cites the numbers.
//! Nothing here knows a protocol, a rule or a service. Decisions are pure functions in `core`; the statements in `sql`, written
//! once for every engine, load rows for them and write what they decide; an engine (`sqlite`, `postgres`) runs the statements.

mod accounts;
mod added_configuration;
mod age;
mod audit;
mod blobs;
#[cfg(test)]
mod contract;
mod copy;
mod core;
mod device;
mod disk_queue;
mod due;
pub mod durable;
mod error;
mod folder_lock;
mod hex;
mod incident;
mod marks;
mod nodes;
mod open;
mod postgres;
mod push_subscriptions;
mod resent;
mod retention_limits;
mod review;
mod room;
mod sessions;
mod share_links;
mod sql;
mod sqlite;
mod stats;
mod unfinished;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tipoff_model::{
    Alert, AlertMedia, ArrivalId, Content, DeliveryId, DeliveryState, Device, Envelope, Event,
    IncidentId, MediaPlace, Timestamp,
};

pub use accounts::{
    Accounts, ApiToken, Login, NewUser, Role, TokenScope, User, UserChange, UserId,
};
pub use added_configuration::{AddedConfiguration, AddedConfigurations};
pub use age::{AgeGuard, Newest};
pub use audit::{Actor, Audit, AuditEntry, AuditFilter};
pub use blobs::{BlobWriter, Blobs, LocalBlob, MediaReader, S3Settings, StoredBlob};
pub use copy::{Copied, CopyProgress, CopyStage, copy_spool, leave_out_numbers};
pub use core::leases::Member;
pub use device::{
    CameraAccess, DeviceChange, DeviceDetail, DeviceFilter, DeviceLine, DeviceUsage, Devices,
    KnownPlace, NewDevice, Notice, SharedPlace, Sighting,
};
pub use due::{DueBatch, Room, Share};
pub use error::{Result, SpoolError};
pub use incident::{
    ArrivalLine, ChannelFigures, Cover, DeliveryLine, Dismissal, Figures, Hour, IncidentDetail,
    IncidentFilter, IncidentLine, Incidents, Lock, Locks, Removal, Usage,
};
pub use marks::{HourCount, HourCounts, Mark, MarkChange, Marks, Period, Reader};
pub use nodes::{
    BEAT_EVERY, Beat, Beaten, Connections, Fence, Heard, LEASE_LASTS, Lease, LeaseKey, LeaseKind,
    NodeLine, Nodes,
};
pub use open::{Engine, SpoolConfig, open, open_beside};
pub use postgres::{CONNECTIONS, PostgresConfig, PostgresSpool, Purpose};
pub use push_subscriptions::{PushFilter, PushLimits, PushSubscription, PushSubscriptions};
pub use resent::{DedupPolicy, Digest, MailDigest};
pub use retention_limits::{RetentionLimits, Swept};
pub use review::{NewReport, PastArrival, Review, RouteCounts, TalliedChannel, Tally};
pub use room::Sender;
pub use sessions::{
    FinishedSession, SessionDetail, SessionFilter, SessionLine, SessionOutcome, Sessions, Speaker,
    TranscriptLine,
};
pub use share_links::{ShareLink, ShareLinks};
pub use sqlite::{Compacted, SqliteSpool};
pub use stats::SpoolStats;
pub use unfinished::Unfinished;

/// A future that can be stored and sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An arrival that is to be stored. Its blob is durable already (docs/spool.md, A2).
#[derive(Clone, Debug)]
pub struct NewArrival {
    /// Who sent it.
    pub device: Device,
    /// Who sent it, and how.
    pub envelope: Envelope,
    /// What was understood of it.
    pub content: Content,
    /// What happened, in the device's words.
    pub event: Event,
    /// Whether it is a marker, an index, a test file or empty: nothing to tell of.
    pub housekeeping: bool,
    /// Whose make the device is, where that can be told.
    pub vendor: Option<&'static str>,
    /// Where its bytes are.
    pub blob: StoredBlob,
    /// When its first byte came.
    pub began_at: Timestamp,
    /// When its last byte came.
    pub received_at: Timestamp,
    /// Its deliveries are not due before: more of it, or its final name, may still come.
    pub ready_at: Timestamp,
    /// Whether the connection broke before its end.
    pub torn: bool,
    /// Whether it was stored without an acknowledgement, so that the device may send it again: a torn arrival, or
    /// one that lacked only the mark of its end.
    pub unacknowledged: bool,
    /// The digest of a mail.
    pub digest: Option<MailDigest>,
    /// The arrival that holds the same mail, from the first to the last byte ([`Spool::known_mail`]).
    pub same_as: Option<ArrivalId>,
    /// The digest of each of the content's media, in their order. Those at the end may be missing. They are
    /// needed for an unacknowledged arrival, and for a device for which [`Spool::has_torn`] is true.
    pub digests: Vec<Option<Digest>>,
    /// Which files are a repeat.
    pub again: DedupPolicy,
    /// The owner of the tree of folders that an upload is in.
    pub tree: Option<String>,
}

/// An upload that has grown: bytes were appended to those that are stored.
#[derive(Clone, Debug)]
pub struct Growth {
    /// The arrival.
    pub arrival: ArrivalId,
    /// What is understood of all of it.
    pub content: Content,
    /// What happened, by all that is known now.
    pub event: Event,
    /// As in [`NewArrival`].
    pub housekeeping: bool,
    /// Where all of its bytes are now; durable already.
    pub blob: StoredBlob,
    /// When the first of the new bytes came.
    pub began_at: Timestamp,
    /// When the last of them came.
    pub received_at: Timestamp,
    /// As in [`NewArrival`].
    pub ready_at: Timestamp,
    /// Whether the connection broke before the end.
    pub torn: bool,
    /// As in [`NewArrival`].
    pub digests: Vec<Option<Digest>>,
}

/// An upload as the device's tree shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The arrival.
    pub arrival: ArrivalId,
    /// The path by which the device knows it.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// When it was received.
    pub received_at: Timestamp,
    /// Whether the connection broke before its end.
    pub torn: bool,
    /// The bytes that [`Spool::note_path`] noted last.
    pub path_bytes: Option<Vec<u8>>,
}

/// Result of storing an arrival (docs/spool.md, A3): from here on it cannot be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its number.
    pub arrival: ArrivalId,
    /// The incident that it opened or joined.
    pub incident: IncidentId,
    /// Whether it joined one.
    pub joined: bool,
    /// The channels that have a due delivery of it.
    pub channels: Vec<String>,
}

/// A delivery to be attempted now.
#[derive(Clone, Debug)]
pub struct DueDelivery {
    /// The alert.
    pub alert: Alert,
    /// Number of its messages that the service has accepted.
    pub progress: u32,
    /// Number of failed attempts.
    pub attempts: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// The service's reference of the first message, if `progress` is not zero.
    pub reference: Option<String>,
    /// The latest arrival that the alert covers.
    pub covers: ArrivalId,
    /// Files of a follow-up that may repeat one that came by another protocol, which is as large:
    /// they are the same if their bytes are.
    pub maybe_repeated: Vec<(MediaPlace, AlertMedia)>,
    /// The name of the route that sends it.
    pub route: Option<String>,
    /// Who its delivery slot counts for.
    pub share: Share,
}

/// What an attempt changes.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    /// The delivery.
    pub delivery: DeliveryId,
    /// [`DueDelivery::covers`]: later arrivals were not sent by this attempt, and become a delivery of their own.
    pub covers: ArrivalId,
    /// When the attempt began.
    pub at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The state from now on.
    pub state: DeliveryState,
    /// When to try again, while it is pending.
    pub due_at: Timestamp,
    /// Number of messages that the service has accepted.
    pub progress: u32,
    /// The service's reference of the first message.
    pub reference: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// Keys and values that the channel stores.
    pub remember: Vec<(String, String)>,
    /// The lease under which the attempt began. `None` where there is one node.
    pub lease: Option<Lease>,
}

/// The durable store. Every engine passes one and the same suite, `contract.rs`.
pub trait Spool:
    Accounts
    + AddedConfigurations
    + Audit
    + Devices
    + Incidents
    + Nodes
    + PushSubscriptions
    + Review
    + Sessions
    + ShareLinks
    + Send
    + Sync
{
    /// The files beside it.
    fn blobs(&self) -> &Blobs;

    /// A random name of this spool, which never changes: part of every idempotency key.
    fn identity(&self) -> &str;

    /// Stores an arrival: when this returns, the arrival, its incident and its due deliveries are
    /// durable (docs/spool.md, A3).
    fn store(&self, arrival: NewArrival) -> BoxFuture<'_, Result<Stored>>;

    /// Stores what was fetched for an incident: it joins that one, whatever the rules of grouping say. If the incident is
    /// not stored any more, as [`Self::store`].
    fn store_in(&self, incident: IncidentId, arrival: NewArrival) -> BoxFuture<'_, Result<Stored>>;

    /// Adds to an upload: when this returns, what was added is as durable as the rest.
    fn grow(&self, growth: Growth) -> BoxFuture<'_, Result<Stored>>;

    /// Notes that the alarm of an incident went on until this time: what its device sends next belongs to the incident as
    /// if an arrival had come then. An incident that is not stored any more is no error.
    fn prolong(&self, incident: IncidentId, until: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Gives an upload another name, which may name another event. Deliveries that waited for the name become
    /// due. Returns their channels.
    fn rename(
        &self,
        arrival: ArrivalId,
        path: String,
        name: String,
        event: Event,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<String>>>;

    /// The latest uploads in a tree, the oldest of them first.
    fn uploads<'a>(&'a self, tree: &'a str, limit: u32) -> BoxFuture<'a, Result<Vec<Upload>>>;

    /// Notes the bytes of an upload's path, where they are not UTF-8: a listing gives them back after a start.
    fn note_path(&self, arrival: ArrivalId, path: Vec<u8>) -> BoxFuture<'_, Result<()>>;

    /// Notes that the device of this tree makes no folders. Of the trees of unproven devices, and then of all, the
    /// oldest notes are forgotten when there are too many.
    fn note_expects_folders(&self, tree: String, now: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Whether that was noted.
    fn expects_folders<'a>(&'a self, tree: &'a str) -> BoxFuture<'a, Result<bool>>;

    /// The mail of the last minutes that one with this digest may be again: it is, if the bytes are the same.
    fn known_mail(&self, digest: &MailDigest, now: Timestamp) -> Option<(ArrivalId, StoredBlob)>;

    /// Whether somebody configured, added or named the device, or its recorder.
    fn is_known(&self, device: &Device) -> bool;

    /// Whether the digests of a mail's media are needed: the device, by what it says of itself, left a torn
    /// picture lately.
    fn has_torn(&self, device_key: &str) -> bool;

    /// The deliveries of `channel` that are due at `now` and for which there is room, without any that
    /// has an earlier pending delivery of the same incident before it; a follow-up that brings a
    /// video, which takes time to be made ready, holds back no other but such. Known devices go first,
    /// one after the other, then addresses, and in each its devices; of a device the newest first.
    fn due_in_turn<'a>(
        &'a self,
        channel: &'a str,
        now: Timestamp,
        room: Room<'a>,
    ) -> BoxFuture<'a, Result<DueBatch>>;

    /// The same for up to `limit` deliveries of whomever, without those in `claimed`.
    fn due<'a>(
        &'a self,
        channel: &'a str,
        now: Timestamp,
        limit: u32,
        claimed: &'a [DeliveryId],
    ) -> BoxFuture<'a, Result<DueBatch>> {
        self.due_in_turn(channel, now, Room::of(limit, claimed))
    }

    /// Records an attempt. [`SpoolError::LeaseLost`] if another node has held the channel since it began: then nothing is
    /// recorded, and the other one may send the same again.
    fn record(&self, record: AttemptRecord) -> BoxFuture<'_, Result<()>>;

    /// The paused channels: nothing is attempted until they are resumed.
    fn paused(&self) -> BoxFuture<'_, Result<Vec<String>>>;

    /// Pauses or resumes a channel.
    fn set_paused(&self, channel: String, paused: bool) -> BoxFuture<'_, Result<()>>;

    /// The mode that somebody chose last, and when.
    fn chosen_mode(&self) -> BoxFuture<'_, Result<Option<(String, Timestamp)>>>;

    /// Chooses a mode.
    fn choose_mode(&self, mode: String, now: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Until when all alerts are muted. `None`: they never were.
    fn muted_until(&self) -> BoxFuture<'_, Result<Option<Timestamp>>>;

    /// Mutes all alerts until then. A time in the past unmutes them.
    fn mute_until(&self, until: Timestamp, now: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Keys and values that the channel stored.
    fn memory<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Vec<(String, String)>>>;

    /// The newest stored things.
    fn newest(&self) -> BoxFuture<'_, Result<Newest>>;

    /// The clock shows `now` and was ahead by `by`: deliveries that are due later become due as much sooner.
    /// Returns their channels. If it `is_certain` that the clock is right now, mutes, the chosen mode and the times
    /// when devices were last seen are moved as well: none of them lasts longer than it was meant to.
    fn clock_set_back(
        &self,
        now: Timestamp,
        by: Duration,
        is_certain: bool,
    ) -> BoxFuture<'_, Result<Vec<String>>>;

    /// Stores keys and values of a channel outside of an attempt. A value replaces the earlier one of its key. `lease` is as
    /// in [`AttemptRecord`].
    fn remember<'a>(
        &'a self,
        channel: &'a str,
        pairs: Vec<(String, String)>,
        lease: Option<Lease>,
    ) -> BoxFuture<'a, Result<()>>;

    /// All that is kept may take `bytes_max` bytes, half of it in locked incidents and half of it under way; nothing
    /// is received with less than `free_min` bytes free. Without this there are no such limits.
    fn limit(&self, bytes_max: u64, free_min: u64);

    /// Gives the disk what was freed in the database, in steps that hold up nobody; bytes that it still has free.
    fn give_back(&self) -> BoxFuture<'_, Result<u64>>;

    /// Size of the database with its log, without what is free in it, in bytes.
    fn database_bytes(&self) -> BoxFuture<'_, Result<u64>>;

    /// Removes what need not be kept any longer.
    fn sweep(&self, keep: RetentionLimits, now: Timestamp) -> BoxFuture<'_, Result<Swept>>;

    /// Removes blobs that no arrival names (docs/spool.md, A2) and that an earlier run left; how many.
    fn sweep_orphans(&self) -> BoxFuture<'_, Result<u64>>;

    /// Whether arrivals can be stored now: whoever writes does so, and has not failed, or does not fail any
    /// more. Does not look how much room there is.
    fn check_writer(&self) -> BoxFuture<'_, Result<()>>;

    /// Numbers for the metrics.
    fn stats(&self) -> BoxFuture<'_, Result<SpoolStats>>;
}
