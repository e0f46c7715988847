//! Who may use the dashboard and the API: users with a password and a role, browsers with a login, programs with a token.
//!
//! [`Access`] is the only code that checks passwords, codes, cookies and tokens; the guard and the forms call it. The spool
//! stores digests of cookies and tokens and slow hashes of passwords, never the secrets. Each attempt is counted before it is
//! checked, and known browsers and addresses are counted apart from strangers, so that guessing keeps no owner out.

mod account_changes;
mod audit_context;
mod csrf;
mod error;
mod failure_audit;
mod guard;
mod known_browser;
mod login_cookie;
mod login_pages;
mod own_account;
mod password_hash;
mod principal;
mod rights;
mod setup_key;
mod tokens;
mod totp;
mod users;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use tipoff_model::Timestamp;
use tipoff_spool::{Actor, AuditEntry, Digest, Login, Spool, User, UserId};

use crate::audit::{self, AuditAction};
use crate::runtime::clock::Clock;
use crate::runtime::hex::hex;
use crate::runtime::reload_requests::ReloadRequests;

pub(super) use audit_context::AuditContext;
pub(crate) use error::AccessError;
pub(super) use guard::{Guard, guard};
pub(super) use login_cookie::login_cookies;
pub(super) use login_pages::{login_route, logout_route, setup_route};
pub(crate) use own_account::OwnAccount;
pub(crate) use password_hash::set_password;
pub(super) use principal::{AuthMethod, Principal};
pub(super) use rights::{AllowedUsers, Rights};
pub(crate) use setup_key::make_setup_key;
pub(super) use tokens::refuse_tokens_in_urls;
pub(crate) use tokens::{make_token, token_name};
pub(crate) use users::{add_user, note_ended_tokens, remove_user, set_role};

use account_changes::AccountChanges;
use failure_audit::LoginFailures;
use password_hash::{Hashing, check_length};
use totp::CodeAttempts;

use crate::net::login_throttle::{Attempt, Claim, OwnPace};
use crate::receive::LoginGate;

/// A login ends if its browser is not seen for 30 days.
const UNSEEN_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// A login's last use is written at most this often, because it is a write to the disk.
const NOTE_EVERY: Duration = Duration::from_secs(300);
/// Maximum number of logins of one user.
const LOGINS_MAX: u32 = 50;
/// Maximum number of users.
const USERS_MAX: u32 = 50;
/// Maximum length of a stored User-Agent, in characters.
const BROWSER_CHARS_MAX: usize = 200;
/// The user name under which addresses with a login are known. No device can have it.
const DASHBOARD: &str = "\0dashboard";
/// An open event stream checks its login at least this often: `tipoff users` changes users beside the server.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Authentication of users, browsers and programs.
#[derive(Clone)]
pub(crate) struct Access(Arc<AccessInner>);

/// What all clones share.
struct AccessInner {
    spool: Arc<dyn Spool>,
    clock: Clock,
    /// Signs CSRF tokens, tickets and known browsers.
    key: [u8; 32],
    hashing: Hashing,
    gate: LoginGate,
    /// Attempts of known browsers and of logins, counted for each of them.
    own_pace: OwnPace,
    /// Wrong one-time codes of each user.
    codes: CodeAttempts,
    /// Failed attempts for the audit log.
    failures: LoginFailures,
    /// Counts the changes after which somebody may have lost a right.
    changes: AccountChanges,
}

/// Fields of the login page.
#[derive(Debug)]
pub(super) struct Credentials<'a> {
    /// Name of the user; may be empty where there is only one.
    pub(super) name: &'a str,
    pub(super) password: &'a str,
}

/// The address and browser of a login.
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

/// The next step after a right password.
#[derive(Debug)]
pub(super) enum LoginStep {
    /// Logged in.
    LoggedIn(NewLogin),
    /// A one-time code is required; the form sends this ticket with it.
    CodeRequired(String),
}

