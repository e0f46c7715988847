//! Incidents as people look at them: which there are, what belongs to each, what became of it.

use std::time::Duration;

use tipoff_model::{
    AlertMedia, ArrivalId, Content, DeliveryId, DeliveryState, DeviceId, Envelope, Event,
    IncidentId, MediaPlace, Timestamp,
};

use crate::{BoxFuture, Marks, Reader, Result, Share, StoredBlob};

/// Which incidents are wanted; all that is given must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentFilter {
    /// This one, if the rest fits it.
    pub only: Option<IncidentId>,
    /// Those opened before this one: where the last page ended.
    pub before: Option<IncidentId>,
    /// Those opened after this one; then the oldest of them come first.
    pub after: Option<IncidentId>,
    /// Those of this device.
    pub device: Option<DeviceId>,
    /// Those of this kind.
    pub event: Option<Event>,
    /// Those with a delivery to this channel.
    pub channel: Option<String>,
    /// Those with a delivery in this state; to the channel, where one is given.
    pub state: Option<DeliveryState>,
    /// Those that began at this time or later.
    pub from: Option<Timestamp>,
    /// Those that began before this time.
    pub until: Option<Timestamp>,
    /// Those in which these words stand, each somewhere: in a subject, a text, a file's name, a
    /// sender's address, the device's name. In any case.
    pub text: String,
    /// Whether incidents that are stored and never alerted are listed too.
    pub silent: bool,
    /// Those that this reader has not seen.
    pub unseen_by: Option<Reader>,
    /// Those that this reader starred.
    pub starred_by: Option<Reader>,
    /// Only locked ones.
    pub locked: bool,
}

/// An incident as a list shows it.
#[derive(Clone, Debug)]
pub struct IncidentLine {
    /// Its number.
    pub id: IncidentId,
    /// The device.
    pub device_id: DeviceId,
    /// The device's name.
    pub device: String,
    /// What happened.
    pub event: Event,
    /// The first subject.
    pub subject: String,
    /// When its first arrival was received.
    pub began_at: Timestamp,
    /// When its latest arrival was received.
    pub last_arrival_at: Timestamp,
    /// Number of its arrivals.
    pub arrivals: u64,
    /// Number of its pictures, whole or torn.
    pub pictures: u64,
    /// Number of its videos.
    pub videos: u64,
    /// Length of the videos together, as far as it is known.
    pub video_length: Duration,
    /// The file that stands for it in a list.
    pub cover: Option<Cover>,
    /// Whether it is stored and never alerted: see [`tipoff_model::Planner::is_silent`].
    pub silent: bool,
    /// Whether its device was muted when it began.
    pub muted: bool,
    /// Why no alert was sent, in words for the owner. `None`: one was.
    pub suppressed_reason: Option<String>,
    /// The text below the subject of an incident that no arrival opened.
    pub note: Option<String>,
    /// Who dismissed it, and when. `None`: nobody did.
    pub dismissed: Option<Dismissal>,
    /// Who locked it, and when. `None`: nobody did.
    pub locked: Option<Lock>,
    /// Number of its deliveries by channel and state.
    pub deliveries: Vec<(String, DeliveryState, u64)>,
}

/// Mark of an incident as not interesting: no more alerts of it are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dismissal {
    /// Who, in words for the owner: "Ann (me)".
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Lock of an incident: the incident is kept until it is unlocked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Who, in words for the owner.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why an incident cannot be locked, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locks {
    /// What locked incidents take.
    pub locked: u64,
    /// What this one takes.
    pub bytes: u64,
    /// What they may take together.
    pub bytes_max: u64,
}

impl Locks {
    /// What this incident takes, what locked ones take, and what they may take: in megabytes.
    pub fn in_mb(&self) -> (u64, u64, u64) {
        let mb = |bytes: u64| bytes.div_ceil(1_000_000);
        (mb(self.bytes), mb(self.locked), self.bytes_max / 1_000_000)
    }
}

impl std::fmt::Display for Locks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (size, locked, max) = self.in_mb();
        write!(
            f,
            "the incident ({size} MB) cannot be locked: {locked} MB are locked already, and at most {max} MB can be, \
             which is half of [retention] max_size; unlock another incident, or download this one",
        )
    }
}

/// What became of incidents that somebody wants to remove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Those that were removed.
    pub removed: Vec<IncidentId>,
    /// Those that were kept because they are locked.
    pub locked: Vec<IncidentId>,
    /// Those that were kept because a summary for other alerts is still to be sent with them.
    pub summary_pending: Vec<IncidentId>,
    /// Channels of their pending deliveries, which were withdrawn: one for each.
    pub withdrawn: Vec<String>,
    /// The arrivals that were removed.
    pub arrivals: Vec<ArrivalId>,
}

/// What the incidents take on the disk: files and rows, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All incidents.
    pub bytes: u64,
    /// Those of strangers: of devices that nobody configured, added or named.
    pub of_strangers: u64,
    /// Locked ones.
    pub locked: u64,
    /// How many of them are locked.
    pub locked_incidents: u64,
}

/// The file that stands for an incident: its first picture, else its first video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Which file.
    pub place: MediaPlace,
    /// Whether it is a video.
    pub video: bool,
}

/// An arrival as its incident shows it.
#[derive(Clone, Debug)]
pub struct ArrivalLine {
    /// Its number.
    pub id: ArrivalId,
    /// When it was received.
    pub received_at: Timestamp,
    /// Whether the connection broke.
    pub torn: bool,
    /// Who sent it, and how.
    pub envelope: Envelope,
    /// What was understood.
    pub content: Content,
    /// Where it is stored.
    pub blob: StoredBlob,
}

