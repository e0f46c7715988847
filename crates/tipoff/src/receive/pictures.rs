//! Asks for the picture of an alarm that comes without one.
//!
//! Whoever stores an arrival asks here first: the alert of an alarm whose picture can be fetched waits for it, for a short
//! time. The pictures are fetched in another room (`cameras/pictures.rs`), which takes the requests from the queue.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tipoff_model::{Camera, Device, Envelope, Event, IncidentId, LoginProof, Protocol, Timestamp};
use tipoff_spool::NewArrival;
use tokio::sync::mpsc;
use url::Url;

use super::access::DeviceResolver;
use crate::config::PictureSource;
use crate::runtime::lock::lock;

/// Requests that wait; a further alarm is alerted at once, without a picture.
const WAITING_MAX: usize = 256;
/// The longest that an alert waits for a picture that only the alarm names.
const WAIT: Duration = Duration::from_millis(1_500);
/// Devices whose state is remembered.
const STATES_MAX: usize = 20_000;

/// A picture that is wanted.
#[derive(Clone, Debug)]
pub(crate) struct PictureRequest {
    pub(crate) source: PictureSource,
    /// The address of the picture that the alarm itself names.
    pub(crate) given: Option<Url>,
    /// Of whom it is.
    pub(crate) device: Device,
    /// Who sent the alarm.
    pub(crate) envelope: Envelope,
    pub(crate) event: Event,
    pub(crate) vendor: Option<&'static str>,
    /// The channel of a recorder.
    pub(crate) camera: Option<Camera>,
    /// The incident that it belongs to; `None` if it is one of its own.
    pub(crate) incident: Option<IncidentId>,
}

/// How fetching the pictures of a device went last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PictureState {
    /// When.
    pub(crate) at: Timestamp,
    /// Why there was none; `None` if there was one.
    pub(crate) fault: Option<String>,
    /// Whether nothing is asked again with this source, because the device refuses the login.
    pub(crate) refused_by: Option<PictureSource>,
}

/// Takes requests for pictures, and knows how they went. Cheap to clone.
#[derive(Clone)]
pub(crate) struct PictureRequests(Arc<Shared>);

struct Shared {
    queue_tx: mpsc::Sender<PictureRequest>,
    /// The other end, until it is taken.
    queue_rx: Mutex<Option<mpsc::Receiver<PictureRequest>>>,
    /// By the key of the device.
    states: Mutex<HashMap<String, PictureState>>,
}

impl Default for PictureRequests {
    fn default() -> Self {
        let (queue_tx, queue_rx) = mpsc::channel(WAITING_MAX);
        let queue_rx = Mutex::new(Some(queue_rx));
        Self(Arc::new(Shared { queue_tx, queue_rx, states: Mutex::default() }))
    }
}

/// A request that has a place in the queue, before its alarm is stored.
pub(super) struct PlannedPicture {
    place: mpsc::OwnedPermit<PictureRequest>,
    source: PictureSource,
    given: Option<Url>,
}

impl PictureRequests {
    /// The end of the queue at which the requests come out. Only the first call gets it.
    pub(crate) fn take_queue(&self) -> Option<mpsc::Receiver<PictureRequest>> {
        lock(&self.0.queue_rx).take()
    }

    /// Notes how fetching the pictures of a device went.
    pub(crate) fn note(&self, device: &str, state: PictureState) {
        let mut states = lock(&self.0.states);
        if states.len() < STATES_MAX || states.contains_key(device) {
            states.insert(device.to_owned(), state);
        }
    }

    /// How fetching the pictures of a device went last.
    pub(crate) fn state(&self, device: &str) -> Option<PictureState> {
        lock(&self.0.states).get(device).cloned()
    }