impl Access {
    /// `key` is the program's lasting secret.
    pub(crate) fn new(
        spool: Arc<dyn Spool>,
        key: [u8; 32],
        gate: LoginGate,
        clock: Clock,
        reload_requests: &ReloadRequests,
    ) -> Self {
        Self(Arc::new(AccessInner {
            spool,
            clock,
            key,
            hashing: Hashing::default(),
            gate,
            own_pace: OwnPace::default(),
            codes: CodeAttempts::default(),
            failures: LoginFailures::default(),
            changes: AccountChanges::new(reload_requests.clone()),
        }))
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The user with this number.
    async fn user(&self, id: UserId) -> Result<User, AccessError> {
        let users = self.0.spool.users().await?;
        users.into_iter().find(|user| user.id == id).ok_or(AccessError::NoUser)
    }

    /// What all ports share of who comes in.
    pub(crate) fn gate(&self) -> &LoginGate {
        &self.0.gate
    }

    /// Counts an attempt before it is checked, so that many at once are no faster than one after the other. It counts as
    /// wrong until `succeeded` is called.
    fn attempt(&self, user: &str, peer: IpAddr) -> Result<Attempt, AccessError> {
        let LoginGate { known, throttle } = &self.0.gate;
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
        if let Some(wrong_logins) = self.0.gate.throttle.message_due(peer) {
            tracing::warn!(%peer, wrong_logins, "A login to the dashboard failed.");
        }
    }

    /// Marks an address from which somebody is logged in: its connections take precedence over strangers'.
    fn is_welcome(&self, peer: IpAddr) {
        self.0.gate.known.proven(DASHBOARD, peer);
    }

    /// Counts a token that does not exist.
    pub(super) fn wrong_token(&self, secret: &str, peer: IpAddr) -> Result<(), AccessError> {
        self.report_wrong(peer);
        let counted = self.0.gate.throttle.wrong_token(peer, secret);
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
        let user = self.user(user).await?;
        let actor = Actor::User(user.name.clone());
        let entry = audit::entry(
            self.now(),
            actor,
            AuditAction::Password,
            &*user.name,
            "by the setup link",
        );
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

    /// Makes a login for a browser. If the user has too many, the one that was seen longest ago ends.
    async fn log_in(&self, user: &User, source: &LoginSource) -> Result<NewLogin, AccessError> {
        let (secret, known) = (secret()?, self.show_browser(user, source)?);
        let now = self.now();
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
        let entry = audit::entry(
            self.now(),
            Actor::User(user.name.clone()),
            AuditAction::Login,
            "dashboard",
            "",
        );
        let address = Some(source.address.to_string());
        audit::note(&*self.0.spool, AuditEntry { address, ..entry }).await;
        Ok(login)
    }

    /// The login and user of a cookie. `None` if it ended or was not used for too long.
    async fn recognise(
        &self,
        secret: &str,
        address: IpAddr,
    ) -> Result<Option<(Login, User)>, AccessError> {
        let Some((login, user)) = self.0.spool.login(digest(secret)).await? else {
            return Ok(None);
        };
        let unseen = self.now().since(login.seen_at);
        if unseen > UNSEEN_MAX {
            return Ok(None);
        }
        let address = address.to_string();
        if unseen > NOTE_EVERY || (login.address != address && unseen > LOOK_AGAIN) {
            self.0.spool.see_login(login.id, self.now(), address).await?;
        }
        Ok(Some((login, user)))
    }

    /// Makes open event streams check their rights: somebody may have lost one.
    pub(crate) fn changed(&self) {
        self.0.changes.note();
    }

    /// The changes of accounts.
    pub(crate) fn changes(&self) -> &AccountChanges {
        &self.0.changes
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

    /// Whether a principal would still be let in with the same rights.
    async fn holds(&self, principal: &Principal) -> Result<bool, AccessError> {
        Ok(match principal.auth {
            AuthMethod::Login { id, user } => {
                let logins = self.0.spool.logins().await?;
                let users = self.0.spool.users().await?;
                let is_open = |it: &Login| {
                    it.id == id && it.user == user && self.now().since(it.seen_at) <= UNSEEN_MAX
                };
                let has_role = |it: &User| it.id == user && it.role == principal.role;
                logins.iter().any(is_open) && users.iter().any(has_role)
            }
            AuthMethod::Token { id } => self.0.spool.tokens().await?.iter().any(|it| it.id == id),
            // The proxy asks again at the next request.
            AuthMethod::Proxy => true,
        })
    }

    /// The token that the forms of a login's pages must send.
    fn csrf_token(&self, secret: &str) -> String {
        self.sign(&format!("form/{secret}"))
    }

    /// HMAC-SHA256 of a text with the program's lasting key, in hexadecimal.
    fn sign(&self, text: &str) -> String {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0.key) else {
            return String::new();
        };
        mac.update(text.as_bytes());
        hex(&mac.finalize().into_bytes())
    }
}

/// 256 random bits in hexadecimal.
fn secret() -> Result<String, AccessError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(machine)?;
    Ok(hex(&random))
}

/// SHA-256. 256 random bits need no slow hash.
fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

/// An error of this machine: no random numbers, or no memory for a hash.
fn machine(error: impl std::fmt::Display) -> AccessError {
    AccessError::Machine(error.to_string())
}
