//! What happened in a period: for scheduled reports, and for replaying a day with other rules.

use tipoff_model::{ArrivalId, Device, DeviceId, Event, IncidentId, Timestamp};

use crate::{ArrivalLine, BoxFuture, Result};

/// What a device sent in a period, without suppressed incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The device.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// Number of incidents that began, by event, the most frequent first.
    pub events: Vec<(Event, u64)>,
    /// When the first of them began.
    pub first_at: Timestamp,
    /// When the last of them began.
    pub last_at: Timestamp,
    /// The first and the last arrival with a picture. One entry, if they are the same.
    pub shots: Vec<ArrivalId>,
}

/// A report about one device that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReport {
    /// The report's configured name.
    pub name: String,
    /// The device.
    pub device: DeviceId,
    /// When it was due. A report of this name that was stored since then is not stored again.
    pub due_at: Timestamp,
    /// Now.
    pub at: Timestamp,
    /// The report in one line.
    pub subject: String,
    /// The text below the subject.
    pub text: String,
    /// The arrivals whose pictures are attached.
    pub shots: Vec<ArrivalId>,
    /// The channels that it is sent to.
    pub channels: Vec<String>,
}

/// A stored arrival, with all that the rules judged it by.
#[derive(Clone, Debug)]
pub struct PastArrival {
    /// Who sent it.
    pub device: Device,
    /// The incident that it belongs to.
    pub incident: IncidentId,
    /// Whether that incident is stored and never alerted.
    pub silent: bool,
    /// The event that it reported.
    pub event: Event,
    /// The owner of the tree of folders that an upload is in.
    pub tree: Option<String>,
    /// The arrival itself.
    pub line: ArrivalLine,
}

/// Number of alerts in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalliedChannel {
    /// The channel's name.
    pub channel: String,
    /// Numbers of first alerts, follow-ups and summaries that were created for it.
    pub alerts: [u64; 3],
}

/// What routes decided on the incidents of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteCounts {
    /// When the first counted incident began, if the period has more incidents than are counted. The newest are.
    pub cut_at: Option<Timestamp>,
    /// Number of incidents with a first alert of a route, by the route's name.
    pub alerted: Vec<(String, u64)>,
    /// Number of suppressed incidents, by reason.
    pub suppressed: Vec<(String, u64)>,
}

/// Queries about a period.
pub trait Review {
    /// What each device sent between these times, up to `limit` devices in the order of their numbers.
    fn tally(
        &self,
        from: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Tally>>>;

    /// Stores a report with its deliveries, once. Returns the channels that it is sent to.
    fn report(&self, report: NewReport) -> BoxFuture<'_, Result<Vec<String>>>;

    /// Up to `limit` arrivals between these times with numbers above `after`, in the order of receipt.
    fn past_arrivals(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: ArrivalId,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PastArrival>>>;

    /// Number of alerts on each channel for the incidents that began between these times.
    fn alerts_between(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<TalliedChannel>>>;

    /// What routes decided on the incidents that began at `since` or later. Of the suppressed ones those are counted whose
    /// reason ends with `ending`, which has no `%` and no `_`.
    fn route_counts(
        &self,
        since: Timestamp,
        ending: &'static str,
    ) -> BoxFuture<'_, Result<RouteCounts>>;
}
