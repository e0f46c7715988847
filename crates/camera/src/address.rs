//! Where a camera is asked.

use std::fmt;

use url::Url;

/// The address of a camera's web server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CameraAddress {
    /// The name or number; an IPv6 address in brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is asked by TLS. Cameras have certificates that nobody has signed, so none is checked.
    pub is_tls: bool,
}

impl CameraAddress {
    /// The camera of an address that begins with `http://` or `https://`; `None` for others.
    pub fn of(url: &Url) -> Option<Self> {
        let is_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let host = url.host_str()?.to_owned();
        Some(Self { host, port: url.port_or_known_default()?, is_tls })
    }

    /// The host as sockets want it.
    pub(crate) fn socket_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The value of `Host` (RFC 9110, section 7.2): without a port that is the usual one.
    pub(crate) fn authority(&self) -> String {
        let usual = if self.is_tls { 443 } else { 80 };
        match self.port == usual {
            true => self.host.clone(),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for CameraAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        CameraAddress::of(&Url::parse(text).unwrap()).map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_host_port_and_scheme() {
        assert_eq!(shown("http://192.168.1.20/a?b").unwrap(), "http://192.168.1.20");
        assert_eq!(shown("https://cam:8443/").unwrap(), "https://cam:8443");
        assert_eq!(shown("http://u:p@[fe80::1]:81/x").unwrap(), "http://[fe80::1]:81");
        assert_eq!(shown("rtsp://192.168.1.20/"), None);
    }
}
