//! Which certificate, and which TLS library, serves a client: decided by what its ClientHello offers. Pure.
//!
//! rustls speaks TLS 1.2 and 1.3 with key exchange over elliptic curves only. A client that it can serve is never served by
//! OpenSSL.

use rustls::crypto::ring::{ALL_KX_GROUPS, DEFAULT_CIPHER_SUITES};
use rustls::sign::SigningKey;
use rustls::{NamedGroup, ProtocolVersion, SignatureAlgorithm, SignatureScheme};

use crate::net::client_hello::ClientHello;

/// The signature algorithms of ring's RSA keys.
const RSA_SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::RSA_PSS_SHA256,
    SignatureScheme::RSA_PSS_SHA384,
    SignatureScheme::RSA_PSS_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

/// Who serves a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// rustls with the first certificate. Also where nobody can serve the client: the error is rustls's.
    Main,
    /// rustls with the RSA certificate.
    Rsa,
    /// OpenSSL.
    Legacy,
}

/// Chooses who serves a client. `main`: what the first certificate is for. `has_rsa`: whether there is an RSA certificate
/// beside it. `allows_legacy`: whether OpenSSL may serve.
pub(super) fn choose(
    hello: &ClientHello,
    main: &Ability,
    has_rsa: bool,
    allows_legacy: bool,
) -> Choice {
    if main.serves(hello) {
        Choice::Main
    } else if has_rsa && Ability::rsa().serves(hello) {
        Choice::Rsa
    } else if allows_legacy {
        Choice::Legacy
    } else {
        Choice::Main
    }
}

/// What a client must be able to do, so that rustls can serve it with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ability {
    algorithm: SignatureAlgorithm,
    /// The signature algorithms of the key.
    schemes: Vec<SignatureScheme>,
    /// The curve of the key.
    curve: Option<NamedGroup>,
}

impl Ability {
    /// That of a key. With ring, a key on a curve has one signature algorithm only.
    pub(super) fn of(key: &dyn SigningKey) -> Self {
        let has = |scheme: &SignatureScheme| key.choose_scheme(&[*scheme]).is_some();
        let curves = [
            (SignatureScheme::ECDSA_NISTP256_SHA256, Some(NamedGroup::secp256r1)),
            (SignatureScheme::ECDSA_NISTP384_SHA384, Some(NamedGroup::secp384r1)),
            (SignatureScheme::ED25519, None),
        ];
        match curves.into_iter().find(|(scheme, _)| has(scheme)) {
            Some((scheme, curve)) => {
                Self { algorithm: key.algorithm(), schemes: vec![scheme], curve }
            }
            None => {
                let schemes = RSA_SCHEMES.into_iter().filter(has).collect();
                Self { algorithm: key.algorithm(), schemes, curve: None }
            }
        }
    }

    /// That of an RSA key.
    pub(super) fn rsa() -> Self {
        Self { algorithm: SignatureAlgorithm::RSA, schemes: RSA_SCHEMES.to_vec(), curve: None }
    }

    /// Whether it is that of an RSA key, which nearly all devices can use.
    pub(super) fn is_rsa(&self) -> bool {
        self.algorithm == SignatureAlgorithm::RSA
    }

    /// Whether rustls and the client have a version, a suite, a group and a signature algorithm in common.
    fn serves(&self, hello: &ClientHello) -> bool {
        let Some(version) = version(hello) else { return false };
        // rustls refuses a client that does not list these.
        let (Some(groups), Some(signatures)) = (&hello.groups, &hello.signatures) else {
            return false;
        };
        let is_new = version == ProtocolVersion::TLSv1_3;
        let lists = |group: NamedGroup| groups.contains(&u16::from(group));
        let verifies = |scheme: &SignatureScheme| {
            signatures.contains(&u16::from(*scheme)) && (!is_new || is_for_tls13(*scheme))
        };
        self.schemes.iter().any(verifies)
            // In TLS 1.2 the list is also that of the curves of keys (RFC 8422, section 5.1).
            && (is_new || self.curve.is_none_or(lists))
            && ALL_KX_GROUPS.iter().any(|group| lists(group.name()))
            && DEFAULT_CIPHER_SUITES.iter().any(|suite| {
                suite.version().version == version
                    && suite.usable_for_signature_algorithm(self.algorithm)
                    && hello.suites.contains(&u16::from(suite.suite()))
            })
    }
}

/// The version that rustls chooses for this client; `None` if it has none in common.
fn version(hello: &ClientHello) -> Option<ProtocolVersion> {
    let speaks = |version: &ProtocolVersion| match &hello.versions {
        Some(versions) => versions.contains(&u16::from(*version)),
        None => *version == ProtocolVersion::TLSv1_2 && hello.version >= u16::from(*version),
    };
    [ProtocolVersion::TLSv1_3, ProtocolVersion::TLSv1_2].into_iter().find(speaks)
}

/// Whether a signature algorithm may sign a handshake of TLS 1.3 (RFC 8446, section 4.2.3): PKCS #1 v1.5 may not.
fn is_for_tls13(scheme: SignatureScheme) -> bool {
    use SignatureScheme::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512};
    !matches!(scheme, RSA_PKCS1_SHA256 | RSA_PKCS1_SHA384 | RSA_PKCS1_SHA512)
}

