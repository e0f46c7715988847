//! A server that webhooks are sent to: takes every POST and records it.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::standin::{Line, Log, Script, Server};

/// A running receiver; it ends when this is dropped.
pub struct Webhook {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    script: Script,
    log: Log<Call>,
    keep_bodies: bool,
}

/// A request that was taken.
#[derive(Clone, Debug)]
pub struct Call {
    /// POST, hopefully.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// By lower-case name.
    pub headers: BTreeMap<String, String>,
    /// Whole; empty where bodies are not kept.
    pub body: Vec<u8>,
    /// Its length.
    pub body_bytes: u64,
    /// When it was there to its end.
    pub at: Instant,
}

impl Webhook {
    /// Starts one that keeps what it is sent.
    pub async fn start() -> io::Result<Self> {
        Self::start_with(true).await
    }

    /// Starts one; without bodies kept it can be sent as much as one likes.
    pub async fn start_with(keep_bodies: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared { keep_bodies, ..Shared::default() });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        Ok(Self { server: Server::start(router).await?, shared })
    }

    /// An address to send to.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.server.address())
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// How requests are met.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// The requests that were taken.
    pub fn log(&self) -> &Log<Call> {
        &self.shared.log
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok((body, body_bytes)) = read(body, shared.keep_bodies).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    shared.log.push(Call {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: by_name(&head.headers),
        body,
        body_bytes,
        at: Instant::now(),
    });
    StatusCode::OK.into_response()
}

/// Reads a body to its end.
async fn read(body: Body, keep: bool) -> Result<(Vec<u8>, u64), axum::Error> {
    if keep {
        let body = to_bytes(body, usize::MAX).await?;
        return Ok((body.to_vec(), body.len() as u64));
    }
    let mut stream = body.into_data_stream();
    let mut bytes = 0;
    loop {
        let next = std::future::poll_fn(|cx| {
            futures_util::Stream::poll_next(std::pin::Pin::new(&mut stream), cx)
        });
        match next.await {
            Some(chunk) => bytes += chunk?.len() as u64,
            None => return Ok((Vec::new(), bytes)),
        }
    }
}

fn by_name(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}
