//! `[http]`: the dashboard, its API, health and metrics, and which proxies are trusted there.
//!
//! Reads and checks the section. What a trusted proxy may assert about a request is applied in `web/proxy_policy.rs`;
//! the names that a browser may use, in `web/host.rs`.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::http::HeaderName;
use toml::Spanned;
use url::{Host, Url};

use super::access::Networks;
use super::base_path::BasePath;
use super::fault::Fault;
use super::key::{Key, ValueForm, Without, nothing};
use super::listener::{Listener, Schemes, proxy_network, proxy_protocol, push_networks};
use super::overrides::{self, Listening, Named, NamedBy, OFF};
use super::secret::Secret;
use super::section::Section;
use super::smtp::{is_host_name, machine_name};

/// The default of `listen`.
const LISTEN: &str = "0.0.0.0:8080";
/// Limits of `media_links`. Some services fetch the file of a link only when somebody opens the alert.
const MEDIA_LINKS_MIN: Duration = Duration::from_secs(60 * 60);
const MEDIA_LINKS_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);
const SCHEMES: Schemes = Schemes { plain: "http", tls: "https", port: 8080 };

/// The HTTP server's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Http {
    /// The address to listen on; `None` for no port. With TLS, only health is served without encryption.
    pub(crate) listen: Option<Listener>,
    /// The beginning of links in alerts, without a slash at the end; `None` for this machine's address.
    pub(crate) public_url: Option<String>,
    /// How long links to stored files in alerts and feeds are valid.
    pub(crate) media_links: Duration,
    /// Host names that browsers may use, in lower case: this machine's, and those of `public_url`, `public_address`,
    /// `[smtp] host_name` and `hosts`. IP addresses and `localhost` are always accepted. Any other name is refused, because a page on the
    /// internet can make its own name resolve to this machine (DNS rebinding).
    pub(crate) names: Vec<String>,
    /// The trusted reverse proxies.
    pub(crate) proxies: Proxies,
    /// Networks of push services beside public ones.
    pub(crate) push_networks: Networks,
    /// The balancers whose connections begin with a PROXY header.
    pub(crate) proxy_protocol: Networks,
}

impl Http {
    /// The host of `public_url`, in lower case and without a port.
    pub(crate) fn public_host(&self) -> Option<String> {
        self.public_url.as_deref().and_then(host_of)
    }

    /// The path of `public_url`, below which a proxy serves us.
    pub(crate) fn base_path(&self) -> BasePath {
        let url = self.public_url.as_deref().and_then(|url| Url::parse(url).ok());
        url.as_ref().and_then(BasePath::of_url).unwrap_or_default()
    }
}

/// The host in a URL that begins with http:// or https://, as browsers write it in `Host`: in lower case, in ASCII and without
/// a port.
pub(super) fn host_of(url: &str) -> Option<String> {
    HostName::parse(Url::parse(url).ok()?.host_str()?).map(|host| host.0)
}

/// A host as browsers send it in `Host` (RFC 9110, section 7.2), without its port and in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostName(pub(crate) String);

impl HostName {
    /// Reads `name`, `name:port`, `[IPv6]:port`. `None` for anything else, such as a user or a list.
    pub(crate) fn parse(authority: &str) -> Option<Self> {
        let (host, rest) = if authority.starts_with('[') {
            authority.split_at_checked(authority.find(']')? + 1)?
        } else {
            authority.split_at_checked(authority.find(':').unwrap_or(authority.len()))?
        };
        let port = if rest.is_empty() { Some("") } else { rest.strip_prefix(':') };
        if !port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok()) {
            return None;
        }
        if let Some(bare) = host.strip_prefix('[') {
            let address: Ipv6Addr = bare.strip_suffix(']')?.parse().ok()?;
            return Some(Self(address.to_string()));
        }
        // A name may end with the dot of the root.
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_name = is_host_name(host) && !host.ends_with('.');
        is_name.then(|| Self(host.to_ascii_lowercase()))
    }

    /// Whether this is an IP address. It is resolved by no name server, so nobody can redirect it.
    pub(crate) fn is_address(&self) -> bool {
        self.0.parse::<IpAddr>().is_ok()
    }
}

