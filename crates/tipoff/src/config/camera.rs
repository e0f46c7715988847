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
    /// The address of its live stream; `None` if it is asked for it.
    pub(crate) stream: Option<Url>,
    /// The login in that address.
    pub(crate) stream_login: Option<Login>,
    /// The length of the clip that is recorded at an alarm; zero for none.
    pub(crate) clip: Duration,
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

    /// The name in the configuration.
    pub(crate) fn as_str(self) -> &'static str {
        let known = Self::NAMES.iter().find(|(_, kind)| *kind == self);
        known.map_or("", |(name, _)| *name)
    }

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
    /// Where its pictures are fetched; `None` if none are.
    pub(crate) fn picture_source(&self) -> Option<PictureSource> {
        let asked = self.pull.as_ref().map(|pull| (&pull.url, &pull.login));
        let given = self.snapshot.as_ref().map(|given| (&given.url, &given.login));
        let is_wanted = self.snapshots > 0 || !self.clip.is_zero();
        let streamed = self.stream.as_ref().map(|stream| (stream, &self.stream_login));
        let (url, login) = given.or(asked).or(streamed).filter(|_| is_wanted)?;
        Some(PictureSource {
            url: url.clone(),
            login: login.clone(),
            count: self.snapshots,
            every: self.every,
            wait: if self.snapshots > 0 { self.wait } else { Duration::ZERO },
            stream: self.stream.clone(),
            clip: Some(self.clip).filter(|clip| !clip.is_zero()),
        })
    }
}

/// Where the pictures of a device come from, and how many are fetched for an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PictureSource {
    /// The address of a picture, of the device, or of a stream.
    pub(crate) url: Url,
    /// The login of the device.
    pub(crate) login: Option<Login>,
    /// How many are fetched.
    pub(crate) count: u32,
    /// The time between them.
    pub(crate) every: Duration,
    /// The longest that an alert waits for the first.
    pub(crate) wait: Duration,
    /// The address of the live stream, if it is named.
    pub(crate) stream: Option<Url>,
    /// The length of the clip that is recorded of the live stream; `None` for no clip.
    pub(crate) clip: Option<Duration>,
}

impl PictureSource {
    /// Whether the device is asked at the same addresses with the same login.
    pub(crate) fn has_access_of(&self, other: &Self) -> bool {
        (&self.url, &self.login, &self.stream) == (&other.url, &other.login, &other.stream)
    }
}

impl PictureSource {
    /// The pictures of a camera whose login was kept when it was set up: as `snapshot` without any other key. `None` if the
    /// address is none of a web server.
    pub(crate) fn of_camera(url: &str, login: Login) -> Option<Self> {
        let url = address(url, &["http", "https"]).ok()?;
        let (login, stream, clip) = (Some(login), None, None);
        Some(Self { url, login, count: 1, every: EVERY, wait: WAIT, stream, clip })
    }
}

/// The default of `every`.
const EVERY: Duration = Duration::from_secs(1);
/// The default of `snapshot_wait`.
const WAIT: Duration = Duration::from_millis(1_500);

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
    let clip = section.duration(
        "clip",
        "0 s",
        Duration::ZERO..=Duration::from_secs(60),
        "The length of a clip that Tipoff records of the live stream when an alarm comes, with ffmpeg. Zero for none.",
    );
    let key = Key {
        name: "stream",
        form: ValueForm::Url,
        without: nothing("\"rtsp://192.168.1.20/stream1\""),
        doc: "The address of the live stream, for `clip`. Without it the device is asked for it by ONVIF. The login is \
              that of `snapshot` or `pull`.",
    };
    let stream = section.parsed(&key, |text| address(text, &["rtsp", "rtsps"]));
    let stream =
        stream.map(|stream| with_login(stream.into_inner(), None, |url, login| (url, login)));
    let (stream, stream_login) = stream.map_or((None, None), |(url, login)| (Some(url), login));
    CameraConfig { pull, snapshot, snapshots, every, wait, stream, stream_login, clip }
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
