//! `[[device]]`: senders that have a name, and how each is recognised.
//!
//! Also decides whether an envelope matches a device's entry. Which of several matching devices is the sender, and what
//! a login proves, is decided in `receive/access/device_resolver.rs`.

use ipnet::IpNet;
use tipoff_model::{Camera, Envelope};
use tipoff_rules::Glob;
use toml::Spanned;

use super::access::{Login, network};
use super::camera::{self, CameraConfig};
use super::checks;
use super::fault::Fault;
use super::key::{Key, ValueForm, nothing};
use super::mqtt::{self, MqttSource};
use super::secret::Secret;
use super::section::Section;

/// Longer names do not fit where names are shown.
const NAME_CHARS_MAX: usize = 60;

/// A device that is known from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceConfig {
    /// The name in alerts and routes; no other device has it.
    pub(crate) name: String,
    /// The user of its login; no other login has it. Compared without a domain and without regard to case.
    pub(crate) user: Option<String>,
    /// The password of its login; set if and only if `user` is.
    pub(crate) password: Option<Secret>,
    /// What else it is recognised by.
    pub(crate) matches: Matches,
    /// Groups that it belongs to; routes may name a group.
    pub(crate) groups: Vec<String>,
    /// How it is asked for events and pictures.
    pub(crate) camera: CameraConfig,
    /// Its messages at a broker; `None` if it has none.
    pub(crate) mqtt: Option<MqttSource>,
}

/// What a device is recognised by besides its login. Within `from`, `to` and `ip` one match is enough; `folder`,
/// `channel` and `recorder` select a part of what a recorder sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matches {
    /// Addresses of MAIL FROM.
    pub(crate) from: Vec<Glob>,
    /// Addresses of RCPT TO.
    pub(crate) to: Vec<Glob>,
    /// Addresses that it connects from.
    pub(crate) ip: Vec<IpNet>,
    /// Folders that it uploads into, from the root of its view.
    pub(crate) folder: Vec<Glob>,
    /// Names or numbers of a recorder's channel.
    pub(crate) channel: Vec<Glob>,
    /// The name of the device with whose login it sends: nobody else can send as this device.
    pub(crate) recorder: Option<String>,
}

impl DeviceConfig {
    /// Whether an upload of this path is in one of its folders or in a folder inside of one. The path begins with `/`.
    pub(crate) fn has_folder_of(&self, path: &str) -> bool {
        let folders = || path.match_indices('/').filter_map(|(end, _)| path.get(1..end));
        self.matches.folder.iter().any(|glob| folders().any(|folder| glob.fits_whole(folder)))
    }

    /// Whether its channel is the one that a recorder's mail names, by name or by number.
    pub(crate) fn has_channel(&self, camera: &Camera) -> bool {
        let labels = || [&camera.number, &camera.name].into_iter().flatten();
        self.matches.channel.iter().any(|glob| labels().any(|label| glob.fits_whole(label)))
    }

    /// Whether its entry identifies no sender: it has only folders and channels, and any recorder may have those.
    pub(crate) fn names_no_recorder(&self) -> bool {
        let Matches { from, to, ip, .. } = &self.matches;
        self.user.is_none() && from.is_empty() && to.is_empty() && ip.is_empty()
    }

    /// Whether the peer's address is in its networks.
    pub(crate) fn is_at(&self, envelope: &Envelope) -> bool {
        let peer = envelope.peer.to_canonical();
        self.matches.ip.iter().any(|net| net.contains(&peer))
    }

    /// Whether the sender, a recipient or the address of an envelope matches its entry. Does not look at login and
    /// folder.
    pub(crate) fn fits(&self, envelope: &Envelope) -> bool {
        let Matches { from, to, .. } = &self.matches;
        from.iter().any(|glob| glob.fits(&envelope.sender))
            || to.iter().any(|glob| envelope.recipients.iter().any(|to| glob.fits(to)))
            || self.is_at(envelope)
    }
}

/// A device that is being read, with the places of names that are checked against other devices.
struct DeviceDraft {
    name: Spanned<String>,
    user: Option<Spanned<String>>,
    recorder: Option<Spanned<String>>,
    device: DeviceConfig,
}

impl DeviceDraft {
    /// Whether it is known for sure when it sends: by its login, by its topic, or because it is asked.
    fn sends(&self) -> bool {
        self.user.is_some() || self.device.camera.pull.is_some() || self.device.mqtt.is_some()
    }
}

/// Reads all `[[device]]`. `shared` is the user of the login that devices share: no device may have it as its own,
/// because then the login would not say which device it is.
pub(super) fn read(
    root: &mut Section<'_>,
    shared: Option<Spanned<String>>,
    brokers: &[String],
) -> Vec<DeviceConfig> {
    let drafts = root.tables("device", DOC, |section| one(section, brokers));
    let names = drafts.iter().map(|draft| &draft.name);
    checks::unique(root.reading, names, str::to_owned, |name| {
        format!("two devices are called \"{name}\"")
    });
    let users = shared.iter().chain(drafts.iter().filter_map(|draft| draft.user.as_ref()));
    checks::unique(root.reading, users, bare_user, |user| {
        format!("two logins have the user \"{user}\"")
    });
    let pulled = drafts.iter().filter_map(|draft| {
        let url = &draft.device.camera.pull.as_ref()?.url;
        Some(Spanned::new(draft.name.span(), url.origin().ascii_serialization()))
    });
    let pulled: Vec<Spanned<String>> = pulled.collect();
    checks::unique(root.reading, pulled.iter(), str::to_owned, |url| {
        format!("two devices ask {url} for its events: one is enough, also for a recorder")
    });
    for recorder in drafts.iter().filter_map(|draft| draft.recorder.as_ref()) {
        let is_there =
            drafts.iter().any(|it| it.sends() && it.name.get_ref() == recorder.get_ref());
        if !is_there {
            let title = format!(
                "no device with a login, `pull` or `mqtt` is called \"{}\"",
                recorder.get_ref()
            );
            root.reading.fault(Fault::at(recorder.span(), title).label("named here"));
        }
    }
    drafts.into_iter().map(|draft| draft.device).collect()
}

