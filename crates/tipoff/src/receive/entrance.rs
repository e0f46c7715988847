//! What all receivers ask before they let somebody in: is the address known, and is it too soon for another login.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tipoff_model::{DeviceKey, Timestamp};
use tipoff_smtp::Credentials;
use tipoff_spool::{KnownPlace, Spool, SpoolError};

use super::access::{Admission, Doorkeeper};
use crate::net::known::KnownAddresses;
use crate::net::limit::Presence;
use crate::net::login_throttle::{Claim, LoginThrottle};

/// Shared by the receivers and the HTTP port. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Entrance {
    /// The addresses of known devices.
    pub(crate) known: Arc<KnownAddresses>,
    /// Who tried which logins lately.
    pub(crate) throttle: LoginThrottle,
}

/// An address at which a device was not heard for so long may be another's by now.
const KNOWN_FOR: Duration = Duration::from_secs(30 * 24 * 3600);
/// Before a login that is not looked at is accepted all the same, because none is required.
const UNSEEN_PAUSE: Duration = Duration::from_secs(1);
/// Addresses that are read from the spool.
const PLACES_MAX: u32 = 4_096;

impl Entrance {
    /// Reads from the spool where known devices are: those that people named or added, and configured ones that have
    /// a password. What only a sender or a folder tells is not enough.
    pub(crate) async fn learn(
        &self,
        spool: &dyn Spool,
        doorkeeper: &Doorkeeper,
    ) -> Result<(), SpoolError> {
        let since = Timestamp::from(SystemTime::now()).before(KNOWN_FOR);
        for KnownPlace { key, place, is_named } in spool.known_places(since, PLACES_MAX).await? {
            let is_added = matches!(DeviceKey::parse(&key), DeviceKey::Added(_));
            if is_named || is_added || doorkeeper.has_own_login(&key) {
                self.known.proven(&format!("device/{key}"), place);
            }
        }
        Ok(())
    }

    /// Looks at the credentials, if need be after a pause; `None`: too many were wrong, and these are not looked at.
    pub(super) async fn admission(
        &self,
        doorkeeper: &Doorkeeper,
        peer: IpAddr,
        credentials: &Credentials,
        presence: &Presence,
    ) -> Option<Admission> {
        let user = credentials.user();
        let login_required = doorkeeper.requires_login(peer);
        if !login_required && !doorkeeper.knows_user(user) {
            // Nobody has a password here that could be guessed.
            return Some(Admission::Unproven);
        }
        let secret = match credentials {
            Credentials::Plain { password, .. } => Some(password.as_str()),
            // Each digest is another one.
            Credentials::CramMd5 { .. } => None,
        };
        let is_known = self.known.contains(peer);
        let Ok(attempt) = self.throttle.enter(Claim { peer, user, secret, is_known }) else {
            self.tell(peer, user);
            if login_required {
                return None;
            }
            // Whoever it is may send, and nothing is told of the password; but not at any pace.
            tokio::time::sleep(UNSEEN_PAUSE).await;
            return Some(Admission::Unproven);
        };
        tokio::time::sleep(attempt.wait()).await;
        let admission = doorkeeper.admits(peer, credentials);
        if admission == Admission::Proven {
            attempt.succeeded();
            self.known.proven(user, peer);
            presence.is_known_now();
        } else {
            attempt.failed();
            self.tell(peer, user);
        }
        Some(admission)
    }

    fn tell(&self, peer: IpAddr, user: &str) {
        if let Some(wrong_logins) = self.throttle.message_due(peer) {
            tracing::warn!(
                %peer,
                user,
                wrong_logins,
                "A login failed: check user and password in the device. Further ones of this address are \
                 counted and logged once a minute.",
            );
        }
    }
}
