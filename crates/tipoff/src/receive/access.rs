//! Who may send, and which device it is: decided by `[access]` and the devices that are known now.
//!
//! One directory of rules and devices, exchanged as a whole when the configuration or the added devices change. Two
//! views of it: `authenticator.rs` decides a login, `device_resolver.rs` finds the device of an envelope.

mod authenticator;
mod device_resolver;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use tipoff_camera::Login;
use tipoff_model::DeviceId;
use tipoff_spool::{CameraAccess, NewDevice};

pub(crate) use self::authenticator::{Admission, Authenticator};
pub(crate) use self::device_resolver::DeviceResolver;
use crate::config::{Access, DeviceConfig, PictureSource, Secret};

/// The rules of access and the known devices, as they are now. Clones share them.
#[derive(Clone)]
pub(crate) struct DeviceDirectory(Arc<ArcSwap<Directory>>);

/// The rules and devices at one moment.
#[derive(Clone)]
struct Directory {
    access: Access,
    /// The configured devices, in the order of the file.
    devices: Vec<DeviceConfig>,
    /// Devices that people added on the dashboard. The configuration wins over them.
    added: Vec<AddedDevice>,
    /// The user of each device by its password, made when an address with a password is used for the first time.
    users: OnceLock<UsersByPassword>,
}

/// The user of each device, by the digest of its password. `None` if several devices have this password.
type UsersByPassword = HashMap<blake3::Hash, Option<String>>;

/// A device that was added on the dashboard.
#[derive(Clone)]
struct AddedDevice {
    name: String,
    user: String,
    password: Secret,
    /// Where its pictures are.
    pictures: Option<PictureSource>,
}

impl DeviceDirectory {
    /// The rules and devices of a configuration.
    pub(crate) fn new(access: Access, devices: Vec<DeviceConfig>) -> Self {
        let (added, users) = (Vec::new(), OnceLock::new());
        Self(Arc::new(ArcSwap::from_pointee(Directory { access, devices, added, users })))
    }

    /// Replaces the rules and the configured devices: used from the next login and the next arrival on.
    pub(crate) fn apply(&self, access: Access, devices: Vec<DeviceConfig>) {
        self.0.rcu(|directory| Directory {
            access: access.clone(),
            devices: devices.clone(),
            added: directory.added.clone(),
            users: OnceLock::new(),
        });
    }

    /// Replaces the devices that people added.
    pub(crate) fn set_added(&self, devices: Vec<(DeviceId, NewDevice)>) {
        let added = |(_, device): (_, NewDevice)| {
            let NewDevice { name, user, password, camera } = device;
            let pictures = camera.and_then(|CameraAccess { url, user, password }| {
                PictureSource::of_camera(&url, Login { user, password })
            });
            AddedDevice { name, user, password: Secret::new(password), pictures }
        };
        let added: Vec<AddedDevice> = devices.into_iter().map(added).collect();
        self.0.rcu(|directory| Directory {
            added: added.clone(),
            users: OnceLock::new(),
            ..(**directory).clone()
        });
    }

    /// Checks logins against these devices.
    pub(crate) fn authenticator(&self) -> Authenticator {
        Authenticator::new(self.clone())
    }

    /// Finds the device of an arrival among these devices.
    pub(crate) fn resolver(&self) -> DeviceResolver {
        DeviceResolver::new(self.clone())
    }
}

impl Directory {
    /// Every login that proves or admits somebody.
    fn logins(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.configured_logins().chain(self.added_logins())
    }

    fn configured_logins(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.shared_login().chain(self.logins_of_devices())
    }

    /// The login that all devices may share: at most one.
    fn shared_login(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.access.user.as_deref().zip(self.access.password.as_ref()).into_iter()
    }

    fn logins_of_devices(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.devices
            .iter()
            .filter_map(|device| device.user.as_deref().zip(device.password.as_ref()))
    }

    /// The user of the one device that has this password.
    fn user_of_password(&self, password: &str) -> Option<&str> {
        let users = self.users.get_or_init(|| {
            let mut users = UsersByPassword::new();
            for (user, password) in self.logins_of_devices().chain(self.added_logins()) {
                let digest = blake3::hash(password.expose().as_bytes());
                let known = users.entry(digest).or_insert_with(|| Some(user.to_owned()));
                if known.as_deref() != Some(user) {
                    *known = None;
                }
            }
            users
        });
        users.get(&blake3::hash(password.as_bytes()))?.as_deref()
    }

    /// Logins of added devices, without those whose user is one of the configuration: they prove nothing.
    fn added_logins(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let is_free = |added: &&AddedDevice| {
            !self.configured_logins().any(|(user, _)| same_user(&added.user, Some(user)))
        };
        self.added.iter().filter(is_free).map(|added| (&*added.user, &added.password))
    }
}

/// Whether a login names this user. Cameras are given the bare user name or one with a domain, and send either.
fn same_user(login: &str, user: Option<&str>) -> bool {
    let bare = |name: &str| name.split('@').next().unwrap_or_default().to_lowercase();
    user.is_some_and(|user| login == user || bare(login) == bare(user))
}

#[cfg(test)]
mod tests;