/// The trusted reverse proxies, and what they may assert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    /// Their addresses. A request from one of them carries the client's address and scheme in `X-Forwarded-…`.
    pub(crate) trusted: Networks,
    /// The header with the user who has logged in at the proxy; `None` if proxies log nobody in.
    pub(crate) user_header: Option<HeaderName>,
    /// The header with that user's role.
    pub(crate) role_header: Option<HeaderName>,
    /// The role of users without a role in the header.
    pub(crate) role: ProxyRole,
    /// Whether nothing but the proxy runs at the trusted addresses: its requests count for every host name, and its users
    /// are believed without a secret.
    pub(crate) alone: bool,
    /// The content of [`SECRET_HEADER`] that proves a proxy; `None` if the address is proof enough.
    pub(crate) secret: Option<Secret>,
}

/// Role of a user whom a proxy names without a role, as `proxy_role` sets it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ProxyRole {
    /// May change everything.
    #[default]
    Owner,
    /// May only look.
    Viewer,
}

/// The header that holds `proxy_secret`.
pub(crate) const SECRET_HEADER: HeaderName = HeaderName::from_static("x-tipoff-proxy-secret");
/// The shortest `proxy_secret`, in characters: 16 of random letters are more than 80 bits.
const SECRET_CHARS_MIN: usize = 16;

/// Headers that browsers or proxies send for another purpose: their value is never a user or a role. Some of them are
/// under the control of the client, who could name itself any user.
const TAKEN_HEADERS: [&str; 11] = [
    "authorization",
    "cookie",
    "forwarded",
    "host",
    "origin",
    "referer",
    "user-agent",
    "x-forwarded-for",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-ingress-path",
];
/// The description of the section in the reference.
pub(super) const DOC: &str =
    "The HTTP port: the dashboard, its API, health, metrics, and signed links to stored files.";

/// Reads the section. Also returns what names the address of the listener, for the check that no two use one port.
pub(super) fn read(section: &mut Section<'_>) -> (Http, Option<Named<SocketAddr>>) {
    let key = Key {
        name: "listen",
        form: ValueForm::Text,
        without: Without::Default(LISTEN.to_owned()),
        doc: "The address of the port; `\"off\"` closes it. Any address accepts TLS, with the \
              certificate of `[smtp]`. `\"https://0.0.0.0:8443\"` redirects browsers without TLS \
              to TLS.",
    };
    let listen = match section.parsed(&key, listener) {
        Some(given) => Some(given),
        None => listener(LISTEN).ok().map(|default| Spanned::new(0..0, default)),
    };
    let of_file = listen.into_iter().collect();
    let listen = overrides::listeners(section.reading, Listening::Http, of_file, listener);
    if let [_, Named { by: NamedBy::Override(name), .. }, ..] = listen.as_slice() {
        section.fault(Fault::new(format!("`{name}`: only one address is possible")));
    }
    let listen = listen.into_iter().next();
    let place = listen.as_ref().and_then(|it| Some(it.at(it.listener?.address)));
    let key = Key {
        name: "public_url",
        form: ValueForm::Text,
        without: nothing("https://tipoff.example.org"),
        doc: "The beginning of links in alerts. A path in it, as in \
              `https://example.org/tipoff`, is the one below which a reverse proxy serves the \
              dashboard. Without `public_url`: `http://` (or `https://`, if `listen` says so) and \
              `public_address` of the whole configuration, else this machine's address in the \
              local network.",
    };
    let public_url = section.parsed(&key, public_url).map(Spanned::into_inner);
    let proxy_protocol = proxy_protocol(section);
    let media_links = section.duration(
        "media_links",
        "30 days",
        MEDIA_LINKS_MIN..=MEDIA_LINKS_MAX,
        "How long links to stored files in alerts and feeds are valid, rounded up to a day. They \
         need no login, so that services can fetch the files. The link to the incident in an alert \
         stays valid, and needs a login.",
    );
    let mut names = hosts(section);
    names.extend(machine_names(&machine_name()));
    names.extend(public_url.as_deref().and_then(host_of));
    let proxies = proxies(section, public_url.is_some());
    let push_networks = push_networks(section);
    let listen = listen.and_then(|it| it.listener);
    let http =
        Http { listen, public_url, media_links, names, proxies, push_networks, proxy_protocol };
    (http, place)
}