const DOC: &str = "A named device. Tipoff also recognises other devices, and names them after what \
                   they send. Configure a device if it sends too little, for routes, or to give it \
                   a login.";

/// Reads one device; `None` if it has no name.
fn one(section: &mut Section<'_>, brokers: &[String]) -> Option<DeviceDraft> {
    let name = section.required("name", "Front yard", "The device's name in alerts.");
    let login = Login::read(
        section,
        "front",
        "The user of the device's login, with or without a domain. Tipoff recognises the device by \
         it.",
    );
    let (matches, recorder) = matches(section);
    let groups = Key {
        name: "groups",
        form: ValueForm::List,
        without: nothing("[\"outside\"]"),
        doc: "Groups that routes may name.",
    };
    let groups = section.list(&groups).unwrap_or_default();
    let camera = camera::read(section);
    let mqtt = mqtt::source(section, brokers);
    if !["user", "match", "pull", "mqtt"].iter().any(|key| section.has(key)) {
        let title = "a device needs `user` or `match`";
        let fault = Fault::at(section.span.clone(), title).label("this one cannot be recognised");
        section.fault(fault);
    }
    let name = name?;
    let odd = |character: char| character.is_control();
    if name.get_ref().chars().count() > NAME_CHARS_MAX || name.get_ref().contains(odd) {
        let reason = format!("at most {NAME_CHARS_MAX} characters on one line make a name");
        section.wrong("name", name.span(), reason);
    }
    let device = DeviceConfig {
        name: name.get_ref().clone(),
        user: login.user.as_ref().map(|user| user.get_ref().clone()),
        password: login.password,
        matches,
        groups: groups.iter().map(|group| group.get_ref().clone()).collect(),
        camera,
        mqtt,
    };
    Some(DeviceDraft { name, user: login.user, recorder, device })
}

/// Reads `match`, and the place of `recorder` in it. A match that would recognise nobody is a fault.
fn matches(section: &mut Section<'_>) -> (Matches, Option<Spanned<String>>) {
    let key = Key {
        name: "match",
        form: ValueForm::Table,
        without: nothing("{ from = \"cam1@*\", ip = \"192.168.1.20\" }"),
        doc: "Other ways to recognise the device: one matching entry is sufficient. A device with \
              a `user` is recognised only by its login and by `ip`. A sender that logs in as \
              another device is that device.",
    };
    let value = section.take(&key);
    if let Some(value) = value.filter(|value| !value.get_ref().is_table()) {
        section.reading.mismatch(value, &key);
    }
    let doc = "In `from` and `to`, `*` matches anything and `?` one character; a pattern without \
               `@` is for the part before it. Each may be a list.";
    let matches = section.inline("device.match", doc, value, |section| {
        if !["from", "to", "ip", "folder", "channel"].iter().any(|key| section.has(key)) {
            section.wrong(
                "match",
                section.span.clone(),
                "a match needs at least one of `from`, `to`, `ip`, `folder`, `channel`",
            );
        }
        let recorder = section.text(
            "recorder",
            "NVR",
            "The name of the device whose `user` sends for this one. `folder` or `channel` selects \
             this device's part of its arrivals, and nobody else can send for it.",
        );
        let matches = Matches {
            from: globs(section, "from", "cam1@*", "The sender of its mails."),
            to: globs(section, "to", "front@*", "A recipient of its mails."),
            ip: networks(section),
            folder: globs(
                section,
                "folder",
                "front/*",
                "A folder that it uploads into, from the root of its view, with all folders inside \
                 it.",
            ),
            channel: globs(
                section,
                "channel",
                "Driveway",
                "The name or number of a recorder's channel, as in its mails. If `user` or another \
                 key of `match` is set, one of those must match too.",
            ),
            recorder: recorder.as_ref().map(|recorder| recorder.get_ref().clone()),
        };
        (matches, recorder)
    });
    matches.unwrap_or_default()
}

fn globs(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Vec<Glob> {
    let without = nothing(&format!("\"{example}\""));
    let texts =
        section.list(&Key { name, form: ValueForm::List, without, doc }).unwrap_or_default();
    texts.iter().map(|text| Glob::new(text.get_ref())).collect()
}

fn networks(section: &mut Section<'_>) -> Vec<IpNet> {
    let key = Key {
        name: "ip",
        form: ValueForm::List,
        without: nothing("\"192.168.1.20\""),
        doc: "The address that it connects from, or a network of such addresses.",
    };
    let texts = section.list(&key).unwrap_or_default();
    let nets = texts.iter().filter_map(|text| section.parse(&key, text, network));
    nets.map(Spanned::into_inner).collect()
}

/// Users are compared without a domain and without regard to case: devices send either.
fn bare_user(user: &str) -> String {
    user.split('@').next().unwrap_or_default().to_lowercase()
}
