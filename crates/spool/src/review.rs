//! What happened in a stretch of time: told as a report by the clock, and gone through again with
//! other rules.

use tipoff_model::{ArrivalId, Device, DeviceId, Event, IncidentId, Timestamp};

use crate::{ArrivalLine, BoxFuture, Result};

/// What a device sent in a stretch of time; what was kept without telling anybody does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The device.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// How many incidents began, by what had happened; the most frequent first.
    pub events: Vec<(Event, u64)>,
    /// When the first of them began.
    pub first_at: Timestamp,
    /// When the last of them began.
    pub last_at: Timestamp,
    /// The first and the last arrival with a picture; one, where they are the same.
    pub shots: Vec<ArrivalId>,
}

/// A report of one device that is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReport {
    /// What the report is called.
    pub name: String,
    /// Of which device.
    pub device: DeviceId,
    /// When it was due: whoever was told the same one since then is not told again.
    pub due_at: Timestamp,
    /// Now.
    pub at: Timestamp,
    /// In one line.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// The arrivals whose pictures go with it.
    pub shots: Vec<ArrivalId>,
    /// Who is told.
    pub channels: Vec<String>,
}

/// An arrival as it was stored, with what else the rules were told of it.
#[derive(Clone, Debug)]
pub struct PastArrival {
    /// Who sent it.
    pub device: Device,
    /// The incident that it belongs to.
    pub incident: IncidentId,
    /// Whether that is kept without telling anybody.
    pub silent: bool,
    /// What it said had happened.
    pub event: Event,
    /// Whose tree of folders an upload stands in.
    pub tree: Option<String>,
    /// The arrival itself.
    pub line: ArrivalLine,
}

/// How much was told in a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalliedChannel {
    /// The channel's name.
    pub channel: String,
    /// How many first alerts, follow-ups and counts were made for it.
    pub alerts: [u64; 3],
}

/// Looking back.
pub trait Review {
    /// What each device sent between these times, up to `limit` devices in the order of their numbers.
    fn tally(
        &self,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Tally>>>;

    /// Stores a report with its deliveries, once; the channels that will hear of it.
    fn report(&self, report: NewReport) -> BoxFuture<'_, Result<Vec<String>>>;

    /// Up to `limit` arrivals between these times and behind `after`, in the order of receipt.
    fn past_arrivals(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: ArrivalId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastArrival>>>;

    /// How much each channel was to be told of the incidents that began between these times.
    fn told_between(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<TalliedChannel>>>;
}
