//! Who may see the dashboard. One owner with a password; browsers that are logged in show a cookie,
//! programs a token. What they show is never kept, only its digest.

mod guard;
mod pages;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tipoff_model::Timestamp;
use tipoff_spool::{ApiToken, Login, Print, Spool, SpoolError};
use tokio::sync::Semaphore;

pub(super) use guard::{Visitor, guard};
pub(super) use pages::{cookie_of, router, way_out};

use crate::login_throttle::{Attempt, Claim};
use crate::receive::Entrance;

/// A login that was not seen for so long is over.
const UNSEEN_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// That a login was seen is noted this often: it costs a write.
const NOTE_EVERY: Duration = Duration::from_secs(3600);
/// How many browsers may be logged in.
const LOGINS_MAX: u32 = 100;
/// How many tokens there may be.
pub(super) const TOKENS_MAX: u32 = 100;
/// NIST SP 800-63B, section 3.1.1.2: at least 8, and no reason to refuse a long one.
const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_CHARS_MAX: usize = 200;
/// What the owner's logins are counted as; no device has such a user.
const OWNER: &str = "\0owner";
/// What every token begins with, so that one that leaked is recognised.
const TOKEN_PREFIX: &str = "tip_";

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("that is not the password")]
    Wrong,
    #[error("too many tries; the next one is looked at in {0} seconds")]
    TooMany(u64),
    #[error("this link does not hold, or no longer; `tipoff password --link` makes another")]
    NoKey,
    #[error("a password has from 8 to 200 characters")]
    Unfit,
    #[error("there are 100 tokens already; end one first")]
    Full,
    #[error("{0}")]
    Spool(#[from] SpoolError),
    #[error("this machine cannot make or check a password: {0}")]
    Machine(String),
}

/// The lock of the dashboard.
#[derive(Clone)]
pub(crate) struct Access(Arc<Lock>);

struct Lock {
    spool: Arc<dyn Spool>,
    /// Signs what proves that a form is one of ours.
    key: [u8; 32],
    /// A password takes 19 MiB and a while to check: one at a time.
    hashing: Semaphore,
    entrance: Entrance,
}

impl Access {
    /// `key` is the program's lasting secret.
    pub(crate) fn new(spool: Arc<dyn Spool>, key: [u8; 32], entrance: Entrance) -> Self {
        Self(Arc::new(Lock { spool, key, hashing: Semaphore::new(1), entrance }))
    }

    /// What all ports share of who comes in.
    pub(crate) fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    /// Counts a try before it is looked at: many at once are no faster than one after the other.
    fn attempt(&self, peer: IpAddr) -> Result<Attempt, Refusal> {
        let Entrance { known, throttle } = &self.0.entrance;
        // To check a password again costs as much as the first time, so the same one is not recognised.
        let claim = Claim { peer, user: OWNER, secret: None, is_known: known.contains(peer) };
        throttle.enter_now(claim).map_err(|too_soon| {
            self.tell(peer);
            Refusal::TooMany(too_soon.wait.as_secs() + 1)
        })
    }

    /// Somebody who is logged in asks from here: strangers do not take their places.
    fn is_welcome(&self, peer: IpAddr) {
        self.0.entrance.known.proven(OWNER, peer);
    }

    fn tell(&self, peer: IpAddr) {
        if let Some(wrong_logins) = self.0.entrance.throttle.message_due(peer) {
            tracing::warn!(%peer, wrong_logins, "A login to the dashboard failed.");
        }
    }

    /// While there is no password: a new key that sets one, once.
    pub(crate) async fn setup_key(&self) -> Result<Option<String>, Refusal> {
        if self.0.spool.password().await?.is_some() {
            return Ok(None);
        }
        Ok(Some(make_setup_key(&*self.0.spool).await?))
    }

    async fn has_password(&self) -> Result<bool, Refusal> {
        Ok(self.0.spool.password().await?.is_some())
    }

    /// Whether this is the key of the latest link, unused.
    async fn is_setup_key(&self, key: &str) -> Result<bool, Refusal> {
        let expected = self.0.spool.setup_key().await?;
        Ok(expected.is_some_and(|expected| bool::from(expected.ct_eq(&print(key)))))
    }

    /// Sets the password by the key of the link, and logs in.
    async fn set_up(&self, key: &str, password: &str, peer: IpAddr) -> Result<String, Refusal> {
        let attempt = self.attempt(peer)?;
        if !self.is_setup_key(key).await? {
            self.tell(peer);
            return Err(Refusal::NoKey);
        }
        attempt.succeeded();
        set_password(&*self.0.spool, password).await?;
        self.log_in().await
    }

    /// Logs in; what the browser shows from now on.
    async fn enter(&self, password: &str, peer: IpAddr) -> Result<String, Refusal> {
        let attempt = self.attempt(peer)?;
        if !self.is_password(password).await? {
            self.tell(peer);
            return Err(Refusal::Wrong);
        }
        attempt.succeeded();
        self.log_in().await
    }

