//! A stand-in for cameras: what clients ask them for over HTTP (pictures, streams of events, settings), with strict
//! logins. Made of the vendors' documents and of what clients in public repositories expect.

mod dahua;
mod hikvision;
mod http;
mod login;
mod onvif;
mod reolink;
mod routes;
mod server;
mod stream;
#[cfg(test)]
mod tests;
mod xml;

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

pub use self::hikvision::PictureFault;
pub use self::http::Request;
use self::login::{Account, Logins};
pub use self::login::{Algorithm, Digest, Scheme};
pub use self::onvif::{Notification, Onvif, OnvifLogin};
use self::server::Network;
use self::stream::StreamHub;
pub use self::stream::{Part, StreamForm};
use crate::standin::{Log, lock};

/// How long the methods that wait do so, at most.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whose interface a camera has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vendor {
    /// ISAPI.
    Hikvision,
    /// The HTTP API of `/cgi-bin`.
    Dahua,
    /// `/cgi-bin/api.cgi`, with the login in the address.
    Reolink,
    /// `/axis-cgi/jpg/image.cgi`.
    Axis,
    /// `/snap.jpg`, and nothing else.
    #[default]
    Plain,
}

/// What a camera is like.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose interface it has. All have `/snap.jpg`.
    pub vendor: Vendor,
    /// Its only user.
    pub user: String,
    /// The user's password.
    pub password: String,
    /// The logins that it offers, the preferred one first; none: no login is needed.
    pub schemes: Vec<Scheme>,
    /// How often a nonce may be used; a further use is answered with `stale=true`.
    pub nonce_uses_max: Option<usize>,
    /// Wrong passwords after which the account is locked, for the right password too.
    pub failures_max: Option<usize>,
    /// Added to each answer to a request with a login that fits.
    pub delay: Duration,
    /// Whether connections stay open after an answer.
    pub keeps_alive: bool,
    /// How its streams are written.
    pub stream: StreamForm,
    /// What is wrong with Hikvision's pictures.
    pub picture_fault: PictureFault,
    /// What its ONVIF interface is like; `None`: it has none.
    pub onvif: Option<Onvif>,
    /// Number of the first channel; some firmware of Dahua has 0.
    pub first_channel: u32,
    /// Whether it says that it takes a setting, and keeps the old one.
    pub ignores_settings: bool,
}

impl Options {
    /// A camera with ONVIF, and nothing else but `/snap.jpg`.
    pub fn onvif() -> Self {
        Self { onvif: Some(Onvif::default()), ..Self::default() }
    }

    /// A camera of this vendor as it is sold: Digest with MD5 and `qop="auth"`.
    pub fn of(vendor: Vendor) -> Self {
        let stream = match vendor {
            Vendor::Dahua => StreamForm::dahua(),
            _ => StreamForm::hikvision(),
        };
        Self { vendor, stream, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            vendor: Vendor::Plain,
            user: "admin".to_owned(),
            password: "Pass-word 1".to_owned(),
            schemes: vec![Scheme::Digest(Digest::default())],
            nonce_uses_max: None,
            failures_max: None,
            delay: Duration::ZERO,
            keeps_alive: true,
            stream: StreamForm::hikvision(),
            picture_fault: PictureFault::None,
            onvif: None,
            first_channel: 1,
            ignores_settings: false,
        }
    }
}

/// What all connections share.
struct State {
    options: Options,
    account: Mutex<Account>,
    logins: Mutex<Logins>,
    delay: Mutex<Duration>,
    picture: Mutex<Arc<[u8]>>,
    /// Requests for pictures that were let in.
    picture_requests: AtomicUsize,
    settings: Mutex<BTreeMap<String, String>>,
    subscriptions: Arc<onvif::Subscriptions>,
    address: SocketAddr,
    log: Log<Request>,
    faults: Mutex<Vec<String>>,
    streams: Arc<StreamHub>,
    backlog: Mutex<Vec<Part>>,
    is_silent: AtomicBool,
    network: watch::Sender<Network>,
    connections: AtomicUsize,
    open: watch::Sender<usize>,
}

impl State {
    fn new(options: Options, address: SocketAddr) -> Self {
        let account = Account {
            user: options.user.clone(),
            password: options.password.clone(),
            realm: match options.vendor {
                Vendor::Dahua => "Login to 7A01B2CPAG00001".to_owned(),
                Vendor::Reolink => "Reolink".to_owned(),
                Vendor::Axis => "AXIS_ACCC8E000001".to_owned(),
                Vendor::Hikvision | Vendor::Plain => "IP Camera(C1234)".to_owned(),
            },
            schemes: options.schemes.clone(),
            nonce_uses_max: options.nonce_uses_max,
            failures_max: options.failures_max,
        };
        let settings = match options.vendor {
            Vendor::Hikvision => hikvision::settings(),
            Vendor::Dahua => dahua::settings(),
            Vendor::Reolink => reolink::settings(),
            Vendor::Axis | Vendor::Plain => BTreeMap::new(),
        };
        Self {
            account: Mutex::new(account),
            logins: Mutex::default(),
            delay: Mutex::new(options.delay),
            picture: Mutex::new(PICTURE.into()),
            picture_requests: AtomicUsize::new(0),
            settings: Mutex::new(settings),
            subscriptions: Arc::default(),
            address,
            log: Log::default(),
            faults: Mutex::default(),
            streams: Arc::new(StreamHub::new()),
            backlog: Mutex::default(),
            is_silent: AtomicBool::new(false),
            network: watch::Sender::default(),
            connections: AtomicUsize::new(0),
            open: watch::Sender::default(),
            options,
        }
    }
}

