//! The files of the pages: script, style, icons.
//!
//! They are part of the program. A browser keeps them, but asks each time whether they are still current (`ETag`), so a new
//! version of the program shows its own script at once.

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::{AppState, etag};

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
    asset!("app.css", "text/css; charset=utf-8"),
    asset!("app.js", "text/javascript; charset=utf-8"),
    asset!("camera_setup.js", "text/javascript; charset=utf-8"),
    asset!("film.js", "text/javascript; charset=utf-8"),
    asset!("review.js", "text/javascript; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("icon-192.png", "image/png"),
    asset!("icon-512.png", "image/png"),
    asset!("manifest.webmanifest", "application/manifest+json"),
];

/// The service worker, which must be at the root to serve all pages.
const WORKER: &str = include_str!("../../assets/sw.js");

/// Changes with every release; browsers ask again whether what they keep is still the same.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Open to all: the login page needs its style.
pub(super) fn router() -> Router<AppState> {
    let mut router = Router::new().route("/sw.js", get(worker)).route("/away", get(away));
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

#[derive(Template)]
#[template(path = "away.html")]
struct Away;

/// What the service worker shows while the server cannot be reached.
async fn away() -> Response {
    match Away.render() {
        Ok(text) => Html(text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