/// Domains that no public name server answers for: RFC 6762 (`local`), RFC 8375 (`home.arpa`), ICANN's
/// reservation of `internal`, and what many routers use (`lan`), which was never delegated.
const HOME_DOMAINS: [&str; 4] = ["local", "lan", "home.arpa", "internal"];

/// Names of this machine, in lower case: as the system has it, its first label, and that label in the domains of home
/// networks, where routers and mDNS answer for it.
fn machine_names(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let label = name.split('.').next().unwrap_or_default().to_owned();
    let at_home = HOME_DOMAINS.iter().map(|domain| format!("{label}.{domain}"));
    let mut names: Vec<String> = at_home.collect();
    names.extend([name, label]);
    names
}

/// Reads `hosts`, in lower case.
fn hosts(section: &mut Section<'_>) -> Vec<String> {
    let key = Key {
        name: "hosts",
        form: ValueForm::List,
        without: nothing("[\"tipoff.home.example\"]"),
        doc: "Further host names that browsers and programs may use. Tipoff always answers to IP \
              addresses, `localhost`, this machine's name (also with `.local`, `.lan`, \
              `.home.arpa`, `.internal`), `host_name` of `[smtp]`, `public_address` and the host \
              of `public_url`. \
              Other names get status 421, because a page on the internet could make its own name \
              lead here.",
    };
    let given = section.list(&key).unwrap_or_default();
    let host = |text: &str| match HostName::parse(text) {
        Some(host) if !text.contains(':') => Ok(host.0),
        _ => Err("write a host name without a scheme or a port".to_owned()),
    };
    let hosts = given.iter().filter_map(|text| section.parse(&key, text, host));
    hosts.map(Spanned::into_inner).collect()
}

/// Reads the keys about proxies, and checks that none of them is without effect or lets everybody in.
fn proxies(section: &mut Section<'_>, has_public_url: bool) -> Proxies {
    let key = Key {
        name: "trusted_proxies",
        form: ValueForm::List,
        without: nothing("[\"127.0.0.1\"]"),
        doc: "Addresses or networks of trusted reverse proxies: Tipoff uses the client's address \
              (`X-Forwarded-For`), the use of TLS (`X-Forwarded-Proto`) and the path of the dashboard \
              (`X-Forwarded-Prefix`, or `X-Ingress-Path` of Home Assistant) that they send.",
    };
    let given = section.list(&key).unwrap_or_default();
    let networks = given.iter().filter_map(|text| section.parse(&key, text, proxy_network));
    let trusted: Vec<_> = networks.map(Spanned::into_inner).collect();
    let doc = "The content of the header `X-Tipoff-Proxy-Secret` that a trusted proxy sends, at \
               least 16 characters. Tipoff then trusts a proxy only with it. Required if other \
               programs than the proxy run at its address.";
    let secret = section.secret("proxy_secret", "{ env = \"PROXY_SECRET\" }", doc);
    if let Some(secret) = &secret
        && secret.get_ref().expose().chars().count() < SECRET_CHARS_MIN
    {
        section.wrong("proxy_secret", secret.span(), "at least 16 characters");
    }
    let doc = "A user whom a trusted proxy names in this header is logged in without a password. \
               This needs `proxy_secret`, or applies to requests to the host of `public_url`. The \
               proxy must remove this header from incoming requests.";
    let alone = section.flag(
        "proxy_alone",
        false,
        "Whether nothing but the proxy runs at the addresses of `trusted_proxies`: no browser and no \
         other program, as with Home Assistant's Supervisor. Then Tipoff answers the proxy's \
         requests for every host name, and believes `proxy_user_header` without `proxy_secret`.",
    );
    let user_header = header(section, "proxy_user_header", "Remote-User", doc);
    let doc = "The header in which the proxy names that user's role: `owner` or `viewer`; anything \
               else is a viewer.";
    let role_header = header(section, "proxy_role_header", "Remote-Role", doc);
    let role = role(section, role_header.is_some());
    if user_header.is_some() {
        let is_proven = alone || secret.is_some() || has_public_url;
        check_user_header(section, !given.is_empty(), is_proven);
    }
    if secret.is_some() && given.is_empty() {
        let fault = Fault::at(section.span_of("proxy_secret"), "`proxy_secret` without a proxy");
        section.fault(fault.label("nobody is believed: add `trusted_proxies`"));
    }
    for name in ["proxy_role_header", "proxy_role"] {
        if section.has(name) && user_header.is_none() {
            let title = format!("`{name}` without `proxy_user_header`");
            let fault = Fault::at(section.span_of(name), title);
            section.fault(fault.label("no proxy names a user: add `proxy_user_header`"));
        }
    }
    let secret = secret.map(Spanned::into_inner);
    Proxies {
        trusted: trusted.into_iter().collect(),
        user_header,
        role_header,
        role,
        alone,
        secret,
    }
}

