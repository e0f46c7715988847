//! Who asks: from where, and by what, also through a proxy that is believed.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::listener::Peer;
use super::problem::Problem;
use crate::config::Proxies;

/// What de facto every proxy adds, where it is told to.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Watched by programs on this machine that know no certificates; they tell nothing of incidents.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// What the owner has said of those who ask.
pub(super) struct Manners {
    /// Whether browsers that come without TLS are sent to it.
    pub(super) tls_only: bool,
    pub(super) proxies: Proxies,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The address from which they came to us, or to the proxy.
    pub(crate) address: IpAddr,
    /// Whether nobody can listen in.
    pub(crate) by_tls: bool,
    /// Whom a proxy has let in.
    pub(crate) user: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let unknown = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "nobody asks");
        parts.extensions.get::<Self>().cloned().ok_or_else(unknown)
    }
}

/// Notes who asks, before all else.
pub(super) async fn recognise(
    Shared(manners): Shared<Arc<Manners>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = manners.caller(peer, request.headers());
    if manners.tls_only && !caller.by_tls && !OPEN.contains(&request.uri().path()) {
        return to_tls(&request);
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

impl Manners {
    fn caller(&self, peer: Peer, headers: &HeaderMap) -> Caller {
        let Peer { address, by_tls } = peer;
        let address = address.ip().to_canonical();
        let Proxies { trusted, user_header } = &self.proxies;
        if !trusted.contains(address) {
            return Caller { address, by_tls, user: None };
        }
        let user = user_header.as_ref().and_then(|name| headers.get(name));
        let user = user.and_then(|user| user.to_str().ok()).map(str::trim);
        let proto = headers.get(FORWARDED_PROTO);
        Caller {
            address: forwarded_for(headers, &self.proxies).unwrap_or(address),
            by_tls: proto.map_or(by_tls, |proto| proto.as_bytes().eq_ignore_ascii_case(b"https")),
            user: user.filter(|user| !user.is_empty()).map(str::to_owned),
        }
    }
}

/// Each proxy adds at the end from where it was asked. What stands before the first that is not
/// believed, anybody may have written.
fn forwarded_for(headers: &HeaderMap, proxies: &Proxies) -> Option<IpAddr> {
    let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    let mut last = None;
    for hop in hops.iter().rev() {
        let Some(address) = address(hop.trim()) else {
            return last;
        };
        last = Some(address);
        if !proxies.trusted.contains(address) {
            return last;
        }
    }
    last
}

/// Some write the port too, and IPv6 in brackets.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().or_else(|_| hop.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

fn to_tls(request: &Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host else {
        return Problem::new(StatusCode::BAD_REQUEST, "ask with https://").into_response();
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Redirect::temporary(&format!("https://{host}{path}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(peer: &str, by_tls: bool, headers: &[(&'static str, &str)]) -> Caller {
        let net = |text: &str| text.parse::<ipnet::IpNet>().unwrap();
        let proxies = Proxies {
            trusted: [net("127.0.0.1/32"), net("10.9.0.0/16")].into_iter().collect(),
            user_header: Some(HeaderName::from_static("remote-user")),
        };
        let address = SocketAddr::new(peer.parse().unwrap(), 1);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Manners { tls_only: false, proxies }.caller(Peer { address, by_tls }, &map)
    }

    #[test]
    fn only_proxies_that_are_named_are_believed() {
        let all = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("remote-user", "anna"),
        ];
        let stranger = caller("192.168.1.5", false, &all);
        let address = "192.168.1.5".parse().unwrap();
        assert_eq!(stranger, Caller { address, by_tls: false, user: None });
        let believed = caller("127.0.0.1", false, &all);
        let address = "203.0.113.7".parse().unwrap();
        assert_eq!(believed, Caller { address, by_tls: true, user: Some("anna".to_owned()) });
        let plain = caller("127.0.0.1", true, &[("x-forwarded-proto", "http")]);
        assert!(!plain.by_tls, "between them and the proxy anybody may listen in");
        assert_eq!(caller("127.0.0.1", false, &[("remote-user", " ")]).user, None);
        assert_eq!(caller("::ffff:127.0.0.1", false, &all).user.as_deref(), Some("anna"));
    }

    #[test]
    fn the_last_address_that_a_proxy_did_not_vouch_for_is_who_asks() {
        for (lines, expected) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["203.0.113.7, 10.9.0.1"], "203.0.113.7"),
            (&["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
            (&["1.1.1.1", "203.0.113.7, 10.9.0.1"], "203.0.113.7"),
            (&["203.0.113.7:4711"], "203.0.113.7"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["[2001:db8::1]"], "2001:db8::1"),
            (&["nonsense, 10.9.0.1"], "10.9.0.1"),
            (&["nonsense"], "127.0.0.1"),
            (&[], "127.0.0.1"),
        ] {
            let headers: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            let address = caller("127.0.0.1", false, &headers).address;
            assert_eq!(address, expected.parse::<IpAddr>().unwrap(), "{lines:?}");
        }
    }
}
