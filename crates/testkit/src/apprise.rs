//! An Apprise API server (github.com/caronc/apprise-api) with one key: checks what is sent as the real
//! one does, answers with its own statuses, and records the messages that it took.

use std::collections::HashMap;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Multipart, Path, State};
use axum::response::Response;
use axum::routing::post;
use serde_json::json;

use crate::standin::{Line, Shared, StandIn, answer};

/// The key that has services.
pub const KEY: &str = "house-2f9c81d44b";
/// `APPRISE_MAX_ATTACHMENTS`.
const FILES_MAX: usize = 6;

/// A message that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// The fields of the form by their names.
    pub fields: HashMap<String, String>,
    /// The files' names and sizes, in order.
    pub files: Vec<(String, usize)>,
}

/// A running server; it ends when this is dropped.
pub struct Apprise(StandIn<Passed>);

impl Deref for Apprise {
    type Target = StandIn<Passed>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Apprise {
    /// Starts one.
    pub async fn start() -> io::Result<Self> {
        let routes =
            Router::new().route("/notify/{key}", post(take)).layer(DefaultBodyLimit::disable());
        StandIn::start(routes, "").await.map(Self)
    }
}

async fn take(
    State(shared): State<Arc<Shared<Passed>>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path(key): Path<String>,
    form: Multipart,
) -> Response {
    let taken = read(form).await;
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    if key != KEY {
        return answer(204, &[], String::new());
    }
    match taken {
        Ok(passed) => {
            shared.log.push(passed);
            answer(200, &[], json!({ "error": null }).to_string())
        }
        Err(words) => answer(400, &[], json!({ "error": words }).to_string()),
    }
}

async fn read(mut form: Multipart) -> Result<Passed, &'static str> {
    const BROKEN: &str = "Bad FORM Payload provided";
    let mut passed = Passed::default();
    while let Some(field) = form.next_field().await.map_err(|_| BROKEN)? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            Some(file_name) => {
                if name != format!("attach{}", passed.files.len() + 1) {
                    return Err(BROKEN);
                }
                let size = field.bytes().await.map_err(|_| BROKEN)?.len();
                passed.files.push((file_name, size));
            }
            None => {
                let value = field.text().await.map_err(|_| BROKEN)?;
                passed.fields.insert(name, value);
            }
        }
    }
    if passed.files.len() > FILES_MAX {
        return Err("Bad Attachment");
    }
    let field = |name: &str| passed.fields.get(name).map(String::as_str).unwrap_or_default();
    if field("body").is_empty() && passed.files.is_empty() || field("type") != "info" {
        return Err("Payload lacks minimum requirements");
    }
    Ok(passed)
}
