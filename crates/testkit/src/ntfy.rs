//! An ntfy server (docs.ntfy.sh/publish): checks what is published as the real one does, answers with
//! its own errors, and records the messages that it took.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::response::Response;
use serde_json::json;

use crate::standin::{Line, Log, Script, Server, answer};

/// A longer message becomes a file.
const MESSAGE_BYTES_MAX: usize = 4096;
/// What proxies before a server take of an address.
const ADDRESS_BYTES_MAX: usize = 8000;

/// `DefaultDisallowedTopics` in server/config.go.
const DISALLOWED: &[&str] =
    &["docs", "static", "file", "app", "metrics", "account", "settings", "signup", "login", "v1"];

/// What it asks for.
#[derive(Clone, Debug)]
pub struct Options {
    /// The header `Authorization` that may write; none: everybody may.
    pub login: Option<String>,
    /// The largest file.
    pub file_bytes_max: usize,
    /// Whether files are taken at all.
    pub files: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { login: None, file_bytes_max: 15 << 20, files: true }
    }
}

/// A message that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// The topic.
    pub topic: String,
    /// The title; empty: the topic's name is shown.
    pub title: String,
    /// What people read.
    pub message: String,
    /// The file's name and bytes.
    pub file: Option<(String, Vec<u8>)>,
    /// From 1 to 5.
    pub priority: u8,
    /// In order.
    pub tags: Vec<String>,
    /// What a tap opens.
    pub click: String,
    /// The buttons: what each does, its words, its address.
    pub actions: Vec<Vec<String>>,
}

/// A running server; it ends when this is dropped.
pub struct Ntfy {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    script: Script,
    log: Log<Published>,
    options: Options,
}

impl Ntfy {
    /// Starts one.
    pub async fn start(options: Options) -> io::Result<Self> {
        let (script, log) = (Script::default(), Log::default());
        let shared = Arc::new(Shared { script, log, options });
        let router = Router::new().fallback(take).with_state(Arc::clone(&shared));
        Ok(Self { server: Server::start(router).await?, shared })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// How requests are met.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// The messages that were taken.
    pub fn log(&self) -> &Log<Published> {
        &self.shared.log
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Query(parameters): Query<Vec<(String, String)>>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let login = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (topic, address) = (head.uri.path().trim_start_matches('/'), head.uri.to_string());
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return error(400, 40000, "the body broke off");
    };
    let taken = publish(&shared.options, login, topic, &address, &parameters, body.to_vec());
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    match taken {
        Ok(published) => {
            let told = json!({ "id": "x", "event": "message", "topic": published.topic });
            shared.log.push(published);
            answer(200, &[], told.to_string())
        }
        Err((code, words)) => error(u16::try_from(code / 100).unwrap_or(500), code, words),
    }
}

fn error(status: u16, code: u32, words: &str) -> Response {
    answer(status, &[], json!({ "code": code, "http": status, "error": words }).to_string())
}

type Refusal = (u32, &'static str);

fn publish(
    options: &Options,
    login: Option<&str>,
    topic: &str,
    address: &str,
    parameters: &[(String, String)],
    body: Vec<u8>,
) -> Result<Published, Refusal> {
    let is_of_topic = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if topic.is_empty() || topic.len() > 64 || !topic.bytes().all(is_of_topic) {
        return Err((40401, "page not found"));
    }
    if DISALLOWED.contains(&topic) {
        return Err((40010, "invalid request: topic name is not allowed"));
    }
    if options.login.is_some() && options.login.as_deref() != login {
        return Err(if login.is_some() { (40101, "unauthorized") } else { (40301, "forbidden") });
    }
    if address.len() > ADDRESS_BYTES_MAX {
        return Err((41400, "the address is too long"));
    }
    let mut published = Published { topic: topic.to_owned(), priority: 3, ..Published::default() };
    let mut file_name = String::new();
    for (name, value) in parameters {
        match name.as_str() {
            "title" => published.title.clone_from(value),
            // `parsePublishParams` in server/server.go; `readParam` trims.
            "message" => published.message = value.trim().replace("\\n", "\n"),
            "filename" => file_name.clone_from(value),
            "click" => published.click.clone_from(value),
            "actions" => published.actions = actions(value)?,
            "tags" => published.tags = value.split(',').map(str::to_owned).collect(),
            "priority" => match value.parse() {
                Ok(priority @ 1..=5) => published.priority = priority,
                _ => return Err((40007, "invalid priority parameter")),
            },
            _ => return Err((40000, "no such parameter")),
        }
    }
    if file_name.is_empty() && body.len() <= MESSAGE_BYTES_MAX {
        let text = String::from_utf8(body).map_err(|_| (40011, "message must be UTF-8 encoded"))?;
        published.message = if text.is_empty() { "triggered".to_owned() } else { text };
        return Ok(published);
    }
    if !options.files {
        return Err((40014, "invalid request: attachments not allowed"));
    }
    if body.len() > options.file_bytes_max {
        return Err((41301, "attachment too large, or bandwidth limit reached"));
    }
    if published.message.is_empty() {
        published.message = format!("You received a file: {file_name}");
    }
    published.file = Some((file_name, body));
    Ok(published)
}

/// docs.ntfy.sh/publish, "Action buttons", in their short form, as server/actions.go reads it; and stricter where
/// an app could do nothing with an address.
fn actions(value: &str) -> Result<Vec<Vec<String>>, Refusal> {
    const INVALID: Refusal = (40018, "invalid request: actions invalid");
    let parts = |action: &str| action.split(',').map(|part| part.trim().to_owned()).collect();
    let actions: Vec<Vec<String>> = value.split(';').map(parts).collect();
    let is_known = |it: &String| {
        let known = ["clear=true", "method=", "body=", "headers.", "extras.", "intent="];
        known.iter().any(|key| it.starts_with(key))
    };
    let is_good = |action: &Vec<String>| match action.as_slice() {
        [kind, label, url, more @ ..] if kind == "view" || kind == "http" => {
            let is_plain = !label.is_empty() && !label.contains(['=', '"', '\'']);
            is_plain && url.contains("://") && more.iter().all(is_known)
        }
        [kind, label, more @ ..] if kind == "broadcast" => {
            !label.is_empty() && more.iter().all(is_known)
        }
        // What newer servers know.
        [kind, label, _] if kind == "copy" => !label.is_empty(),
        _ => false,
    };
    if actions.len() > 3 || !actions.iter().all(is_good) { Err(INVALID) } else { Ok(actions) }
}
