//! Which reverse proxies are trusted, and what they may say of a request: address, TLS, base path, user and role.
//!
//! It is the outermost layer after the security headers: handlers only see the [`Client`] that it makes. A header of a
//! proxy counts only if the connection comes from a trusted address (and has the proxy's secret, if one is set); for anybody
//! else these headers are ignored.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use subtle::ConstantTimeEq;
use tipoff_spool::Role;

use super::base_path::{self, Place};
use super::client::{Client, ProxyUser};
use super::host::{self, HostError};
use super::listener::Peer;
use super::problem::Problem;
use super::security_headers::ByIngress;
use crate::config::{BasePath, HostName, Http, Proxies, ProxyRole, SECRET_HEADER};
use crate::receive::is_deceptive;
use crate::runtime::per_minute::PerMinute;

/// Headers that proxies add if they are configured to.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The base path, as Traefik and others write it, and as Home Assistant's ingress does.
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const INGRESS_PATH: HeaderName = HeaderName::from_static("x-ingress-path");
/// Maximum length of a user's name in a proxy's header, in characters.
const USER_CHARS_MAX: usize = 100;
/// Paths that answer without TLS and for every host, for health checks; they contain nothing of incidents.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];

/// The settings of `[http]` about hosts, TLS and proxies.
pub(super) struct ProxyPolicy {
    /// Whether browsers that come without TLS are sent to it.
    tls_only: bool,
    /// Trusted addresses, header names and the secret.
    proxies: Proxies,
    /// Host names that browsers may use, besides addresses and `localhost`.
    names: Vec<String>,
    /// Path of `public_url`, for proxies that name none.
    base: BasePath,
    /// The first steps of our own paths.
    own_steps: Vec<&'static str>,
    /// Host of `public_url`: behind it is a proxy that checks its users.
    public_host: Option<String>,
    /// Limits warnings about requests that are not trusted.
    complaints: PerMinute<()>,
}

/// Finds out the base path, and answers below it.
pub(super) async fn recognise(
    State(policy): State<Arc<ProxyPolicy>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let (base, by_ingress) = policy.base_path(peer, request.headers());
    let is_unlike_ours = !policy.own_steps.contains(&base.first_step());
    let place = Place::of(base, is_unlike_ours, &mut request);
    let mut response = place.answer(admit(policy, peer, request, next)).await;
    if let Some(by_ingress) = by_ingress {
        response.extensions_mut().insert(by_ingress);
    }
    response
}

/// Refuses requests for foreign host names, and adds the client to all others.
async fn admit(policy: Arc<ProxyPolicy>, peer: Peer, mut request: Request, next: Next) -> Response {
    let is_open = OPEN.contains(&request.uri().path());
    let host = match policy.host(&request, peer, is_open) {
        Ok(host) => Some(host),
        Err(_) if is_open => None,
        Err(refusal) => return refusal.into_response(request.uri().path()),
    };
    let client = policy.client(peer, host.as_ref(), request.headers());
    if policy.tls_only && !client.by_tls && !is_open {
        return to_tls(&request);
    }
    request.extensions_mut().insert(client);
    next.run(request).await
}

impl ProxyPolicy {
    /// `own_steps` are the first steps of our own paths. A base path with one of them must be removed by the proxy.
    pub(super) fn new(settings: Http, own_steps: Vec<&'static str>) -> Self {
        let base = settings.base_path();
        if own_steps.contains(&base.first_step()) {
            tracing::warn!(
                path = base.as_str(),
                "The path of `public_url` begins like a page of ours: the proxy must remove it from requests, \
                 or use another path."
            );
        }
        Self {
            tls_only: settings.listen.is_some_and(|listen| listen.tls),
            base,
            own_steps,
            public_host: settings.public_host(),
            names: settings.names,
            proxies: settings.proxies,
            complaints: PerMinute::default(),
        }
    }

