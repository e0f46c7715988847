//! Who may send, and which device it is.

use std::net::IpAddr;

use arc_swap::ArcSwap;
use subtle::ConstantTimeEq;
use tipoff_model::{Camera, Device, DeviceId, DeviceKey, Envelope, LoginProof};
use tipoff_smtp::Credentials;
use tipoff_spool::NewDevice;

use super::label;
use crate::config::{Access, DeviceConfig, Secret};
use crate::runtime::hex::hex;

/// Users that say nothing of who they are (RFC 1635).
const ANONYMOUS: [&str; 2] = ["anonymous", "ftp"];

/// What a login is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// User and password are those of one device: it is that device.
    Proven,
    /// User and password are those that all devices share: it may send, whoever it is.
    Shared,
    /// Whoever it is may send.
    Unproven,
    /// It is not let in.
    Refused,
}

/// What a transcript says where a login is let in that names a user without the right password.
pub(super) const WRONG_PASSWORD: &str =
    "The password of this user is another one: what comes is taken for another device's.";

impl Admission {
    /// Whether a user that is known was named with a wrong password.
    pub(super) fn is_wrong(self, is_known: impl FnOnce() -> bool) -> bool {
        self == Self::Unproven && is_known()
    }

    /// What it says of who sends.
    pub(crate) const fn proof(self) -> LoginProof {
        match self {
            Self::Proven => LoginProof::Proven,
            Self::Shared | Self::Unproven | Self::Refused => LoginProof::Unproven,
        }
    }
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

    /// Whether a configured device is told by the recipients of its mails, which are not known at MAIL.
    pub(crate) fn may_tell_by_recipient(&self) -> bool {
        self.0.load().devices.iter().any(|device| !device.matches.to.is_empty())
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
        let is_of =
            |(user, password): (&str, &Secret)| matches(credentials, user, password.expose());
        let mut own = self.logins_of_devices().chain(self.added_logins());
        if own.any(is_of) {
            Admission::Proven
        } else if self.shared_login().any(is_of) {
            Admission::Shared
        } else if self.requires_login(peer) {
            Admission::Refused
        } else {
            Admission::Unproven
        }
    }

    fn logins(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.configured_logins().chain(self.added_logins())
    }

    fn configured_logins(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.shared_login().chain(self.logins_of_devices())
    }

    fn shared_login(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.access.user.as_deref().zip(self.access.password.as_ref()).into_iter()
    }

    fn logins_of_devices(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.devices
            .iter()
            .filter_map(|device| device.user.as_deref().zip(device.password.as_ref()))
    }

    /// Those that people added. One whose user the configuration gives to somebody proves nothing.
    fn added_logins(&self) -> impl Iterator<Item = (&str, &Secret)> {
        let is_free = |added: &&Added| {
            !self.configured_logins().any(|(user, _)| same_user(&added.user, Some(user)))
        };
        self.added.iter().filter(is_free).map(|added| (&*added.user, &added.password))
    }

    fn device(&self, envelope: &Envelope, camera: Option<&Camera>) -> Device {
        let recorder = self.sender(envelope);
        let by_channel = camera.and_then(|camera| {
            let is_channel = |device: &&DeviceConfig| {
                device.has_channel(camera) && self.is_part(device, envelope, same_user)
            };
            self.devices.iter().find(is_channel)
        });
        match (by_channel, camera) {
            (Some(device), _) => configured(device),
            (None, Some(camera)) => self.channel_of(recorder, camera, envelope.proof),
            (None, None) => recorder,
        }
    }

