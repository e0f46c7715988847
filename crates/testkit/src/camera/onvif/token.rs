//! The login of WS-Security (UsernameToken Profile 1.0): digest, time, and no token twice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use super::Refused;
use crate::camera::State;
use crate::camera::xml::Element;
use crate::standin::lock;

const SECEXT: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const DIGEST_TYPE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest";
/// How far the time of a login may be from the camera's, in seconds.
const AGE_S_MAX: i64 = 300;

/// Checks the login in a header.
pub(super) fn check(state: &State, header: &Element) -> Result<(), Refused> {
    let refused = || Refused::sender("ter:NotAuthorized", "Sender not Authorized");
    let account = lock(&state.account).clone();
    let mut logins = lock(&state.logins);
    let security = header.child("Security").filter(|it| it.namespace == SECEXT);
    let token = security.and_then(|it| it.child("UsernameToken")).ok_or_else(refused)?;
    if logins.is_locked {
        return Err(Refused::sender("ter:NotAuthorized", "The account is locked"));
    }
    let created = token.text_at(&["Created"]).unwrap_or_default();
    let nonce = token.text_at(&["Nonce"]).unwrap_or_default();
    let is_right = token.child("Password").is_some_and(|password| {
        let has_type = password.attributes.iter().any(|(_, value)| value == DIGEST_TYPE);
        let bytes = STANDARD.decode(nonce).unwrap_or_default();
        let mut hash = Sha1::new();
        hash.update(&bytes);
        hash.update(created);
        hash.update(&account.password);
        has_type && !bytes.is_empty() && password.text == STANDARD.encode(hash.finalize())
    });
    let time = created.parse::<jiff::Timestamp>().ok();
    let options = state.options.onvif.clone().unwrap_or_default();
    let now = state.subscriptions.now(&options).as_second();
    let is_fresh = time.is_some_and(|time| (time.as_second() - now).abs() <= AGE_S_MAX);
    let has_user = token.text_at(&["Username"]) == Some(&account.user);
    if !is_right || !has_user || !is_fresh {
        logins.fail(&account);
        return Err(refused());
    }
    if !state.subscriptions.use_nonce(nonce) {
        return Err(Refused::sender("wsse:FailedAuthentication", "this nonce was used before"));
    }
    Ok(())
}