    /// Plans a picture for an arrival that is about to be stored, and lets its alert wait for it. `None` if it needs
    /// none, or none can be had. `given` is the address that the alarm names.
    pub(super) fn plan(
        &self,
        resolver: &DeviceResolver,
        arrival: &mut NewArrival,
        given: Option<&str>,
    ) -> Option<PlannedPicture> {
        if !wants_picture(arrival) {
            return None;
        }
        let configured = resolver.picture_source(&arrival.device);
        let base = configured.as_ref().map(|source| &source.url);
        let peer = sender(&arrival.envelope);
        let given = given.and_then(|given| picture_address(given, base, peer));
        let source = configured.or_else(|| {
            let url = given.clone()?;
            let (stream, clip) = (None, None);
            Some(PictureSource {
                url,
                login: None,
                count: 1,
                every: WAIT,
                wait: WAIT,
                stream,
                clip,
            })
        })?;
        let is_refused = self
            .state(&arrival.device.key)
            .is_some_and(|state| state.refused_by.is_some_and(|it| it.has_access_of(&source)));
        if is_refused {
            return None;
        }
        let place = self.0.queue_tx.clone().try_reserve_owned().ok()?;
        arrival.ready_at = arrival.ready_at.max(arrival.received_at.after(source.wait));
        Some(PlannedPicture { place, source, given })
    }
}

impl PlannedPicture {
    /// The alarm is stored: the picture is fetched.
    pub(super) fn request(self, arrival: &AlarmOfPicture, incident: IncidentId) {
        let AlarmOfPicture { device, envelope, event, vendor, camera } = arrival.clone();
        let Self { place, source, given } = self;
        place.send(PictureRequest {
            source,
            given,
            device,
            envelope,
            event,
            vendor,
            camera,
            incident: Some(incident),
        });
    }
}

/// What a request has from its alarm.
#[derive(Clone)]
pub(super) struct AlarmOfPicture {
    device: Device,
    envelope: Envelope,
    event: Event,
    vendor: Option<&'static str>,
    camera: Option<Camera>,
}

impl AlarmOfPicture {
    pub(super) fn of(arrival: &NewArrival) -> Self {
        Self {
            device: arrival.device.clone(),
            envelope: arrival.envelope.clone(),
            event: arrival.event,
            vendor: arrival.vendor,
            camera: arrival.content.camera.clone(),
        }
    }
}

/// Whether an arrival is an alarm without a picture. What a device uploads is its picture, a video shows more than a
/// picture of a later moment, and what is sent late is over.
fn wants_picture(arrival: &NewArrival) -> bool {
    let is_alarm = match arrival.event {
        Event::Motion
        | Event::Person
        | Event::Vehicle
        | Event::Animal
        | Event::Doorbell
        | Event::Line
        | Event::Zone
        | Event::Sound
        | Event::Tamper
        | Event::Input
        | Event::Fire => true,
        // An alarm that says only its own words.
        Event::Other => arrival.envelope.protocol == Protocol::Http,
        _ => false,
    };
    is_alarm
        && arrival.envelope.protocol != Protocol::Ftp
        && !arrival.housekeeping
        && !arrival.content.late
        && !arrival.content.has_shots()
}

/// The address of the device that sent an alarm; `None` if it is not sure to be the device's: a broker's, or that of
/// somebody on this machine who has proven nothing.
fn sender(envelope: &Envelope) -> Option<IpAddr> {
    let peer = envelope.peer.to_canonical();
    let is_ours = peer.is_loopback() && envelope.proof != LoginProof::Proven;
    Some(peer).filter(|_| envelope.protocol != Protocol::Mqtt && !is_ours)
}

/// Whether an address may be that of a picture. What an alarm names is asked for with the owner's login, so it must not be
/// a command.
pub(crate) fn may_be_picture(url: &Url) -> bool {
    let path = tipoff_model::percent_decoded(url.path().as_bytes()).to_ascii_lowercase();
    let path = String::from_utf8_lossy(&path);
    let is_command =
        ["cgi", "goform", "onvif", "/set", "reboot"].iter().any(|it| path.contains(it));
    let has_ending = [".jpg", ".jpeg", ".png"].iter().any(|ending| path.ends_with(ending));
    let is_named = path.starts_with("/pi")
        || ["/picture", "/snapshot", "/snap", "/image"].iter().any(|it| path.contains(it));
    !is_command && (has_ending || is_named)
}

