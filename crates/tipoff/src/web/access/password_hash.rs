//! Passwords: hashed with argon2id, one at a time.
//!
//! A hash takes 19 MiB and noticeable time, which is the point of it and also a way to exhaust the machine. So hashes wait in
//! three lanes, and the lane of strangers is short: an owner with a known browser waits for at most one stranger.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Argon2, Block, Params};
use tipoff_spool::{Spool, UserId};
use tokio::sync::Semaphore;

use super::error::done;
use super::known_browser::Lane;
use super::{Access, AccessError, machine};

/// Minimum length, in characters (NIST SP 800-63B, section 3.1.1.2).
const CHARS_MIN: usize = 8;
/// Maximum length, in characters: a limit of work, not of quality.
const CHARS_MAX: usize = 200;
/// Address space for argon2's blocks; only what the parameters need is touched. The allocator returns a piece of more
/// than 32 MiB to the system as soon as it is freed (mallopt(3), M_MMAP_THRESHOLD). A smaller one would stay with each
/// thread that has ever hashed: forty guesses at once held 1 GB.
const BLOCKS_MIN: usize = 33 * 1024 * 1024 / Block::SIZE;
/// Maximum number of strangers' passwords that wait. More are refused without a check.
const STRANGERS_MAX: usize = 64;
/// When a refused one may be sent again, in seconds.
const COME_AGAIN_S: u64 = 3;

/// One password is checked at a time. Each lane has one that waits for the check, so a known browser waits for one
/// stranger and not for all.
pub(super) struct Hashing {
    /// The check that is running.
    check: Arc<Semaphore>,
    known_browsers: Semaphore,
    known_addresses: Semaphore,
    strangers: Semaphore,
    /// Places in the queue of strangers.
    places: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        let one = || Semaphore::new(1);
        Self {
            check: Arc::new(one()),
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
    ) -> Result<bool, AccessError> {
        if password.chars().count() > CHARS_MAX {
            return Ok(false);
        }
        let hashing = &self.0.hashing;
        let _place = match lane {
            Lane::Stranger => {
                Some(hashing.places.try_acquire().map_err(|_| AccessError::TooMany(COME_AGAIN_S))?)
            }
            Lane::KnownBrowser | Lane::KnownAddress => None,
        };
        let _turn = hashing.lane(lane).acquire().await.map_err(machine)?;
        let permit = Arc::clone(&hashing.check).acquire_owned().await.map_err(machine)?;
        let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
        let check = move || {
            // Kept by the thread: a client that hangs up must not let another hash begin beside this one.
            let _permit = permit;
            let Some(hash) = hash else {
                return hash_now(&password).map(|_| false);
            };
            let hash = PasswordHash::new(&hash).map_err(machine)?;
            verify(&password, &hash)
        };
        tokio::task::spawn_blocking(check).await.map_err(machine)?
    }
}

/// Sets the password of a user, or of the first owner; all logins of that user end.
pub(crate) async fn set_password(
    spool: &dyn Spool,
    user: Option<UserId>,
    password: &str,
) -> Result<UserId, AccessError> {
    done(spool.set_password(user, hash(password).await?).await?)
}

/// Whether a password is neither too short nor too long.
pub(super) fn check_length(password: &str) -> Result<(), AccessError> {
    let fits = (CHARS_MIN..=CHARS_MAX).contains(&password.chars().count());
    if fits { Ok(()) } else { Err(AccessError::Unfit) }
}

/// Hashes a password that is long enough.
pub(super) async fn hash(password: &str) -> Result<String, AccessError> {
    check_length(password)?;
    let password = password.to_owned();
    tokio::task::spawn_blocking(move || hash_now(&password)).await.map_err(machine)?
}

fn hash_now(password: &str) -> Result<String, AccessError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(machine)?;
    let salt = Salt::new(&bytes).map_err(machine)?;
    let params = Params::default();
    let output = output(&params, password, &salt)?;
    let hash = PasswordHash {
        algorithm: argon2::Algorithm::default().ident(),
        version: Some(argon2::Version::default().into()),
        params: (&params).try_into().map_err(machine)?,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// Whether `hash` is that of the password, compared in constant time.
fn verify(password: &str, hash: &PasswordHash) -> Result<bool, AccessError> {
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Ok(false);
    };
    let params = Params::try_from(hash).map_err(machine)?;
    Ok(output(&params, password, salt)? == *expected)
}

fn output(params: &Params, password: &str, salt: &Salt) -> Result<Output, AccessError> {
    let mut blocks = Vec::with_capacity(params.block_count().max(BLOCKS_MIN));
    blocks.resize(params.block_count(), Block::new());
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut bytes = vec![0; length];
    Argon2::from(params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut bytes, &mut blocks)
        .map_err(machine)?;
    Output::new(&bytes).map_err(machine)
}

#[cfg(test)]
mod tests {
    use argon2::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn a_hash_is_that_of_the_library_and_its_password_alone_fits() {
        let ours = hash_now("a long password").unwrap();
        assert!(Argon2::default().verify_password(b"a long password", ours.as_str()).is_ok());
        let theirs: PasswordHash =
            Argon2::default().hash_password_with_salt(b"a long password", &[7; 16]).unwrap();
        assert!(verify("a long password", &theirs).unwrap());
        assert!(!verify("a long passwore", &theirs).unwrap());
        let cheap = Params::new(64, 1, 1, Some(24)).unwrap();
        let other: PasswordHash =
            Argon2::from(&cheap).hash_password_with_salt(b"a long password", &[7; 16]).unwrap();
        assert!(verify("a long password", &other).unwrap());
        assert!(!verify("", &other).unwrap());
    }
}
