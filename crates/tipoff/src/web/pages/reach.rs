//! The checklist for a camera of which nothing comes, and the page that a phone in its network opens to see whether it reaches
//! Tipoff. That page needs no login and shows nothing but the phone's own address.

use std::net::IpAddr;

use askama::Template;
use axum::http::{HeaderMap, header};

use super::super::Reach;
use super::super::client::Client;
use super::super::page::{Page, page};
use super::super::qr_code::qr_code;
use super::super::reader_language::text;
use crate::config::HostName;

/// In place of the server's address while this machine is on no network.
pub(super) fn no_address() -> String {
    text("setup-no-address").to_string()
}

/// The checklist.
pub(super) struct Checklist {
    /// The address that is shown to be typed into the camera.
    pub(super) host: String,
    /// Another address by which this page was opened.
    pub(super) opened_by: Option<String>,
    /// The ports that the camera must reach, in a sentence.
    pub(super) ports: String,
    /// The address to open on a phone, and its QR code. `None` without an address or an HTTP port.
    pub(super) phone: Option<(String, String)>,
}

impl Checklist {
    /// The checklist for a page that was requested with these headers.
    pub(super) fn new(reach: &Reach, headers: &HeaderMap) -> Self {
        let host = reach.host();
        let shown = host.as_deref().unwrap_or_default();
        Self {
            opened_by: named_host(headers).and_then(|named| other_address(&named, shown)),
            ports: ports(reach),
            phone: phone_url(shown, reach.http).map(|url| (url.clone(), qr_code(&url))),
            host: host.unwrap_or_else(no_address),
        }
    }
}

/// The ports for mail and uploads that are open.
fn ports(reach: &Reach) -> String {
    let mail = reach.smtp.map(|port| text("setup-port-mail").words("port", port).to_string());
    let uploads = reach.ftp.map(|port| text("setup-port-uploads").words("port", port).to_string());
    match (mail, uploads) {
        (Some(mail), Some(uploads)) => {
            text("setup-ports-both").words("mail", mail).words("uploads", uploads).to_string()
        }
        (mail, uploads) => mail.or(uploads).unwrap_or_default(),
    }
}

/// The address by which a page was opened, if it is another one than the camera is to use. Names and addresses of this
/// machine itself say nothing.
fn other_address(named: &str, shown: &str) -> Option<String> {
    let address: IpAddr = named.parse().ok()?;
    (!address.is_loopback() && !address.is_unspecified() && named != shown)
        .then(|| named.to_owned())
}

/// The address of [`reach`] as a camera's network knows it.
fn phone_url(host: &str, port: Option<u16>) -> Option<String> {
    let port = port.filter(|_| !host.is_empty())?;
    Some(match host.parse() {
        Ok(IpAddr::V6(address)) => format!("http://[{address}]:{port}/reach"),
        _ => format!("http://{host}:{port}/reach"),
    })
}

#[derive(Template)]
#[template(path = "reach.html")]
struct ReachPage {
    /// The address from which the phone came.
    address: IpAddr,
    /// The host by which it reached this page.
    host: Option<String>,
}

/// Shows that whoever opens it reaches Tipoff.
pub(in super::super) async fn reach(client: Client, headers: HeaderMap) -> Page {
    page(&ReachPage { address: client.address, host: named_host(&headers) })
}

/// The host that a request names.
fn named_host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    HostName::parse(host).map(|host| host.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::network::OwnAddress;

    fn at(host: &str) -> Reach {
        let (own, listen) = (OwnAddress::new(None), host.parse().unwrap());
        Reach { own, listen, smtp: Some(2525), ftp: None, http: Some(8080) }
    }

    fn checklist(host: &str, opened: &'static str) -> Checklist {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, opened.parse().unwrap());
        Checklist::new(&at(host), &headers)
    }

    #[test]
    fn another_address_than_the_one_shown_is_named() {
        for (shown, opened, expected) in [
            ("172.17.0.2", "192.168.1.10:8080", Some("192.168.1.10")),
            ("192.168.1.10", "192.168.1.10:8080", None),
            ("192.168.1.10", "127.0.0.1:8080", None),
            ("192.168.1.10", "tipoff.lan", None),
            ("192.168.1.10", "[fd00::1]:8080", Some("fd00::1")),
        ] {
            assert_eq!(checklist(shown, opened).opened_by.as_deref(), expected, "{shown} {opened}");
        }
    }

    #[test]
    fn the_phone_opens_the_address_that_the_camera_is_to_use() {
        let url = |host| checklist(host, "localhost").phone.map(|(url, _)| url);
        assert_eq!(url("192.168.1.10").as_deref(), Some("http://192.168.1.10:8080/reach"));
        assert_eq!(url("fd00::1").as_deref(), Some("http://[fd00::1]:8080/reach"));
        let named = phone_url("tipoff.lan", Some(8080));
        assert_eq!(named.as_deref(), Some("http://tipoff.lan:8080/reach"));
        assert_eq!(phone_url("", Some(8080)), None, "this machine is on no network");
        assert_eq!(phone_url("192.168.1.10", None), None);
        assert_eq!(checklist("192.168.1.10", "localhost").ports, "2525 (mail)");
    }
}