    /// The device that sends, whatever channel it mails for: the one whose login is proven; else a part
    /// of a recorder by its folder, then whichever the envelope fits.
    fn sender(&self, envelope: &Envelope) -> Device {
        let path = envelope.path.as_deref();
        // A recorder has one login and a folder for each of its cameras.
        let by_folder = self.devices.iter().find(|device| {
            path.is_some_and(|path| device.has_folder_of(path))
                && self.may_be(device, envelope, |_| true)
        });
        let whole = || self.devices.iter().filter(|device| device.matches.channel.is_empty());
        let login = envelope.login.as_deref();
        let by_login = match envelope.proof {
            LoginProof::Unproven => None,
            LoginProof::Proven | LoginProof::Unknown => whole()
                .find(|device| login.is_some_and(|login| same_user(login, device.user.as_deref()))),
        };
        let by_envelope =
            || whole().find(|device| self.may_be(device, envelope, |device| device.fits(envelope)));
        let known = by_folder.or(by_login).or_else(by_envelope).map(configured);
        let added = || self.added(envelope);
        known.or_else(added).unwrap_or_else(|| self.discovered(envelope))
    }

    /// Whether a configured device may be the one that sends, where what the envelope tells `fits` it. What
    /// somebody only claims is not enough for a device that has a password, and whoever has proven its
    /// own login is itself: parts of a recorder name it.
    fn may_be(
        &self,
        device: &DeviceConfig,
        envelope: &Envelope,
        fits: impl Fn(&DeviceConfig) -> bool,
    ) -> bool {
        if envelope.proof.is_unknown() {
            return fits(device);
        }
        if let Some(recorder) = &device.matches.recorder {
            return fits(device) && self.sends_as(recorder, envelope);
        }
        match envelope.proof {
            LoginProof::Proven => false,
            _ if device.password.is_some() => device.is_at(envelope),
            _ => fits(device),
        }
    }

    /// Whether a configured device, whose channel fits, is one of whoever sends: where a login or anything
    /// else of the recorder is given, one of those fits too.
    fn is_part(
        &self,
        device: &DeviceConfig,
        envelope: &Envelope,
        same_user: impl Fn(&str, Option<&str>) -> bool,
    ) -> bool {
        let login = envelope.login.as_deref();
        let logged_in = login.is_some_and(|login| same_user(login, device.user.as_deref()));
        if envelope.proof == LoginProof::Proven && logged_in {
            return true;
        }
        let old_login = envelope.proof.is_unknown() && logged_in;
        self.may_be(device, envelope, |device| {
            device.names_no_recorder() || device.fits(envelope) || old_login
        })
    }

    /// Whether it is the device of this name that sends, by its login or its address.
    fn sends_as(&self, name: &str, envelope: &Envelope) -> bool {
        let Some(device) = self.devices.iter().find(|device| device.name == name) else {
            return false;
        };
        match (envelope.proof, &envelope.login) {
            (LoginProof::Proven, Some(login)) => same_user(login, device.user.as_deref()),
            _ => device.is_at(envelope),
        }
    }

    /// The device that people added with this login.
    fn added(&self, envelope: &Envelope) -> Option<Device> {
        let login = envelope.login.as_deref().filter(|_| envelope.proof != LoginProof::Unproven)?;
        let added = self.added.iter().find(|it| same_user(login, Some(&it.user)))?;
        let key = DeviceKey::added(&added.user).to_string();
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
        let label = label::printable(local_part);
        let peer = envelope.peer.to_canonical();
        let distinct_name = (!label.is_empty()).then(|| format!("{label} ({peer})"));
        let name = match &distinct_name {
            None => peer.to_string(),
            Some(distinct) if self.is_reserved(&label) => distinct.clone(),
            Some(_) => label,
        };
        let key = DeviceKey::discovered(peer, local_part).to_string();
        Device { key, name, distinct_name, discovered: true, ..Device::default() }
    }