/// A delivery as its incident shows it.
#[derive(Clone, Debug)]
pub struct DeliveryLine {
    /// Its number.
    pub id: DeliveryId,
    /// The channel's name.
    pub channel: String,
    /// `first` or `followup`.
    pub kind: String,
    /// The state.
    pub state: DeliveryState,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is due, while it is pending.
    pub due_at: Timestamp,
    /// Each attempt: when it began, how long it took, the error.
    pub attempts: Vec<(Timestamp, Duration, Option<String>)>,
}

/// An incident with all that belongs to it.
#[derive(Clone, Debug)]
pub struct IncidentDetail {
    /// The incident.
    pub line: IncidentLine,
    /// Its arrivals in the order of receipt.
    pub arrivals: Vec<ArrivalLine>,
    /// Its deliveries in the order in which they were made.
    pub deliveries: Vec<DeliveryLine>,
}

/// What arrived in one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hour {
    /// When it began.
    pub at: Timestamp,
    /// How many arrivals there were, torn ones included.
    pub arrivals: u64,
    /// How many of them were torn.
    pub torn: u64,
    /// Their size together, in bytes.
    pub bytes: u64,
}

/// Recent results of a channel's deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelFigures {
    /// The channel's name.
    pub channel: String,
    /// Number of pending deliveries.
    pub pending: u64,
    /// When the oldest of them was created.
    pub waiting_since: Option<Timestamp>,
    /// Number of deliveries that were delivered since the given time.
    pub delivered: u64,
    /// Number of deliveries that were refused or expired since then.
    pub failed: u64,
    /// Median and 95th percentile of the time from arrival to delivery of the latest first alerts.
    pub latency: Option<(Duration, Duration)>,
    /// The latest failed attempt: when, and why.
    pub last_error: Option<(Timestamp, String)>,
}

/// Numbers for an overview.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The hours in which something arrived, in order.
    pub hours: Vec<Hour>,
    /// Every channel that has a delivery.
    pub channels: Vec<ChannelFigures>,
    /// When the oldest incident that is kept began.
    pub oldest: Option<Timestamp>,
}

/// Queries about incidents, and what people do with them.
pub trait Incidents: Marks {
    /// Up to `limit` incidents, the newest first. A search for unseen ones may end before: see [`Self::search_end`].
    fn incidents<'a>(
        &'a self,
        filter: &'a IncidentFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<IncidentLine>>>;

    /// The first incident at which a search for unseen ones with this filter does not look, and when it began: all before may
    /// be seen. `None` if it looks at all.
    fn search_end<'a>(
        &'a self,
        filter: &'a IncidentFilter,
    ) -> BoxFuture<'a, Result<Option<(IncidentId, Timestamp)>>>;

    /// One incident.
    fn incident(&self, id: IncidentId) -> BoxFuture<'_, Result<IncidentDetail>>;

    /// A file of an arrival. `None`: it is not stored any more.
    fn media(&self, place: MediaPlace) -> BoxFuture<'_, Result<Option<AlertMedia>>>;

    /// Which incident an arrival belongs to.
    fn incident_of(&self, arrival: ArrivalId) -> BoxFuture<'_, Result<Option<IncidentId>>>;

    /// The device of an arrival, and the share that it counts to. `None`: it is not stored any more.
    fn owner_of(&self, arrival: ArrivalId) -> BoxFuture<'_, Result<Option<(Share, DeviceId)>>>;

    /// Notes the length of a video.
    fn note_length(&self, place: MediaPlace, length: Duration) -> BoxFuture<'_, Result<()>>;

    /// Sends no more alerts of an incident, except to archives: pending alerts are withdrawn, and later arrivals
    /// are stored only. Who dismissed it first is kept.
    fn dismiss(&self, id: IncidentId, by: String, now: Timestamp) -> BoxFuture<'_, Result<()>>;

    /// Undoes [`Incidents::dismiss`]: withdrawn alerts are due at once. Returns their channels.
    fn restore(&self, id: IncidentId, now: Timestamp) -> BoxFuture<'_, Result<Vec<String>>>;

    /// Locks an incident: it is not removed, whatever its age and however full the disk. Who locked it first stays.
    /// Whether it was not locked before.
    ///
    /// # Errors
    /// [`crate::SpoolError::LocksFull`]: locked incidents may take half of the room.
    fn lock(&self, id: IncidentId, by: String, now: Timestamp) -> BoxFuture<'_, Result<bool>>;

    /// Ends [`Incidents::lock`]. Whether it was locked before.
    fn unlock(&self, id: IncidentId) -> BoxFuture<'_, Result<bool>>;

    /// Removes incidents with everything that belongs to them, at most 100, because their owner wants so. Those that are not
    /// stored any more are no error.
    fn remove_incidents(&self, ids: Vec<IncidentId>) -> BoxFuture<'_, Result<Removal>>;

    /// What the incidents take.
    fn usage(&self) -> BoxFuture<'_, Result<Usage>>;

    /// Makes every undelivered delivery of the incident due at once, or only one. Returns their channels.
    fn retry(
        &self,
        id: IncidentId,
        only: Option<DeliveryId>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<String>>>;

    /// Numbers for an overview: hours since `hours_since`, channels since `today`.
    fn figures(&self, hours_since: Timestamp, today: Timestamp) -> BoxFuture<'_, Result<Figures>>;
}
