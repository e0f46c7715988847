//! Devices as people see and change them. What people set on the dashboard is stored in the spool, because Tipoff never
//! writes the `[[device]]` sections of the configuration file.
//!
//! The types here are what an engine gives and takes; which device an arrival is from is decided elsewhere, by
//! `core::device_by_address`.

use std::net::IpAddr;
use std::time::Duration;

use tipoff_model::{DeviceId, Event, Protocol, Timestamp};

use crate::{BoxFuture, MediaPlace, Result};

/// Which devices a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Part of the name, user or address, in any case. Empty: all devices.
    pub text: String,
    /// Number of devices to skip, for the pages after the first.
    pub offset: u32,
}

/// A device as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceLine {
    /// Number of its row.
    pub id: DeviceId,
    /// What identifies it: [`tipoff_model::Device::key`].
    pub key: String,
    /// The name that somebody gave it, otherwise the one that it reports.
    pub name: String,
    /// Who built it. `None` if its arrivals do not show it.
    pub vendor: Option<String>,
    /// When its latest arrival was received. `None` if nothing ever arrived.
    pub last_at: Option<Timestamp>,
    /// When its alerts are sent again. `None` if they were never muted; it may lie in the past.
    pub muted_until: Option<Timestamp>,
    /// Time without an arrival after which an inactivity alert is sent. `None` if nobody wants one.
    pub silent_after: Option<Duration>,
    /// The user that it logs in as. `None` if it was not added on the dashboard, or its login was revoked.
    pub user: Option<String>,
    /// The name of the recorder that it is a channel of. `None` if it is no channel.
    pub recorder: Option<String>,
}

/// Where and by which protocol a device was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The address.
    pub place: IpAddr,
    /// The protocol.
    pub protocol: Protocol,
    /// When it was seen last, to the hour: a note of each arrival would cost a write.
    pub last_at: Timestamp,
}

/// An address at which a known device was seen: one that somebody configured, added or named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPlace {
    /// Key of the device ([`tipoff_model::Device::key`]).
    pub key: String,
    /// The address.
    pub place: IpAddr,
    /// Whether somebody named the device on the dashboard. A configured device has its name from the file.
    pub is_named: bool,
}

/// An address with the number of its devices: many behind one address suggest that a router rewrites addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedPlace {
    /// The address.
    pub place: IpAddr,
    /// Number of devices that were seen there.
    pub devices: u64,
}

/// A device with all that its page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceDetail {
    /// The device.
    pub line: DeviceLine,
    /// Where it was seen, the latest first.
    pub sightings: Vec<Sighting>,
    /// Names of the devices that were merged into it.
    pub merged: Vec<String>,
}

/// A device that somebody adds on the dashboard, with its login, before it has sent anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// Its name.
    pub name: String,
    /// The user that it logs in as; unique, and in lower case part of its key.
    pub user: String,
    /// Its password. Stored as it is: CRAM-MD5 (RFC 2195) needs the password itself, not a hash.
    pub password: String,
    /// How Tipoff asks it for pictures; `None` if it does not.
    pub camera: Option<CameraAccess>,
}

/// The address of a device's web server, and a login of the device there. Its `Debug` form does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraAccess {
    /// The address, `http://` or `https://`.
    pub url: String,
    /// The user.
    pub user: String,
    /// The password. Stored as it is: Digest (RFC 7616) needs the password itself.
    pub password: String,
}

impl std::fmt::Debug for CameraAccess {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { url, user, .. } = self;
        formatter
            .debug_struct("CameraAccess")
            .field("url", url)
            .field("user", user)
            .finish_non_exhaustive()
    }
}

