//! Pushover's message API (pushover.net/api): checks what is sent against the documentation, answers
//! with its own errors, and records the messages that it took.

use std::collections::HashMap;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Multipart, State};
use axum::response::Response;
use axum::routing::post;
use serde_json::json;

use crate::standin::{Line, Shared, StandIn, answer};

/// The application that it knows.
pub const TOKEN: &str = "azGDORePK8gMaC0QOYAMyEEuzJnyUi";
/// The user that it knows.
pub const USER: &str = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG";
/// The user's one device.
pub const DEVICE: &str = "phone";

const MESSAGE_CHARS_MAX: usize = 1024;
const TITLE_CHARS_MAX: usize = 250;
const PICTURE_BYTES_MAX: usize = 5 << 20;

/// A message that was taken: its parameters without token and user, and its picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notified {
    /// By their names.
    pub parameters: HashMap<String, String>,
    /// The picture's name, type and size.
    pub picture: Option<(String, String, usize)>,
}

/// The service; it ends when this is dropped.
pub struct Pushover(StandIn<Notified>);

impl Deref for Pushover {
    type Target = StandIn<Notified>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Pushover {
    /// Starts it.
    pub async fn start() -> io::Result<Self> {
        let routes =
            Router::new().route("/1/messages.json", post(take)).layer(DefaultBodyLimit::disable());
        StandIn::start(routes, "").await.map(Self)
    }
}

async fn take(
    State(shared): State<Arc<Shared<Notified>>>,
    ConnectInfo(line): ConnectInfo<Line>,
    form: Multipart,
) -> Response {
    let taken = read(form).await;
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    match taken {
        Ok(notified) => {
            shared.log.push(notified);
            answer(200, &[], json!({ "status": 1, "request": "x" }).to_string())
        }
        Err((parameter, words)) => {
            let told = json!({ parameter: "invalid", "errors": [words], "status": 0 });
            let status = if parameter == "attachment" { 413 } else { 400 };
            answer(status, &[], told.to_string())
        }
    }
}

type Refusal = (&'static str, &'static str);

async fn read(mut form: Multipart) -> Result<Notified, Refusal> {
    const BROKEN: Refusal = ("message", "the form is broken");
    let mut notified = Notified::default();
    while let Some(field) = form.next_field().await.map_err(|_| BROKEN)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "attachment" {
            let file_name = field.file_name().unwrap_or_default().to_owned();
            let content_type = field.content_type().unwrap_or_default().to_owned();
            let size = field.bytes().await.map_err(|_| BROKEN)?.len();
            notified.picture = Some((file_name, content_type, size));
        } else {
            let value = field.text().await.map_err(|_| BROKEN)?;
            notified.parameters.insert(name, value);
        }
    }
    check(&mut notified)?;
    Ok(notified)
}

fn check(notified: &mut Notified) -> Result<(), Refusal> {
    let parameters = &mut notified.parameters;
    if parameters.remove("token").as_deref() != Some(TOKEN) {
        return Err(("token", "application token is invalid"));
    }
    if parameters.remove("user").as_deref() != Some(USER) {
        return Err(("user", "user identifier is not a valid user, group, or subscribed user key"));
    }
    let text = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
    let number = |name: &str| text(name).parse::<i64>().ok();
    if !["", DEVICE].contains(&text("device")) {
        return Err(("device", "device name is not valid for user"));
    }
    if text("message").is_empty() {
        return Err(("message", "cannot be blank"));
    }
    if text("message").chars().count() > MESSAGE_CHARS_MAX {
        return Err(("message", "is too long"));
    }
    if text("title").chars().count() > TITLE_CHARS_MAX {
        return Err(("title", "is too long"));
    }
    if text("url").chars().count() > 512 {
        return Err(("url", "is too long"));
    }
    match number("priority") {
        Some(2) if number("retry").is_none_or(|it| it < 30) => {
            return Err(("retry", "must be supplied with priority=2"));
        }
        Some(2) if number("expire").is_none_or(|it| !(1..=10_800).contains(&it)) => {
            return Err(("expire", "must be supplied with priority=2"));
        }
        Some(-2..=2) => {}
        _ => return Err(("priority", "is invalid")),
    }
    match &notified.picture {
        Some((_, kind, _)) if !kind.starts_with("image/") => {
            Err(("message", "attachment is not an image"))
        }
        Some((_, _, size)) if *size > PICTURE_BYTES_MAX => {
            Err(("attachment", "attachment is too large"))
        }
        _ => Ok(()),
    }
}
