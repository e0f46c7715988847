//! An incoming webhook of a Mattermost server (server/channels/web/webhook.go and app/webhook.go):
//! checks posts, answers with Mattermost's own errors, and records what it took.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use crate::standin::{Line, Log, Script, Server, answer};

/// The path of the one webhook that there is.
pub const PATH: &str = "/hooks/k3yk3yk3yk3yk3yk3yk3yk3yk3";

/// A post; longer ones are cut in two, which an alert is not to be.
const TEXT_CHARS_MAX: usize = 16_383;
const FIELDS: &[&str] =
    &["text", "username", "icon_url", "channel", "attachments", "priority", "silent"];

/// A running server; it ends when this is dropped.
pub struct Mattermost {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    script: Script,
    log: Log<Value>,
    no_priorities: AtomicBool,
}

impl Mattermost {
    /// Starts one.
    pub async fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route(PATH, post(take))
            .fallback(async || fault(400, "web.incoming_webhook.invalid", "Invalid webhook."))
            .with_state(Arc::clone(&shared));
        Ok(Self { server: Server::start(router).await?, shared })
    }

    /// The webhook's address.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.server.address())
    }

    /// Refuses posts with a priority from now on.
    pub fn know_no_priorities(&self) {
        self.shared.no_priorities.store(true, Ordering::Relaxed);
    }

    /// How requests are met.
    pub fn script(&self) -> &Script {
        &self.shared.script
    }

    /// The posts that were taken.
    pub fn log(&self) -> &Log<Value> {
        &self.shared.log
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(line): ConnectInfo<Line>,
    body: Bytes,
) -> Response {
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    let post: Value = serde_json::from_slice(&body).unwrap_or_default();
    if let Err(words) = check(&post) {
        return fault(400, "web.incoming_webhook.parse", words);
    }
    let field = |name: &str| post.get(name).unwrap_or(&Value::Null);
    if field("channel") == "nowhere" {
        return fault(404, "web.incoming_webhook.channel", "Couldn't find the channel.");
    }
    if shared.no_priorities.load(Ordering::Relaxed) && !field("priority").is_null() {
        return fault(500, "api.post.create_webhook_post.creating", "Error creating post.");
    }
    shared.log.push(post);
    answer(200, &[], "ok".to_owned())
}

fn check(post: &Value) -> Result<(), &'static str> {
    let fields = post.as_object().ok_or("Unable to parse incoming data.")?;
    if fields.keys().any(|name| !FIELDS.contains(&name.as_str())) {
        return Err("An unknown field.");
    }
    let text = post["text"].as_str().unwrap_or_default();
    if text.is_empty() && post["attachments"].is_null() {
        return Err("No text specified.");
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err("It would be cut in two.");
    }
    for attachment in post["attachments"].as_array().into_iter().flatten() {
        let has = |name: &str| attachment[name].as_str().is_some_and(|it| !it.is_empty());
        if !has("fallback") || !has("image_url") {
            return Err("An attachment without its fallback or its picture.");
        }
    }
    let priority = &post["priority"];
    let known = ["important", "urgent"];
    if !priority.is_null() && !known.iter().any(|it| *priority == json!({ "priority": it })) {
        return Err("Setting the priority of a post is required to use priority.");
    }
    // Text of a camera must mention nobody: neither in Mattermost's own form nor in Slack's.
    if calls_somebody(text) || calls_somebody(&post["attachments"].to_string()) {
        return Err("It calls somebody.");
    }
    Ok(())
}

/// A mention is an @ and a letter; `<!channel>` is understood as one.
fn calls_somebody(text: &str) -> bool {
    let mut mentions = text.split('@').skip(1);
    text.contains("<!") || mentions.any(|it| it.starts_with(char::is_alphanumeric))
}

fn fault(status: u16, id: &str, words: &str) -> Response {
    let told = json!({
        "id": format!("{id}.app_error"),
        "message": words,
        "detailed_error": "",
        "request_id": "hoan6o9ws7rp5xj7wu9rmysrte",
        "status_code": status,
    });
    answer(status, &[], told.to_string())
}