    /// The host that a request names, if it is one of ours. If it is not, this is logged, but for health checks (`is_open`).
    fn host(&self, request: &Request, peer: Peer, is_open: bool) -> Result<HostName, HostError> {
        let host = host::of(request)?.ok_or(HostError::Unclear)?;
        let is_of_proxy = || self.proxies.alone && self.believes(peer, request.headers());
        if host::is_ours(&host, &self.names) || is_of_proxy() {
            return Ok(host);
        }
        if is_open {
            return Err(HostError::NotOurs);
        }
        self.log(|| {
            tracing::warn!(
                peer = %peer.address.ip().to_canonical(),
                host = host.0,
                "Refused an HTTP request for a name that is not ours. If it is, add it to `hosts` of \
                 `[http]`."
            );
        });
        Err(HostError::NotOurs)
    }

    /// The path below which the browser sees our pages, and whether it is that of Home Assistant's ingress. Only a trusted
    /// proxy may name one; otherwise it is that of `public_url`.
    fn base_path(&self, peer: Peer, headers: &HeaderMap) -> (BasePath, Option<ByIngress>) {
        let by_ingress = headers.contains_key(INGRESS_PATH);
        let name = if by_ingress { INGRESS_PATH } else { FORWARDED_PREFIX };
        if !headers.contains_key(&name) || !self.believes(peer, headers) {
            return (self.base.clone(), None);
        }
        let Some(base) = only(headers, &name).and_then(BasePath::parse) else {
            self.log(|| tracing::warn!(header = %name, "A proxy's base path cannot be used."));
            return (self.base.clone(), None);
        };
        (base, by_ingress.then_some(ByIngress))
    }

    /// Whether a request comes from a trusted proxy, with its secret if there is one.
    fn believes(&self, peer: Peer, headers: &HeaderMap) -> bool {
        let Proxies { trusted, secret, .. } = &self.proxies;
        let address = peer.address.ip().to_canonical();
        if !trusted.contains(address) {
            return false;
        }
        let is_believed = secret.as_ref().is_none_or(|secret| shows(headers, secret.expose()));
        if !is_believed {
            self.log(|| {
                tracing::warn!(
                    peer = %address,
                    "A request from a trusted proxy's address does not show `proxy_secret`."
                )
            });
        }
        is_believed
    }

    /// The client behind a connection. A proxy without its secret is treated like any other client.
    pub(super) fn client(
        &self,
        peer: Peer,
        host: Option<&HostName>,
        headers: &HeaderMap,
    ) -> Client {
        let Peer { address, by_tls } = peer;
        let address = address.ip().to_canonical();
        if !self.believes(peer, headers) {
            return Client { address, by_tls, user: None };
        }
        let proto = only(headers, &FORWARDED_PROTO);
        Client {
            address: forwarded_for(headers, &self.proxies).unwrap_or(address),
            by_tls: proto.map_or(by_tls, |proto| proto.eq_ignore_ascii_case("https")),
            user: self.user(host, headers),
        }
    }

    /// The user that a trusted proxy names. Without a secret, only a request for the public host counts: a page on the
    /// internet whose name leads here can make a browser at the proxy's address send any header.
    fn user(&self, host: Option<&HostName>, headers: &HeaderMap) -> Option<ProxyUser> {
        let Proxies { user_header, role_header, role, alone, secret, .. } = &self.proxies;
        let name = user_header.as_ref().and_then(|header| only(headers, header))?.trim();
        // A list may contain a name that the client itself sent.
        let is_one = !name.is_empty() && !name.contains([',', ';']);
        if !is_one || name.chars().count() > USER_CHARS_MAX || is_deceptive(name) {
            return None;
        }
        let is_public = host.is_some_and(|host| Some(&host.0) == self.public_host.as_ref());
        if secret.is_none() && !is_public && !alone {
            self.log(|| tracing::warn!(
                "A proxy's user was not believed: the request is not for the host of `public_url`, \
                 and there is no `proxy_secret`."
            ));
            return None;
        }
        let by_default = match role {
            ProxyRole::Owner => Role::Owner,
            ProxyRole::Viewer => Role::Viewer,
        };
        let role = match role_header.as_ref().filter(|header| headers.contains_key(*header)) {
            None => by_default,
            Some(header) => match only(headers, header).map(str::trim) {
                Some("") => by_default,
                Some(named) => Role::parse(named),
                None => Role::Viewer,
            },
        };
        Some(ProxyUser { name: name.to_owned(), role })
    }

