//! TLS for all services: which implementation is used, and the TLS error in a chain of errors. Libraries wrap it
//! in their own errors, whose texts do not say what the owner has to correct.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// Installs the TLS implementation. Has to be called before any library makes its first client.
pub(crate) fn install_crypto() {
    // Fails if one is installed already, which is then used.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The TLS error in a chain of errors. An I/O error contains it without naming it as its source.
pub(crate) fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = inner.map(|inner| inner as _).or_else(|| error.source());
    }
    None
}

/// Why a server's certificate is not trusted. `None` if the error has another cause.
pub(crate) fn certificate_error<'a>(
    error: &'a (dyn Error + 'static),
) -> Option<&'a CertificateError> {
    match tls_error(error) {
        Some(rustls::Error::InvalidCertificate(why)) => Some(why),
        _ => None,
    }
}

/// The cause of a failed TLS handshake with a server that does not speak TLS. `None` for another cause.
pub(crate) fn without_tls(error: &(dyn Error + 'static)) -> Option<&'static str> {
    use rustls::InvalidMessage::InvalidContentType;
    matches!(tls_error(error), Some(rustls::Error::InvalidMessage(InvalidContentType)))
        .then_some("there is no TLS at this port")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_error_is_found_within_other_errors() {
        let tls = || rustls::Error::InvalidCertificate(CertificateError::Expired);
        let wrapped = io::Error::other(tls());
        let twice = io::Error::other(io::Error::other(tls()));
        for error in [&wrapped as &(dyn Error + 'static), &twice, &tls()] {
            assert_eq!(certificate_error(error), Some(&CertificateError::Expired), "{error}");
        }
        assert!(tls_error(&io::Error::other("no")).is_none());
    }
}
