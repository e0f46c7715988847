//! Protection of changes against requests that other sites make a browser send (CSRF).

use axum::http::{HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;

/// The header in which the pages' script sends the token of its page.
const TOKEN_HEADER: &str = "x-csrf-token";

/// Whether a change was asked for by a page of ours: another site can make a browser send the cookie
/// in some ways, but not this header.
pub(super) fn has_csrf_token(expected: &str, headers: &HeaderMap) -> bool {
    let proof = headers.get(TOKEN_HEADER).map(HeaderValue::as_bytes).unwrap_or_default();
    !is_from_elsewhere(headers) && bool::from(proof.ct_eq(expected.as_bytes()))
}

/// Whether the browser says that another site asks (Fetch Metadata), or a page of another origin. Each
/// of the two headers that is there must name this site.
pub(super) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site");
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    match (text("origin"), text("host")) {
        (None, _) => false,
        // A browser may hide the origin of a form (`null`) where it says that it is the same one.
        (Some("null"), _) => site != Some("same-origin"),
        (Some(origin), Some(host)) => {
            let of_origin = origin.split_once("://").map(|(_, of_origin)| of_origin);
            // A proxy may not pass on `Host`; the browser itself says that it is the same origin.
            of_origin.is_none_or(|it| !it.eq_ignore_ascii_case(host)) && site.is_none()
        }
        (Some(_), None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_origin_may_ask_for_a_change() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect()
        };
        for (pairs, elsewhere) in [
            (&[("sec-fetch-site", "same-origin")][..], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")], true),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null"), ("host", "a")], false),
            (&[("origin", "http://cam.lan:8080"), ("host", "cam.lan:8080")], false),
            (&[("origin", "http://cam.lan:8080"), ("host", "CAM.lan:8080")], false),
            (&[("origin", "http://cam.lan:8080")], true),
            (&[("origin", "http://evil.example"), ("host", "cam.lan:8080")], true),
            (&[("origin", "http://cam.lan:9"), ("host", "cam.lan:8080")], true),
            (&[("origin", "null"), ("host", "cam.lan:8080")], true),
            (&[("host", "cam.lan:8080")], false),
        ] {
            assert_eq!(is_from_elsewhere(&headers(pairs)), elsewhere, "{pairs:?}");
        }
    }
}
