//! Passwords: hashed with argon2id, one at a time.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tipoff_spool::{Spool, UserChange, UserId};

use super::{Access, Refusal, machine};

/// NIST SP 800-63B, section 3.1.1.2: at least 8, and no reason to refuse a long one.
const CHARS_MIN: usize = 8;
const CHARS_MAX: usize = 200;

impl Access {
    /// Whether this is the password of this hash. Takes as long without a hash: how long it takes does not
    /// tell which names there are.
    pub(super) async fn is_password(
        &self,
        hash: Option<&str>,
        password: &str,
    ) -> Result<bool, Refusal> {
        if password.chars().count() > CHARS_MAX {
            return Ok(false);
        }
        let _permit = self.0.hashing.acquire().await.map_err(machine)?;
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