/// A JPEG of 64 by 48 pixels, which cameras show until they are given another one.
pub const PICTURE: &[u8] = include_bytes!("camera/yard.jpg");

/// A running camera; it ends when this is dropped, and its connections break.
pub struct Camera {
    state: Arc<State>,
    address: SocketAddr,
    task: AbortHandle,
}

impl Camera {
    /// Starts a camera on a free port of 127.0.0.1.
    pub async fn start(options: Options) -> io::Result<Self> {
        Self::start_on(options, (Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Starts a camera on this address.
    pub async fn start_on(options: Options, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new(options, address));
        let task = tokio::spawn(server::accept(listener, Arc::clone(&state))).abort_handle();
        Ok(Self { state, address, task })
    }

    /// `http://` with address and port, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Address and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far. Those of streams are among them once the stream has begun.
    pub fn requests(&self) -> Vec<Request> {
        self.state.log.all()
    }

    /// The requests, with a method to wait for some.
    pub fn log(&self) -> &Log<Request> {
        &self.state.log
    }

    /// What clients did that is not HTTP/1.1 as cameras understand it.
    pub fn faults(&self) -> Vec<String> {
        lock(&self.state.faults).clone()
    }

    /// Connections that were made so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// Connections that are open.
    pub fn open_connections(&self) -> usize {
        *self.state.open.borrow()
    }

    /// Waits until this many connections are open; `false` if they are not within 20 s.
    pub async fn wait_for_open_connections(&self, count: usize) -> bool {
        reaches(self.state.open.subscribe(), count).await
    }

    /// Streams that are open.
    pub fn open_streams(&self) -> usize {
        *self.state.streams.count().borrow()
    }

    /// Streams that were opened so far.
    pub fn opened_streams(&self) -> usize {
        self.state.streams.opened()
    }

    /// Waits until this many streams are open; `false` if they are not within 20 s.
    pub async fn wait_for_streams(&self, count: usize) -> bool {
        reaches(self.state.streams.count(), count).await
    }

    /// Sends a part to all open streams.
    pub fn push_event(&self, part: Part) {
        self.push_bytes(part.bytes(&self.state.options.stream));
    }

    /// Sends bytes as they are to all open streams, such as a part of a part.
    pub fn push_bytes(&self, bytes: impl Into<Vec<u8>>) {
        self.state.streams.send(bytes.into());
    }

    /// The bytes of a part in the form of this camera's streams.
    pub fn bytes_of(&self, part: &Part) -> Vec<u8> {
        part.bytes(&self.state.options.stream)
    }

    /// Gives a notification to all subscriptions of ONVIF.
    pub fn notify(&self, notification: &Notification) {
        onvif::notify(&self.state, notification);
    }

    /// What each new subscription of ONVIF begins with, behind the state of everything.
    pub fn set_notification_backlog(&self, notifications: Vec<Notification>) {
        self.state.subscriptions.set_backlog(notifications);
    }

    /// Subscriptions of ONVIF that have not ended.
    pub fn subscriptions(&self) -> usize {
        self.state.subscriptions.count()
    }

    /// Ends all subscriptions of ONVIF, as a restart does.
    pub fn forget_subscriptions(&self) {
        self.state.subscriptions.clear();
    }

    /// Sets the camera's clock this much ahead of ours; negative: behind it.
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.state.subscriptions.set_clock_ahead(seconds);
    }

    /// What each new stream begins with, as cameras do that replay what they could not send.
    pub fn set_backlog(&self, parts: Vec<Part>) {
        *lock(&self.state.backlog) = parts;
    }

    /// Whether streams get no heartbeats, as if the network had lost the camera without a word.
    pub fn set_silent(&self, is_silent: bool) {
        self.state.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Resets all connections; new ones are accepted.
    pub fn break_connections(&self) {
        self.state.network.send_modify(|network| network.breaks += 1);
    }

    /// Resets all connections, also new ones, until this is called with `false`.
    pub fn set_down(&self, is_down: bool) {
        self.state.network.send_modify(|network| network.is_down = is_down);
    }

    /// Replaces the picture.
    pub fn set_picture(&self, jpeg: impl Into<Vec<u8>>) {
        *lock(&self.state.picture) = jpeg.into().into();
    }

    /// Replaces the password and unlocks the account.
    pub fn set_password(&self, password: &str) {
        lock(&self.state.account).password = password.to_owned();
        lock(&self.state.logins).unlock();
    }

    /// Replaces the time that is added to each answer.
    pub fn set_delay(&self, delay: Duration) {
        *lock(&self.state.delay) = delay;
    }

    /// Makes all nonces stale.
    pub fn expire_nonces(&self) {
        lock(&self.state.logins).expire_nonces();
    }

    /// Wrong logins so far.
    pub fn failures(&self) -> usize {
        lock(&self.state.logins).failures
    }

    /// Whether the account is locked.
    pub fn is_locked(&self) -> bool {
        lock(&self.state.logins).is_locked
    }

    /// Replaces a setting, as if somebody else had done it.
    pub fn set_setting(&self, name: &str, value: &str) {
        lock(&self.state.settings).insert(name.to_owned(), value.to_owned());
    }

    /// A setting: of Hikvision the XML by its path, of Dahua a value by its full name, of
    /// Reolink JSON by the command without `Get`.
    pub fn setting(&self, name: &str) -> Option<String> {
        lock(&self.state.settings).get(name).cloned()
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.task.abort();
        self.set_down(true);
    }
}

async fn reaches(mut counter: watch::Receiver<usize>, count: usize) -> bool {
    tokio::time::timeout(PATIENCE, counter.wait_for(|now| *now == count))
        .await
        .is_ok_and(|it| it.is_ok())
}