/// The address of a picture that an alarm names. It is only ever asked for at the device itself: at the address that sent
/// the alarm, or at the one in the configuration, which also takes the place of a host that is neither.
fn picture_address(given: &str, configured: Option<&Url>, peer: Option<IpAddr>) -> Option<Url> {
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
    let of_peer = || {
        let mut url = Url::parse("http://device/").ok()?;
        url.set_ip_host(peer?.to_canonical()).ok()?;
        Some(url)
    };
    let configured = configured.filter(|url| is_web(url)).cloned();
    let base = configured.clone().or_else(of_peer)?;
    let mut url = base.join(given).ok().filter(is_web)?;
    // What it says of a login is not the owner's word.
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let is_at = |other: Option<Url>| other.is_some_and(|other| other.host() == url.host());
    if is_at(configured.clone()) || is_at(of_peer()) {
        return Some(url);
    }
    let configured = configured?;
    url.set_scheme(configured.scheme()).ok()?;
    url.set_host(configured.host_str()).ok()?;
    url.set_port(configured.port()).ok()?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(given: &str, configured: Option<&str>) -> Option<String> {
        let configured = configured.map(|url| Url::parse(url).unwrap());
        let peer = "192.168.1.20".parse().unwrap();
        picture_address(given, configured.as_ref(), Some(peer)).map(String::from)
    }

    #[test]
    fn a_picture_is_only_asked_for_at_the_device() {
        let own = Some("http://192.168.1.20:80/picture?a");
        assert_eq!(
            address("http://192.168.1.20/picture?a", None).as_deref(),
            own.map(|_| "http://192.168.1.20/picture?a")
        );
        assert_eq!(address("/p?1", None).as_deref(), Some("http://192.168.1.20/p?1"));
        for elsewhere in
            ["http://10.0.0.1/p", "http://localhost:8080/p", "file:///etc/passwd", "//10.1.1.1/p"]
        {
            assert_eq!(address(elsewhere, None), None, "{elsewhere}");
        }
    }

    #[test]
    fn the_host_of_the_configuration_takes_the_place_of_another() {
        let camera = Some("https://cam.lan:8443/x");
        assert_eq!(
            address("http://cam:80/p?1", camera).as_deref(),
            Some("https://cam.lan:8443/p?1")
        );
        assert_eq!(address("/p?1", camera).as_deref(), Some("https://cam.lan:8443/p?1"));
        assert_eq!(
            address("http://u:p@192.168.1.20/p", camera).as_deref(),
            Some("http://192.168.1.20/p")
        );
        assert_eq!(address("gopher://cam/p", camera), None);
        assert_eq!(
            address("/p", Some("rtsp://cam.lan/x")).as_deref(),
            Some("http://192.168.1.20/p")
        );
    }

    #[test]
    fn a_command_is_no_picture() {
        let may_be =
            |path: &str| may_be_picture(&Url::parse("http://cam").unwrap().join(path).unwrap());
        for path in [
            "/pi1?a",
            "/picture/Streaming/tracks/103?name=1",
            "/a/1.JPG",
            "/ISAPI/Streaming/channels/101/picture",
        ] {
            assert!(may_be(path), "{path}");
        }
        for path in [
            "/cgi-bin/magicBox.cgi?action=reboot",
            "/cgi-bin/magicBox.cgi/x.jpg?action=reboot",
            "/%63gi-bin/a.jpg",
            "/ISAPI/System/reboot?x",
            "/ISAPI/System/factoryReset",
            "/param.cgi/snap.jpg?cmd=set",
            "/",
        ] {
            assert!(!may_be(path), "{path}");
        }
    }

    #[test]
    fn a_broker_and_a_stranger_on_this_machine_are_no_device() {
        let envelope = |protocol, peer: &str, proof| Envelope {
            protocol,
            peer: peer.parse().unwrap(),
            login: None,
            proof,
            greeting: None,
            sender: String::new(),
            recipients: Vec::new(),
            tls: false,
            path: None,
        };
        let (proven, unproven) = (LoginProof::Proven, LoginProof::Unproven);
        assert!(sender(&envelope(Protocol::Http, "192.168.1.20", unproven)).is_some());
        assert!(sender(&envelope(Protocol::Http, "127.0.0.1", proven)).is_some());
        assert!(sender(&envelope(Protocol::Http, "::ffff:127.0.0.1", unproven)).is_none());
        assert!(sender(&envelope(Protocol::Mqtt, "192.168.1.5", proven)).is_none());
    }
}
