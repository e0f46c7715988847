//! Security headers of every response: only our own script runs, and no other site embeds a page.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// CSP Level 3: no script in a page, none of another site, and `<base>` only for this one.
macro_rules! policy {
    ($ancestors:literal) => {
        concat!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; ",
            "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; ",
            "form-action 'self'; base-uri 'self'; frame-ancestors ",
            $ancestors
        )
    };
}

/// Nothing is inside another page's frame. `X-Frame-Options` says the same to browsers that do not know `frame-ancestors`.
const UNFRAMED: [(HeaderName, &str); 2] =
    [(header::CONTENT_SECURITY_POLICY, policy!("'none'")), (header::X_FRAME_OPTIONS, "DENY")];
/// Home Assistant shows pages in a frame of its own page, which has the same origin.
const FRAMED: [(HeaderName, &str); 2] =
    [(header::CONTENT_SECURITY_POLICY, policy!("'self'")), (header::X_FRAME_OPTIONS, "SAMEORIGIN")];

const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// An extension of responses that Home Assistant's ingress passes on.
#[derive(Clone, Copy)]
pub(super) struct ByIngress;

/// Adds them.
pub(super) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let framing = match response.extensions().get::<ByIngress>() {
        Some(ByIngress) => FRAMED,
        None => UNFRAMED,
    };
    for (name, value) in HEADERS.into_iter().chain(framing) {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    // What is not said to be kept, such as a page after the logout, is not.
    let cache = response.headers_mut().entry(header::CACHE_CONTROL);
    cache.or_insert(HeaderValue::from_static("no-store"));
    response
}