    /// Logs at most once a minute.
    fn log(&self, log: impl FnOnce()) {
        if self.complaints.due(()).is_some() {
            log();
        }
    }
}

/// The value of a header that occurs once. If it occurs twice, somebody besides the proxy added one.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

/// Whether the request has the proxy's secret; compared in constant time.
fn shows(headers: &HeaderMap, secret: &str) -> bool {
    let shown = only(headers, &SECRET_HEADER).unwrap_or_default();
    shown.as_bytes().ct_eq(secret.as_bytes()).into()
}

/// The client's address from `X-Forwarded-For`. Each proxy appends the address it was connected from, so the list is read
/// from its end up to the first address that is not a trusted proxy. Anybody may have written what comes before it.
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

/// An address of the list. Some proxies add the port, and brackets around IPv6.
fn address(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().or_else(|_| hop.parse().map(|socket: SocketAddr| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// Redirects a browser to `https://`.
fn to_tls(request: &Request) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host else {
        return Problem::new(StatusCode::BAD_REQUEST, "use https://").into_response();
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = base_path::prefixed(path);
    Redirect::temporary(&format!("https://{host}{path}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const SECRET: &str = "0123456789abcdef";

    fn policy(settings: &str) -> ProxyPolicy {
        let source = format!(
            "[http]\ntrusted_proxies = [\"127.0.0.1/32\", \"10.9.0.0/16\"]\n\
             proxy_user_header = \"Remote-User\"\n{settings}"
        );
        let config = Config::parse(None, &source, None, &|_| None);
        ProxyPolicy::new(
            config.unwrap_or_else(|faults| panic!("{}", faults.render(false))).http,
            vec!["devices"],
        )
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn client(peer: &str, by_tls: bool, pairs: &[(&'static str, &str)]) -> Client {
        let address = SocketAddr::new(peer.parse().unwrap(), 1);
        let host = HostName::parse("tipoff.example.org");
        let policy = policy("public_url = \"https://tipoff.example.org\"");
        policy.client(Peer { address, by_tls }, host.as_ref(), &headers(pairs))
    }

    fn named(client: &Client) -> Option<&str> {
        client.user.as_ref().map(|user| user.name.as_str())
    }

    #[test]
    fn only_proxies_that_are_named_are_believed() {
        let all = [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-proto", "https"),
            ("remote-user", "anna"),
        ];
        let stranger = client("192.168.1.5", false, &all);
        let address = "192.168.1.5".parse().unwrap();
        assert_eq!(stranger, Client { address, by_tls: false, user: None });
        let believed = client("127.0.0.1", false, &all);
        let address: IpAddr = "203.0.113.7".parse().unwrap();
        assert_eq!((believed.address, believed.by_tls), (address, true));
        let user = ProxyUser { name: "anna".to_owned(), role: Role::Owner };
        assert_eq!(believed.user, Some(user));
        let plain = client("127.0.0.1", true, &[("x-forwarded-proto", "http")]);
        assert!(!plain.by_tls, "between them and the proxy anybody may listen in");
        assert_eq!(named(&client("::ffff:127.0.0.1", false, &all)), Some("anna"));
    }

    #[test]
    fn a_user_header_that_is_empty_a_list_or_there_twice_names_nobody() {
        for lines in [&[""][..], &[" "], &["anna", "anna"], &["anna, bert"], &["anna;bert"]] {
            let lines: Vec<_> = lines.iter().map(|line| ("remote-user", *line)).collect();
            assert_eq!(named(&client("127.0.0.1", false, &lines)), None, "{lines:?}");
        }
        let long = "x".repeat(USER_CHARS_MAX + 1);
        assert_eq!(named(&client("127.0.0.1", false, &[("remote-user", &long)])), None);
    }

    #[test]
    fn a_proxy_proves_itself_by_its_secret_or_the_public_host() {
        let user = ("remote-user", "anna");
        let for_anna = ("x-forwarded-for", "203.0.113.7");
        let address = SocketAddr::new([127, 0, 0, 1].into(), 1);
        let ask = |settings: &str, host: &str, pairs: &[(&'static str, &str)]| {
            let host = HostName::parse(host);
            let peer = Peer { address, by_tls: false };
            policy(settings).client(peer, host.as_ref(), &headers(pairs))
        };
        let public = "public_url = \"https://tipoff.example.org:8443/x\"";
        assert_eq!(named(&ask(public, "tipoff.example.org", &[user])), Some("anna"));
        for host in ["127.0.0.1:8080", "localhost", "example.org", ""] {
            assert_eq!(named(&ask(public, host, &[user])), None, "{host}");
        }
        let secret = format!("{public}\nproxy_secret = \"{SECRET}\"");
        let shown = ("x-tipoff-proxy-secret", SECRET);
        assert_eq!(named(&ask(&secret, "127.0.0.1", &[user, shown])), Some("anna"));
        for wrong in [
            &[user, for_anna][..],
            &[user, for_anna, ("x-tipoff-proxy-secret", "0123456789abcdee")],
            &[user, for_anna, ("x-tipoff-proxy-secret", "0123456789abcdef0")],
            &[user, for_anna, ("x-tipoff-proxy-secret", "")],
            &[user, for_anna, shown, shown],
        ] {
            let client = ask(&secret, "tipoff.example.org", wrong);
            assert_eq!((named(&client), client.address), (None, address.ip()), "{wrong:?}");
        }
    }

    #[test]
    fn a_role_that_is_not_known_is_a_viewers() {
        let address = SocketAddr::new([127, 0, 0, 1].into(), 1);
        let role = |settings: &str, roles: &[&str]| {
            let settings = format!("proxy_secret = \"{SECRET}\"\n{settings}");
            let mut pairs = vec![("remote-user", "anna"), ("x-tipoff-proxy-secret", SECRET)];
            pairs.extend(roles.iter().map(|role| ("remote-role", *role)));
            let peer = Peer { address, by_tls: false };
            policy(&settings).client(peer, None, &headers(&pairs)).user.unwrap().role
        };
        let header = "proxy_role_header = \"Remote-Role\"";
        assert_eq!(role("", &["viewer"]), Role::Owner, "no header is asked for");
        assert_eq!(role("proxy_role = \"viewer\"", &["owner"]), Role::Viewer);
        for (roles, expected) in [
            (&["owner"][..], Role::Owner),
            (&["OWNER"], Role::Owner),
            (&["viewer"], Role::Viewer),
            (&["admin"], Role::Viewer),
            (&["owner,viewer"], Role::Viewer),
            (&["owner", "owner"], Role::Viewer),
            (&[""], Role::Viewer),
            (&[], Role::Viewer),
        ] {
            assert_eq!(role(header, roles), expected, "{roles:?}");
        }
        let by_default = format!("{header}\nproxy_role = \"owner\"");
        assert_eq!(role(&by_default, &[]), Role::Owner);
        assert_eq!(role(&by_default, &["x"]), Role::Viewer);
        assert_eq!(role(&by_default, &["owner", "owner"]), Role::Viewer);
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
            let address = client("127.0.0.1", false, &headers).address;
            assert_eq!(address, expected.parse::<IpAddr>().unwrap(), "{lines:?}");
        }
    }
}
