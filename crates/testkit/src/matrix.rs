//! A Matrix homeserver with one open room: checks each request as the client-server API wants it and
//! records the events that it took. For what a real server cannot be made to answer.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::any;
use serde_json::{Value, json};

use crate::standin::{Line, Log, Script, Server, answer, lock};

/// The token of the one user.
pub const TOKEN: &str = "syt_dGlwb2Zm_token";
/// The one room.
pub const ROOM: &str = "!room:example.org";
/// "Size limits": of an event, with some room for what the server adds.
const EVENT_BYTES_MAX: usize = 64_000;

/// A running server; it ends when this is dropped.
pub struct Matrix {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    script: Script,
    requests: Log<String>,
    events: Log<Value>,
    /// The number of the event that each transaction has made.
    transactions: std::sync::Mutex<HashMap<String, usize>>,
}

impl Matrix {
    /// Starts one.
    pub async fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/_matrix/{*path}", any(take))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        Ok(Self { server: Server::start(router).await?, shared })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// How requests are met, whatever they ask for.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// Method and path of each request, without what is different each time.
    pub fn requests(&self) -> &Log<String> {
        &self.shared.requests
    }

    /// The contents of the events in the room.
    pub fn events(&self) -> &Log<Value> {
        &self.shared.events
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(path): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path: Vec<&str> = path.split('/').collect();
    let known = path.get(..5).unwrap_or(&path).join("/");
    shared.requests.push(format!("{method} {known}"));
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
    if bearer != Some(&format!("Bearer {TOKEN}")) {
        return told(401, json!({ "errcode": "M_UNKNOWN_TOKEN", "error": "Unknown token" }));
    }
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok());
    match (method.as_str(), path.as_slice()) {
        ("POST", ["client", "v3", "join", ROOM]) => told(200, json!({ "room_id": ROOM })),
        ("GET", ["client", "v3", "rooms", ROOM, "state", "m.room.encryption", ""]) => {
            told(404, json!({ "errcode": "M_NOT_FOUND", "error": "Event not found" }))
        }
        ("POST", ["media", "v3", "upload"]) => {
            let is_named = uri.query().is_some_and(|query| query.starts_with("filename="));
            if !is_named || content_type.is_none() {
                return bad("no name or no type");
            }
            told(200, json!({ "content_uri": format!("mxc://example.org/{}", body.len()) }))
        }
        ("PUT", ["client", "v3", "rooms", ROOM, "send", "m.room.message", transaction]) => {
            put(&shared, transaction, &body)
        }
        _ => told(404, json!({ "errcode": "M_UNRECOGNIZED", "error": "Unrecognized request" })),
    }
}

/// "Transaction identifiers": one that was seen answers what it answered then.
fn put(shared: &Shared, transaction: &str, body: &[u8]) -> Response {
    let Ok(content @ Value::Object(_)) = serde_json::from_slice(body) else {
        return told(400, json!({ "errcode": "M_NOT_JSON", "error": "Content not JSON." }));
    };
    if body.len() > EVENT_BYTES_MAX {
        return told(413, json!({ "errcode": "M_TOO_LARGE", "error": "event too large" }));
    }
    let text = |key: &str| content.get(key).and_then(Value::as_str).unwrap_or_default();
    let has = |key: &str| !text(key).is_empty();
    let is_file = ["m.image", "m.video", "m.file"].contains(&text("msgtype"));
    if !has("body") || !has("msgtype") || is_file && !(has("url") && has("filename")) {
        return bad("something is missing");
    }
    if !content.get("m.mentions").is_some_and(Value::is_object)
        || has("format") != has("formatted_body")
    {
        return bad("something is half there");
    }
    let mut transactions = lock(&shared.transactions);
    let number = *transactions.entry(transaction.to_owned()).or_insert_with(|| {
        shared.events.push(content);
        shared.events.len()
    });
    told(200, json!({ "event_id": format!("${number}") }))
}

fn bad(words: &str) -> Response {
    told(400, json!({ "errcode": "M_BAD_JSON", "error": words }))
}

fn told(status: u16, body: Value) -> Response {
    answer(status, &[], body.to_string())
}
