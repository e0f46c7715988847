//! Slack's Web API and one incoming webhook (docs.slack.dev): holds messages and uploads to what is
//! documented, shows a file a while after it was shared, and records the messages that it took.

mod hook;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use axum::{Form, Router};
use serde_json::{Value, json};

use crate::standin::{Line, Log, Script, Server, answer, lock};

/// The bot's token.
pub const TOKEN: &str = "xoxb-1234567890-s3cretS3cret";
/// The channel that the bot is in.
pub const CHANNEL: &str = "C0123456789";
/// A channel that it is not in.
pub const FOREIGN: &str = "C0000000001";
/// The path of the one webhook that there is.
pub const HOOK: &str = "/services/T0000001/B0000001/k3yk3yk3yk3y";

/// "Truncating really long messages": more is cut.
const TEXT_CHARS_MAX: usize = 40_000;
const FILE_BYTES_MAX: usize = 1 << 30;

/// A message that was taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posted {
    /// Its words, in Slack's markup.
    pub text: String,
    /// Names and sizes, in order.
    pub files: Vec<(String, usize)>,
    /// The message that it answers; empty: none.
    pub thread: String,
    /// Its own number; empty: the webhook took it.
    pub ts: String,
    /// The addresses of pictures that are shown by their link.
    pub pictures: Vec<String>,
}

/// A running stand-in. Dropping it stops it.
pub struct Slack {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    script: Script,
    log: Log<Posted>,
    state: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    base: String,
    uploads: HashMap<String, Upload>,
    /// How often files.info answers that a file is not shared yet; `None`: always.
    looks: Option<usize>,
    /// A scope that the app lacks.
    lacks: Option<&'static str>,
    /// A content type, by the end of its name, that this workspace does not take.
    forbidden: Option<&'static str>,
    /// Where uploads go instead of here.
    place: Option<String>,
}

struct Upload {
    name: String,
    length: usize,
    received: bool,
    /// The number of the message that it is in.
    ts: Option<String>,
    looks: usize,
}

impl Slack {
    /// Starts one that shows files the first time it is asked.
    pub async fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/api/{method}", post(call))
            .route("/upload/v1/{id}", post(upload))
            .route(HOOK, post(take))
            .fallback(async || answer(404, &[], "no_service".to_owned()))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let server = Server::start(router).await?;
        let slack = Self { server, shared };
        slack.change(|it| {
            it.base = format!("http://{}", slack.server.address());
            it.looks = Some(0);
        });
        Ok(slack)
    }

    fn change(&self, change: impl FnOnce(&mut Inside)) {
        change(&mut lock(&self.shared.state));
    }

    /// How often it answers that a file is not shared yet; `None`: always.
    pub fn show_after(&self, looks: Option<usize>) {
        self.change(|it| it.looks = looks);
    }

    /// Takes a scope from the app.
    pub fn lack(&self, scope: &'static str) {
        self.change(|it| it.lacks = Some(scope));
    }

    /// Takes no more files whose names end like this.
    pub fn forbid(&self, ending: &'static str) {
        self.change(|it| it.forbidden = Some(ending));
    }

    /// Names another place for uploads.
    pub fn send_uploads_to(&self, place: &str) {
        self.change(|it| it.place = Some(place.to_owned()));
    }

    /// The address of the Web API.
    pub fn api(&self) -> String {
        format!("http://{}/api", self.server.address())
    }

    /// The address of the webhook.
    pub fn hook(&self) -> String {
        format!("http://{}{HOOK}", self.server.address())
    }

    /// How requests are met.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// The messages that were taken.
    pub fn log(&self) -> &Log<Posted> {
        &self.shared.log
    }
}

type Fields = HashMap<String, String>;
/// An error, and the scope that is needed.
type Refusal = (&'static str, &'static str);

async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(method): Path<String>,
    request: Request,
) -> Response {
    let headers = request.headers().clone();
    let fields = read(request).await;
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    let said = match fields.and_then(|fields| serve(&shared, &method, &headers, &fields)) {
        Ok(said) => said,
        Err((error, "")) => json!({ "ok": false, "error": error }),
        Err((error, needed)) => {
            json!({ "ok": false, "error": error, "needed": needed, "provided": "chat:write" })
        }
    };
    answer(200, &[], said.to_string())
}

async fn read(request: Request) -> Result<Fields, Refusal> {
    // "Content types" of each method. None of them documents a form of parts.
    let form = Form::<Fields>::from_request(request, &()).await;
    form.map(|Form(fields)| fields).map_err(|_| ("invalid_form_data", ""))
}

