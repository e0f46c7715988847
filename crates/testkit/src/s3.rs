//! An S3 server over files, by the crate s3s-fs: it checks signatures, and knows byte ranges, conditional PUT
//! and multipart uploads. It can be killed, be slow or refuse, and counts requests.
//!
//! What it has answered is in the files and survives [`S3::kill`]. It does not sync them, so it
//! says nothing of a power cut.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::runtime::{Builder, Runtime};

use crate::network::Host;
use crate::ports::ReservedPort;
use crate::server_folder::ServerFolder;
use crate::standin::{Behaviour, Line, Script, Server, lock};

/// The only bucket.
pub const BUCKET: &str = "tipoff";
/// The access key ID.
pub const KEY_ID: &str = "AKIDTIPOFF";
/// The secret access key.
pub const SECRET: &str = "a-secret-for-tests";
/// How long what is under way may take to end when the server is killed.
const KILL_TIME: Duration = Duration::from_secs(5);

/// Requests by kind, also those that were refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// PutObject, CopyObject.
    pub put: u64,
    /// GetObject.
    pub get: u64,
    /// HeadObject, HeadBucket.
    pub head: u64,
    /// ListObjects and other requests about a whole bucket.
    pub list: u64,
    /// DeleteObject, DeleteObjects.
    pub delete: u64,
    /// The requests of multipart uploads: create, part, complete, abort.
    pub multipart: u64,
}

impl Counts {
    /// All requests.
    pub fn total(&self) -> u64 {
        self.put + self.get + self.head + self.list + self.delete + self.multipart
    }
}

/// A running server; its files are removed when this is dropped.
pub struct S3 {
    port: ReservedPort,
    /// The machine on which it runs. `None`: the test's own.
    host: Option<Host>,
    shared: Arc<Shared>,
    running: Mutex<Option<(Runtime, Server)>>,
    /// Dropped last.
    folder: ServerFolder,
}

#[derive(Default)]
struct Shared {
    script: Script,
    counters: [AtomicU64; KINDS],
}

impl S3 {
    /// Starts a server with an empty bucket.
    pub fn open() -> io::Result<Self> {
        Self::open_with(None)
    }

    /// The same on this machine.
    pub fn open_on(host: Host) -> io::Result<Self> {
        Self::open_with(Some(host))
    }

    fn open_with(host: Option<Host>) -> io::Result<Self> {
        let folder = ServerFolder::new()?;
        std::fs::create_dir(folder.path().join(BUCKET))?;
        let (port, shared) = (ReservedPort::new()?, Arc::default());
        let server = Self { port, host, shared, running: Mutex::new(None), folder };
        server.start()?;
        Ok(server)
    }

    /// Starts the killed server again, on its port and with its files.
    pub fn start(&self) -> io::Result<()> {
        let mut running = lock(&self.running);
        if running.is_some() {
            return Ok(());
        }
        let start = || self.start_here();
        let (runtime, server) = match &self.host {
            Some(host) => host.run(start)??,
            None => start()?,
        };
        *running = Some((runtime, server));
        Ok(())
    }

    /// Starts the server on the machine of this thread.
    fn start_here(&self) -> io::Result<(Runtime, Server)> {
        let files = FileSystem::new(self.folder.path())
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY_ID, SECRET));
        let state = (Arc::clone(&self.shared), service.build());
        let router = Router::new().fallback(respond).with_state(state);
        // Of its own, so that a kill ends its tasks and no others.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let (send, receive) = std::sync::mpsc::channel();
        let address = SocketAddr::from((self.address(), self.port()));
        runtime.spawn(async move { send.send(Server::start_on(router, address).await) });
        let server = receive.recv().map_err(io::Error::other)??;
        Ok((runtime, server))
    }

    fn address(&self) -> Ipv4Addr {
        self.host.as_ref().map_or(Ipv4Addr::LOCALHOST, Host::address)
    }

    /// Ends the server at once: connections break, requests under way get no answer.
    pub fn kill(&self) {
        let Some((runtime, server)) = lock(&self.running).take() else { return };
        // Not on this thread: a runtime must not wait for another one's end.
        let end = move || {
            drop(server);
            runtime.shutdown_timeout(KILL_TIME);
        };
        let _ = std::thread::spawn(end).join();
    }

    /// The endpoint; the bucket is the first part of the path.
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.address(), self.port())
    }

    /// The port; it never changes.
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// How the requests to come are met, for example by [`S3::unavailable`].
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// The answer of S3 to too many requests: 503, to be tried again.
    pub fn unavailable() -> Behaviour {
        Behaviour::answer(
            503,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code>\
             <Message>Please reduce your request rate.</Message></Error>",
        )
    }

    /// Requests since the first start.
    pub fn counts(&self) -> Counts {
        let [put, get, head, list, delete, multipart] =
            self.shared.counters.each_ref().map(|counter| counter.load(Ordering::SeqCst));
        Counts { put, get, head, list, delete, multipart }
    }

    /// Where the objects of the bucket are files, named by their keys.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.kill();
    }
}

/// In the order of [`Counts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Put,
    Get,
    Head,
    List,
    Delete,
    Multipart,
}

const KINDS: usize = 6;

impl Kind {
    /// By the request syntax of each operation in the Amazon S3 API Reference.
    fn of(method: &Method, uri: &Uri) -> Self {
        let has = |name: &str| {
            let mut names = uri.query().unwrap_or_default().split('&');
            names.any(|pair| pair.split('=').next() == Some(name))
        };
        if has("uploadId") || has("uploads") {
            return Self::Multipart;
        }
        let is_bucket = !uri.path().trim_matches('/').contains('/');
        match *method {
            Method::GET if is_bucket => Self::List,
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::DELETE => Self::Delete,
            Method::POST if has("delete") => Self::Delete,
            _ => Self::Put,
        }
    }
}

async fn respond(
    State((shared, service)): State<(Arc<Shared>, S3Service)>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let kind = Kind::of(request.method(), request.uri());
    if let Some(counter) = shared.counters.get(kind as usize) {
        counter.fetch_add(1, Ordering::SeqCst);
    }
    let behaviour = shared.script.take();
    if behaviour == Behaviour::Lost {
        // A cut connection ends the task that serves it: the request comes first.
        let response = serve(&service, request).await;
        line.cut();
        return response;
    }
    match behaviour.meet(&line).await {
        Some(answer) => answer,
        None => serve(&service, request).await,
    }
}

async fn serve(service: &S3Service, request: Request) -> Response {
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

#[cfg(test)]
mod tests;
