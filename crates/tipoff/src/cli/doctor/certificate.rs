//! The certificate that devices are shown: whether it can be used, and until when. None is made here.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::finding::Finding;
use crate::config::{Certificate, Smtp};
use crate::net::tls::Tls;

/// When the end is near enough to be told: those who renew by program have done so long before.
const RENEW_BEFORE: Duration = Duration::from_secs(14 * 86_400);
/// Later than any certificate can end (RFC 5280, section 4.1.2.5: 9999-12-31).
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_800);

/// Looks at the owner's, or at the one that Tipoff has made.
pub(super) fn look(settings: &Smtp, data_dir: &Path, now: SystemTime) -> Finding {
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
    from: SystemTime,
    until: SystemTime,
}

/// Asks the verifier that is there anyway about a certificate at the beginning and at the end of
/// time: each time its reason to refuse names the date. None where it refuses for another reason.
fn validity(certificate: &CertificateDer<'_>) -> Option<Validity> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone().into_owned()).ok()?;
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    // Dates come before names.
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
    let system_time = |time: UnixTime| UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
    Some(Validity { from: system_time(from)?, until: system_time(until)? })
}

fn judge(chain: &Path, validity: Option<Validity>, now: SystemTime) -> Finding {
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
    match until.duration_since(now) {
        Ok(left) if left > RENEW_BEFORE => Finding::fine(about, found),
        _ => Finding::hint(about, found, renew),
    }
}

/// The day of a time, UTC.
pub(super) fn day(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(
        |_| "a time beyond all".to_owned(),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Mark;
    use super::*;

    fn at(text: &str) -> SystemTime {
        let time: jiff::Timestamp = text.parse().unwrap();
        UNIX_EPOCH + Duration::from_secs(time.as_second().try_into().unwrap())
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
