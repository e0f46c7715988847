//! Who may see the dashboard. Users with a password and a role; browsers that are logged in show a cookie,
//! programs a token. What they show is never kept, only its digest.

mod audit_context;
mod csrf;
mod guard;
mod known_browser;
mod login_cookie;
mod login_failures;
mod login_pages;
mod password;
mod principal;
mod rights;
mod setup_key;
mod tokens;
mod totp;
mod users;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use tipoff_model::Timestamp;
use tipoff_spool::{Actor, AuditEntry, Digest, Login, Spool, SpoolError, User, UserId};
use tokio::sync::watch;

use crate::audit::{self, what};
use crate::runtime::hex::hex;

pub(super) use audit_context::AuditContext;
pub(super) use guard::guard;
pub(super) use login_cookie::login_cookies;
pub(super) use login_pages::{logout_router, router};
pub(crate) use password::set_password;
pub(super) use principal::{AuthMethod, Principal};
pub(crate) use setup_key::make_setup_key;
pub(super) use tokens::refuse_tokens_in_urls;
pub(crate) use tokens::{make_token, token_name};
pub(crate) use users::{add_user, note_ended_tokens, remove_user, set_role};

use login_failures::LoginFailures;
use password::{Hashing, check_length};
use totp::CodeAttempts;

use crate::net::login_throttle::{Attempt, Claim, OwnPace};
use crate::receive::Entrance;

/// A login that was not seen for so long is over.
const UNSEEN_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// That a login was seen is noted this often: it costs a write.
const NOTE_EVERY: Duration = Duration::from_secs(300);
/// How many browsers of one user may be logged in.
const LOGINS_MAX: u32 = 50;
/// How many users there may be.
const USERS_MAX: u32 = 50;
/// Characters kept of a browser's User-Agent.
const BROWSER_CHARS_MAX: usize = 200;
/// What addresses are known as from which people log in; no device has such a user.
const DASHBOARD: &str = "\0dashboard";
/// An open event stream is looked at again after this time: `tipoff users` changes users beside the server.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Why somebody is not let in, or something of the accounts is not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    #[error("wrong name or password")]
    Wrong,
    #[error("wrong code, or a code that was already used")]
    WrongCode,
    #[error("the time limit has passed; enter the password again")]
    Expired,
    #[error("too many attempts; try again in {0} seconds")]
    TooMany(u64),
    #[error("invalid or expired link; `tipoff password --link` makes a new one")]
    NoKey,
    #[error("a password must have 8 to 200 characters")]
    Unfit,
    #[error(
        "a name must have 1 to 60 characters, and no invisible ones or ones that change the direction of text"
    )]
    UnfitName,
    #[error("the limit of 100 tokens is reached; revoke one first")]
    Full,
    #[error("the limit of 50 users is reached; remove one first")]
    FullOfUsers,
    #[error("another user has this name")]
    NameTaken,
    #[error("at least one owner must have a password: first add another owner")]
    LastOwner,
    #[error("user not found")]
    NoUser,
    #[error("there is no new secret to confirm; start again")]
    NothingPending,
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
    hashing: Hashing,
    entrance: Entrance,
    /// Tries of known browsers and of logins.
    own_pace: OwnPace,
    codes: CodeAttempts,
    failures: LoginFailures,
    /// Counts the changes after which somebody may have lost a right.
    changes: watch::Sender<u64>,
}

/// What somebody types into the login page.
#[derive(Debug)]
pub(super) struct Credentials<'a> {
    /// Name of the user; may be empty where there is only one.
    pub(super) name: &'a str,
    pub(super) password: &'a str,
}

/// Where somebody logs in.
#[derive(Clone, Debug)]
pub(crate) struct LoginSource {
    pub(super) address: IpAddr,
    /// User-Agent of the browser.
    pub(super) browser: String,
    /// What the browser shows of users who logged in there before.
    known: HashMap<UserId, String>,
}

/// What a browser shows from now on.
#[derive(Debug)]
pub(crate) struct NewLogin {
    /// The login.
    secret: String,
    user: UserId,
    /// That the user logged in there.
    known: String,
}

/// What becomes of a right password.
#[derive(Debug)]
pub(super) enum LoginStep {
    /// Logged in.
    LoggedIn(NewLogin),
    /// A one-time code is asked for; this goes with it.
    CodeRequired(String),
}

