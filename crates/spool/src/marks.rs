//! The incidents that each reader of the dashboard has seen and starred, and how a night or a day looks at a glance.

use std::fmt;

use tipoff_model::{DeviceId, Event, IncidentId, Timestamp};

use crate::{BoxFuture, Result, UserId};

/// Whose marks: a person who reads the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A user of the dashboard. Their marks end with their account.
    Account(UserId),
    /// A user whom a reverse proxy let in, by name.
    Proxy(String),
}

impl Reader {
    /// Reads what `Display` writes. Anything else is nobody's name.
    pub(crate) fn parse(text: &str) -> Self {
        let account = text.strip_prefix("account/").and_then(|id| id.parse().ok());
        let name = || text.strip_prefix("proxy/").unwrap_or(text).to_owned();
        account.map_or_else(|| Self::Proxy(name()), |id| Self::Account(UserId(id)))
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(user) => write!(f, "account/{}", user.0),
            Self::Proxy(name) => write!(f, "proxy/{name}"),
        }
    }
}

/// The marks of a reader on an incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Whether they looked at it.
    pub is_seen: bool,
    /// Whether they starred it.
    pub is_starred: bool,
}

/// A change of marks. `None` leaves a mark as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MarkChange {
    /// Whether it is seen.
    pub seen: Option<bool>,
    /// Whether it is starred.
    pub starred: Option<bool>,
}

/// A period, and what is looked at in it. Suppressed incidents are in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Incidents that began at this time or later.
    pub from: Timestamp,
    /// Incidents that began before this time.
    pub until: Timestamp,
    /// Only those of this device.
    pub device: Option<DeviceId>,
    /// Only those of this event.
    pub event: Option<Event>,
}

/// How many incidents of a device and an event began in an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourCount {
    /// The hour, counted from the beginning of the period.
    pub hour: u32,
    /// The device.
    pub device: DeviceId,
    /// Its name.
    pub name: String,
    /// The event.
    pub event: Event,
    /// Number of incidents.
    pub count: u64,
    /// Number of those that the reader has not seen; all of them without a reader.
    pub unseen: u64,
}

/// The counts of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HourCounts {
    /// By hour, then device, then event.
    pub counts: Vec<HourCount>,
    /// Whether the period has more incidents than were counted; the newest were.
    pub is_cut: bool,
}

/// Marks of readers, and what they look through.
pub trait Marks {
    /// Changes the marks of a reader on incidents. Incidents that are not stored any more are left out.
    fn mark(
        &self,
        reader: Reader,
        incidents: Vec<IncidentId>,
        change: MarkChange,
    ) -> BoxFuture<'_, Result<()>>;

    /// Marks the incidents of a period up to this one as seen, at most as many as are counted. Returns how many were not
    /// seen before.
    fn see_all(
        &self,
        reader: Reader,
        period: Period,
        up_to: IncidentId,
    ) -> BoxFuture<'_, Result<u64>>;

    /// The marks of a reader on these incidents. Those without a mark may be missing.
    fn marks(
        &self,
        reader: Reader,
        incidents: Vec<IncidentId>,
    ) -> BoxFuture<'_, Result<Vec<(IncidentId, Mark)>>>;

    /// Counts the incidents of a period by hour, device and event.
    fn hour_counts(
        &self,
        reader: Option<Reader>,
        period: Period,
    ) -> BoxFuture<'_, Result<HourCounts>>;

    /// For each of these periods, at most 62, whether an incident began in it.
    fn has_incidents(
        &self,
        periods: Vec<(Timestamp, Timestamp)>,
    ) -> BoxFuture<'_, Result<Vec<bool>>>;
}
