//! An Apprise API server (github.com/caronc/apprise-api) with one key: checks what is sent as the real
//! one does, answers with its own statuses, and records the messages that it took.

use std::collections::HashMap;
use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{ConnectInfo, DefaultBodyLimit, Multipart, Path, State};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};
use serde_json::json;

use crate::standin::{Line, Shared, StandIn, answer};

/// The key that has services.
pub const KEY: &str = "house-2f9c81d44b";
/// `APPRISE_MAX_ATTACHMENTS`.
const FILES_MAX: usize = 6;

/// Its services: what each is called, and its tag; empty: none.
const SERVICES: &[(&str, &str)] = &[("phone", ""), ("tablet", "family"), ("siren", "yard")];

/// A message that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// The fields of the form by their names.
    pub fields: HashMap<String, String>,
    /// The files' names and sizes, in order.
    pub files: Vec<(String, usize)>,
    /// The services that it was passed on to.
    pub services: Vec<&'static str>,
}

impl Passed {
    /// `is_exclusive_match` in Apprise: without a tag only those that have none.
    fn reaches(&self) -> Vec<&'static str> {
        let wanted = self.fields.get("tag").map_or("", String::as_str);
        let is_wanted = |tag: &str| wanted == "all" || wanted == tag;
        SERVICES.iter().filter(|(_, tag)| is_wanted(tag)).map(|(name, _)| *name).collect()
    }
}

/// A running server; it ends when this is dropped.
pub struct Apprise {
    server: StandIn<Passed>,
    files_max: Arc<AtomicUsize>,
}

impl Deref for Apprise {
    type Target = StandIn<Passed>;

    fn deref(&self) -> &Self::Target {
        &self.server
    }
}

impl Apprise {
    /// Starts one.
    pub async fn start() -> io::Result<Self> {
        let files_max = Arc::new(AtomicUsize::new(FILES_MAX));
        let routes = Router::new()
            .route("/notify/{key}", post(take))
            .layer(Extension(Arc::clone(&files_max)))
            .layer(DefaultBodyLimit::disable());
        Ok(Self { server: StandIn::start(routes, "").await?, files_max })
    }

    /// Takes at most so many files in a message from now on; 0: files are switched off
    /// (`APPRISE_MAX_ATTACHMENTS`, `APPRISE_ATTACH_SIZE`).
    pub fn take_files(&self, max: usize) {
        self.files_max.store(max, Ordering::Relaxed);
    }
}

async fn take(
    State(shared): State<Arc<Shared<Passed>>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Extension(files_max): Extension<Arc<AtomicUsize>>,
    Path(key): Path<String>,
    form: Multipart,
) -> Response {
    let taken = read(form, files_max.load(Ordering::Relaxed)).await;
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    if key != KEY {
        return answer(204, &[], String::new());
    }
    match taken {
        // Nobody has the tag: nothing is tried, and so nothing is logged.
        Ok(passed) if passed.reaches().is_empty() => {
            let words = "One or more notification could not be sent";
            answer(424, &[], json!({ "error": words, "details": [] }).to_string())
        }
        Ok(mut passed) => {
            passed.services = passed.reaches();
            shared.log.push(passed);
            answer(200, &[], json!({ "error": null }).to_string())
        }
        Err(words) => answer(400, &[], json!({ "error": words }).to_string()),
    }
}

async fn read(mut form: Multipart, files_max: usize) -> Result<Passed, &'static str> {
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
    if passed.files.len() > files_max {
        return Err("Bad Attachment");
    }
    let field = |name: &str| passed.fields.get(name).map(String::as_str).unwrap_or_default();
    if field("body").is_empty() && passed.files.is_empty() || field("type") != "info" {
        return Err("Payload lacks minimum requirements");
    }
    Ok(passed)
}
