//! Accounts of the dashboard: each operation is one transaction.

use tipoff_model::Timestamp;

use super::database::Database;
use super::spool::SqlSpool;
use super::{push_subscriptions, setup_key, tokens, totp, users};
use crate::{
    Accounts, ApiToken, AuditEntry, BoxFuture, Digest, Login, NewUser, Result, Role, User,
    UserChange, UserId,
};

impl<D: Database> Accounts for SqlSpool<D> {
    fn users(&self) -> BoxFuture<'_, Result<Vec<User>>> {
        Box::pin(self.read(users::all))
    }

    fn add_user(&self, user: NewUser, max: u32) -> BoxFuture<'_, Result<UserChange>> {
        Box::pin(self.write(move |sql| users::add(sql, &user, max)))
    }

    fn set_role(&self, user: UserId, role: Role) -> BoxFuture<'_, Result<UserChange>> {
        Box::pin(self.write(move |sql| users::set_role(sql, user, role)))
    }

    fn remove_user(&self, user: UserId) -> BoxFuture<'_, Result<UserChange>> {
        Box::pin(self.write(move |sql| users::remove(sql, user)))
    }

    fn set_password(
        &self,
        user: Option<UserId>,
        hash: String,
    ) -> BoxFuture<'_, Result<UserChange>> {
        Box::pin(self.write(move |sql| {
            if user.is_none() {
                setup_key::remove(sql)?;
            }
            users::set_password(sql, user, &hash)
        }))
    }

    fn begin_totp(&self, user: UserId, secret: Vec<u8>) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| totp::begin(sql, user, &secret)))
    }

    fn confirm_totp(
        &self,
        user: UserId,
        step: i64,
        recovery: Vec<Digest>,
    ) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| totp::confirm(sql, user, step, &recovery)))
    }

    fn end_totp(&self, user: UserId) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| totp::end(sql, user)))
    }

    fn use_totp_step(&self, user: UserId, step: i64) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| totp::use_step(sql, user, step)))
    }

    fn use_recovery_code(&self, user: UserId, digest: Digest) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| totp::use_recovery_code(sql, user, &digest)))
    }

    fn setup_key(&self) -> BoxFuture<'_, Result<Option<(Digest, Timestamp)>>> {
        Box::pin(async {
            let key = self.read(setup_key::read).await?;
            Ok(key.map(|key| (key.digest, key.expires_at)))
        })
    }

    fn set_setup_key(&self, digest: Digest, expires_at: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| setup_key::set(sql, digest, expires_at)))
    }

    fn take_setup_key(&self, digest: Digest) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| setup_key::take(sql, &digest)))
    }

    fn add_login(&self, login: Login, max: u32) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.write(move |sql| users::add_login(sql, &login, max)))
    }

    fn see_login(&self, id: i64, at: Timestamp, address: String) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| users::see_login(sql, id, at, &address)))
    }

    fn login(&self, digest: Digest) -> BoxFuture<'_, Result<Option<(Login, User)>>> {
        Box::pin(self.read(move |sql| users::login(sql, &digest)))
    }

    fn logins(&self) -> BoxFuture<'_, Result<Vec<Login>>> {
        Box::pin(self.read(users::logins))
    }

    fn end_login(&self, id: i64) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| {
            push_subscriptions::end_of_login(sql, id)?;
            users::end_login(sql, id)
        }))
    }

    fn end_logins(&self, user: UserId, except: Option<i64>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| users::end_logins(sql, user, except)))
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<ApiToken>>> {
        Box::pin(self.read(tokens::all))
    }

    fn token(&self, digest: Digest) -> BoxFuture<'_, Result<Option<ApiToken>>> {
        Box::pin(self.read(move |sql| tokens::find(sql, &digest)))
    }

    fn add_token(
        &self,
        token: ApiToken,
        max: u32,
        entry: AuditEntry,
    ) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.write(move |sql| tokens::add(sql, &token, max, &entry)))
    }

    fn note_token_used(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| tokens::note_used(sql, id, now)))
    }

    fn remove_token(&self, id: i64, entry: AuditEntry) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| tokens::remove(sql, id, &entry)))
    }
}
