//! What the names and attributes of our cookies depend on (RFC 6265).

use super::base_path;
use super::client::Client;

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
