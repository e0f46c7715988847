//! signal-cli-rest-api (github.com/bbernhard/signal-cli-rest-api) with one account: checks what is sent as
//! the real one does, styles its text as that does, answers in its words, and records what it took.

use std::io;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::standin::{Line, Shared, StandIn, answer};

/// The account that is registered.
pub const NUMBER: &str = "+491511234567";
/// "Maximum number of attachments allowed to be sent" of the apps.
const FILES_MAX: usize = 32;
/// What a message was sent at: it grows by one each time.
pub const TIMESTAMP: i64 = 1_767_225_600_000;
/// All that a request may have.
const FIELDS: &[&str] = &[
    "base64_attachments",
    "message",
    "number",
    "quote_author",
    "quote_message",
    "quote_timestamp",
    "recipients",
    "text_mode",
];

/// A message that was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// To whom.
    pub recipients: Vec<String>,
    /// Its text as it is shown.
    pub text: String,
    /// What of it is bold.
    pub bold: Vec<String>,
    /// Types, names and bytes of its files.
    pub files: Vec<(String, String, Vec<u8>)>,
    /// The timestamp, author and text of the message that it quotes.
    pub quote: Option<(i64, String, String)>,
}

/// A running server; it ends when this is dropped.
pub struct Signal(StandIn<Sent>);

impl Deref for Signal {
    type Target = StandIn<Sent>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Signal {
    /// Starts one.
    pub async fn start() -> io::Result<Self> {
        let routes = Router::new().route("/v2/send", post(take)).layer(DefaultBodyLimit::disable());
        StandIn::start(routes, "").await.map(Self)
    }
}

async fn take(
    State(shared): State<Arc<Shared<Sent>>>,
    ConnectInfo(line): ConnectInfo<Line>,
    body: Bytes,
) -> Response {
    let taken = read(&body);
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    match taken {
        Ok(sent) => {
            shared.log.push(sent);
            let timestamp = TIMESTAMP + i64::try_from(shared.log.len()).unwrap_or_default();
            answer(201, &[], json!([{ "timestamp": timestamp.to_string() }]).to_string())
        }
        Err(words) => answer(400, &[], json!({ "error": words }).to_string()),
    }
}

fn read(body: &[u8]) -> Result<Sent, String> {
    let invalid = || "Couldn't process request - invalid request".to_owned();
    let request: Value = serde_json::from_slice(body).map_err(|_| invalid())?;
    let request = request.as_object().ok_or_else(invalid)?;
    if let Some(unknown) = request.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        return Err(format!("no such field: {unknown}"));
    }
    let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |key: &str| -> Vec<String> {
        let values = request.get(key).and_then(Value::as_array).into_iter().flatten();
        values.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    if text("number") != NUMBER {
        return Err("Specified account does not exist".to_owned());
    }
    let recipients = list("recipients");
    if recipients.is_empty() {
        return Err("Couldn't process request - please provide at least one recipient".to_owned());
    }
    let files: Vec<_> = list("base64_attachments")
        .iter()
        .map(|data| file(data).ok_or("illegal base64 data at input byte 0".to_owned()))
        .collect::<Result<_, _>>()?;
    let message = text("message");
    if message.is_empty() && files.is_empty() {
        return Err("Sending empty message is not allowed, either a message, attachment or \
                    sticker must be given."
            .to_owned());
    }
    // Apps show one document only.
    let is_shown = |kind: &str| kind.starts_with("image/") || kind.starts_with("video/");
    let documents = files.iter().filter(|(kind, ..)| !is_shown(kind)).count();
    if files.len() > FILES_MAX || documents > 1 || documents == 1 && files.len() > 1 {
        return Err("not all files would be shown".to_owned());
    }
    if text("text_mode") != "styled" {
        return Err("the server's own setting would hold".to_owned());
    }
    let (text_shown, bold) = unstyled(&message)?;
    let timestamp = request.get("quote_timestamp").and_then(Value::as_i64);
    let quote = timestamp.map(|it| (it, text("quote_author"), text("quote_message")));
    Ok(Sent { recipients, text: text_shown, bold, files, quote })
}

/// `data:TYPE;filename=NAME;base64,…`, as the server takes it apart; its files' names are paths there.
fn file(data: &str) -> Option<(String, String, Vec<u8>)> {
    let (head, bytes) = data.rsplit_once(";base64,")?;
    let (kind, name) = head.strip_prefix("data:")?.split_once(";filename=")?;
    let is_path = name.contains(['/', '\\', ';', ',', '"']) || name.starts_with('.');
    if kind.contains(';') || is_path || name.len() > 255 || !name.contains('.') {
        return None;
    }
    let bytes = STANDARD.decode(bytes).ok().filter(|bytes| !bytes.is_empty())?;
    Some((kind.to_owned(), name.to_owned(), bytes))
}

/// The text mode "styled": a backslash before *, |, ~ or ` takes its meaning away; what is between two
/// pairs of ** is bold. All other styles are refused here, because we mean none.
fn unstyled(message: &str) -> Result<(String, Vec<String>), String> {
    let (mut shown, mut bold) = (String::new(), Vec::new());
    let mut begin = None;
    let mut rest = message.chars().peekable();
    while let Some(character) = rest.next() {
        match (character, rest.peek()) {
            ('\\', Some('*' | '|' | '~' | '`')) => shown.extend(rest.next()),
            ('*', Some('*')) => {
                rest.next();
                if rest.peek() == Some(&'*') {
                    return Err("bold and italic".to_owned());
                }
                match begin.take() {
                    None => begin = Some(shown.len()),
                    Some(from) => bold.push(shown.get(from..).unwrap_or_default().to_owned()),
                }
            }
            ('*' | '~' | '`', _) | ('|', Some('|')) => return Err("a style".to_owned()),
            _ => shown.push(character),
        }
    }
    if begin.is_some() { Err("bold without an end".to_owned()) } else { Ok((shown, bold)) }
}
