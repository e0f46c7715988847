//! The files of the pages: script, style, icons.
//!
//! They are part of the program. A browser keeps them, but asks each time whether they are still current (`ETag`), so a new
//! version of the program shows its own script at once.

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::{AppState, base_path, etag};

/// A file, with the type that it is sent as.
struct Asset {
    path: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $content_type:literal) => {
        Asset {
            path: concat!("/assets/", $name),
            content_type: $content_type,
            bytes: include_bytes!(concat!("../../assets/", $name)),
        }
    };
}

const ASSETS: &[Asset] = &[
    asset!("api.js", "text/javascript; charset=utf-8"),
    asset!("app.css", "text/css; charset=utf-8"),
    asset!("app.js", "text/javascript; charset=utf-8"),
    asset!("camera_setup.js", "text/javascript; charset=utf-8"),
    asset!("channel_form.js", "text/javascript; charset=utf-8"),
    asset!("copy.js", "text/javascript; charset=utf-8"),
    asset!("film.js", "text/javascript; charset=utf-8"),
    asset!("list_place.js", "text/javascript; charset=utf-8"),
    asset!("push.js", "text/javascript; charset=utf-8"),
    asset!("routes.js", "text/javascript; charset=utf-8"),
    asset!("removal.js", "text/javascript; charset=utf-8"),
    asset!("review.js", "text/javascript; charset=utf-8"),
    asset!("schedule.js", "text/javascript; charset=utf-8"),
    asset!("texts.js", "text/javascript; charset=utf-8"),
    asset!("zoom.js", "text/javascript; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("icon-192.png", "image/png"),
    asset!("icon-512.png", "image/png"),
    asset!("icon-maskable-192.png", "image/png"),
    asset!("icon-maskable-512.png", "image/png"),
    asset!("screenshot-narrow.webp", "image/webp"),
    asset!("screenshot-wide.webp", "image/webp"),
];

/// The manifest by which a browser installs the app.
const MANIFEST: &str = include_str!("../../assets/manifest.webmanifest");

/// The service worker, which must be at the root to serve all pages.
const WORKER: &str = include_str!("../../assets/sw.js");

/// Changes with every release; browsers ask again whether what they keep is still the same.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Open to all: the login page needs its style.
pub(super) fn router() -> Router<AppState> {
    let mut router = Router::new()
        .route("/sw.js", get(worker))
        .route("/away", get(away))
        .route("/assets/manifest.webmanifest", get(manifest));
    for asset in ASSETS {
        router = router.route(asset.path, get(async |headers: HeaderMap| send(asset, &headers)));
    }
    router
}

/// By its bytes: what a browser has is taken as long as they are the same.
fn send(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let tag = etag::of(asset.bytes);
    let status = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if etag::is_known(headers, &tag) {
        return (StatusCode::NOT_MODIFIED, status).into_response();
    }
    (status, [(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response()
}

/// The service worker. The version in it makes browsers replace the old one.
async fn worker() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, [(header::CACHE_CONTROL, "no-cache")], WORKER.replace("{version}", VERSION))
        .into_response()
}

/// The manifest. Its `id` is the base path: below two paths of one host are two apps.
async fn manifest() -> Response {
    let kind = [(header::CONTENT_TYPE, "application/manifest+json")];
    let text = MANIFEST.replace("{base}", &base_path::href());
    (kind, [(header::CACHE_CONTROL, "no-cache")], text).into_response()
}

#[derive(Template)]
#[template(path = "away.html")]
struct Away;

/// The page that the service worker shows while the server cannot be reached.
async fn away() -> Response {
    match Away.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Width and height in the header of a PNG (section 11.2.2), or of a lossy WebP (RFC 6386, section 9.1).
    fn size(bytes: &[u8]) -> String {
        let (width, height) = if bytes.starts_with(b"\x89PNG") {
            let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
            (side(16), side(20))
        } else {
            assert_eq!((&bytes[..4], &bytes[8..16]), (&b"RIFF"[..], &b"WEBPVP8 "[..]));
            let side =
                |at: usize| u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]) & 0x3fff);
            (side(26), side(28))
        };
        format!("{width}x{height}")
    }

    #[test]
    fn the_manifest_has_what_browsers_install_an_app_by() {
        let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
        for (key, value) in
            [("id", "{base}"), ("start_url", "../"), ("scope", "../"), ("display", "standalone")]
        {
            assert_eq!(manifest[key], value, "{key}");
        }
        let list = |key: &str| manifest[key].as_array().unwrap().clone();
        for image in [list("icons"), list("screenshots")].concat() {
            let path = format!("/assets/{}", image["src"].as_str().unwrap());
            let asset =
                ASSETS.iter().find(|it| it.path == path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(image["type"], asset.content_type, "{path}");
            if image["sizes"] != "any" {
                assert_eq!(image["sizes"], size(asset.bytes), "{path}");
            }
        }
        for (key, field, value) in [
            ("icons", "purpose", "any"),
            ("icons", "purpose", "maskable"),
            ("screenshots", "form_factor", "narrow"),
            ("screenshots", "form_factor", "wide"),
        ] {
            assert!(list(key).iter().any(|it| it[field] == value), "{key}: {value}");
        }
    }
}
