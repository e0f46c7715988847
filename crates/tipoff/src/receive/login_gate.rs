//! What all receivers and the HTTP port know about logins: the addresses of known devices, and who tried wrong
//! passwords lately.
//!
//! A login passes here before it is compared: the gate counts it, lets it wait or refuses it. So guessing is as slow on
//! all ports together as on one.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tipoff_model::{DeviceKey, Timestamp};
use tipoff_smtp::Credentials;
use tipoff_spool::{KnownPlace, Spool, SpoolError};

use super::access::{Admission, Authenticator, DeviceDirectory};
use crate::net::known::KnownAddresses;
use crate::net::limit::ConnectionHandle;
use crate::net::login_throttle::{Claim, LoginThrottle};

/// Shared by the receivers and the HTTP port. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct LoginGate {
    /// The addresses of known devices.
    pub(crate) known: Arc<KnownAddresses>,
    /// The logins that were tried lately.
    pub(crate) throttle: LoginThrottle,
}

/// An address from which a device has sent nothing for so long may be another device's by now.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// Pause before a login that is not checked is accepted, because none is required.
const UNCHECKED_PAUSE: Duration = Duration::from_secs(1);
/// Addresses that are read from the spool.
const PLACES_MAX: u32 = 4_096;

/// The user of the device whose password this is; `None` if no device has it, or several.
pub(super) enum PasswordCheck {
    /// The answer may say it.
    Checked(Option<String>),
    /// Too many were wrong: the answer must be the same for a right and a wrong one.
    TooSoon(Option<String>),
}

impl LoginGate {
    /// Reads the devices that people added, and from which addresses known ones come.
    pub(crate) async fn read_devices(
        &self,
        spool: &dyn Spool,
        directory: &DeviceDirectory,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        directory.set_added(spool.added_devices().await?);
        self.learn(spool, &directory.authenticator(), now).await
    }

    /// Reads the addresses of known devices from the spool: of devices that people named or added, and of configured
    /// ones that have a password. A device that only its sender or folder identifies is not known.
    pub(crate) async fn learn(
        &self,
        spool: &dyn Spool,
        authenticator: &Authenticator,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let since = now.before(KNOWN_FOR);
        for KnownPlace { key, place, is_named } in spool.known_places(since, PLACES_MAX).await? {
            let is_added = matches!(DeviceKey::parse(&key), DeviceKey::Added(_));
            if is_named || is_added || authenticator.has_own_login(&key) {
                self.known.proven(&format!("device/{key}"), place);
            }
        }
        Ok(())
    }

    /// Checks the credentials, if need be after a pause. `None` if too many were wrong, so that these are not checked.
    pub(super) async fn check(
        &self,
        authenticator: &Authenticator,
        peer: IpAddr,
        credentials: &Credentials,
        handle: Option<&ConnectionHandle>,
    ) -> Option<Admission> {
        let user = credentials.user();
        let login_required = authenticator.requires_login(peer);
        if !login_required && !authenticator.knows_user(user) {
            // Nobody has a password here that could be guessed.
            return Some(Admission::Unproven);
        }
        let secret = match credentials {
            Credentials::Plain { password, .. } => Some(password.as_str()),
            // Each challenge has another digest.
            Credentials::CramMd5 { .. } => None,
        };
        let is_known = self.known.contains(peer);
        let Ok(attempt) = self.throttle.enter(Claim { peer, user, secret, is_known }) else {
            self.warn(peer, user);
            if login_required {
                return None;
            }
            // No login is required, and this one reveals nothing about the password; but not at any rate.
            tokio::time::sleep(UNCHECKED_PAUSE).await;
            return Some(Admission::Unproven);
        };
        tokio::time::sleep(attempt.wait()).await;
        let admission = authenticator.admits(peer, credentials);
        if admission == Admission::Proven {
            attempt.succeeded();
            self.known.proven(user, peer);
            if let Some(handle) = handle {
                handle.mark_known();
            }
        } else {
            attempt.failed();
            self.warn(peer, user);
        }
        Some(admission)
    }

    /// Finds the device whose password an address has in it. Where too many passwords were wrong, the answer must not show
    /// whether this one is right.
    pub(super) async fn user_of_password(
        &self,
        authenticator: &Authenticator,
        peer: IpAddr,
        password: &str,
    ) -> PasswordCheck {
        let is_known = self.known.contains(peer);
        let found = authenticator.user_of_password(password);
        let user = found.as_deref().unwrap_or_default();
        let Ok(attempt) =
            self.throttle.enter(Claim { peer, user, secret: Some(password), is_known })
        else {
            self.warn(peer, user);
            return PasswordCheck::TooSoon(found);
        };
        // Without a wait nothing comes in between: many alarms at a time do not count as guesses.
        if !attempt.wait().is_zero() {
            tokio::time::sleep(attempt.wait()).await;
        }
        match &found {
            Some(user) => {
                attempt.succeeded();
                self.known.proven(user, peer);
            }
            None => {
                attempt.failed();
                self.warn(peer, "");
            }
        }
        PasswordCheck::Checked(found)
    }

    /// Logs wrong logins of an address, once a minute.
    fn warn(&self, peer: IpAddr, user: &str) {
        if let Some(wrong_logins) = self.throttle.message_due(peer) {
            tracing::warn!(
                %peer,
                user,
                wrong_logins,
                "A login failed: check user and password in the device. Further ones from this address are \
                 counted and logged once a minute.",
            );
        }
    }
}
