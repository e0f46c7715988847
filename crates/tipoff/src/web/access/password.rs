//! Passwords: hashed with argon2id, one at a time.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tipoff_spool::{Spool, UserChange, UserId};
use tokio::sync::Semaphore;

use super::known_browser::Lane;
use super::{Access, Refusal, machine};

/// NIST SP 800-63B, section 3.1.1.2: at least 8, and no reason to refuse a long one.
const CHARS_MIN: usize = 8;
const CHARS_MAX: usize = 200;
/// Strangers whose passwords wait to be checked; of more, none is looked at.
const STRANGERS_MAX: usize = 64;
/// When one that was not looked at may come again, in seconds.
const COME_AGAIN_S: u64 = 3;

/// A password takes 19 MiB and a while to check: one at a time. Each lane sends one after the other to it, so that
/// a known browser waits for one stranger, and not for all.
pub(super) struct Hashing {
    check: Semaphore,
    known_browsers: Semaphore,
    known_addresses: Semaphore,
    strangers: Semaphore,
    /// Places to wait for strangers.
    places: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        let one = || Semaphore::new(1);
        Self {
            check: one(),
            known_browsers: one(),
            known_addresses: one(),
            strangers: one(),
            places: Semaphore::new(STRANGERS_MAX),
        }
    }
}

impl Hashing {
    fn lane(&self, lane: Lane) -> &Semaphore {
        match lane {
            Lane::KnownBrowser => &self.known_browsers,
            Lane::KnownAddress => &self.known_addresses,
            Lane::Stranger => &self.strangers,
        }
    }
}

impl Access {
    /// Whether this is the password of this hash. Takes as long without a hash: how long it takes does not
    /// tell which names there are.
    pub(super) async fn is_password(
        &self,
        hash: Option<&str>,
        password: &str,
        lane: Lane,
    ) -> Result<bool, Refusal> {
        if password.chars().count() > CHARS_MAX {
            return Ok(false);
        }
        let hashing = &self.0.hashing;
        let _place = match lane {
            Lane::Stranger => {
                Some(hashing.places.try_acquire().map_err(|_| Refusal::TooMany(COME_AGAIN_S))?)
            }
            Lane::KnownBrowser | Lane::KnownAddress => None,
        };
        let _turn = hashing.lane(lane).acquire().await.map_err(machine)?;
        let _permit = hashing.check.acquire().await.map_err(machine)?;
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        let check = move || {
            let Some(hash) = hash else {
                return hash_now(&password).map(|_| false);
            };
            let hash = PasswordHash::new(&hash).map_err(machine)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        };
        tokio::task::spawn_blocking(check).await.map_err(machine)?
    }
}

/// Sets the password of a user, or of the first owner; all logins of that user end.
pub(crate) async fn set_password(
    spool: &dyn Spool,
    user: Option<UserId>,
    password: &str,
) -> Result<UserId, Refusal> {
    match spool.set_password(user, hash(password).await?).await? {
        UserChange::Done(user) => Ok(user),
        change => Err(change.into()),
    }
}

/// Whether a password is neither too short nor too long.
pub(super) fn check_length(password: &str) -> Result<(), Refusal> {
    let fits = (CHARS_MIN..=CHARS_MAX).contains(&password.chars().count());
    if fits { Ok(()) } else { Err(Refusal::Unfit) }
}

/// Hashes a password that is long enough.
pub(super) async fn hash(password: &str) -> Result<String, Refusal> {
    check_length(password)?;
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || hash_now(&password)).await.map_err(machine)?
}

fn hash_now(password: &str) -> Result<String, Refusal> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(machine)?;
    let hash: PasswordHash =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(machine)?;
    Ok(hash.to_string())
}
