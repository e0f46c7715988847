//! Encryption of a message for one browser (RFC 8291, with the content coding of RFC 8188): only that browser can read it, the
//! push service in between cannot. Pure but for the key and salt of each message.

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::error::Unspecified;
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of a public key: an uncompressed point of P-256 (X9.62).
pub(super) const PUBLIC_KEY_BYTES: usize = 65;
/// Bytes of a browser's secret for authentication (RFC 8291, section 3.2).
pub(super) const AUTH_BYTES: usize = 16;
/// Bytes of the salt (RFC 8188, section 2.1).
const SALT_BYTES: usize = 16;
/// The record size that the header names. A message is one record (RFC 8291, section 4).
const RECORD_BYTES: u32 = 4096;
/// The largest plaintext in bytes: with the header (86), the delimiter (1) and the tag (16) it fills the 4,096 bytes that every
/// push service accepts (RFC 8291, section 4).
pub(super) const PLAINTEXT_BYTES_MAX: usize = 3993;
/// Ends the last record (RFC 8188, section 2).
const LAST_RECORD: u8 = 2;

/// The keys of a browser.
#[derive(Clone)]
pub(super) struct BrowserKeys {
    /// Its public key: `p256dh`.
    pub(super) public: [u8; PUBLIC_KEY_BYTES],
    /// Its secret: `auth`.
    pub(super) auth: [u8; AUTH_BYTES],
}

impl BrowserKeys {
    /// Whether the public key is a point on the curve.
    pub(super) fn is_valid(&self) -> bool {
        encrypt(self, b"").is_some()
    }
}

/// Encrypts a message for a browser. `None` if its public key is no point on the curve, or the system has no random numbers.
pub(super) fn encrypt(browser: &BrowserKeys, plaintext: &[u8]) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let mut salt = [0; SALT_BYTES];
    random.fill(&mut salt).ok()?;
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &random).ok()?;
    let public = private.compute_public_key().ok()?;
    let theirs = UnparsedPublicKey::new(&ECDH_P256, &browser.public);
    agree_ephemeral(private, &theirs, |shared| {
        seal(browser, public.as_ref(), shared, salt, plaintext)
    })
    .ok()?
    .ok()
}

/// Encrypts with the server's public key of this message, and the secret that both sides derive from their keys.
fn seal(
    browser: &BrowserKeys,
    server: &[u8],
    shared: &[u8],
    salt: [u8; SALT_BYTES],
    plaintext: &[u8],
) -> Result<Vec<u8>, Unspecified> {
    let mut input = [0; 32];
    let info: [&[u8]; 3] = [b"WebPush: info\0", &browser.public, server];
    derive(&browser.auth, shared, &info, &mut input)?;
    let (mut key, mut nonce) = ([0; 16], [0; 12]);
    derive(&salt, &input, &[b"Content-Encoding: aes128gcm\0"], &mut key)?;
    derive(&salt, &input, &[b"Content-Encoding: nonce\0"], &mut nonce)?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key)?);
    let mut record = [plaintext, &[LAST_RECORD]].concat();
    let nonce = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record)?;
    let server_bytes = u8::try_from(server.len()).map_err(|_| Unspecified)?;
    Ok([&salt[..], &RECORD_BYTES.to_be_bytes(), &[server_bytes], server, &record].concat())
}

/// HKDF with SHA-256 (RFC 5869): extract with `salt`, expand with `info`.
fn derive(salt: &[u8], input: &[u8], info: &[&[u8]], output: &mut [u8]) -> Result<(), Unspecified> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let extracted = Salt::new(HKDF_SHA256, salt).extract(input);
    extracted.expand(info, Length(output.len()))?.fill(output)
}

#[cfg(test)]
mod tests {
    use super::super::base64url;
    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        base64url(text).unwrap().try_into().unwrap()
    }

    /// The example of RFC 8291, section 5, with the intermediate values of appendix A.
    #[test]
    fn the_example_of_the_rfc_is_encrypted_as_there() {
        let browser = BrowserKeys {
            public: bytes(
                "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            ),
            auth: bytes("BTBZMqHH6r4Tts7J_aSIgg"),
        };
        let server: [u8; PUBLIC_KEY_BYTES] = bytes(
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
        );
        let shared: [u8; 32] = bytes("kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs");
        let text = b"When I grow up, I want to be a watermelon";
        let sealed =
            seal(&browser, &server, &shared, bytes("DGv6ra1nlYgDCS1FRnbzlw"), text).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz\
             AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(sealed, base64url(expected).unwrap());
    }

    #[test]
    fn the_largest_message_fills_what_every_service_accepts() {
        let private = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).unwrap();
        let public = private.compute_public_key().unwrap().as_ref().try_into().unwrap();
        let browser = BrowserKeys { public, auth: [7; AUTH_BYTES] };
        assert_eq!(encrypt(&browser, &[b'x'; PLAINTEXT_BYTES_MAX]).unwrap().len(), 4096);
        assert!(browser.is_valid());
        assert!(!BrowserKeys { public: [4; PUBLIC_KEY_BYTES], auth: [7; AUTH_BYTES] }.is_valid());
    }
}
