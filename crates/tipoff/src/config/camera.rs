//! `pull`, `snapshot`, `snapshots` and `every` of `[[device]]`: how a device is asked for its events and its pictures.

use std::time::Duration;

use tipoff_camera::Login;
use toml::Spanned;
use url::Url;

use super::key::{Key, ValueForm, Without, nothing};
use super::section::Section;

/// How a device is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CameraConfig {
    /// How it is asked for its events; `None` if it sends them.
    pub(crate) pull: Option<PullConfig>,
    /// Where its pictures are; `None` if its addresses are looked for at the address of `pull`.
    pub(crate) snapshot: Option<SnapshotConfig>,
    /// Pictures that are fetched for an alarm without one; 0 for none.
    pub(crate) snapshots: u32,
    /// The time between them.
    pub(crate) every: Duration,
    /// The longest that an alert waits for its picture.
    pub(crate) wait: Duration,
}

/// How a device is asked for its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PullConfig {
    /// The way of asking.
    pub(crate) kind: PullKind,
    /// The address of its web server.
    pub(crate) url: Url,
    /// Its login.
    pub(crate) login: Option<Login>,
}

/// A way of asking for events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PullKind {
    /// Hikvision's `alertStream`.
    Hikvision,
    /// Dahua's `eventManager`.
    Dahua,
    /// ONVIF: PullPoint, or a subscription where the device has no PullPoint.
    Onvif,
    /// Whichever of them the device has.
    Auto,
}

impl PullKind {
    const NAMES: [(&str, Self); 4] = [
        ("hikvision", Self::Hikvision),
        ("dahua", Self::Dahua),
        ("onvif", Self::Onvif),
        ("auto", Self::Auto),
    ];

    fn of(name: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, kind)| *kind).ok_or_else(|| {
            let names = Self::NAMES.map(|(name, _)| format!("\"{name}\"")).join(", ");
            format!("{names} are possible")
        })
    }
}

/// Where the pictures of a device are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SnapshotConfig {
    /// The address of a picture or of a device: `http://`, `https://` or `rtsp://`.
    pub(crate) url: Url,
    /// The login.
    pub(crate) login: Option<Login>,
}

impl CameraConfig {
    /// The address and the login that pictures are fetched with. `None` if none are.
    pub(crate) fn picture_source(&self) -> Option<(&Url, Option<&Login>)> {
        let asked = self.pull.as_ref().map(|pull| (&pull.url, pull.login.as_ref()));
        let given = self.snapshot.as_ref().map(|given| (&given.url, given.login.as_ref()));
        given.or(asked).filter(|_| self.snapshots > 0)
    }
}

const PULL_DOC: &str = "How Tipoff asks a device for its events that does not send them. A device with `pull` needs \
    neither `user` nor `match`. See [Cameras that must be asked](pull.md).";
const SNAPSHOT_DOC: &str = "Where Tipoff fetches a picture for an alarm that comes without one. See \
    [A picture for every alarm](pictures.md).";

/// Reads the keys of a device.
pub(super) fn read(section: &mut Section<'_>) -> CameraConfig {
    let pull = pull(section);
    let snapshot = snapshot(section, pull.as_ref());
    let snapshots = section.count(
        "snapshots",
        1,
        0..=10,
        "How many pictures Tipoff fetches for an alarm that comes without one. Several become an album.",
    );
    let every = section.duration(
        "every",
        "1 s",
        Duration::from_millis(200)..=Duration::from_secs(60),
        "The time between these pictures.",
    );
    let wait = section.duration(
        "snapshot_wait",
        "1.5 s",
        Duration::ZERO..=Duration::from_secs(30),
        "The longest that an alert waits for its picture. A later picture follows without a sound.",
    );
    CameraConfig { pull, snapshot, snapshots, every, wait }
}

