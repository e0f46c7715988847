//! A Discord webhook (docs.discord.com/developers/resources/webhook): checks every limit that is
//! documented, answers with Discord's own errors, and records the messages that it took.

use std::io;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Multipart, Query, State};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use crate::standin::{Line, Shared, StandIn, answer};

/// The path of the one webhook that there is.
pub const PATH: &str = "/api/webhooks/1234567890/t0ken-t0ken";
/// The one thread that there is.
pub const THREAD: &str = "4711";

const CONTENT_CHARS_MAX: usize = 2000;
const DESCRIPTION_CHARS_MAX: usize = 4096;
const FILES_MAX: usize = 10;
const FILE_BYTES_MAX: usize = 10 << 20;
const ROWS_MAX: usize = 5;
const ROW_BUTTONS_MAX: usize = 5;
const LABEL_CHARS_MAX: usize = 80;
const URL_CHARS_MAX: usize = 512;
const REQUEST_BYTES_MAX: usize = 25 << 20;

/// A message that was taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posted {
    /// The message itself.
    pub content: String,
    /// The embed's text.
    pub description: String,
    /// Names and sizes, in order.
    pub files: Vec<(String, usize)>,
    /// Whether it comes without a notification.
    pub silent: bool,
    /// The name of the sender; empty: the webhook's.
    pub username: String,
    /// The thread: its number, or the name of one that the message begins in a forum; empty: none.
    pub thread: String,
    /// The rows of buttons, each with its label and address.
    pub buttons: Vec<Vec<(String, String)>>,
}

/// A running stand-in. Dropping it stops it.
pub struct Discord(StandIn<Posted>);

impl Deref for Discord {
    type Target = StandIn<Posted>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Discord {
    /// Starts one.
    pub async fn start() -> io::Result<Self> {
        let routes = Router::new()
            .route(PATH, post(execute))
            .fallback(async || fault(404, 10015, "Unknown Webhook"))
            .layer(DefaultBodyLimit::disable());
        StandIn::start(routes, PATH).await.map(Self)
    }
}

async fn execute(
    State(shared): State<Arc<Shared<Posted>>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Query(parameters): Query<Vec<(String, String)>>,
    form: Multipart,
) -> Response {
    let taken = read(&parameters, form).await;
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    match taken {
        // "Usernames and Nicknames".
        Ok(posted) if ["clyde", "discord"].iter().any(|it| posted.username.contains(it)) => {
            let words = "Username cannot contain \"discord\"";
            let code =
                json!({ "_errors": [{ "code": "USERNAME_INVALID_CONTAINS", "message": words }] });
            let errors = json!({ "username": code });
            let told = json!({ "code": 50035, "message": "Invalid Form Body", "errors": errors });
            answer(400, &[], told.to_string())
        }
        Ok(posted) => {
            shared.log.push(posted);
            answer(200, &[], json!({ "id": "1", "type": 0 }).to_string())
        }
        Err((status, code, words)) => fault(status, code, words),
    }
}

fn fault(status: u16, code: u32, words: &str) -> Response {
    answer(status, &[], json!({ "code": code, "message": words }).to_string())
}

type Refusal = (u16, u32, &'static str);

const INVALID: Refusal = (400, 50035, "Invalid Form Body");
const TOO_LARGE: Refusal = (413, 40005, "Request entity too large");

async fn read(parameters: &[(String, String)], mut form: Multipart) -> Result<Posted, Refusal> {
    let mut posted = Posted::default();
    let mut with_components = false;
    for (name, value) in parameters {
        match (name.as_str(), value.as_str()) {
            ("wait", "true") => {}
            ("with_components", "true") => with_components = true,
            ("thread_id", THREAD) => posted.thread.clone_from(value),
            ("thread_id", _) => return Err((404, 10003, "Unknown Channel")),
            _ => return Err(INVALID),
        }
    }
    let mut bytes = 0;
    while let Some(field) = form.next_field().await.map_err(|_| INVALID)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "payload_json" {
            let payload = field.text().await.map_err(|_| INVALID)?;
            understand(&serde_json::from_str(&payload).map_err(|_| INVALID)?, &mut posted)?;
            continue;
        }
        if name != format!("files[{}]", posted.files.len()) {
            return Err(INVALID);
        }
        let file_name = field.file_name().unwrap_or_default().to_owned();
        let size = field.bytes().await.map_err(|_| INVALID)?.len();
        bytes += size;
        posted.files.push((file_name, size));
        if size > FILE_BYTES_MAX || bytes > REQUEST_BYTES_MAX {
            return Err(TOO_LARGE);
        }
    }
    // "Otherwise they'll be ignored": "Using Message Components".
    if !with_components {
        posted.buttons.clear();
    }
    if posted.files.len() > FILES_MAX {
        return Err(INVALID);
    }
    if posted.content.is_empty() && posted.description.is_empty() && posted.files.is_empty() {
        return Err((400, 50006, "Cannot send an empty message"));
    }
    Ok(posted)
}

fn understand(payload: &Value, posted: &mut Posted) -> Result<(), Refusal> {
    // Text of a camera must mention nobody.
    if payload["allowed_mentions"] != json!({ "parse": [] }) {
        return Err(INVALID);
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    posted.content = text(&payload["content"]);
    posted.username = text(&payload["username"]);
    let thread_name = text(&payload["thread_name"]);
    if !thread_name.is_empty() {
        // Both exclude each other.
        if !posted.thread.is_empty() || thread_name.chars().count() > 100 {
            return Err(INVALID);
        }
        posted.thread = thread_name;
    }
    posted.silent = payload["flags"] == 4096;
    if let Some(embeds) = payload["embeds"].as_array() {
        let [embed] = embeds.as_slice() else {
            return Err(INVALID);
        };
        posted.description = text(&embed["description"]);
        if posted.description.is_empty() {
            return Err(INVALID);
        }
    }
    if let Some(rows) = payload["components"].as_array() {
        posted.buttons = rows.iter().map(row).collect::<Result<_, _>>()?;
        if posted.buttons.len() > ROWS_MAX {
            return Err(INVALID);
        }
    }
    let long = |text: &str, max: usize| text.chars().count() > max;
    if long(&posted.content, CONTENT_CHARS_MAX) || long(&posted.description, DESCRIPTION_CHARS_MAX)
    {
        return Err(INVALID);
    }
    Ok(())
}

/// An action row. The webhook belongs to no app: it can have only buttons that open an address.
fn row(row: &Value) -> Result<Vec<(String, String)>, Refusal> {
    let buttons = row["components"].as_array().filter(|_| row["type"] == 1).ok_or(INVALID)?;
    let button = |button: &Value| {
        let text = |name: &str| button[name].as_str().unwrap_or_default().to_owned();
        let (label, url) = (text("label"), text("url"));
        let is_link = button["type"] == 2 && button["style"] == 5 && button["custom_id"].is_null();
        let fits = |text: &str, max| (1..=max).contains(&text.chars().count());
        let is_good = url.starts_with("http://") || url.starts_with("https://");
        if is_link && is_good && fits(&label, LABEL_CHARS_MAX) && fits(&url, URL_CHARS_MAX) {
            Ok((label, url))
        } else {
            Err(INVALID)
        }
    };
    if !(1..=ROW_BUTTONS_MAX).contains(&buttons.len()) {
        return Err(INVALID);
    }
    buttons.iter().map(button).collect()
}
