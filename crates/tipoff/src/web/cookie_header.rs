//! The `Cookie` header of a browser (RFC 6265).

use axum::http::header;
use axum::http::request::Parts;

/// The value of the first cookie of this name in a `Cookie` header (section 4.2.1).
pub(super) fn value<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    pairs(header).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The value of a cookie of a request.
pub(super) fn of_request<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let headers = parts.headers.get_all(header::COOKIE).iter();
    headers.filter_map(|header| header.to_str().ok()).find_map(|header| value(header, name))
}

/// All cookies: names and values.
pub(super) fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| pair.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let header = "a=b; tipoff=secret=1;__Host-tipoff=other; tipoff=later";
        for (name, found) in [
            ("tipoff", Some("secret=1")),
            ("__Host-tipoff", Some("other")),
            ("a", Some("b")),
            ("Host-tipoff", None),
            ("", None),
        ] {
            assert_eq!(value(header, name), found, "{name}");
        }
    }
}
