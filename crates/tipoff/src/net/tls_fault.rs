//! Why a connection could not be encrypted, in plain words, and what to change. Derived from the error of the TLS library and
//! nothing else; used in logs, transcripts and hints.

#[cfg(feature = "legacy-tls")]
mod openssl_error;

use std::{fmt, io};

use rustls::{AlertDescription, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};
use tipoff_model::Protocol;

/// What was wrong with a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TlsFault {
    /// The device is older than TLS 1.2.
    TooOld,
    /// No cipher, curve or signature that it offers is still safe.
    NothingInCommon,
    /// The device is older than what OpenSSL still speaks (`legacy_tls`).
    #[cfg(feature = "legacy-tls")]
    TooOldForLegacy,
    /// The device refuses the certificate, with an alert (RFC 8446, section 6.2).
    Refused,
    /// The device closed the connection in the middle of the handshake.
    HungUp,
    /// The device sent nothing for too long.
    TimedOut,
    /// The device began TLS after it had been greeted in plain text.
    Unannounced,
    /// It names other protocols (ALPN, RFC 7301) than this port speaks.
    OtherProtocol,
    /// What it calls the server (SNI, RFC 6066, section 3) is neither a host name nor an address.
    ServerName,
    /// What it sent is no TLS.
    NotTls,
    /// As the error says it.
    Other(String),
}

impl From<&io::Error> for TlsFault {
    fn from(error: &io::Error) -> Self {
        #[cfg(feature = "legacy-tls")]
        if let Some(fault) = openssl_error::fault(error) {
            return fault;
        }
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        match (inner, error.kind()) {
            (Some(error), _) => Self::from(error),
            (None, io::ErrorKind::TimedOut) => Self::TimedOut,
            (
                None,
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe,
            ) => Self::HungUp,
            (None, _) => Self::Other(error.to_string()),
        }
    }
}

impl From<&Error> for TlsFault {
    fn from(error: &Error) -> Self {
        match error {
            Error::PeerIncompatible(
                PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled
                | PeerIncompatible::SupportedVersionsExtensionRequired
                // Which every TLS 1.2 client sends (RFC 5246, section 7.4.1.4.1) and none before it.
                | PeerIncompatible::SignatureAlgorithmsExtensionRequired
                | PeerIncompatible::ExtendedMasterSecretExtensionRequired,
            )
            | Error::AlertReceived(AlertDescription::ProtocolVersion) => Self::TooOld,
            Error::PeerIncompatible(_) => Self::NothingInCommon,
            Error::AlertReceived(
                AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::AccessDenied,
            ) => Self::Refused,
            Error::PeerMisbehaved(PeerMisbehaved::ServerNameMustContainOneHostName)
            | Error::InvalidMessage(InvalidMessage::InvalidServerName) => Self::ServerName,
            Error::NoApplicationProtocol => Self::OtherProtocol,
            Error::InvalidMessage(_) => Self::NotTls,
            other => Self::Other(other.to_string()),
        }
    }
}

/// Behind "It could not be encrypted:".
impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooOld => "the device offers nothing newer than TLS 1.1",
            Self::NothingInCommon => "the device offers no cipher that is still safe",
            #[cfg(feature = "legacy-tls")]
            Self::TooOldForLegacy => {
                "the device offers no version and no cipher that OpenSSL on this machine still has"
            }
            Self::Refused => "the device refuses the certificate",
            Self::HungUp => {
                "the device hung up in the middle of the handshake, as those do that refuse a \
                 certificate"
            }
            Self::TimedOut => "the device did not finish the handshake",
            Self::Unannounced => "the device began TLS where it used to speak plain",
            Self::OtherProtocol => "it asks for another protocol than this port speaks",
            Self::ServerName => "the device calls the server by what is no host name",
            Self::NotTls => "what the device sent is no TLS",
            Self::Other(error) => error,
        })
    }
}

impl TlsFault {
    /// What to change.
    pub(crate) const fn hint(&self, protocol: Protocol) -> &'static str {
        match self {
            Self::TooOld | Self::NothingInCommon => too_old(protocol),
            #[cfg(feature = "legacy-tls")]
            Self::TooOldForLegacy => {
                "The device is too old for any encryption of this machine: switch encryption off in the \
                 device (\"none\" or \"plain\" instead of SSL or TLS)."
            }
            Self::Refused | Self::HungUp => {
                "The device does not accept the certificate: switch its verification off in the \
                 device, or switch encryption off, or give Tipoff a certificate that the device \
                 knows (`certificate` in `[smtp]`)."
            }
            Self::Unannounced => "Repeat the test: its next try will be understood.",
            Self::OtherProtocol => {
                "A browser or another program for web pages was led to this port. A device that does so has the \
                 wrong port: look at mail, FTP and HTTP ports in its settings."
            }
            Self::ServerName => {
                "Type the name or the address of this machine into the device as it stands: without \
                 a port, brackets or blanks."
            }
            Self::TimedOut | Self::NotTls | Self::Other(_) => {
                "Switch encryption off in the device, or choose another kind of it (SSL, TLS, \
                 STARTTLS)."
            }
        }
    }
}

/// The hint for a device that is too old for rustls.
const fn too_old(protocol: Protocol) -> &'static str {
    match (protocol, cfg!(feature = "legacy-tls")) {
        (Protocol::Smtp, true) => {
            "The device is too old for today's encryption: switch encryption off in the device (\"none\" or \
             \"plain\" instead of SSL or TLS), or allow old encryption with `legacy_tls = true` in `[smtp]`."
        }
        (Protocol::Ftp, true) => {
            "The device is too old for today's encryption: switch encryption off in the device (FTP instead of \
             FTPS), or allow old encryption with `legacy_tls = true` in `[ftp]`."
        }
        (Protocol::Smtp | Protocol::Ftp, false) => {
            "The device is too old for today's encryption: switch encryption off in the device (\"none\" or \
             \"plain\" instead of SSL or TLS). This Tipoff was built without old encryption (the feature \
             `legacy-tls`)."
        }
        (Protocol::Http | Protocol::Mqtt, _) => {
            "The device is too old for today's encryption: switch encryption off in the device (http:// \
             instead of https://)."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_in_plain_words() {
        let rustls = |error: Error| io::Error::new(io::ErrorKind::InvalidData, error);
        for (error, fault, word) in [
            (
                rustls(Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered)),
                TlsFault::TooOld,
                "nothing newer than TLS 1.1",
            ),
            (
                rustls(Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon)),
                TlsFault::NothingInCommon,
                "no cipher",
            ),
            (
                rustls(Error::AlertReceived(AlertDescription::UnknownCA)),
                TlsFault::Refused,
                "refuses the certificate",
            ),
            (
                rustls(Error::InvalidMessage(rustls::InvalidMessage::InvalidCcs)),
                TlsFault::NotTls,
                "no TLS",
            ),
            (
                rustls(Error::PeerMisbehaved(PeerMisbehaved::ServerNameMustContainOneHostName)),
                TlsFault::ServerName,
                "no host name",
            ),
            (io::ErrorKind::UnexpectedEof.into(), TlsFault::HungUp, "hung up"),
            (io::ErrorKind::TimedOut.into(), TlsFault::TimedOut, "did not finish"),
            (io::Error::other("odd"), TlsFault::Other("odd".to_owned()), "odd"),
        ] {
            let found = TlsFault::from(&error);
            assert!(found.to_string().contains(word), "{found}");
            assert_eq!(found, fault);
            for protocol in [Protocol::Smtp, Protocol::Ftp, Protocol::Http] {
                assert!(found.hint(protocol).ends_with('.'));
            }
        }
    }
}