impl Access {
    /// `key` is the program's lasting secret.
    pub(crate) fn new(spool: Arc<dyn Spool>, key: [u8; 32], entrance: Entrance) -> Self {
        Self(Arc::new(Lock {
            spool,
            key,
            hashing: Hashing::default(),
            entrance,
            own_pace: OwnPace::default(),
            codes: CodeAttempts::default(),
            failures: LoginFailures::default(),
            changes: watch::Sender::new(0),
        }))
    }

    /// What all ports share of who comes in.
    pub(crate) fn entrance(&self) -> &Entrance {
        &self.0.entrance
    }

    /// Counts a try of a user before it is looked at: many at once are no faster than one after the other.
    /// It counts as wrong until it is said to have succeeded.
    fn attempt(&self, user: &str, peer: IpAddr) -> Result<Attempt, AccessError> {
        let Entrance { known, throttle } = &self.0.entrance;
        // No device has such a user.
        let user = format!("\0{user}");
        // To check a password again costs as much as the first time, so the same one is not recognised.
        let claim = Claim { peer, user: &user, secret: None, is_known: known.contains(peer) };
        throttle.enter_now(claim).map_err(|too_soon| {
            self.report_wrong(peer);
            AccessError::TooMany(too_soon.wait.as_secs() + 1)
        })
    }

    /// Notes a wrong password, code or key: in the audit log, and at most once a minute in the log.
    fn report_wrong(&self, peer: IpAddr) {
        self.0.failures.note(peer);
        if let Some(wrong_logins) = self.0.entrance.throttle.message_due(peer) {
            tracing::warn!(%peer, wrong_logins, "A login to the dashboard failed.");
        }
    }

    /// Somebody who is logged in asks from here: strangers do not take their places.
    fn is_welcome(&self, peer: IpAddr) {
        self.0.entrance.known.proven(DASHBOARD, peer);
    }

    /// Counts a token that nobody has.
    pub(super) fn wrong_token(&self, secret: &str, peer: IpAddr) -> Result<(), AccessError> {
        self.report_wrong(peer);
        let counted = self.0.entrance.throttle.wrong_token(peer, secret);
        counted.map_err(|too_soon| AccessError::TooMany(too_soon.wait.as_secs() + 1))
    }

    /// Whether somebody can log in with a password.
    pub(crate) async fn has_password(&self) -> Result<bool, AccessError> {
        Ok(self.0.spool.users().await?.iter().any(|user| user.password.is_some()))
    }

    /// Sets the first owner's password by the key of the link, and logs in.
    async fn set_up(
        &self,
        key: &str,
        password: &str,
        source: &LoginSource,
    ) -> Result<LoginStep, AccessError> {
        check_length(password)?;
        self.take_setup_key(key, source.address).await?;
        let user = set_password(&*self.0.spool, None, password).await?;
        self.changed();
        let users = self.0.spool.users().await?;
        let user = users.into_iter().find(|it| it.id == user).ok_or(AccessError::NoUser)?;
        let actor = Actor::User(user.name.clone());
        let entry = audit::entry(actor, what::PASSWORD, &*user.name, "by the setup link");
        let address = Some(source.address.to_string());
        audit::note(&*self.0.spool, AuditEntry { address, ..entry }).await;
        self.code_or_login(&user, source).await
    }

    /// Logs in with a password.
    async fn enter(
        &self,
        given: &Credentials<'_>,
        source: &LoginSource,
    ) -> Result<LoginStep, AccessError> {
        let user = self.user_named(given.name).await?;
        let (attempt, lane) = self.count(given.name.trim(), user.as_ref(), source)?;
        let hash = user.as_ref().and_then(|user| user.password.as_deref());
        let is_right = self.is_password(hash, given.password, lane).await?;
        let Some(user) = user.filter(|_| is_right) else {
            self.report_wrong(source.address);
            return Err(AccessError::Wrong);
        };
        attempt.succeeded();
        self.code_or_login(&user, source).await
    }

    /// The user of this name; without one, the only user that there is.
    async fn user_named(&self, name: &str) -> Result<Option<User>, AccessError> {
        let (name, mut users) = (name.trim(), self.0.spool.users().await?);
        if name.is_empty() {
            return Ok(if users.len() == 1 { users.pop() } else { None });
        }
        Ok(users.into_iter().find(|user| user.name.eq_ignore_ascii_case(name)))
    }

