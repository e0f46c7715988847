//! What Slack's incoming webhooks take ("Sending messages using incoming webhooks", "Image block").

use axum::http::HeaderMap;
use serde_json::Value;

use super::{Posted, TEXT_CHARS_MAX, calls_somebody};

/// The `image_url` of an image block.
const IMAGE_URL_CHARS_MAX: usize = 3000;

/// The message in a request to the webhook, or Slack's word for what is wrong with it.
pub(super) fn understand(headers: &HeaderMap, payload: &Value) -> Result<Posted, &'static str> {
    if headers.get("content-type").is_none_or(|kind| kind != "application/json") {
        return Err("invalid_payload");
    }
    let text = payload["text"].as_str().unwrap_or_default().to_owned();
    if calls_somebody(&text) || text.chars().count() > TEXT_CHARS_MAX {
        return Err("invalid_payload");
    }
    if payload["unfurl_links"] != false || payload["unfurl_media"] != false {
        return Err("invalid_payload");
    }
    let mut pictures = Vec::new();
    for block in
        payload.pointer("/attachments/0/blocks").and_then(Value::as_array).into_iter().flatten()
    {
        let url = block["image_url"].as_str().unwrap_or_default();
        let is_image = block["type"] == "image" && block["alt_text"].is_string();
        if !is_image || !url.starts_with("https://") || url.len() > IMAGE_URL_CHARS_MAX {
            return Err("invalid_blocks");
        }
        pictures.push(url.to_owned());
    }
    if text.is_empty() && pictures.is_empty() {
        return Err("no_text");
    }
    Ok(Posted { text, pictures, ..Posted::default() })
}
