//! The host that a request names. A page on the internet can let its own name lead to this machine (DNS
//! rebinding): the browser then takes us for that page's server. Such a request still names the page's host,
//! so only our own names are served.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::Response;

use super::page::problem_response;
use super::problem::Problem;
use crate::config::HostName;

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostError {
    /// RFC 9112, section 3.2: no host, several, or one that cannot be read.
    Unclear,
    /// RFC 9110, section 15.5.20: a host that is not ours.
    NotOurs,
}

/// The host that a request names. A target in absolute form takes the place of `Host` (RFC 9112, section
/// 3.2.2), but a request that names two different hosts is refused. `None`: it names none.
pub(super) fn of(request: &Request) -> Result<Option<HostName>, HostError> {
    let target = request.uri().authority().map(|authority| authority.as_str());
    let mut given = request.headers().get_all(header::HOST).iter();
    let header =
        given.next().map(|host| host.to_str().map_err(|_| HostError::Unclear)).transpose()?;
    if given.next().is_some() {
        return Err(HostError::Unclear);
    }
    let parse = |text: &str| HostName::parse(text).ok_or(HostError::Unclear);
    let (target, header) = (target.map(parse).transpose()?, header.map(parse).transpose()?);
    match (target, header) {
        (Some(target), Some(header)) if target != header => Err(HostError::Unclear),
        (target, header) => Ok(target.or(header)),
    }
}

/// Whether a host is ours: an address, which no name server can give to somebody else, `localhost`, or one
/// of `names`.
pub(super) fn is_ours(host: &HostName, names: &[String]) -> bool {
    host.is_address() || host.0 == "localhost" || names.contains(&host.0)
}

impl HostError {
    /// The answer: for programs what the API answers, else a page.
    pub(super) fn into_response(self, path: &str) -> Response {
        let problem = match self {
            Self::Unclear => Problem::bad("the request must name one host"),
            Self::NotOurs => Problem::new(
                StatusCode::MISDIRECTED_REQUEST,
                "this host name is not allowed; use the IP address of the machine, or add the name to \
                 the configuration: hosts = [\"…\"] in [http], or public_url behind a reverse proxy",
            ),
        };
        problem_response(problem, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, hosts: &[&str]) -> Request {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        request.body(axum::body::Body::empty()).unwrap()
    }

    #[test]
    fn a_request_names_one_host() {
        let host = |text: &str| Ok(HostName::parse(text));
        for (uri, hosts, expected) in [
            ("/", &["cam.lan"][..], host("cam.lan")),
            ("/", &["CAM.lan.:8080"], host("cam.lan")),
            ("/", &[], Ok(None)),
            ("/", &["cam.lan", "cam.lan"], Err(HostError::Unclear)),
            ("/", &["cam.lan, evil.example"], Err(HostError::Unclear)),
            ("/", &["cam.lan/"], Err(HostError::Unclear)),
            ("/", &["a@cam.lan"], Err(HostError::Unclear)),
            ("/", &[""], Err(HostError::Unclear)),
            ("http://cam.lan/", &[], host("cam.lan")),
            ("http://cam.lan/", &["cam.lan:80"], host("cam.lan")),
            ("http://evil.example/", &["cam.lan"], Err(HostError::Unclear)),
            ("http://cam.lan/", &["evil.example"], Err(HostError::Unclear)),
        ] {
            assert_eq!(of(&request(uri, hosts)), expected, "{uri} {hosts:?}");
        }
    }

    #[test]
    fn only_addresses_and_own_names_are_ours() {
        let names = ["tipoff.example.org".to_owned()];
        for (text, expected) in [
            ("192.168.1.10:8080", true),
            ("[2001:db8::1]:8080", true),
            ("127.0.0.1", true),
            ("localhost:8080", true),
            ("LOCALHOST.", true),
            ("tipoff.example.org", true),
            ("evil.example", false),
            ("tipoff.example.org.evil.example", false),
            ("evil.tipoff.example.org", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.nip.io", false),
            ("evil.localhost", false),
            ("1.2.3", false),
            ("0x7f000001", false),
            ("2130706433", false),
        ] {
            assert_eq!(is_ours(&HostName::parse(text).unwrap(), &names), expected, "{text}");
        }
    }
}
