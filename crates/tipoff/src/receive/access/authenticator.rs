//! Whether somebody may send: checks logins, and addresses against the networks of `[access]`.
//!
//! Called through `login_gate.rs`, which bounds how often somebody may try. Keeps no state, and compares secrets in
//! constant time.

use std::net::IpAddr;

use subtle::ConstantTimeEq;
use tipoff_model::LoginProof;
use tipoff_smtp::Credentials;

use super::{DeviceDirectory, Directory, same_user};
use crate::config::Secret;
use crate::runtime::hex::hex;

/// What a login is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// User and password are those of one device: it is that device.
    Proven,
    /// User and password are those that all devices share: it may send, but nothing proves which device it is.
    Shared,
    /// User and password are not checked or wrong, and no login is required: it may send.
    Unproven,
    /// User or password are wrong, and a login is required.
    Refused,
}

impl Admission {
    /// What it proves about the sender.
    pub(crate) const fn proof(self) -> LoginProof {
        match self {
            Self::Proven => LoginProof::Proven,
            Self::Shared | Self::Unproven | Self::Refused => LoginProof::Unproven,
        }
    }
}

/// Decides who may send. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Authenticator(DeviceDirectory);

impl Authenticator {
    pub(super) fn new(directory: DeviceDirectory) -> Self {
        Self(directory)
    }

    /// Whether somebody may log in as this user.
    pub(crate) fn knows_user(&self, user: &str) -> bool {
        let directory = self.0.0.load();
        directory.logins().any(|(known, _)| same_user(user, Some(known)))
    }

    /// The user of the device whose password this is; `None` if no device has it, or several.
    pub(crate) fn user_of_password(&self, password: &str) -> Option<String> {
        self.0.0.load().user_of_password(password).map(str::to_owned)
    }

    /// Whether the configured device of this name has a password.
    pub(crate) fn has_own_login(&self, name: &str) -> bool {
        let directory = self.0.0.load();
        directory.devices.iter().any(|device| device.name == name && device.password.is_some())
    }

    /// Whether the configuration has a login of this user.
    pub(crate) fn is_configured_user(&self, user: &str) -> bool {
        let directory = self.0.0.load();
        directory.configured_logins().any(|(known, _)| same_user(user, Some(known)))
    }

    /// Whether a device at `peer` must log in before it sends.
    pub(crate) fn requires_login(&self, peer: IpAddr) -> bool {
        self.0.0.load().requires_login(peer)
    }

    /// The address, if it must log in only because it is not in the networks of `[access]`.
    pub(crate) fn outside_networks(&self, peer: IpAddr) -> Option<IpAddr> {
        let directory = self.0.0.load();
        let is_outside =
            !directory.access.require_login && !directory.access.networks.contains(peer);
        is_outside.then_some(peer)
    }

    /// Whether `peer` is in the networks of `[access]`.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.0.0.load().access.networks.contains(peer)
    }

    /// Whether devices may be at this address. `"any"` in the configuration names no place, so it counts as the
    /// private networks here.
    pub(crate) fn is_in_networks(&self, address: IpAddr) -> bool {
        self.0.0.load().access.networks.names(address)
    }

    /// Whether these credentials let `peer` send. Cameras insist on logging in with whatever was
    /// typed into them, so where no login is required any is accepted.
    pub(crate) fn admits(&self, peer: IpAddr, credentials: &Credentials) -> Admission {
        self.0.0.load().admits(peer, credentials)
    }
}

impl Directory {
    fn requires_login(&self, peer: IpAddr) -> bool {
        self.access.require_login || !self.access.networks.contains(peer)
    }

    fn admits(&self, peer: IpAddr, credentials: &Credentials) -> Admission {
        let is_of =
            |(user, password): (&str, &Secret)| matches(credentials, user, password.expose());
        let mut own = self.logins_of_devices().chain(self.added_logins());
        if own.any(is_of) {
            Admission::Proven
        } else if self.shared_login().any(is_of) {
            Admission::Shared
        } else if self.requires_login(peer) {
            Admission::Refused
        } else {
            Admission::Unproven
        }
    }
}

/// Whether credentials are those of a user with this password.
fn matches(credentials: &Credentials, user: &str, password: &str) -> bool {
    match credentials {
        Credentials::Plain { user: given, password: secret } => {
            same_user(given, Some(user)) && bool::from(secret.as_bytes().ct_eq(password.as_bytes()))
        }
        Credentials::CramMd5 { user: given, challenge, digest } => {
            same_user(given, Some(user))
                && bool::from(
                    cram_md5(challenge, password)
                        .as_bytes()
                        .ct_eq(digest.to_lowercase().as_bytes()),
                )
        }
    }
}

/// The keyed digest of RFC 2195, section 2, in lower-case hexadecimal.
fn cram_md5(challenge: &str, password: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<md5::Md5>::new_from_slice(password.as_bytes()) else {
        return String::new();
    };
    mac.update(challenge.as_bytes());
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 2195, section 2.
    #[test]
    fn the_digest_is_that_of_the_rfc() {
        assert_eq!(
            cram_md5("<1896.697170952@postoffice.reston.mci.net>", "tanstaaftanstaaf"),
            "b913a602c7eda7a495b4e6e7334d3890",
        );
    }
}
