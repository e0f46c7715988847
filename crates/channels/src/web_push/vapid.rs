//! The key by which push services recognise this server, and the proof that each request has (VAPID, RFC 8292).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

/// How long a proof is valid, in seconds: at most 24 hours (RFC 8292, section 2). Half of that, because clocks differ.
const VALID_S: u64 = 12 * 60 * 60;

/// The proof to a push service that a request is this server's.
pub(super) struct Proof {
    /// The signed claims (JWT). Secret: whoever has them may send for as long as they are valid.
    pub(super) token: String,
    /// The value of `Authorization`.
    pub(super) header: String,
}

/// The key pair. Subscriptions are bound to it: with another key, every browser has to subscribe again.
pub struct VapidKey(EcdsaKeyPair);

impl VapidKey {
    /// A new key, as it is stored (PKCS #8). `None` if the system has no random numbers.
    pub fn generate() -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
        Some(key.as_ref().to_vec())
    }

    /// Reads a stored key. `None` if it is none.
    pub fn read(pkcs8: &[u8]) -> Option<Self> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new()).ok().map(Self)
    }

    /// The public key as browsers take it (`applicationServerKey`).
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref())
    }

    /// The proof of a request to the push service at `audience`, an origin. `contact` is where the service reaches
    /// whoever runs this server.
    pub(super) fn proof(&self, audience: &str, contact: &str, now_s: u64) -> Option<Proof> {
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encode(json!({ "typ": "JWT", "alg": "ES256" }));
        let expires_s = now_s.saturating_add(VALID_S);
        let claims = encode(json!({ "aud": audience, "exp": expires_s, "sub": contact }));
        let signed = format!("{head}.{claims}");
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        let signature = URL_SAFE_NO_PAD.encode(signature.as_ref());
        let token = format!("{signed}.{signature}");
        let header = format!("vapid t={token}, k={}", self.public());
        Some(Proof { token, header })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_key_is_read_and_nothing_else_is() {
        let stored = VapidKey::generate().unwrap();
        let (one, other) = (VapidKey::read(&stored).unwrap(), VapidKey::generate().unwrap());
        assert_eq!(one.public(), VapidKey::read(&stored).unwrap().public());
        assert_ne!(one.public(), VapidKey::read(&other).unwrap().public());
        assert_eq!(one.public().len(), 87);
        assert!(VapidKey::read(b"no key").is_none());
    }
}
