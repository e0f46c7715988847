//! The login of WS-Security: a user name, and a digest of the password with a nonce and the time (UsernameToken Profile
//! 1.0, section 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use tipoff_model::Timestamp;

use crate::time;
use crate::xml::escaped;

const SECEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const DIGEST_TYPE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
const NONCE_TYPE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// The login of one request.
pub struct UsernameToken<'a> {
    /// The user.
    pub user: &'a str,
    /// The password, which is not sent.
    pub password: &'a str,
    /// Random bytes that no other request has.
    pub nonce: [u8; 16],
    /// The time by the camera's clock: cameras refuse a token that is some minutes old.
    pub created: Timestamp,
}

impl UsernameToken<'_> {
    /// base64(sha1(nonce + created + password))
    fn digest(&self, created: &str) -> String {
        let mut hash = Sha1::new();
        hash.update(self.nonce);
        hash.update(created.as_bytes());
        hash.update(self.password.as_bytes());
        STANDARD.encode(hash.finalize())
    }

    /// The header of a request.
    pub(crate) fn header(&self) -> String {
        let created = time::written(self.created);
        format!(
            "<wsse:Security s:mustUnderstand=\"1\" xmlns:wsse=\"{SECEXT}\" xmlns:wsu=\"{UTILITY}\">\
             <wsse:UsernameToken><wsse:Username>{}</wsse:Username>\
             <wsse:Password Type=\"{DIGEST_TYPE}\">{}</wsse:Password>\
             <wsse:Nonce EncodingType=\"{NONCE_TYPE}\">{}</wsse:Nonce>\
             <wsu:Created>{created}</wsu:Created></wsse:UsernameToken></wsse:Security>",
            escaped(self.user),
            self.digest(&created),
            STANDARD.encode(self.nonce),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the ONVIF Application Programmer's Guide 1.0, section 6.1.1.3.
    #[test]
    fn the_digest_is_that_of_the_programmers_guide() {
        let nonce = STANDARD.decode("LKqI6G/AikKCQrN0zqZFlg==").unwrap();
        let token = UsernameToken {
            user: "user",
            password: "userpassword",
            nonce: nonce.try_into().unwrap(),
            created: time::parse_time("2010-09-16T07:50:45Z").unwrap(),
        };
        let header = token.header();
        assert!(header.contains(">tuOSpGlFlIXsozq4HFNeeGeFLEI=</wsse:Password>"), "{header}");
    }
}
