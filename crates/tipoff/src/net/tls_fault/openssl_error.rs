//! The errors of OpenSSL, as the faults that those of rustls are.

use std::io;

use openssl::ssl::{Error, ErrorCode};

use super::TlsFault;

/// No ALPN name in common (`SSL_R_NO_APPLICATION_PROTOCOL`).
const NO_APPLICATION_PROTOCOL: i32 = 235;
/// What is received is no record of SSL or TLS: `SSL_R_WRONG_VERSION_NUMBER`, `SSL_R_HTTP_REQUEST`,
/// `SSL_R_HTTPS_PROXY_REQUEST`, `SSL_R_RECORD_LENGTH_MISMATCH`, `SSL_R_LENGTH_MISMATCH`, `SSL_R_BAD_PACKET_LENGTH`.
const NOT_TLS: [i32; 6] = [267, 156, 155, 213, 159, 115];
/// Nothing in common: `SSL_R_UNSUPPORTED_PROTOCOL`, `SSL_R_VERSION_TOO_LOW`, `SSL_R_UNKNOWN_PROTOCOL`,
/// `SSL_R_NO_SHARED_CIPHER`, `SSL_R_NO_PROTOCOLS_AVAILABLE`, `SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM`,
/// `SSL_R_NO_SUITABLE_KEY_SHARE`, `SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS`, `SSL_R_NO_SHARED_GROUPS`.
const NOTHING_IN_COMMON: [i32; 9] = [258, 396, 252, 193, 191, 118, 101, 376, 410];
/// Alerts of the peer by which it refuses the certificate (RFC 5246, section 7.2.2). The reason is 1000 and the alert:
/// bad, unsupported, revoked, expired, unknown certificate, unknown CA, access denied.
const REFUSED: [i32; 7] = [1042, 1043, 1044, 1045, 1046, 1048, 1049];
/// The alert `protocol_version`.
const PROTOCOL_VERSION_ALERT: i32 = 1070;

/// The fault of an error that OpenSSL returned; `None` if the error is not of OpenSSL.
pub(super) fn fault(error: &io::Error) -> Option<TlsFault> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    if error.code() == ErrorCode::SYSCALL {
        // The connection ended without an error.
        return Some(TlsFault::HungUp);
    }
    let fault = reason(error).and_then(of);
    Some(fault.unwrap_or_else(|| TlsFault::Other(error.to_string())))
}

fn of(reason: i32) -> Option<TlsFault> {
    Some(match reason {
        NO_APPLICATION_PROTOCOL => TlsFault::OtherProtocol,
        PROTOCOL_VERSION_ALERT => TlsFault::TooOldForLegacy,
        reason if REFUSED.contains(&reason) => TlsFault::Refused,
        reason if NOTHING_IN_COMMON.contains(&reason) => TlsFault::TooOldForLegacy,
        reason if NOT_TLS.contains(&reason) => TlsFault::NotTls,
        _ => return None,
    })
}

fn reason(error: &Error) -> Option<i32> {
    error.ssl_error()?.errors().first().map(openssl::error::Error::reason_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_the_faults_that_those_of_rustls_are() {
        for (reason, fault) in [
            (1048, Some(TlsFault::Refused)),
            (258, Some(TlsFault::TooOldForLegacy)),
            (193, Some(TlsFault::TooOldForLegacy)),
            (267, Some(TlsFault::NotTls)),
            (235, Some(TlsFault::OtherProtocol)),
            (1, None),
        ] {
            assert_eq!(of(reason), fault, "{reason}");
        }
    }
}
