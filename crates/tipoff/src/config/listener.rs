//! Addresses to listen on, as sections name them: `"0.0.0.0:2525"`, `"smtps://0.0.0.0:2465"`.

use std::net::SocketAddr;

use super::units;

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listener {
    /// The address and port; port 0 is any free one.
    pub(crate) address: SocketAddr,
    /// Whether TLS is spoken from the start.
    pub(crate) tls: bool,
}

/// The schemes of a protocol, and the port in what is said of an address without one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schemes {
    pub(super) plain: &'static str,
    pub(super) tls: &'static str,
    pub(super) port: u16,
}

impl Schemes {
    /// Reads an address with or without a scheme.
    pub(super) fn listener(self, text: &str) -> Result<Listener, String> {
        let (tls, address) = match text.split_once("://") {
            Some((scheme, address)) if scheme == self.tls => (true, address),
            Some((scheme, address)) if scheme == self.plain => (false, address),
            Some(_) => {
                return Err(format!(
                    "only {}:// and {}:// are possible here",
                    self.plain, self.tls
                ));
            }
            None => (false, text),
        };
        Ok(Listener { address: units::address(address, self.port)?, tls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_by_scheme() {
        let smtp = Schemes { plain: "smtp", tls: "smtps", port: 2525 };
        assert!(smtp.listener("smtps://0.0.0.0:2465").unwrap().tls);
        assert!(!smtp.listener("smtp://0.0.0.0:25").unwrap().tls);
        assert!(!smtp.listener("0.0.0.0:25").unwrap().tls);
        assert!(smtp.listener("ftp://0.0.0.0:21").unwrap_err().contains("smtps://"));
    }
}