/// A change that somebody makes to a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceChange {
    /// Its name. `None`: the name that it reports.
    Name(Option<String>),
    /// When its alerts are sent again. `None`: now.
    MutedUntil(Option<Timestamp>),
    /// Time without an arrival after which an inactivity alert is sent. `None`: never.
    SilentAfter(Option<Duration>),
    /// It is the same device as this one: what it sent and will send belongs to that one. This cannot be undone.
    MergeInto(DeviceId),
    /// A new password. Changes nothing if the device has no user.
    Password(String),
    /// Its user and password are revoked, and how it is asked for pictures is forgotten.
    NoLogin,
    /// How it is asked for pictures. Changes nothing if the device has no user.
    Camera(Option<CameraAccess>),
    /// It is removed with its settings, its login and the devices that were merged into it. Its incidents stay. If it
    /// sends again, it is discovered again. A recorder with channels is not removed.
    Remove,
}

/// What belongs to a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceUsage {
    /// Number of its incidents, suppressed ones included.
    pub incidents: u64,
    /// How many of them are locked.
    pub locked: u64,
    /// Number of its channels that are listed, if it is a recorder.
    pub channels: u64,
}

/// An alert about a device without an arrival, such as that it is inactive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The device that it is about.
    pub device: DeviceId,
    /// What happened.
    pub event: Event,
    /// The alert's first line.
    pub subject: String,
    /// When it happened.
    pub at: Timestamp,
}

/// The part of the spool that lists and changes devices.
pub trait Devices {
    /// Up to `limit` devices, the one with the latest arrival first. Merged and removed devices are not among them.
    fn devices<'a>(
        &'a self,
        filter: &'a DeviceFilter,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<DeviceLine>>>;

    /// One device. `None` if there is none of this number, or it was merged into another.
    fn device(&self, id: DeviceId) -> BoxFuture<'_, Result<Option<DeviceDetail>>>;

    /// For each of these devices the number of incidents that began between each two of `days`, which ascend.
    /// Suppressed incidents are not counted.
    fn activity<'a>(
        &'a self,
        devices: &'a [DeviceId],
        days: &'a [Timestamp],
    ) -> BoxFuture<'a, Result<Vec<Vec<u64>>>>;

    /// For each of these devices the picture or video that stands for its latest incident with one, among the latest 20.
    fn latest_pictures<'a>(
        &'a self,
        devices: &'a [DeviceId],
    ) -> BoxFuture<'a, Result<Vec<Option<MediaPlace>>>>;

    /// Adds a device. `None` if another one has this user.
    fn add_device(&self, device: NewDevice) -> BoxFuture<'_, Result<Option<DeviceId>>>;

    /// The device that people gave this name, in any case of its letters. `None` if nobody did: what a device calls itself
    /// does not count.
    fn holder_of_name<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<DeviceId>>>;

    /// The devices that were added and have a login, with their numbers.
    fn added_devices(&self) -> BoxFuture<'_, Result<Vec<(DeviceId, NewDevice)>>>;

    /// What belongs to a device.
    fn device_usage(&self, id: DeviceId) -> BoxFuture<'_, Result<DeviceUsage>>;

    /// Changes a device. `false` if there is no such device, the two cannot be merged, or a recorder with channels was to
    /// be removed.
    fn change_device(&self, id: DeviceId, change: DeviceChange) -> BoxFuture<'_, Result<bool>>;

    /// The devices that have sent nothing for longer than their owner wants. With `only_new` without those whose
    /// inactivity alert was sent since their latest arrival.
    fn inactive_devices(
        &self,
        now: Timestamp,
        only_new: bool,
    ) -> BoxFuture<'_, Result<Vec<DeviceLine>>>;

    /// Up to `limit` addresses at which known devices were seen since, the latest first.
    fn known_places(&self, since: Timestamp, limit: u32) -> BoxFuture<'_, Result<Vec<KnownPlace>>>;

    /// Up to `limit` addresses with the number of devices that were seen there since, those with most first.
    fn shared_places(
        &self,
        since: Timestamp,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<SharedPlace>>>;

    /// Opens an incident without an arrival. Returns the channels that get an alert.
    fn create_notice(&self, notice: Notice) -> BoxFuture<'_, Result<Vec<String>>>;
}
