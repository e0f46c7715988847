//! Accounts of the dashboard.

use tipoff_model::Timestamp;

use super::database::Database;
use super::spool::SqlSpool;
use super::statement::{Row, Sql, at, params};
use super::{audit, users};
use crate::{
    Accounts, ApiToken, AuditEntry, BoxFuture, Digest, Login, NewUser, Result, Role, TokenScope,
    User, UserChange, UserId,
};

const SETUP_KEY: &str = "setup-key";

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
                sql.execute("DELETE FROM meta WHERE key = ?1", params![SETUP_KEY])?;
            }
            users::set_password(sql, user, &hash)
        }))
    }

    fn begin_totp(&self, user: UserId, secret: Vec<u8>) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| {
            let statement = "UPDATE user SET totp_pending = ?2 WHERE id = ?1";
            Ok(sql.execute(statement, params![user.0, secret])? > 0)
        }))
    }

    fn confirm_totp(
        &self,
        user: UserId,
        step: i64,
        recovery: Vec<Digest>,
    ) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| users::confirm_totp(sql, user, step, &recovery)))
    }

    fn end_totp(&self, user: UserId) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| {
            sql.execute("DELETE FROM recovery_code WHERE user = ?1", params![user.0])?;
            let statement = "UPDATE user SET totp = NULL, totp_pending = NULL WHERE id = ?1";
            Ok(sql.execute(statement, params![user.0])? > 0)
        }))
    }

    fn use_totp_step(&self, user: UserId, step: i64) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| {
            let statement = "UPDATE user SET totp_step = ?2 WHERE id = ?1 AND totp_step < ?2";
            Ok(sql.execute(statement, params![user.0, step])? > 0)
        }))
    }

    fn use_recovery_code(&self, user: UserId, digest: Digest) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| {
            let statement = "DELETE FROM recovery_code WHERE user = ?1 AND digest = ?2";
            Ok(sql.execute(statement, params![user.0, digest])? > 0)
        }))
    }

    fn setup_key(&self) -> BoxFuture<'_, Result<Option<(Digest, Timestamp)>>> {
        Box::pin(self.read(|sql| Ok(meta(sql, SETUP_KEY)?.as_deref().and_then(read_setup_key))))
    }

    fn set_setup_key(&self, digest: Digest, expires_at: Timestamp) -> BoxFuture<'_, Result<()>> {
        let value = format!("{}/{}", hex(&digest), expires_at.0);
        Box::pin(self.write(move |sql| set_meta(sql, SETUP_KEY, &value)))
    }

    fn take_setup_key(&self, digest: Digest) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| {
            let known = meta(sql, SETUP_KEY)?.as_deref().and_then(read_setup_key);
            if known.is_none_or(|(known, _)| known != digest) {
                return Ok(false);
            }
            Ok(sql.execute("DELETE FROM meta WHERE key = ?1", params![SETUP_KEY])? > 0)
        }))
    }

    fn add_login(&self, login: Login, max: u32) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.write(move |sql| users::add_login(sql, &login, max)))
    }

    fn see_login(&self, id: i64, at: Timestamp, address: String) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| {
            let statement = "UPDATE login SET seen_at = ?2, address = ?3 WHERE id = ?1";
            sql.execute(statement, params![id, at.0, address])?;
            Ok(())
        }))
    }

    fn login(&self, digest: Digest) -> BoxFuture<'_, Result<Option<(Login, User)>>> {
        Box::pin(self.read(move |sql| users::login(sql, &digest)))
    }

    fn logins(&self) -> BoxFuture<'_, Result<Vec<Login>>> {
        Box::pin(self.read(users::logins))
    }

    fn end_login(&self, id: i64) -> BoxFuture<'_, Result<bool>> {
        Box::pin(
            self.write(move |sql| {
                Ok(sql.execute("DELETE FROM login WHERE id = ?1", params![id])? > 0)
            }),
        )
    }

    fn end_logins(&self, user: UserId, except: Option<i64>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| {
            let statement = "DELETE FROM login WHERE user = ?1 AND id IS NOT ?2";
            sql.execute(statement, params![user.0, except])?;
            Ok(())
        }))
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<ApiToken>>> {
        Box::pin(self.read(|sql| {
            let select = format!("{TOKEN} ORDER BY id");
            sql.rows(&select, params![], read_token)
        }))
    }

    fn token(&self, digest: Digest) -> BoxFuture<'_, Result<Option<ApiToken>>> {
        Box::pin(self.read(move |sql| {
            let select = format!("{TOKEN} WHERE digest = ?1");
            sql.row(&select, params![digest], read_token)
        }))
    }

    fn add_token(
        &self,
        token: ApiToken,
        max: u32,
        entry: AuditEntry,
    ) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.write(move |sql| {
            let id = sql.insert("INSERT INTO token (name, digest, scope, created_at, maker, made_by)
                 SELECT ?1, ?2, ?3, ?4, ?6, ?7 WHERE (SELECT count(*) FROM token) < ?5
                   AND (?6 IS NULL OR EXISTS (SELECT 1 FROM user WHERE id = ?6 AND role = 'owner'))", params![
                    token.name,
                    token.digest,
                    token.scope.as_str(),
                    token.created_at.0,
                    max,
                    token.maker.map(|maker| maker.0),
                    token.made_by
                ])?;
            let Some(id) = id else { return Ok(None) };
            audit::note(sql, &entry)?;
            Ok(Some(id))
        }))
    }

    fn note_token_used(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write(move |sql| {
            sql.execute("UPDATE token SET used_at = ?2 WHERE id = ?1", params![id, now.0])?;
            Ok(())
        }))
    }

    fn remove_token(&self, id: i64, entry: AuditEntry) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.write(move |sql| {
            if sql.execute("DELETE FROM token WHERE id = ?1", params![id])? == 0 {
                return Ok(false);
            }
            audit::note(sql, &entry)?;
            Ok(true)
        }))
    }
}

const TOKEN: &str =
    "SELECT id, name, digest, scope, created_at, used_at, maker, made_by FROM token";

fn read_token(row: &Row<'_>) -> Result<ApiToken> {
    let (scope, used_at): (String, Option<i64>) = (row.get(3)?, row.get(5)?);
    Ok(ApiToken {
        id: row.get(0)?,
        name: row.get(1)?,
        digest: row.get(2)?,
        scope: TokenScope::of(&scope),
        maker: row.get::<Option<i64>>(6)?.map(UserId),
        made_by: row.get(7)?,
        created_at: at(row, 4)?,
        used_at: used_at.map(Timestamp::from_ms),
    })
}

/// `None` if an earlier version wrote it, whose keys never expired.
fn read_setup_key(value: &str) -> Option<(Digest, Timestamp)> {
    let (digest, expires_at) = value.split_once('/')?;
    Some((unhex(digest)?, Timestamp::from_ms(expires_at.parse().ok()?)))
}

fn meta(sql: &dyn Sql, key: &str) -> Result<Option<String>> {
    sql.row("SELECT value FROM meta WHERE key = ?1", params![key], |row| row.get(0))
}

fn set_meta(sql: &dyn Sql, key: &str, value: &str) -> Result<()> {
    sql.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)", params![key, value])?;
    Ok(())
}

fn hex(digest: &Digest) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Digest> {
    let byte = |index: usize| u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..text.len() / 2).map(byte).collect::<Option<_>>()?;
    bytes.try_into().ok()
}