    /// A channel of a recorder. One that is called like its recorder is no other device.
    fn channel_of(&self, recorder: Device, camera: &Camera, proof: LoginProof) -> Device {
        let is_itself = camera.name.as_ref().is_some_and(|name| recorder.is_called(name));
        let Some(key) = camera.key().filter(|_| !is_itself) else {
            return recorder;
        };
        let numbered = camera.number.is_some();
        let chosen = camera.name.as_deref().map(label::printable).filter(|name| !name.is_empty());
        let distinct = |name: &str| format!("{name} ({})", recorder.name);
        let name = match (chosen, &camera.number) {
            (Some(name), _) => name,
            (None, Some(number)) => {
                format!("{} channel {}", recorder.name, label::printable(number))
            }
            (None, None) => return recorder,
        };
        let distinct_name = camera.name.is_some().then(|| distinct(&name));
        Device {
            key: format!("{}#{key}", recorder.key),
            name: match &distinct_name {
                Some(distinct) if !proof.is_unknown() && self.is_reserved(&name) => {
                    distinct.clone()
                }
                _ => name,
            },
            distinct_name,
            discovered: recorder.discovered,
            recorder: Some(Box::new(recorder)),
            numbered,
        }
    }

    /// Whether a name that a device gave itself is one of ours, or looks like one: then the address or the
    /// recorder stands behind it.
    fn is_reserved(&self, name: &str) -> bool {
        let known = self.devices.iter().map(|device| &*device.name);
        let added = self.added.iter().map(|device| &*device.name);
        let users = self.logins().map(|(user, _)| user);
        let names = known.chain(added).chain(users);
        label::is_ours(name) || names.into_iter().any(|known| label::are_alike(known, name))
    }
}

