//! The certificate that devices are shown: whether it can be used, and until when.
//!
//! It is either the owner's (`certificate` in `[smtp]`) or the one that the first start makes. None
//! is made here. The dates come from rustls' verifier, so that no parser of certificates is needed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tipoff_model::Timestamp;

use super::finding::Finding;
use crate::config::{Certificate, Smtp};
use crate::net::tls::Tls;

/// A certificate that ends within this time is a hint. A program that renews certificates has done
/// so earlier.
const RENEW_BEFORE: Duration = Duration::from_secs(14 * 86_400);
/// Later than any certificate can end (RFC 5280, section 4.1.2.5: 9999-12-31).
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_800);

/// Checks the owner's certificate, or the one that Tipoff has made: its files, its key, its dates.
pub(super) fn look(settings: &Smtp, data_dir: &Path, now: Timestamp) -> Finding {
    let about = "certificate";
    let folder = data_dir.join("tls");
    let own = Certificate { chain: folder.join("certificate.pem"), key: folder.join("key.pem") };
    let is_own = settings.certificate.is_none();
    if is_own && !(own.chain.exists() && own.key.exists()) {
        return Finding::fine(about, "one will be made at the first start");
    }
    let files = settings.certificate.clone().unwrap_or(own);
    let settings = Smtp { certificate: Some(files.clone()), ..settings.clone() };
    if let Err(error) = Tls::load(&settings, data_dir) {
        let advice = match is_own {
            true => "if it may be read, it is damaged: remove both files, and another is made",
            false => "set `certificate` in [smtp] to PEM files that Tipoff may read, or to none",
        };
        return Finding::wrong(about, format!("{error:#}"), advice);
    }
    let validity = CertificateDer::from_pem_file(&files.chain).ok().and_then(|it| validity(&it));
    judge(&files.chain, validity, now)
}

/// From when and until when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Validity {
    from: Timestamp,
    until: Timestamp,
}

/// Asks the verifier about the certificate at the beginning and at the end of time: each time the
/// reason of its refusal contains a date. `None` where it refuses for another reason, such as bytes
/// that are no certificate.
fn validity(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone().into_owned()).ok()?;
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    // The verifier checks the dates before the name: any name will do.
    let name = ServerName::try_from("localhost").ok()?;
    let refused_at = |time| {
        let time = UnixTime::since_unix_epoch(time);
        match verifier.verify_server_cert(certificate, &[], &name, &[], time) {
            Err(rustls::Error::InvalidCertificate(reason)) => Some(reason),
            _ => None,
        }
    };
    let from = match refused_at(Duration::ZERO)? {
        CertificateError::NotValidYetContext { not_before, .. } => not_before,
        _ => return None,
    };
    let until = match refused_at(END_OF_TIME)? {
        CertificateError::ExpiredContext { not_after, .. } => not_after,
        _ => return None,
    };
    let timestamp =
        |time: UnixTime| Timestamp::from_ms(0).after(Duration::from_secs(time.as_secs()));
    Some(Validity { from: timestamp(from), until: timestamp(until) })
}

/// Wrong before its first and after its last day, a hint in its last [`RENEW_BEFORE`]. A
/// certificate whose dates are not known can be used all the same: the files were loaded.
fn judge(chain: &Path, validity: Option<Validity>, now: Timestamp) -> Finding {
    let about = "certificate";
    let file = chain.display();
    let Some(Validity { from, until }) = validity else {
        return Finding::fine(about, format!("{file} can be used"));
    };
    let renew = "renew it; Tipoff takes the new files without a new start";
    if now < from {
        return Finding::wrong(
            about,
            format!("{file} is valid only from {}", day(from)),
            "look at this machine's clock, or use another certificate",
        );
    }
    if until < now {
        return Finding::wrong(about, format!("{file} has expired on {}", day(until)), renew);
    }
    let found = format!("{file} is valid until {}", day(until));
    match until.since(now) > RENEW_BEFORE {
        true => Finding::fine(about, found),
        false => Finding::hint(about, found, renew),
    }
}

/// The day of a time, UTC, such as `2026-11-24`.
pub(super) fn day(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_ms()).map_or_else(
        |_| "a time beyond all".to_owned(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Mark;
    use super::*;

    fn at(text: &str) -> Timestamp {
        let time: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_ms(time.as_millisecond())
    }

    #[test]
    fn a_certificate_is_read_as_it_was_made() {
        let mut params = rcgen::CertificateParams::new(vec!["nas.lan".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2024, 2, 1);
        params.not_after = rcgen::date_time_ymd(2026, 3, 4);
        for is_ca in [rcgen::IsCa::NoCa, rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained)] {
            params.is_ca = is_ca;
            let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            let (from, until) = (at("2024-02-01T00:00:00Z"), at("2026-03-04T00:00:00Z"));
            assert_eq!(validity(made.der()), Some(Validity { from, until }));
        }
        assert_eq!(validity(&CertificateDer::from(vec![1, 2, 3])), None);
    }

    #[test]
    fn dates_are_judged() {
        let validity =
            Validity { from: at("2025-01-01T00:00:00Z"), until: at("2025-03-01T00:00:00Z") };
        for (now, mark) in [
            ("2024-12-31T23:59:59Z", Mark::Wrong),
            ("2025-01-01T00:00:00Z", Mark::Fine),
            ("2025-02-14T23:59:59Z", Mark::Fine),
            ("2025-02-15T00:00:00Z", Mark::Hint),
            ("2025-03-01T00:00:00Z", Mark::Hint),
            ("2025-03-01T00:00:01Z", Mark::Wrong),
        ] {
            assert_eq!(judge(Path::new("x"), Some(validity), at(now)).mark, mark, "{now}");
        }
        assert_eq!(judge(Path::new("x"), None, at("2025-01-01T00:00:00Z")).mark, Mark::Fine);
    }
}
