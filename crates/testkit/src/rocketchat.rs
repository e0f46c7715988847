//! An incoming integration of a Rocket.Chat server (apps/meteor/app/integrations/server/api/api.ts):
//! checks messages, answers with Rocket.Chat's own errors, and records what it took.

use std::io;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use crate::standin::{Line, Shared, StandIn, answer};

/// The path of the one integration that there is.
pub const PATH: &str = "/hooks/a847c392165c41f7/9343289d1c33464bb15e";

/// "Maximum Allowed Characters Per Message", where it is not set otherwise.
const TEXT_UTF16_MAX: usize = 5000;
const FIELDS: &[&str] = &["text", "alias", "avatar", "channel", "attachments", "parseUrls"];

/// A running server; it ends when this is dropped.
pub struct RocketChat(StandIn<Value>);

impl Deref for RocketChat {
    type Target = StandIn<Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl RocketChat {
    /// Starts one.
    pub async fn start() -> io::Result<Self> {
        let routes = Router::new()
            .route("/hooks/{id}/{token}", post(take))
            // Whatever it does not know is its start page.
            .fallback(async || answer(200, &[], "<!DOCTYPE html><html>".to_owned()));
        StandIn::start(routes, PATH).await.map(Self)
    }
}

async fn take(
    State(shared): State<Arc<Shared<Value>>>,
    ConnectInfo(line): ConnectInfo<Line>,
    Path((id, token)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    if format!("/hooks/{id}/{token}") != PATH {
        return fault("Invalid integration id or token provided.");
    }
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    match check(&headers, &message) {
        Ok(()) => {
            shared.log.push(message);
            answer(200, &[], json!({ "success": true }).to_string())
        }
        Err(error) => fault(error),
    }
}

fn check(headers: &HeaderMap, message: &Value) -> Result<(), &'static str> {
    if headers.get("content-type").is_none_or(|kind| kind != "application/json") {
        return Err("a payload that is not JSON");
    }
    let fields = message.as_object().ok_or("Unexpected token")?;
    if fields.keys().any(|name| !FIELDS.contains(&name.as_str())) {
        return Err("an unknown field");
    }
    if message["channel"].as_str().is_some_and(|it| !it.starts_with(['#', '@'])) {
        return Err("invalid-channel");
    }
    let text = message["text"].as_str().unwrap_or_default();
    if text.encode_utf16().count() > TEXT_UTF16_MAX {
        return Err("error-message-size-exceeded");
    }
    if text.is_empty() && message["attachments"].is_null() {
        return Err("unknown-error");
    }
    for attachment in message["attachments"].as_array().into_iter().flatten() {
        if !attachment["image_url"].is_string() || !attachment["title_link"].is_string() {
            return Err("an attachment without its picture");
        }
    }
    if message["parseUrls"] != false {
        return Err("previews were not switched off");
    }
    // As packages/message-parser reads it: text of a camera must mention nobody.
    let mut mentions = text.split('@').skip(1);
    if mentions
        .any(|it| it.starts_with(|it: char| it.is_ascii_alphanumeric() || "-_.".contains(it)))
    {
        return Err("error-action-not-allowed");
    }
    Ok(())
}

fn fault(error: &str) -> Response {
    answer(400, &[], json!({ "success": false, "error": error }).to_string())
}