/// Reads the name of a header that a proxy sends.
fn header(
    section: &mut Section<'_>,
    name: &'static str,
    example: &str,
    doc: &'static str,
) -> Option<HeaderName> {
    let key = Key { name, form: ValueForm::Text, without: nothing(example), doc };
    let header = section.parsed(&key, |text| {
        let header =
            text.parse::<HeaderName>().map_err(|_| "this is no name of a header".to_owned())?;
        let is_taken = TAKEN_HEADERS.contains(&header.as_str()) || header == SECRET_HEADER;
        if is_taken { Err("this header has another purpose".to_owned()) } else { Ok(header) }
    });
    header.map(Spanned::into_inner)
}

/// Reads `proxy_role`. If proxies name roles (`is_named`), a user without one gets the lesser role.
fn role(section: &mut Section<'_>, is_named: bool) -> ProxyRole {
    let key = Key {
        name: "proxy_role",
        form: ValueForm::Text,
        without: nothing("viewer"),
        doc: "The role of users whose role the proxy does not name: `owner` or `viewer`. Without \
              it: `owner`, or `viewer` if `proxy_role_header` is set.",
    };
    let given = section.parsed(&key, |text| match text {
        "owner" => Ok(ProxyRole::Owner),
        "viewer" => Ok(ProxyRole::Viewer),
        _ => Err("expected one of: owner, viewer".to_owned()),
    });
    let without = if is_named { ProxyRole::Viewer } else { ProxyRole::Owner };
    given.map_or(without, Spanned::into_inner)
}

/// Reports a `proxy_user_header` that anybody could send. A page on the internet whose name resolves to this machine
/// makes the browser on this machine send any header from a trusted address: an address alone does not prove a proxy.
fn check_user_header(section: &Section<'_>, has_proxies: bool, is_proven: bool) {
    let span = section.span_of("proxy_user_header");
    if !has_proxies {
        let fault = Fault::at(span, "`proxy_user_header` without a proxy");
        section.fault(fault.label("nobody is believed: add `trusted_proxies`"));
    } else if !is_proven {
        let fault =
            Fault::at(span, "`proxy_user_header` that anything at the proxy's address may send");
        let help = "add `proxy_secret` and let the proxy send it as X-Tipoff-Proxy-Secret, or set \
                    `public_url` to the address at the proxy";
        section.fault(fault.label("whoever sends it is logged in").help(help));
    }
}

fn listener(text: &str) -> Result<Option<Listener>, String> {
    if text == OFF { Ok(None) } else { SCHEMES.listener(text).map(Some) }
}

