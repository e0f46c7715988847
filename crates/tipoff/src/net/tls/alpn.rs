//! The protocol that a port speaks inside of TLS.

use tipoff_model::Protocol;

/// The protocol that a port speaks inside of TLS (ALPN, RFC 7301). A client that names only others is refused: what a
/// browser was led to send here by somebody else's page must not be taken for SMTP or FTP (alpaca-attack.com). Clients
/// that name none, as nearly all devices, are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alpn {
    /// No name is registered for SMTP; this is the one that would be.
    Smtp,
    /// FTP's control connection.
    Ftp,
    /// FTP's data connections; FileZilla calls them so.
    FtpData,
    /// The HTTP port.
    Http,
}

impl Alpn {
    /// The protocol of the receiver.
    pub(crate) const fn protocol(self) -> Protocol {
        match self {
            Self::Smtp => Protocol::Smtp,
            Self::Ftp | Self::FtpData => Protocol::Ftp,
            Self::Http => Protocol::Http,
        }
    }

    /// The names in IANA's list of "ALPN protocol IDs", and those in use.
    pub(super) const fn names(self) -> &'static [&'static [u8]] {
        match self {
            Self::Smtp => &[b"smtp"],
            Self::Ftp => &[b"ftp"],
            Self::FtpData => &[b"ftp-data", b"ftp"],
            Self::Http => &[b"http/1.1", b"http/1.0"],
        }
    }
}