fn serve(
    shared: &Shared,
    method: &str,
    headers: &HeaderMap,
    fields: &Fields,
) -> Result<Value, Refusal> {
    let token = headers.get("authorization").and_then(|it| it.to_str().ok());
    if token != Some(&format!("Bearer {TOKEN}")) {
        return Err(("invalid_auth", ""));
    }
    let (scope, known): (_, &[_]) = match method {
        "chat.postMessage" => (
            "chat:write",
            &["channel", "text", "thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media"],
        ),
        "files.getUploadURLExternal" => ("files:write", &["filename", "length"]),
        "files.completeUploadExternal" => {
            ("files:write", &["channel_id", "files", "initial_comment", "thread_ts"])
        }
        "files.info" => ("files:read", &["file"]),
        _ => return Err(("unknown_method", "")),
    };
    let mut inside = lock(&shared.state);
    if inside.lacks == Some(scope) {
        return Err(("missing_scope", scope));
    }
    if fields.keys().any(|name| !known.contains(&name.as_str())) {
        return Err(("invalid_arguments", ""));
    }
    match method {
        "chat.postMessage" => say(&shared.log, fields),
        "files.getUploadURLExternal" => inside.reserve(fields),
        "files.completeUploadExternal" => inside.complete(&shared.log, fields),
        _ => inside.info(fields),
    }
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

fn check(channel: &str, fields: &Fields, text: &str) -> Result<(), Refusal> {
    match channel {
        CHANNEL => {}
        FOREIGN => return Err(("not_in_channel", "")),
        _ => return Err(("channel_not_found", "")),
    }
    if fields.get("thread_ts").is_some_and(|ts| !ts.contains('.')) {
        return Err(("invalid_thread_ts", ""));
    }
    if calls_somebody(text) || text.chars().count() > TEXT_CHARS_MAX {
        return Err(("invalid_arguments", ""));
    }
    Ok(())
}

/// "Formatting message text": mentions are in brackets; what is not markup is escaped.
fn calls_somebody(text: &str) -> bool {
    let brackets = text.split('<').skip(1).any(|rest| !rest.starts_with("http"));
    let entities = text.split('&').skip(1);
    let mut entities = entities.map(|rest| ["amp;", "lt;", "gt;"].map(|it| rest.starts_with(it)));
    let words = ["@channel", "@here", "@everyone"].iter().any(|it| text.contains(it));
    brackets || words || entities.any(|it| !it.contains(&true))
}

fn number(log: &Log<Posted>) -> String {
    format!("1700000000.{:06}", log.len() + 1)
}

fn say(log: &Log<Posted>, fields: &Fields) -> Result<Value, Refusal> {
    let (text, ts) = (field(fields, "text"), number(log));
    check(field(fields, "channel"), fields, text)?;
    if text.is_empty() {
        return Err(("no_text", ""));
    }
    let quiet = ["reply_broadcast", "unfurl_links", "unfurl_media"];
    if quiet.iter().any(|name| field(fields, name) != "false") {
        return Err(("invalid_arguments", ""));
    }
    let thread = field(fields, "thread_ts").to_owned();
    log.push(Posted { text: text.to_owned(), thread, ts: ts.clone(), ..Posted::default() });
    Ok(json!({ "ok": true, "channel": CHANNEL, "ts": ts }))
}

impl Inside {
    fn reserve(&mut self, fields: &Fields) -> Result<Value, Refusal> {
        let name = field(fields, "filename").to_owned();
        let length: usize = field(fields, "length").parse().unwrap_or_default();
        if name.is_empty() || length == 0 {
            return Err(("missing_argument", ""));
        }
        if length > FILE_BYTES_MAX {
            return Err(("file_upload_size_restricted", ""));
        }
        if self.forbidden.is_some_and(|ending| name.ends_with(ending)) {
            return Err(("file_type_not_allowed", ""));
        }
        let id = format!("F{:09}", self.uploads.len() + 1);
        let place = self.place.clone().unwrap_or_else(|| format!("{}/upload/v1/{id}", self.base));
        let upload = Upload { name, length, received: false, ts: None, looks: 0 };
        self.uploads.insert(id.clone(), upload);
        Ok(json!({ "ok": true, "upload_url": place, "file_id": id }))
    }

    fn complete(&mut self, log: &Log<Posted>, fields: &Fields) -> Result<Value, Refusal> {
        let text = field(fields, "initial_comment");
        check(field(fields, "channel_id"), fields, text)?;
        let listed: Value = serde_json::from_str(field(fields, "files")).unwrap_or_default();
        let listed = listed.as_array().filter(|it| !it.is_empty());
        let ts = number(log);
        let mut files = Vec::new();
        let mut told = Vec::new();
        for file in listed.ok_or(("invalid_arguments", ""))? {
            let id = file["id"].as_str().unwrap_or_default();
            let upload = self.uploads.get_mut(id).filter(|it| it.received && it.ts.is_none());
            let upload = upload.ok_or(("file_not_found", ""))?;
            upload.ts = Some(ts.clone());
            files.push((upload.name.clone(), upload.length));
            // As it was before it was shared.
            told.push(json!({ "id": id, "title": file["title"], "shares": {} }));
        }
        let thread = field(fields, "thread_ts").to_owned();
        let text = text.to_owned();
        log.push(Posted { text, files, thread, ts, ..Posted::default() });
        Ok(json!({ "ok": true, "files": told }))
    }

    fn info(&mut self, fields: &Fields) -> Result<Value, Refusal> {
        let looks = self.looks;
        let upload = self.uploads.get_mut(field(fields, "file")).ok_or(("file_not_found", ""))?;
        upload.looks += 1;
        let shares = match (&upload.ts, looks) {
            (Some(ts), Some(looks)) if upload.looks > looks => {
                json!({ "private": { CHANNEL: [{ "ts": ts, "reply_count": 0 }] } })
            }
            _ => json!({}),
        };
        Ok(json!({ "ok": true, "file": { "id": fields["file"], "shares": shares } }))
    }
}

async fn upload(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    let mut inside = lock(&shared.state);
    let upload = inside.uploads.get_mut(&id);
    // The token is not for the place of uploads.
    let good = !headers.contains_key("authorization");
    match upload.filter(|it| good && !it.received && it.length == body.len()) {
        Some(upload) => {
            upload.received = true;
            answer(200, &[], format!("OK - {}", body.len()))
        }
        None => answer(400, &[], "bad upload".to_owned()),
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    let payload = serde_json::from_slice(&body).unwrap_or_default();
    match hook::understand(&headers, &payload) {
        Ok(posted) => {
            shared.log.push(posted);
            answer(200, &[], "ok".to_owned())
        }
        Err(error) => answer(400, &[], error.to_owned()),
    }
}
