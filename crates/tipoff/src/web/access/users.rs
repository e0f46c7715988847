//! Users: added, changed and removed by an owner; what each may change of their own account.
//!
//! The functions without `self` also serve `tipoff users` beside a running server, whose open event streams notice the
//! change within seconds; the methods make this server's event streams check their rights at once. The spool checks the
//! rules that must be checked together with the change: unique names, the limit of users, and the last owner.

use tipoff_model::Timestamp;
use tipoff_spool::{ApiToken, AuditEntry, Login, NewUser, Role, Spool, User, UserId};

use super::error::done;
use super::known_browser::Lane;
use super::password_hash::{hash, set_password};
use super::{Access, AccessError, LoginSource, LoginStep, NewLogin, OwnAccount, Principal, digest};
use crate::audit::{self, AuditAction};
use crate::receive::is_deceptive;

/// Maximum length of a name, in characters.
const NAME_CHARS_MAX: usize = 60;

/// The key under which the attempts of an account are counted: each login for itself.
pub(super) fn attempt_key(account: &OwnAccount) -> String {
    match account.login {
        Some(login) => format!("login/{login}"),
        None => format!("user/{}", account.user.0),
    }
}

/// Adds a user. The name is trimmed, and invisible characters in it are refused, so that a name reads as what it is.
pub(crate) async fn add_user(
    spool: &dyn Spool,
    name: &str,
    role: Role,
    password: &str,
    now: Timestamp,
) -> Result<UserId, AccessError> {
    let name = name.trim();
    let is_fit = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !is_deceptive(name);
    if !is_fit {
        return Err(AccessError::UnfitName);
    }
    let user = NewUser { name: name.to_owned(), role, password: hash(password).await?, at: now };
    done(spool.add_user(user, super::USERS_MAX).await?)
}

/// Changes the role of a user; the tokens that ended, because a viewer has none.
pub(crate) async fn set_role(
    spool: &dyn Spool,
    user: UserId,
    role: Role,
) -> Result<Vec<ApiToken>, AccessError> {
    let theirs = tokens_of(spool, user).await?;
    done(spool.set_role(user, role).await?)?;
    Ok(if role == Role::Owner { Vec::new() } else { theirs })
}

/// Removes a user; the tokens that ended with them.
pub(crate) async fn remove_user(
    spool: &dyn Spool,
    user: UserId,
) -> Result<Vec<ApiToken>, AccessError> {
    let theirs = tokens_of(spool, user).await?;
    done(spool.remove_user(user).await?)?;
    Ok(theirs)
}

/// The tokens that a user made. They end when the user is no longer an owner.
async fn tokens_of(spool: &dyn Spool, user: UserId) -> Result<Vec<ApiToken>, AccessError> {
    let tokens = spool.tokens().await?.into_iter();
    Ok(tokens.filter(|token| token.maker == Some(user)).collect())
}

/// Writes an entry of the audit log for each token that ended with its maker. `entry` has the actor of the change.
pub(crate) async fn note_ended_tokens(spool: &dyn Spool, ended: &[ApiToken], entry: AuditEntry) {
    for token in ended {
        let entry = AuditEntry {
            what: AuditAction::TokenRevoke.as_str().to_owned(),
            object: token.name.clone(),
            detail: format!("{} made it, and is an owner no longer", token.made_by),
            ..entry.clone()
        };
        audit::note(spool, entry).await;
    }
}

