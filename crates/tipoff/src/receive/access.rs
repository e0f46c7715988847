//! Who may send, and which device it is.

use std::net::IpAddr;

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq;
use tipoff_model::{Camera, Device, DeviceId, Envelope};
use tipoff_smtp::Credentials;
use tipoff_spool::NewDevice;

use crate::config::{Access, DeviceConfig, Secret};

/// A label that a device gave itself is cut to this many characters.
const LABEL_CHARS_MAX: usize = 60;

/// Users that say nothing of who they are (RFC 1635).
const ANONYMOUS: [&str; 2] = ["anonymous", "ftp"];

/// What a login is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// User and password are those of the configuration.
    Proven,
    /// Whoever it is may send.
    Unproven,
    /// It is not let in.
    Refused,
}

/// Lets in by the rules of access, and knows the configured devices. Both may change at any time.
pub(crate) struct Doorkeeper(ArcSwap<Register>);

#[derive(Clone)]
struct Register {
    access: Access,
    devices: Vec<DeviceConfig>,
    /// What people added on the dashboard; what the configuration says wins.
    added: Vec<Added>,
}

/// A device that was added on the dashboard.
#[derive(Clone)]
struct Added {
    name: String,
    user: String,
    password: Secret,
}

impl Doorkeeper {
    /// Of the configuration.
    pub(crate) fn new(access: Access, devices: Vec<DeviceConfig>) -> Self {
        Self(ArcSwap::from_pointee(Register { access, devices, added: Vec::new() }))
    }

    /// From now on these hold, for the next login and the next arrival.
    pub(crate) fn apply(&self, access: Access, devices: Vec<DeviceConfig>) {
        self.0.rcu(|register| Register {
            access: access.clone(),
            devices: devices.clone(),
            added: register.added.clone(),
        });
    }

    /// The same for the devices that people added.
    pub(crate) fn add(&self, devices: Vec<(DeviceId, NewDevice)>) {
        let added = |(_, NewDevice { name, user, password }): (_, NewDevice)| Added {
            name,
            user,
            password: Secret::new(password),
        };
        let added: Vec<Added> = devices.into_iter().map(added).collect();
        self.0.rcu(|register| Register { added: added.clone(), ..(**register).clone() });
    }

    /// Whether somebody may log in by this name.
    pub(crate) fn knows_user(&self, user: &str) -> bool {
        self.0.load().logins().any(|(known, _)| same_user(user, Some(known)))
    }

    /// Whether the configured device of this name has a password.
    pub(crate) fn has_own_login(&self, name: &str) -> bool {
        let register = self.0.load();
        register.devices.iter().any(|device| device.name == name && device.password.is_some())
    }

    /// Whether the configuration gives somebody this name to log in with.
    pub(crate) fn is_user(&self, user: &str) -> bool {
        let register = self.0.load();
        register.configured_logins().any(|(known, _)| same_user(user, Some(known)))
    }

    /// Whether whoever talks from `peer` must log in before sending.
    pub(crate) fn requires_login(&self, peer: IpAddr) -> bool {
        self.0.load().requires_login(peer)
    }

    /// Whether `peer` is in the networks of `[access]`.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.0.load().access.networks.contains(peer)
    }

    /// Whether devices may be at this address. `"any"` in the configuration names no place, so it counts as the
    /// private networks here.
    pub(crate) fn is_in_networks(&self, address: IpAddr) -> bool {
        self.0.load().access.networks.names(address)
    }

    /// Whether these credentials let `peer` in. Cameras insist on logging in with whatever was
    /// typed into them, so where no login is required any is good enough.
    pub(crate) fn admits(&self, peer: IpAddr, credentials: &Credentials) -> Admission {
        self.0.load().admits(peer, credentials)
    }

    /// The device that this envelope is from: a configured one that it fits, else a discovered one
    /// named by what it told. `camera` is the channel that a recorder names: a device of its own.
    pub(crate) fn device(&self, envelope: &Envelope, camera: Option<&Camera>) -> Device {
        self.0.load().device(envelope, camera)
    }
}

impl Register {
    fn requires_login(&self, peer: IpAddr) -> bool {
        self.access.require_login || !self.access.networks.contains(peer)
    }