fn configured(device: &DeviceConfig) -> Device {
    Device { key: device.name.clone(), name: device.name.clone(), ..Device::default() }
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
    hex(&mac.finalize().into_bytes())
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
            proof: LoginProof::Unknown,
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

    const HOUSE: &str = "
        access = { user = \"shared\", password = \"shared secret\" }
        [[device]]
        name = \"Front yard\"
        user = \"front\"
        password = \"a long one\"
        match = { from = \"front@*\", folder = \"front\", ip = \"192.168.1.20\" }
        [[device]]
        name = \"NVR\"
        user = \"nvr\"
        password = \"another one\"
        [[device]]
        name = \"Gate\"
        match = { channel = \"Gate\", folder = \"gate\", recorder = \"NVR\" }
        [[device]]
        name = \"Porch\"
        match = { from = \"porch@*\", folder = \"porch\" }
        [[device]]
        name = \"Steps\"
        match = { from = \"porch@*\", channel = \"Steps\" }";

    fn house() -> Doorkeeper {
        let config = testing::config(HOUSE);
        let doorkeeper = Doorkeeper::new(config.access, config.devices);
        let login = |name: &str, user: &str, password: &str| NewDevice {
            name: name.to_owned(),
            user: user.to_owned(),
            password: password.to_owned(),
        };
        doorkeeper.add(vec![
            (DeviceId(1), login("Shed", "shed", "third secret")),
            // Its user is one of the configuration, which wins.
            (DeviceId(2), login("Fake", "front", "not the one")),
        ]);
        doorkeeper
    }

    /// Logs in from an address and sends as a sender, or into a folder.
    fn sent(
        doorkeeper: &Doorkeeper,
        peer: &str,
        login: (&str, &str),
        sender: &str,
        path: Option<&str>,
    ) -> Envelope {
        let peer = peer.parse().unwrap();
        let (user, password) = (login.0.to_owned(), login.1.to_owned());
        let credentials = Credentials::Plain { user, password };
        let proof = doorkeeper.admits(peer, &credentials).proof();
        Envelope {
            peer,
            proof,
            sender: sender.to_owned(),
            path: path.map(str::to_owned),
            ..mail_of(login.0)
        }
    }

    #[test]
    fn only_a_proven_login_makes_a_device_that_has_a_password() {
        let doorkeeper = house();
        let name = |peer: &str, login, sender: &str, path| {
            doorkeeper.device(&sent(&doorkeeper, peer, login, sender, path), None)
        };
        const FRONT: (&str, &str) = ("front", "a long one");
        const WRONG: (&str, &str) = ("front", "wrong");
        const SHARED: (&str, &str) = ("shared", "shared secret");
        let at = "192.168.1.99";
        for (peer, login, sender, path, expected) in [
            (at, FRONT, "x@y", None, "Front yard"),
            (at, ("FRONT@house", "a long one"), "x@y", None, "Front yard"),
            (at, WRONG, "x@y", None, "front (192.168.1.99)"),
            (at, WRONG, "front@y", None, "front (192.168.1.99)"),
            (at, WRONG, "", Some("/front/x.jpg"), "front (192.168.1.99)"),
            (at, ("front", "not the one"), "x@y", None, "front (192.168.1.99)"),
            (at, SHARED, "front@y", None, "front (192.168.1.99)"),
            (at, SHARED, "", Some("/front/x.jpg"), at),
            (at, ("shed", "third secret"), "x@y", None, "Shed"),
            (at, ("shed", "wrong"), "x@y", None, "shed (192.168.1.99)"),
            ("192.168.1.20", WRONG, "x@y", None, "Front yard"),
            ("192.168.1.20", ("nvr", "another one"), "x@y", None, "NVR"),
            // A device without a password is whoever says so, but for who has proven to be another one.
            (at, ("cam", "any"), "porch@y", None, "Porch"),
            (at, SHARED, "", Some("/porch/x.jpg"), "Porch"),
            (at, ("nvr", "wrong"), "porch@y", None, "Porch"),
            (at, FRONT, "porch@y", None, "Front yard"),
            (at, FRONT, "", Some("/porch/x.jpg"), "Front yard"),
            (at, ("shed", "third secret"), "", Some("/front/x.jpg"), "Shed"),
        ] {
            let device = name(peer, login, sender, path);
            assert_eq!(device.name, expected, "{login:?} {sender} {path:?} at {peer}");
            let is_known = !["front (192.168.1.99)", at, "shed (192.168.1.99)"].contains(&expected);
            assert_eq!(device.discovered, !is_known, "{expected}");
        }
    }

    #[test]
    fn what_a_recorder_s_login_sends_is_of_it_and_of_the_devices_that_name_it() {
        let doorkeeper = house();
        let device = |login, path, channel: Option<&str>| {
            let envelope = sent(&doorkeeper, "192.168.1.99", login, "porch@y", path);
            doorkeeper.device(&envelope, channel.map(|name| camera("", name)).as_ref())
        };
        let nvr = ("nvr", "another one");
        assert_eq!(device(nvr, None, Some("Gate")).name, "Gate");
        assert_eq!(device(nvr, Some("/gate/x.jpg"), None).name, "Gate");
        for (path, channel) in [(Some("/porch/x.jpg"), None), (None, Some("Steps"))] {
            let of_nvr = device(nvr, path, channel);
            assert!(of_nvr.is_called("NVR"), "{of_nvr:?}");
            assert!(!of_nvr.is_called("Porch") && !of_nvr.is_called("Steps"), "{of_nvr:?}");
        }
        for login in [("nvr", "wrong"), ("front", "a long one"), ("shared", "shared secret")] {
            for (path, channel) in [(Some("/gate/x.jpg"), None), (None, Some("Gate"))] {
                let other = device(login, path, channel);
                assert!(!other.is_called("Gate"), "{login:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_stranger_s_name_is_never_one_that_people_gave() {
        let doorkeeper = house();
        let anybody = ("", "");
        for sender in
            ["front yard@x", "FRONT-YARD@x", "front\u{200b}yard@x", "shed@x", "NVR (10.0.0.1)@x"]
        {
            let envelope = sent(&doorkeeper, "192.168.1.99", anybody, sender, None);
            let device = doorkeeper.device(&envelope, None);
            assert!(device.name.ends_with("(192.168.1.99)"), "{device:?}");
            let channel = camera("3", sender.trim_end_matches("@x"));
            let other = Envelope { proof: LoginProof::Unproven, ..mail_of("other") };
            let device = doorkeeper.device(&other, Some(&channel));
            assert!(device.name.ends_with("(other)"), "{device:?}");
        }
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
