//! Devices as people look at them, and what people say of them: the configuration file is never
//! written, so it is kept here.

use std::net::IpAddr;
use std::time::Duration;

use tipoff_model::{DeviceId, Event, Protocol, Timestamp};

use crate::{BoxFuture, Result};

/// Which devices are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Those whose name, user or address contains this, in any case.
    pub text: String,
    /// How many of the first to leave out.
    pub offset: u32,
}

/// A device as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceLine {
    /// Its number.
    pub id: DeviceId,
    /// By what it is recognised: [`tipoff_model::Device::key`].
    pub key: String,
    /// What people call it.
    pub name: String,
    /// Whose make it is, where that could be told.
    pub vendor: Option<String>,
    /// When something of it arrived last.
    pub last_at: Option<Timestamp>,
    /// Until when nobody is told of it.
    pub muted_until: Option<Timestamp>,
    /// After how long without an arrival somebody is to be told.
    pub silent_after: Option<Duration>,
    /// The user that it logs in as, where it was added on the dashboard.
    pub user: Option<String>,
    /// The name of the recorder that it is a channel of.
    pub recorder: Option<String>,
}

/// By what a device was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// At which address.
    pub place: IpAddr,
    /// By which protocol.
    pub protocol: Protocol,
    /// When, to the hour.
    pub last_at: Timestamp,
}

/// An address of a device that somebody configured, added or named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPlace {
    /// [`tipoff_model::Device::key`].
    pub key: String,
    /// The address.
    pub place: IpAddr,
    /// Whether people gave it its name on the dashboard.
    pub is_named: bool,
}

/// How many devices came from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedPlace {
    /// The address.
    pub place: IpAddr,
    /// Devices that were heard there.
    pub devices: u64,
}

/// A device with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceDetail {
    /// The device.
    pub line: DeviceLine,
    /// Where it was heard, the latest first.
    pub sightings: Vec<Sighting>,
    /// Devices that were merged into it.
    pub merged: Vec<String>,
}

/// A device that somebody adds before it has sent anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// What people call it.
    pub name: String,
    /// What it logs in as.
    pub user: String,
    /// Its password: kept as it is, since CRAM-MD5 needs it so.
    pub password: String,
}

/// What somebody says of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChange {
    /// What to call it; none: what it calls itself.
    Name(Option<String>),
    /// Until when nobody is to be told of it.
    MutedUntil(Option<Timestamp>),
    /// After how long without an arrival somebody is to be told.
    SilentAfter(Option<Duration>),
    /// It is the same as this one: all that arrived of it, and will, is of the other.
    MergeInto(DeviceId),
    /// It has a new password; only where it was added here.
    Password(String),
    /// Its user and password hold no longer.
    NoLogin,
}

/// Something to tell that is not told by an arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The device that it is about.
    pub device: DeviceId,
    /// What has happened.
    pub event: Event,
    /// In one line.
    pub subject: String,
    /// When.
    pub at: Timestamp,
}

/// Looking at devices, and changing what is said of them.
pub trait Devices {
    /// Up to `limit` devices, those heard last first.
    fn devices<'a>(
        &'a self,
        filter: &'a DeviceFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<DeviceLine>>>;

    /// One device; none: there is none of this number.
    fn device(&self, id: DeviceId) -> BoxFuture<'_, Result<Option<DeviceDetail>>>;

    /// For each of these devices, how many incidents began between each two of `days`, which grow.
    fn activity<'a>(
        &'a self,
        devices: &'a [DeviceId],
        days: &'a [Timestamp],
    ) -> BoxFuture<'a, Result<Vec<Vec<u64>>>>;

    /// Adds a device; none: another has this user.
    fn add_device(&self, device: NewDevice) -> BoxFuture<'_, Result<Option<DeviceId>>>;

    /// The devices that were added, with their numbers.
    fn added_devices(&self) -> BoxFuture<'_, Result<Vec<(DeviceId, NewDevice)>>>;

    /// Changes what is said of a device; whether there is such a one, and the change makes sense.
    fn change_device(&self, id: DeviceId, change: DeviceChange) -> BoxFuture<'_, Result<bool>>;

    /// The devices that have been silent for longer than somebody wants; or only those of which
    /// nobody was told.
    fn gone_silent(&self, now: Timestamp, untold: bool) -> BoxFuture<'_, Result<Vec<DeviceLine>>>;

    /// Up to `limit` addresses at which devices that are not merely discovered were heard since, the latest first.
    fn known_places(&self, since: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<KnownPlace>>>;

    /// Up to `limit` addresses with the number of devices that were heard there since, those with most first.
    fn shared_places(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<SharedPlace>>>;

    /// Opens an incident for something that no arrival tells; the channels that will hear of it.
    fn create_notice(&self, notice: Notice) -> BoxFuture<'_, Result<Vec<String>>>;
}
