//! A Gotify server (gotify.net/docs, "REST-API"): checks messages, answers with its own errors, and
//! records what it took.

use std::io;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};

use crate::standin::{Line, Shared, StandIn, answer};

/// The token of its one application.
pub const TOKEN: &str = "AbCdEfGhIjKlMnO";

/// A running server; it ends when this is dropped.
pub struct Gotify(StandIn<Value>);

impl Deref for Gotify {
    type Target = StandIn<Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Gotify {
    /// Starts one.
    pub async fn start() -> io::Result<Self> {
        let routes = Router::new()
            .route("/message", post(take))
            .fallback(async || fault(404, "Not Found", "page not found"));
        StandIn::start(routes, "").await.map(Self)
    }
}

async fn take(
    State(shared): State<Arc<Shared<Value>>>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(response) = shared.script.meet(&line).await {
        return response;
    }
    if headers.get("x-gotify-key").is_none_or(|key| key != TOKEN) {
        let words =
            "you need to provide a valid access token or user credentials to access this api";
        return fault(401, "Unauthorized", words);
    }
    match check(&headers, &body) {
        Ok(message) => {
            shared.log.push(message);
            answer(200, &[], json!({ "id": 25, "appid": 5 }).to_string())
        }
        Err(words) => fault(400, "Bad Request", words),
    }
}

fn check(headers: &HeaderMap, body: &[u8]) -> Result<Value, &'static str> {
    if headers.get("content-type").is_none_or(|kind| kind != "application/json") {
        return Err("the type is unknown");
    }
    let message: Value = serde_json::from_slice(body).map_err(|_| "invalid character")?;
    let field = |name: &str| message.get(name).unwrap_or(&Value::Null);
    if field("message").as_str().is_none_or(str::is_empty) {
        return Err("Field 'message' is required");
    }
    if !field("priority").is_i64() {
        return Err("cannot unmarshal string into Go struct field .priority of type int");
    }
    Ok(message)
}

fn fault(status: u16, error: &str, words: &str) -> Response {
    let told = json!({ "error": error, "errorCode": status, "errorDescription": words });
    answer(status, &[], told.to_string())
}
