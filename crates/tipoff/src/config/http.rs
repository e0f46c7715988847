//! `[http]`: the dashboard, its API, health and metrics, and who may speak for others there.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::HeaderName;
use toml::Spanned;

use super::access::{Networks, network};
use super::fault::Fault;
use super::key::{Form, Key, Without, nothing};
use super::listener::{Listener, Schemes};
use super::section::Section;

/// Where the page is if nothing else is said.
const LISTEN: &str = "0.0.0.0:8080";
/// Some services fetch what an alert links to only when somebody opens it.
const MEDIA_LINKS_MIN: Duration = Duration::from_secs(60 * 60);
const MEDIA_LINKS_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const SCHEMES: Schemes = Schemes { plain: "http", tls: "https", port: 8080 };

/// The HTTP server's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Http {
    /// Where it listens, if it does; with TLS, nothing but health is served without.
    pub(crate) listen: Option<Listener>,
    /// What links in alerts begin with, without a slash at the end.
    pub(crate) public_url: Option<String>,
    /// How long links to stored files in alerts and feeds last.
    pub(crate) media_links: Duration,
    /// Who is believed about whom they ask for.
    pub(crate) proxies: Proxies,
}

/// Reverse proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// Where they are.
    pub(crate) trusted: Networks,
    /// The header in which they name who has logged in with them.
    pub(crate) user_header: Option<HeaderName>,
}

/// What the reference says of the section.
pub(super) const DOC: &str =
    "The HTTP port: the dashboard, its API, health, metrics, and signed links to stored files.";

/// Reads the section; also where its listener stands.
pub(super) fn read(section: &mut Section<'_>) -> (Http, Option<Spanned<SocketAddr>>) {
    let key = Key {
        name: "listen",
        form: Form::Text,
        without: Without::Default(LISTEN.to_owned()),
        doc: "Its address; `\"off\"` for none. TLS is understood at any, with the certificate of \
             `[smtp]`; at `\"https://0.0.0.0:8443\"` browsers that come without are sent to it.",
    };
    let listen = match section.parsed(&key, listener) {
        Some(given) => Some(given),
        None => listener(LISTEN).ok().map(|default| Spanned::new(0..0, default)),
    };
    let place = listen
        .as_ref()
        .and_then(|it| it.get_ref().map(|listener| Spanned::new(it.span(), listener.address)));
    let key = Key {
        name: "public_url",
        form: Form::Text,
        without: nothing("https://tipoff.example.org"),
        doc: "What links in alerts begin with. Without it: `http://` (or `https://`, where \
             `listen` says so) and this machine's address in the local network.",
    };
    let public_url = section.parsed(&key, public_url).map(Spanned::into_inner);
    let media_links = section.duration(
        "media_links",
        "30 days",
        MEDIA_LINKS_MIN..=MEDIA_LINKS_MAX,
        "How long links to stored files in alerts and feeds can be opened, or up to a day longer. They need no \
         login, so that services can fetch what they link to; the link to the incident in an alert stays, \
         and needs one.",
    );
    let proxies = proxies(section);
    let listen = listen.and_then(Spanned::into_inner);
    (Http { listen, public_url, media_links, proxies }, place)
}

fn proxies(section: &mut Section<'_>) -> Proxies {
    let key = Key {
        name: "trusted_proxies",
        form: Form::List,
        without: nothing("[\"127.0.0.1\"]"),
        doc: "Addresses or networks of reverse proxies that are believed: for whom they ask \
             (`X-Forwarded-For`), and that it was by TLS (`X-Forwarded-Proto`).",
    };
    let given = section.list(&key).unwrap_or_default();
    let networks = given.iter().filter_map(|text| section.parse(&key, text, network));
    let trusted: Vec<_> = networks.map(Spanned::into_inner).collect();
    let key = Key {
        name: "proxy_user_header",
        form: Form::Text,
        without: nothing("Remote-User"),
        doc: "Whoever a trusted proxy names in this header is logged in, without a password here. \
             The proxy must remove it from what it is sent.",
    };
    let user_header = section.parsed(&key, |text| {
        text.parse::<HeaderName>().map_err(|_| "this is no name of a header".to_owned())
    });
    if user_header.is_some() && given.is_empty() {
        let fault = Fault::at(section.span_of(key.name), "`proxy_user_header` without a proxy");
        section.fault(fault.label("nobody is believed: add `trusted_proxies`"));
    }
    let user_header = user_header.map(Spanned::into_inner);
    Proxies { trusted: trusted.into_iter().collect(), user_header }
}

fn listener(text: &str) -> Result<Option<Listener>, String> {
    if text == "off" { Ok(None) } else { SCHEMES.listener(text).map(Some) }
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