/// Reads the beginning of links, and the path below which a proxy serves us. Links contain the text itself, so what [`Url`] would
/// repair is refused.
fn public_url(text: &str) -> Result<String, String> {
    let wrong = || "it must begin with http:// or https:// and a host".to_owned();
    let is_odd = |it: char| it.is_whitespace() || it.is_control() || it == '\\';
    let begins = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    if begins.is_none_or(|rest| rest.starts_with('/') || rest.contains(is_odd)) {
        return Err(wrong());
    }
    let text = text.trim_end_matches('/');
    let url = Url::parse(text).map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "it must have no user and no password: whoever gets a link reads them".to_owned()
        );
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if let Some(Host::Domain(name)) = url.host()
        && !name.bytes().all(is_plain)
    {
        return Err(wrong());
    }
    match BasePath::of_url(&url) {
        Some(_) if !text.contains("/.") && !text.contains('%') => Ok(text.to_owned()),
        _ => Err("its path may have letters, digits, `-`, `_`, `.` and `~`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_browsers_write_them() {
        for (text, expected) in [
            ("cam.example.org", Some("cam.example.org")),
            ("CAM.Example.org:8080", Some("cam.example.org")),
            ("cam.example.org.", Some("cam.example.org")),
            ("cam.example.org.:80", Some("cam.example.org")),
            ("cam:", Some("cam")),
            ("192.168.1.10:8080", Some("192.168.1.10")),
            ("[2001:db8::1]:8080", Some("2001:db8::1")),
            ("[2001:DB8:0::1]", Some("2001:db8::1")),
            ("2001:db8::1", None),
            ("[2001:db8::1", None),
            ("[fe80::1%25eth0]", None),
            ("cam:99999", None),
            ("cam:80:90", None),
            ("user@cam", None),
            ("a, b", None),
            ("cam..", None),
            ("", None),
            (":80", None),
            (".", None),
        ] {
            let host = HostName::parse(text);
            assert_eq!(host.as_ref().map(|host| host.0.as_str()), expected, "{text}");
        }
        for (text, expected) in [("192.168.1.10", true), ("[::1]", true), ("1.2.3", false)] {
            assert_eq!(HostName::parse(text).unwrap().is_address(), expected, "{text}");
        }
        assert_eq!(
            host_of("https://Tipoff.example.org:8443/x").as_deref(),
            Some("tipoff.example.org")
        );
    }
    #[test]
    fn a_public_url_makes_links_that_open_and_show_no_password() {
        for (text, expected) in [
            ("http://192.168.1.10:8080/", Ok("http://192.168.1.10:8080")),
            ("https://[2001:db8::1]/tipoff/", Ok("https://[2001:db8::1]/tipoff")),
            ("https://kueche.example", Ok("https://kueche.example")),
            ("https://küche.example", Ok("https://küche.example")),
            ("http://my_host:8080", Ok("http://my_host:8080")),
            ("http://", Err("a host")),
            ("http:///x", Err("a host")),
            ("http://:80", Err("a host")),
            ("http://x:99999", Err("a host")),
            ("http://x y", Err("a host")),
            ("http://x\ty", Err("a host")),
            ("http://x\\y", Err("a host")),
            ("http://[::1", Err("a host")),
            ("http://\"x", Err("a host")),
            ("javascript://x", Err("a host")),
            ("http://me:hunter2@x", Err("no password")),
            ("http://me@x", Err("no password")),
            ("http://x/a?b", Err("its path")),
            ("http://x/a/../b", Err("its path")),
            ("http://x/a/.", Err("its path")),
            ("http://x/%2e%2e/a", Err("its path")),
            ("http://x/a//b", Err("its path")),
            ("http://x/a#", Err("its path")),
            ("http://x/a//", Ok("http://x/a")),
            ("http://x/.a", Err("its path")),
        ] {
            match (public_url(text), expected) {
                (Ok(url), Ok(expected)) => assert_eq!(url, expected),
                (Err(reason), Err(part)) => assert!(reason.contains(part), "{text}: {reason}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
        assert_eq!(host_of("https://Küche.example/").as_deref(), Some("xn--kche-0ra.example"));
    }
}
