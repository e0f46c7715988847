//! Browsers in which a user has logged in before: a cookie shows it, and their attempts are counted for themselves.
//!
//! The cookie is no login. It only means that guessing at the same address, or at a thousand addresses, keeps nobody out who
//! has logged in before. It is signed together with the hash of the password, so a new password ends it.

use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use subtle::ConstantTimeEq;
use tipoff_spool::{User, UserId};

use super::super::client::Client;
use super::super::{cookie, cookie_header};
use super::{Access, AccessError, LoginSource, USERS_MAX, machine};
use crate::net::login_throttle::{Attempt, OwnAttempt};
use crate::runtime::hex::hex;

/// Browsers keep a cookie for at most 400 days (RFC 6265bis); each login renews it.
const LASTS_S: u32 = 400 * 24 * 3600;
/// Random bytes of a browser's number: 128 bits, so that no two are the same.
const NUMBER_BYTES: usize = 16;
/// Hexadecimal digits of a browser's number.
const NUMBER_DIGITS: usize = NUMBER_BYTES * 2;

/// An attempt to log in that has been counted.
pub(super) enum CountedAttempt {
    /// Together with all others from its address.
    ByAddress(Attempt),
    /// For its own browser.
    ByItself(OwnAttempt),
}

impl CountedAttempt {
    /// The attempt was right, and no longer counts as wrong.
    pub(super) fn succeeded(self) {
        match self {
            Self::ByAddress(attempt) => attempt.succeeded(),
            Self::ByItself(attempt) => attempt.succeeded(),
        }
    }
}

/// The queue in which a password waits for its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// A browser that was logged in before, or is.
    KnownBrowser,
    /// An address of a known device, or one where somebody is logged in.
    KnownAddress,
    /// Anybody else.
    Stranger,
}

impl Access {
    /// The browser's number, if it shows that this user logged in there since the password was set.
    pub(super) fn known_browser<'s>(
        &self,
        user: &User,
        source: &'s LoginSource,
    ) -> Option<&'s str> {
        let (number, signature) = source.known.get(&user.id)?.split_once('.')?;
        let is_number =
            number.len() == NUMBER_DIGITS && number.bytes().all(|it| it.is_ascii_hexdigit());
        let expected = self.sign_browser(user, number);
        let is_ours: bool = expected.as_bytes().ct_eq(signature.as_bytes()).into();
        (is_number && is_ours && user.password.is_some()).then_some(number)
    }

    /// What a browser shows from now on; one that is known stays the same, so that logging in again gives no
    /// further tries.
    pub(super) fn show_browser(
        &self,
        user: &User,
        source: &LoginSource,
    ) -> Result<String, AccessError> {
        let number = match self.known_browser(user, source) {
            Some(number) => number.to_owned(),
            None => {
                let mut random = [0; NUMBER_BYTES];
                getrandom::fill(&mut random).map_err(machine)?;
                hex(&random)
            }
        };
        Ok(format!("{number}.{}", self.sign_browser(user, &number)))
    }

    /// The hash of the password is signed too: a new password ends it.
    fn sign_browser(&self, user: &User, number: &str) -> String {
        let hash = user.password.as_deref().unwrap_or_default();
        self.sign(&format!("browser/{}/{number}/{hash}", user.id.0))
    }

    /// Counts an attempt before it is checked: that of a known browser for itself, any other by its address.
    pub(super) fn count(
        &self,
        name: &str,
        user: Option<&User>,
        source: &LoginSource,
    ) -> Result<(CountedAttempt, Lane), AccessError> {
        let number = user.and_then(|user| self.known_browser(user, source));
        if let Some(number) = number {
            let attempt = self.own_attempt(&format!("browser/{number}"), source)?;
            return Ok((CountedAttempt::ByItself(attempt), Lane::KnownBrowser));
        }
        let is_known = self.gate().known.contains(source.address);
        let lane = if is_known { Lane::KnownAddress } else { Lane::Stranger };
        Ok((CountedAttempt::ByAddress(self.attempt(name, source.address)?), lane))
    }

    /// Counts a try of somebody who has shown who they are.
    pub(super) fn own_attempt(
        &self,
        name: &str,
        source: &LoginSource,
    ) -> Result<OwnAttempt, AccessError> {
        self.0.own_pace.enter(name).map_err(|too_soon| {
            self.report_wrong(source.address);
            AccessError::TooMany(too_soon.wait.as_secs() + 1)
        })
    }
}

/// The names begin with this; the number of the user follows, as several may use a browser.
fn prefix(client: &Client) -> String {
    format!("{}tipoff-known-", cookie::name_prefix(client))
}

/// What the browser shows of the users who logged in there before.
pub(super) fn shown(client: &Client, headers: &HeaderMap) -> HashMap<UserId, String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let prefix = prefix(client);
    let pairs = lines.flat_map(cookie_header::pairs).filter_map(|(name, value)| {
        let user = name.strip_prefix(&prefix)?.parse().ok()?;
        Some((UserId(user), value.to_owned()))
    });
    pairs.take(USERS_MAX as usize).collect()
}

/// The cookie by which a browser is known.
pub(super) fn cookie_of(user: UserId, value: &str, client: &Client) -> String {
    let (prefix, scope) = (prefix(client), cookie::scope(client));
    format!("{prefix}{}={value}; Max-Age={LASTS_S}; HttpOnly; SameSite=Strict; {scope}", user.0)
}