fn pull(section: &mut Section<'_>) -> Option<PullConfig> {
    let key = Key {
        name: "pull",
        form: ValueForm::Table,
        without: nothing(
            "{ kind = \"auto\", url = \"http://192.168.1.20\", user = \"admin\", password = \"…\" }",
        ),
        doc: "The device is asked for its events.",
    };
    let value = section.take(&key);
    if let Some(value) = value.filter(|value| !value.get_ref().is_table()) {
        section.reading.mismatch(value, &key);
    }
    let pull = section.inline("device.pull", PULL_DOC, value, |section| {
        let key = Key {
            name: "kind",
            form: ValueForm::Text,
            without: Without::Default("\"auto\"".to_owned()),
            doc: "`hikvision`, `dahua`, `onvif`, or `auto`: whichever of them the device has.",
        };
        let kind = section.parsed(&key, PullKind::of).map_or(PullKind::Auto, Spanned::into_inner);
        let key = Key {
            name: "url",
            form: ValueForm::Url,
            without: Without::Required("\"http://192.168.1.20\"".to_owned()),
            doc: "The address of the device's web page.",
        };
        if !section.has("url") {
            section.missing("url", &key.sample());
        }
        let url = section.parsed(&key, |text| address(text, &["http", "https"]));
        let login = login(section);
        let url = url?.into_inner();
        Some(with_login(url, login, |url, login| PullConfig { kind, url, login }))
    });
    pull.flatten()
}

fn snapshot(section: &mut Section<'_>, pull: Option<&PullConfig>) -> Option<SnapshotConfig> {
    let key = Key {
        name: "snapshot",
        form: ValueForm::Table,
        without: nothing("{ url = \"http://192.168.1.20/snap.jpg\" }"),
        doc: "Where its pictures are. Without it a device with `pull` is asked at the addresses that its vendor uses.",
    };
    let value = section.take(&key);
    if let Some(value) = value.filter(|value| !value.get_ref().is_table()) {
        section.reading.mismatch(value, &key);
    }
    let snapshot = section.inline("device.snapshot", SNAPSHOT_DOC, value, |section| {
        let key = Key {
            name: "url",
            form: ValueForm::Url,
            without: nothing("\"http://192.168.1.20/snap.jpg\""),
            doc: "The address of a picture, or only of the device: then the addresses of all vendors are tried. A \
                  stream, `rtsp://…`, costs a second or more, and needs ffmpeg. Without it the address of `pull`.",
        };
        let has_url = section.has("url");
        let url = section.parsed(&key, |text| address(text, &["http", "https", "rtsp", "rtsps"]));
        let login = login(section);
        let given = url.map(Spanned::into_inner);
        let Some(url) = given.or_else(|| pull.map(|pull| pull.url.clone())) else {
            if !has_url {
                section.missing("url", &key.sample());
            }
            return None;
        };
        let login = login.or_else(|| {
            let same = |pull: &&PullConfig| pull.url.host() == url.host();
            pull.filter(same).and_then(|pull| pull.login.clone())
        });
        Some(with_login(url, login, |url, login| SnapshotConfig { url, login }))
    });
    snapshot.flatten()
}

/// Reads `user` and `password`: both or none.
fn login(section: &mut Section<'_>) -> Option<Login> {
    let user = section.text("user", "admin", "A user of the device.");
    let password = section.secret("password", "…", "The user's password.");
    match (user, password) {
        (Some(user), Some(password)) => Some(Login {
            user: user.into_inner(),
            password: password.get_ref().expose().to_owned(),
        }),
        (Some(_), None) => {
            section.missing("password", "\"…\"");
            None
        }
        (None, Some(_)) => {
            section.missing("user", "\"admin\"");
            None
        }
        (None, None) => None,
    }
}

/// An address without the login in it, and the login that counts: the keys go before the address.
fn with_login<T>(mut url: Url, login: Option<Login>, make: impl Fn(Url, Option<Login>) -> T) -> T {
    let decoded = |text: &str| {
        String::from_utf8_lossy(&tipoff_model::percent_decoded(text.as_bytes())).into_owned()
    };
    let in_address = (!url.username().is_empty()).then(|| Login {
        user: decoded(url.username()),
        password: decoded(url.password().unwrap_or_default()),
    });
    // An address with a host can have no login: this cannot fail.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    make(url, login.or(in_address))
}

fn address(text: &str, schemes: &[&str]) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(Url::has_host);
    let begins = schemes.iter().map(|scheme| format!("{scheme}://")).collect::<Vec<_>>().join(", ");
    url.filter(|url| schemes.contains(&url.scheme()))
        .ok_or_else(|| format!("it must begin with {begins}"))
}