    fn admits(&self, peer: IpAddr, credentials: &Credentials) -> Admission {
        let proven =
            self.logins().any(|(user, password)| matches(credentials, user, password.expose()));
        match proven {
            true => Admission::Proven,
            false if self.requires_login(peer) => Admission::Refused,
            false => Admission::Unproven,
        }
    }

    fn logins(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let added = self.added.iter().map(|device| (&*device.user, &device.password));
        self.configured_logins().chain(added)
    }

    fn configured_logins(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let shared = self.access.user.as_deref().zip(self.access.password.as_ref());
        let of_devices = self
            .devices
            .iter()
            .filter_map(|device| device.user.as_deref().zip(device.password.as_ref()));
        shared.into_iter().chain(of_devices)
    }

    fn device(&self, envelope: &Envelope, camera: Option<&Camera>) -> Device {
        let recorder = self.sender(envelope);
        let by_channel = camera.and_then(|camera| {
            self.devices.iter().find(|device| device.is_channel(envelope, camera, same_user))
        });
        if let Some(DeviceConfig { name, .. }) = by_channel {
            return Device { key: name.clone(), name: name.clone(), ..Device::default() };
        }
        match camera {
            Some(camera) => channel_of(recorder, camera),
            None => recorder,
        }
    }

    /// The device that logged in, or that the envelope names, whatever channel it mails for.
    fn sender(&self, envelope: &Envelope) -> Device {
        let login = envelope.login.as_deref();
        let path = envelope.path.as_deref();
        // A recorder has one login and a folder for each of its cameras.
        let by_folder =
            self.devices.iter().find(|device| path.is_some_and(|path| device.has_folder_of(path)));
        let whole = || self.devices.iter().filter(|device| device.matches.channel.is_empty());
        let by_login = whole()
            .find(|device| login.is_some_and(|login| same_user(login, device.user.as_deref())));
        let configured =
            by_folder.or(by_login).or_else(|| whole().find(|device| device.fits(envelope)));
        match configured {
            Some(DeviceConfig { name, .. }) => {
                Device { key: name.clone(), name: name.clone(), ..Device::default() }
            }
            None => self.added(login).unwrap_or_else(|| self.discovered(envelope)),
        }
    }

    /// The device that people added with this login.
    fn added(&self, login: Option<&str>) -> Option<Device> {
        let added = self
            .added
            .iter()
            .find(|it| login.is_some_and(|name| same_user(name, Some(&it.user))))?;
        let key = format!("added/{}", added.user.to_lowercase());
        Some(Device { key, name: added.name.clone(), ..Device::default() })
    }

    /// Cameras of one make all call themselves the same, so the address is part of who they are. The
    /// domain is not: a camera that mails as `cam1@example.com` uploads as `cam1`.
    fn discovered(&self, envelope: &Envelope) -> Device {
        let own_login = envelope
            .login
            .as_deref()
            .filter(|login| !login.is_empty() && !same_user(login, self.access.user.as_deref()))
            .filter(|login| !ANONYMOUS.contains(login));
        let told = own_login.unwrap_or(&envelope.sender);
        let local_part = told.split('@').next().unwrap_or_default();
        let label: String = local_part
            .chars()
            .filter(|character| !character.is_control())
            .take(LABEL_CHARS_MAX)
            .collect();
        let peer = envelope.peer.to_canonical();
        let distinct_name = (!label.is_empty()).then(|| format!("{label} ({peer})"));
        let name = if label.is_empty() { peer.to_string() } else { label };
        let key = format!("discovered/{peer}/{}", local_part.to_lowercase());
        Device { key, name, distinct_name, discovered: true, ..Device::default() }
    }
}

/// A channel of a recorder. One that is called like its recorder is no other device.
fn channel_of(recorder: Device, camera: &Camera) -> Device {
    let is_itself = camera.name.as_ref().is_some_and(|name| recorder.is_called(name));
    let Some(key) = camera.key().filter(|_| !is_itself) else {
        return recorder;
    };
    let printable = |name: &String| -> String {
        name.chars().filter(|it| !it.is_control()).take(LABEL_CHARS_MAX).collect()
    };
    let numbered = camera.number.is_some();
    let chosen = camera.name.as_ref().map(printable).filter(|name| !name.trim().is_empty());
    let of_recorder = |label: String| format!("{label} ({})", recorder.name);
    let name = match (chosen, &camera.number) {
        (Some(name), _) => name,
        (None, Some(number)) => format!("{} channel {}", recorder.name, printable(number)),
        (None, None) => return recorder,
    };
    Device {
        key: format!("{}#{key}", recorder.key),
        distinct_name: camera.name.is_some().then(|| of_recorder(name.clone())),
        name,
        discovered: recorder.discovered,
        recorder: Some(Box::new(recorder)),
        numbered,
    }
}