    /// Changes the password; every login ends, and a new one begins.
    pub(super) async fn change(
        &self,
        old: &str,
        new: &str,
        peer: IpAddr,
    ) -> Result<String, Refusal> {
        let attempt = self.attempt(peer)?;
        if !self.is_password(old).await? {
            self.tell(peer);
            return Err(Refusal::Wrong);
        }
        attempt.succeeded();
        set_password(&*self.0.spool, new).await?;
        self.log_in().await
    }

    async fn is_password(&self, password: &str) -> Result<bool, Refusal> {
        let Some(hash) = self.0.spool.password().await? else {
            return Ok(false);
        };
        if password.chars().count() > PASSWORD_CHARS_MAX {
            return Ok(false);
        }
        let _place = self.0.hashing.acquire().await.map_err(machine)?;
        let password = password.to_owned();
        let check = move || {
            let hash = PasswordHash::new(&hash).map_err(machine)?;
            Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        };
        tokio::task::spawn_blocking(check).await.map_err(machine)?
    }

    async fn log_in(&self) -> Result<String, Refusal> {
        let secret = secret()?;
        let now = now();
        let login = Login { print: print(&secret), created_at: now, seen_at: now };
        self.0.spool.keep_login(login, LOGINS_MAX).await?;
        Ok(secret)
    }

    /// Whether this is what a logged-in browser shows.
    async fn knows(&self, secret: &str) -> Result<bool, Refusal> {
        let Some(login) = self.0.spool.login(print(secret)).await? else {
            return Ok(false);
        };
        let unseen = now().since(login.seen_at);
        if unseen > UNSEEN_MAX {
            return Ok(false);
        }
        if unseen > NOTE_EVERY {
            self.0.spool.keep_login(Login { seen_at: now(), ..login }, LOGINS_MAX).await?;
        }
        Ok(true)
    }

    async fn leave(&self, secret: &str) -> Result<(), Refusal> {
        Ok(self.0.spool.end_login(print(secret)).await?)
    }

    /// What proves that a form comes from a page that was shown to this login.
    fn proof(&self, secret: &str) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0.key) else {
            return String::new();
        };
        mac.update(b"form/");
        mac.update(secret.as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    /// Whether a program may look with this.
    pub(super) async fn is_token(&self, secret: &str, peer: IpAddr) -> Result<bool, Refusal> {
        if secret.starts_with(TOKEN_PREFIX) && self.token(secret).await?.is_some() {
            return Ok(true);
        }
        self.wrong_token(secret, peer)?;
        Ok(false)
    }

    async fn token(&self, secret: &str) -> Result<Option<ApiToken>, Refusal> {
        Ok(self.0.spool.token(print(secret)).await?)
    }

    /// Counts a token that nobody has.
    fn wrong_token(&self, secret: &str, peer: IpAddr) -> Result<(), Refusal> {
        self.tell(peer);
        let counted = self.0.entrance.throttle.wrong_token(peer, secret);
        counted.map_err(|too_soon| Refusal::TooMany(too_soon.wait.as_secs() + 1))
    }
}

/// Makes the key that sets the password once.
pub(crate) async fn make_setup_key(spool: &dyn Spool) -> Result<String, Refusal> {
    let key = secret()?;
    spool.set_setup_key(print(&key)).await?;
    Ok(key)
}

/// Sets the password; every login ends.
pub(crate) async fn set_password(spool: &dyn Spool, password: &str) -> Result<(), Refusal> {
    let length = password.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
        return Err(Refusal::Unfit);
    }
    let password = password.to_owned();
    let make = move || {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(machine)?;
        let hash: PasswordHash = Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map_err(machine)?;
        Ok::<_, Refusal>(hash.to_string())
    };
    let hash = tokio::task::spawn_blocking(make).await.map_err(machine)??;
    Ok(spool.set_password(hash).await?)
}

/// Makes a token for a program: its number, and the token itself, which is told this once.
pub(crate) async fn make_token(
    spool: &dyn Spool,
    name: &str,
    may_change: bool,
) -> Result<(i64, String), Refusal> {
    let token = format!("{TOKEN_PREFIX}{}", secret()?);
    let (name, print) = (name.to_owned(), print(&token));
    let kept = ApiToken { id: 0, name, print, may_change, created_at: now() };
    let id = spool.add_token(kept, TOKENS_MAX).await?.ok_or(Refusal::Full)?;
    Ok((id, token))
}

fn secret() -> Result<String, Refusal> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(machine)?;
    Ok(hex(&random))
}

/// 256 random bits need no slow hash.
fn print(secret: &str) -> Print {
    Sha256::digest(secret.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn machine(error: impl std::fmt::Display) -> Refusal {
    Refusal::Machine(error.to_string())
}