    async fn log_in(&self, user: &User, source: &LoginSource) -> Result<NewLogin, AccessError> {
        let (secret, known) = (secret()?, self.show_browser(user, source)?);
        let now = now();
        let login = Login {
            id: 0,
            digest: digest(&secret),
            user: user.id,
            created_at: now,
            seen_at: now,
            address: source.address.to_string(),
            browser: source.browser.chars().take(BROWSER_CHARS_MAX).collect(),
        };
        self.0.spool.add_login(login, LOGINS_MAX).await?.ok_or(AccessError::NoUser)?;
        self.changed();
        Ok(NewLogin { secret, user: user.id, known })
    }

    /// Logs in, and notes it in the audit log.
    async fn begin_login(
        &self,
        user: &User,
        source: &LoginSource,
    ) -> Result<NewLogin, AccessError> {
        let login = self.log_in(user, source).await?;
        let entry = audit::entry(Actor::User(user.name.clone()), what::LOGIN, "dashboard", "");
        let address = Some(source.address.to_string());
        audit::note(&*self.0.spool, AuditEntry { address, ..entry }).await;
        Ok(login)
    }

    /// Whose login this is, by what a browser shows.
    async fn recognise(
        &self,
        secret: &str,
        address: IpAddr,
    ) -> Result<Option<(Login, User)>, AccessError> {
        let Some((login, user)) = self.0.spool.login(digest(secret)).await? else {
            return Ok(None);
        };
        let unseen = now().since(login.seen_at);
        if unseen > UNSEEN_MAX {
            return Ok(None);
        }
        let address = address.to_string();
        if unseen > NOTE_EVERY || (login.address != address && unseen > LOOK_AGAIN) {
            self.0.spool.see_login(login.id, now(), address).await?;
        }
        Ok(Some((login, user)))
    }

    /// Ends the login of this secret, if there is one: a new login never goes on from an old cookie.
    async fn forget(&self, secret: &str) -> Result<(), AccessError> {
        if let Some((login, _)) = self.0.spool.login(digest(secret)).await? {
            self.0.spool.end_login(login.id).await?;
            self.changed();
        }
        Ok(())
    }

    /// Notes that somebody may have lost a right.
    pub(crate) fn changed(&self) {
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Waits until the login, the token or the role with which a principal came in has ended. Whatever stays
    /// open, such as an event stream, ends then. Looks again whenever accounts change in this process, and
    /// every few seconds for changes from the command line.
    pub(crate) async fn ended(&self, principal: &Principal) {
        let mut changes = self.0.changes.subscribe();
        loop {
            match self.holds(principal).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "Could not check an open event stream's login.")
                }
            }
            // The sender is part of `self`: it is not dropped before.
            let _ = tokio::time::timeout(LOOK_AGAIN, changes.changed()).await;
        }
    }

    /// Whether a principal would be let in with the same rights now.
    async fn holds(&self, principal: &Principal) -> Result<bool, AccessError> {
        Ok(match principal.auth {
            AuthMethod::Login { id, user } => {
                let logins = self.0.spool.logins().await?;
                let users = self.0.spool.users().await?;
                let is_open = |it: &Login| {
                    it.id == id && it.user == user && now().since(it.seen_at) <= UNSEEN_MAX
                };
                let has_role = |it: &User| it.id == user && it.role == principal.role;
                logins.iter().any(is_open) && users.iter().any(has_role)
            }
            AuthMethod::Token { id } => self.0.spool.tokens().await?.iter().any(|it| it.id == id),
            // The proxy asks again at the next request.
            AuthMethod::Proxy => true,
        })
    }

    /// What proves that a form comes from a page that was shown to this login.
    fn csrf_token(&self, secret: &str) -> String {
        self.sign(&format!("form/{secret}"))
    }

    fn sign(&self, text: &str) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0.key) else {
            return String::new();
        };
        mac.update(text.as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

fn secret() -> Result<String, AccessError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(machine)?;
    Ok(hex(&random))
}

/// 256 random bits need no slow hash.
fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

fn now() -> Timestamp {
    SystemTime::now().into()
}

fn machine(error: impl std::fmt::Display) -> AccessError {
    AccessError::Machine(error.to_string())
}
