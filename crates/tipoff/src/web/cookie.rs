//! Cookies (RFC 6265): the header of a browser, and what the names and attributes of ours depend on.

use axum::http::header;
use axum::http::request::Parts;

use super::base_path;
use super::client::Client;

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

/// A cookie by TLS has another name: browsers never show it without, nor let it be replaced without (RFC 6265bis, section
/// 4.1.3). `__Host-` also requires the path `/`, which would show it to everything else on the proxy's host.
pub(super) fn name_prefix(client: &Client) -> &'static str {
    match (client.by_tls, base_path::current().is_empty()) {
        (true, true) => "__Host-",
        (true, false) => "__Secure-",
        (false, _) => "",
    }
}

/// Where a browser shows a cookie: to our pages, and by TLS only if it came by TLS.
pub(super) fn scope(client: &Client) -> String {
    let base = base_path::current();
    let path = if base.is_empty() { "/" } else { &base };
    let secure = if client.by_tls { "; Secure" } else { "" };
    format!("Path={path}{secure}")
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