#[cfg(test)]
mod tests {
    use rustls::crypto::ring::sign::any_supported_type;
    use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    use super::Choice::{Legacy, Main, Rsa};
    use super::*;

    const P256: u16 = 23;
    const X25519: u16 = 29;
    const ECDSA_SHA256: u16 = 0x0403;
    const RSA_SHA1: u16 = 0x0201;
    const RSA_SHA256: u16 = 0x0401;
    const PSS_SHA256: u16 = 0x0804;
    const AES128_SHA: u16 = 0x002f;
    const ECDHE_RSA_AES128_SHA: u16 = 0xc013;
    const ECDHE_ECDSA_AES128_GCM: u16 = 0xc02b;
    const ECDHE_RSA_AES128_GCM: u16 = 0xc02f;
    const TLS13_AES128_GCM: u16 = 0x1301;
    const BOTH: [u16; 2] = [ECDHE_ECDSA_AES128_GCM, ECDHE_RSA_AES128_GCM];

    fn ability(algorithm: &'static rcgen::SignatureAlgorithm) -> Ability {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap().serialize_der();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        Ability::of(&*any_supported_type(&key).unwrap())
    }

    fn p256() -> Ability {
        ability(&rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// A client of TLS 1.2.
    fn tls12(suites: &[u16], groups: &[u16], signatures: &[u16]) -> ClientHello {
        ClientHello {
            version: 0x0303,
            suites: suites.to_vec(),
            versions: None,
            groups: Some(groups.to_vec()),
            signatures: Some(signatures.to_vec()),
        }
    }

    fn tls13(suites: &[u16], groups: &[u16], signatures: &[u16]) -> ClientHello {
        let versions = Some(vec![0x0a0a, 0x0304, 0x0303]);
        ClientHello { versions, ..tls12(suites, groups, signatures) }
    }

    #[test]
    fn a_client_gets_the_best_that_it_can_use() {
        let old = ClientHello {
            version: 0x0301,
            suites: vec![AES128_SHA, ECDHE_RSA_AES128_SHA],
            groups: Some(vec![P256]),
            ..ClientHello::default()
        };
        let all = [RSA_SHA256, ECDSA_SHA256, PSS_SHA256];
        let versions = |versions: &[u16]| ClientHello {
            versions: Some(versions.to_vec()),
            ..tls12(&BOTH, &[P256], &all)
        };
        for (hello, expected, who) in [
            (tls12(&BOTH, &[X25519, P256], &all), Main, "a browser of 2015"),
            (tls12(&[ECDHE_RSA_AES128_GCM], &[P256], &all), Rsa, "suites for RSA only"),
            (tls12(&BOTH, &[P256], &[RSA_SHA256]), Rsa, "signatures of RSA only"),
            (tls12(&BOTH, &[X25519], &all), Rsa, "another curve than that of the key"),
            (tls12(&BOTH, &[], &all), Legacy, "no curve"),
            (ClientHello { groups: None, ..tls12(&BOTH, &[], &all) }, Legacy, "no list of curves"),
            (tls12(&BOTH, &[P256], &[RSA_SHA1]), Legacy, "SHA-1 only"),
            (ClientHello { signatures: None, ..tls12(&BOTH, &[P256], &[]) }, Legacy, "no list"),
            (tls12(&[AES128_SHA], &[P256], &all), Legacy, "key exchange by RSA"),
            (tls12(&[ECDHE_RSA_AES128_SHA], &[P256], &all), Legacy, "AES-CBC"),
            (tls12(&[ECDHE_ECDSA_AES128_GCM], &[P256], &[RSA_SHA256]), Legacy, "a contradiction"),
            (tls13(&[TLS13_AES128_GCM], &[X25519], &all), Main, "curve and key are apart in 1.3"),
            (tls13(&[TLS13_AES128_GCM], &[X25519], &[RSA_SHA256, PSS_SHA256]), Rsa, "RSA in 1.3"),
            (tls13(&[TLS13_AES128_GCM], &[X25519], &[RSA_SHA256]), Legacy, "no RSA-PSS"),
            (versions(&[0x0303, 0x0302]), Main, "a list of versions without 1.3"),
            (versions(&[0x0302, 0x0301]), Legacy, "a list of old versions"),
            (old.clone(), Legacy, "TLS 1.0"),
            (ClientHello { version: 0x0302, ..old }, Legacy, "TLS 1.1"),
        ] {
            assert_eq!(choose(&hello, &p256(), true, true), expected, "{who}");
            // Without OpenSSL, rustls says what is missing.
            let modern = if expected == Legacy { Main } else { expected };
            assert_eq!(choose(&hello, &p256(), true, false), modern, "{who}");
            let single = if expected == Rsa { Main } else { modern };
            assert_eq!(choose(&hello, &p256(), false, false), single, "{who}");
        }
    }

    #[test]
    fn what_a_key_is_for_depends_on_its_kind() {
        assert_eq!(p256().curve, Some(NamedGroup::secp256r1));
        assert_eq!(ability(&rcgen::PKCS_ECDSA_P384_SHA384).curve, Some(NamedGroup::secp384r1));
        assert_eq!(ability(&rcgen::PKCS_ED25519).schemes, [SignatureScheme::ED25519]);
        assert!(!p256().is_rsa());
    }
}
