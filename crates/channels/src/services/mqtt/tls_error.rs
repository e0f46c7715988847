//! The reason why a broker's certificate is not trusted, in a chain of errors.

use std::error::Error;
use std::io;

use rumqttc::TlsError;

use crate::words;

/// Why the certificate is not trusted. `None` if the error has another cause.
pub(super) fn distrusted(error: &TlsError) -> Option<String> {
    let inner = match error {
        TlsError::TLS(error) => Some(error),
        TlsError::Io(error) => innermost(error),
        _ => None,
    };
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => Some(words::excerpt(&why.to_string(), 200)),
        _ => None,
    }
}

fn innermost(error: &io::Error) -> Option<&rustls::Error> {
    let mut inner: Option<&(dyn Error + 'static)> = error.get_ref().map(|error| error as _);
    while let Some(error) = inner {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(error);
        }
        inner = error.source();
    }
    None
}
