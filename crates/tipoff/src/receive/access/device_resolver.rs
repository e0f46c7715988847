//! Which device an arrival is from: a configured one, an added one, or one that is discovered.
//!
//! Called when an arrival begins, for its share of the disk, and again when it is stored, with what its content says.
//! An unproven claim never makes a sender a device that has a password (invariant 12). Envelopes that were stored
//! before proofs were recorded are resolved as they were then ([`LoginProof::Unknown`]).

use tipoff_model::{Camera, Device, DeviceKey, Envelope, LoginProof};

use super::{AddedDevice, DeviceDirectory, Directory, same_user};
use crate::config::{DeviceConfig, PictureSource};
use crate::receive::label;

/// Users of anonymous FTP (RFC 1635): they do not name the device.
const ANONYMOUS: [&str; 2] = ["anonymous", "ftp"];

/// Finds the device of an arrival. Cheap to clone.
#[derive(Clone)]
pub(crate) struct DeviceResolver(DeviceDirectory);

impl DeviceResolver {
    pub(super) fn new(directory: DeviceDirectory) -> Self {
        Self(directory)
    }

    /// Whether a configured device is matched by the recipients of its mails, which are not known at MAIL.
    pub(crate) fn matches_recipients(&self) -> bool {
        self.0.0.load().devices.iter().any(|device| !device.matches.to.is_empty())
    }

    /// The device that this envelope is from: a configured one that matches it, else an added one whose login it
    /// has, else a discovered one named by its login or its sender. `camera` is the channel that a recorder names:
    /// a device of its own.
    pub(crate) fn device(&self, envelope: &Envelope, camera: Option<&Camera>) -> Device {
        self.0.0.load().device(envelope, camera)
    }
}

impl DeviceResolver {
    /// Whether the configuration gives a device this name, in any case of its letters.
    pub(crate) fn is_configured_name(&self, name: &str) -> bool {
        self.0.0.load().devices.iter().any(|device| device.name.eq_ignore_ascii_case(name))
    }

    /// The device that was asked, or the part of it that a recorder's channel is. It is sure who it is.
    pub(crate) fn asked(&self, name: &str, camera: Option<&Camera>) -> Device {
        self.0.0.load().asked(name, camera)
    }

    /// Where the pictures of a device come from: its own source, or that of the recorder that it is a channel of.
    pub(crate) fn picture_source(&self, device: &Device) -> Option<PictureSource> {
        let directory = self.0.0.load();
        let own = directory.devices.iter().find(|it| it.name == device.key);
        let recorder = own.and_then(|own| own.matches.recorder.as_deref());
        let recorder = recorder.or(device.recorder.as_ref().map(|it| &*it.key));
        let of = |config: &DeviceConfig| config.camera.picture_source();
        let configured = own.and_then(of).or_else(|| {
            directory.devices.iter().find(|it| Some(&*it.name) == recorder).and_then(of)
        });
        let keys = [Some(&*device.key), device.recorder.as_ref().map(|it| &*it.key)];
        configured
            .or_else(|| keys.into_iter().flatten().find_map(|key| directory.pictures_of_added(key)))
    }
}

impl Directory {
    /// As [`DeviceResolver::asked`].
    fn asked(&self, name: &str, camera: Option<&Camera>) -> Device {
        let Some(device) = self.devices.iter().find(|device| device.name == name) else {
            // It was removed from the configuration a moment ago.
            let key = DeviceKey::Configured(name.to_owned()).to_string();
            return Device { key, name: name.to_owned(), ..Device::default() };
        };
        let is_part = |part: &&DeviceConfig| {
            let is_its = part.name == name || part.matches.recorder.as_deref() == Some(name);
            is_its && camera.is_some_and(|camera| part.has_channel(camera))
        };
        match (self.devices.iter().find(is_part), camera) {
            (Some(part), _) => configured(part),
            (None, Some(camera)) => self.channel_of(configured(device), camera, LoginProof::Proven),
            (None, None) => configured(device),
        }
    }

    /// As [`DeviceResolver::device`]. A configured device whose channel matches goes before a channel that is
    /// discovered.
    fn device(&self, envelope: &Envelope, camera: Option<&Camera>) -> Device {
        let recorder = self.sender(envelope);
        let by_channel = camera.and_then(|camera| {
            let is_channel = |device: &&DeviceConfig| {
                device.has_channel(camera) && self.is_part(device, envelope)
            };
            self.devices.iter().find(is_channel)
        });
        match (by_channel, camera) {
            (Some(device), _) => configured(device),
            (None, Some(camera)) => self.channel_of(recorder, camera, envelope.proof),
            (None, None) => recorder,
        }
    }

    /// The device that sends, whatever channel it mails for: a part of a recorder by its folder, else the one whose
    /// login is proven, else the first that the envelope matches.
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
        let added = || self.added_device(envelope);
        known.or_else(added).unwrap_or_else(|| self.discovered(envelope))
    }

    /// Whether a configured device, which the envelope `fits`, may be the sender. A claim is not enough for a device
    /// that has a password. A sender with a proven login is the device of that login; only parts of a recorder, which
    /// name the recorder, are senders beside it.
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

    /// Whether a configured device, whose channel matches, is a part of the sender: where its entry also describes the
    /// recorder (login, address, sender …), that must match as well.
    fn is_part(&self, device: &DeviceConfig, envelope: &Envelope) -> bool {
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

    /// Whether the device of this name sends, by its login or its address.
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
    fn added_device(&self, envelope: &Envelope) -> Option<Device> {
        let login = envelope.login.as_deref().filter(|_| envelope.proof != LoginProof::Unproven)?;
        let added = self.added.iter().find(|it| same_user(login, Some(&it.user)))?;
        let key = DeviceKey::added(&added.user).to_string();
        Some(Device { key, name: added.name.clone(), ..Device::default() })
    }

    /// Where the pictures of a device are that was added with a login of its camera.
    fn pictures_of_added(&self, key: &str) -> Option<PictureSource> {
        let is_it = |added: &&AddedDevice| DeviceKey::added(&added.user).to_string() == key;
        self.added.iter().find(is_it)?.pictures.clone()
    }

    /// A device that nobody configured. Cameras of one vendor all have the same user and sender, so the address is part
    /// of the key. The domain is not: a camera that mails as `cam1@example.com` uploads as `cam1`.
    fn discovered(&self, envelope: &Envelope) -> Device {
        let own_login = envelope
            .login
            .as_deref()
            .filter(|login| !login.is_empty() && !same_user(login, self.access.user.as_deref()))
            .filter(|login| !ANONYMOUS.contains(login));
        let claimed = own_login.unwrap_or(&envelope.sender);
        let local_part = claimed.split('@').next().unwrap_or_default();
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

    /// The device of a recorder's channel. A channel with the name of its recorder is the recorder itself.
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

    /// Whether a name that a device gave itself looks like one that people or Tipoff gave: then the address or the
    /// recorder is added to it in brackets.
    fn is_reserved(&self, name: &str) -> bool {
        let known = self.devices.iter().map(|device| &*device.name);
        let added = self.added.iter().map(|device| &*device.name);
        let users = self.logins().map(|(user, _)| user);
        let names = known.chain(added).chain(users);
        label::is_ours(name) || names.into_iter().any(|known| label::are_alike(known, name))
    }
}

/// The device of an entry of the configuration. Its name is its key: under a new name it is another device.
fn configured(device: &DeviceConfig) -> Device {
    Device { key: device.name.clone(), name: device.name.clone(), ..Device::default() }
}
