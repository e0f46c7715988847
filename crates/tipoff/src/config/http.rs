//! `[http]`: the page on which arrivals are seen, health and metrics.

use std::net::SocketAddr;

use toml::Spanned;

use super::key::{Form, Key, Without, nothing};
use super::section::Section;
use super::units;

/// Where the page is if nothing else is said.
const LISTEN: &str = "0.0.0.0:8080";

/// The HTTP server's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Http {
    /// Where it listens, if it does.
    pub(crate) listen: Option<SocketAddr>,
    /// What links in alerts begin with, without a slash at the end.
    pub(crate) public_url: Option<String>,
}

/// What the reference says of the section.
pub(super) const DOC: &str =
    "The HTTP port: the dashboard, its API, health, metrics, and signed links to stored files.";

/// The port in what is said of an address without one.
const PORT: u16 = 8080;

/// Reads the section; also where its listener stands.
pub(super) fn read(section: &mut Section<'_>) -> (Http, Option<Spanned<SocketAddr>>) {
    let key = Key {
        name: "listen",
        form: Form::Text,
        without: Without::Default(LISTEN.to_owned()),
        doc: "Its address; `\"off\"` for none.",
    };
    let listen = match section.parsed(&key, listener) {
        Some(given) => Some(given),
        None => listener(LISTEN).ok().map(|default| Spanned::new(0..0, default)),
    };
    let place = listen.and_then(|it| it.get_ref().map(|address| Spanned::new(it.span(), address)));
    let key = Key {
        name: "public_url",
        form: Form::Text,
        without: nothing("https://tipoff.example.org"),
        doc: "What links in alerts begin with. Without it: `http://` and this machine's address in \
             the local network.",
    };
    let public_url = section.parsed(&key, public_url).map(Spanned::into_inner);
    let listen = place.as_ref().map(|place| *place.get_ref());
    (Http { listen, public_url }, place)
}

fn listener(text: &str) -> Result<Option<SocketAddr>, String> {
    if text == "off" { Ok(None) } else { units::address(text, PORT).map(Some) }
}

fn public_url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("it must begin with http:// or https:// and a host".to_owned()),
    }
}