impl Access {
    /// Adds a user.
    pub(crate) async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: &str,
    ) -> Result<UserId, AccessError> {
        add_user(&*self.0.spool, name, role, password, self.now()).await
    }

    /// Changes the role of a user; open event streams with the old role end.
    pub(crate) async fn set_role(
        &self,
        user: UserId,
        role: Role,
    ) -> Result<Vec<ApiToken>, AccessError> {
        let ended = set_role(&*self.0.spool, user, role).await?;
        self.changed();
        Ok(ended)
    }

    /// Removes a user; whatever they have open ends.
    pub(crate) async fn remove_user(&self, user: UserId) -> Result<Vec<ApiToken>, AccessError> {
        let ended = remove_user(&*self.0.spool, user).await?;
        self.changed();
        Ok(ended)
    }

    /// Sets the password of a user, by an owner; all logins of that user end.
    pub(crate) async fn set_password_of(&self, user: UserId, new: &str) -> Result<(), AccessError> {
        set_password(&*self.0.spool, Some(user), new).await?;
        self.changed();
        Ok(())
    }

    /// Changes the password of a user who knows the old one. Every login of the user ends, and a new one begins.
    pub(crate) async fn change_password(
        &self,
        account: &OwnAccount,
        old: &str,
        new: &str,
    ) -> Result<NewLogin, AccessError> {
        self.check_password(account, old).await?;
        self.set_password_of(account.user, new).await?;
        self.log_in(&self.user(account.user).await?, &account.source).await
    }

    /// Checks the password of somebody who is logged in, before a change that a stolen login must not make. The
    /// attempts of each login are counted for themselves.
    pub(super) async fn check_password(
        &self,
        account: &OwnAccount,
        password: &str,
    ) -> Result<User, AccessError> {
        let user = self.user(account.user).await?;
        let attempt = self.own_attempt(&attempt_key(account), &account.source)?;
        let hash = user.password.as_deref();
        if !self.is_password(hash, password, Lane::KnownBrowser).await? {
            self.report_wrong(account.source.address);
            return Err(AccessError::Wrong);
        }
        attempt.succeeded();
        Ok(user)
    }

    /// The logins that a principal may see and end, with the name of the user and whether it is the present
    /// one: all for an owner, else their own.
    pub(crate) async fn logins_for(
        &self,
        principal: &Principal,
    ) -> Result<Vec<(Login, String, bool)>, AccessError> {
        let users = self.0.spool.users().await?;
        let logins = self.0.spool.logins().await?.into_iter();
        let oldest = self.now().before(super::UNSEEN_MAX);
        let theirs = logins.filter(|login| {
            login.seen_at >= oldest
                && (principal.is_owner() || Some(login.user) == principal.user())
        });
        let named = theirs.map(|login| {
            let user = users.iter().find(|user| user.id == login.user);
            let name = user.map(|user| user.name.clone()).unwrap_or_default();
            let present = principal.login() == Some(login.id);
            (login, name, present)
        });
        Ok(named.collect())
    }

    /// Ends all tokens of programs, and writes an entry for each. `entry` has the actor.
    pub(crate) async fn end_tokens(&self, entry: AuditEntry) -> Result<(), AccessError> {
        for token in self.0.spool.tokens().await? {
            let entry = AuditEntry { object: token.name, ..entry.clone() };
            self.0.spool.remove_token(token.id, entry).await?;
        }
        self.changed();
        Ok(())
    }

    /// Ends the login of the secret `before`, if there is one, because the browser got `login`: a new login never reuses an old
    /// cookie. The browser's notifications go on if it is the same user.
    pub(super) async fn replace_login(
        &self,
        before: &str,
        login: &NewLogin,
    ) -> Result<(), AccessError> {
        let spool = &self.0.spool;
        if let Some((before, _)) = spool.login(digest(before)).await? {
            if let Some((now, _)) = spool.login(digest(&login.secret)).await? {
                spool.hand_over_push_subscriptions(before.id, now.id).await?;
            }
            spool.end_login(before.id).await?;
            self.changed();
        }
        Ok(())
    }

    /// Ends a login. Returns whether it existed.
    pub(crate) async fn end_login(&self, id: i64) -> Result<bool, AccessError> {
        let ended = self.0.spool.end_login(id).await?;
        self.changed();
        Ok(ended)
    }

    /// Ends all logins of a user but one.
    pub(crate) async fn end_logins(
        &self,
        user: UserId,
        except: Option<i64>,
    ) -> Result<(), AccessError> {
        self.0.spool.end_logins(user, except).await?;
        self.changed();
        Ok(())
    }

    /// The step after a right password: the one-time code, or the login if the user has no codes.
    pub(super) async fn code_or_login(
        &self,
        user: &User,
        source: &LoginSource,
    ) -> Result<LoginStep, AccessError> {
        if user.totp.is_some() {
            return Ok(LoginStep::CodeRequired(self.ticket(user)));
        }
        Ok(LoginStep::LoggedIn(self.begin_login(user, source).await?))
    }
}