/// Cameras are given the bare user name or one with a domain, and send either.
fn same_user(login: &str, user: Option<&str>) -> bool {
    let bare = |name: &str| name.split('@').next().unwrap_or_default().to_lowercase();
    user.is_some_and(|user| login == user || bare(login) == bare(user))
}

fn matches(credentials: &Credentials, user: &str, password: &str) -> bool {
    match credentials {
        Credentials::Plain { user: given, password: secret } => {
            same_user(given, Some(user)) && bool::from(secret.as_bytes().ct_eq(password.as_bytes()))
        }
        Credentials::CramMd5 { user: given, challenge, digest } => {
            same_user(given, Some(user))
                && bool::from(
                    cram_md5(challenge, password)
                        .as_bytes()
                        .ct_eq(digest.to_lowercase().as_bytes()),
                )
        }
    }
}

/// The keyed digest of RFC 2195, section 2, in lower-case hexadecimal.
fn cram_md5(challenge: &str, password: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<md5::Md5>::new_from_slice(password.as_bytes()) else {
        return String::new();
    };
    mac.update(challenge.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn camera(number: &str, name: &str) -> Camera {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Camera { number: some(number), name: some(name) }
    }

    fn mail_of(user: &str) -> Envelope {
        Envelope {
            protocol: tipoff_model::Protocol::Smtp,
            peer: "192.168.1.9".parse().unwrap(),
            login: Some(user.to_owned()),
            greeting: None,
            sender: "nvr@example.org".to_owned(),
            recipients: Vec::new(),
            tls: false,
            path: None,
        }
    }

    #[test]
    fn a_recorder_s_channels_are_devices() {
        let config = testing::config(
            "[[device]]\nname = \"NVR\"\nuser = \"nvr\"\npassword = \"a long one\"\n\
             [[device]]\nname = \"Gate\"\nmatch = { channel = [\"4\", \"Drive*\"], from = \"nvr@*\" }\n\
             [[device]]\nname = \"Shed\"\nmatch = { channel = \"Shed\", ip = \"10.0.0.1\" }\n",
        );
        let doorkeeper = Doorkeeper::new(config.access, config.devices);
        let name = |user: &str, camera: Option<Camera>| {
            doorkeeper.device(&mail_of(user), camera.as_ref()).name
        };
        assert_eq!(name("nvr", None), "NVR");
        assert_eq!(name("nvr", Some(camera("D4", "Driveway"))), "Gate", "by its name");
        assert_eq!(name("nvr", Some(camera("4", ""))), "Gate", "by its number");
        assert_eq!(name("nvr", Some(camera("2", ""))), "NVR channel 2");
        assert_eq!(name("nvr", Some(camera("2", "Shed"))), "Shed", "another address: its own name");
        assert_eq!(name("nvr", Some(camera("", "nvr"))), "nvr");
        let shed = doorkeeper.device(&mail_of("nvr"), Some(&camera("2", "Shed")));
        assert_eq!(shed.key, "NVR#2", "the configured Shed is at another address");
        assert!(shed.is_called("NVR"), "routes for the recorder hold for its channels");
        let other = doorkeeper.device(&mail_of("cam"), Some(&camera("", "Porch")));
        assert_eq!((other.name.as_str(), other.discovered), ("Porch", true));
        assert_eq!(other.distinct_name.as_deref(), Some("Porch (cam)"));
    }

    /// The example of RFC 2195, section 2.
    #[test]
    fn the_digest_is_that_of_the_rfc() {
        assert_eq!(
            cram_md5("<1896.697170952@postoffice.reston.mci.net>", "tanstaaftanstaaf"),
            "b913a602c7eda7a495b4e6e7334d3890",
        );
    }
}
