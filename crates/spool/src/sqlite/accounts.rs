//! Accounts of the dashboard.

use rusqlite::{Connection, OptionalExtension, Row, params};

use tipoff_model::Timestamp;

use super::{SqliteSpool, at, audit, users};
use crate::{
    Accounts, ApiToken, AuditEntry, BoxFuture, Digest, Login, NewUser, Result, Role, TokenScope,
    User, UserChange, UserId,
};

const SETUP_KEY: &str = "setup-key";

impl Accounts for SqliteSpool {
    fn users(&self) -> BoxFuture<'_, Result<Vec<User>>> {
        Box::pin(self.read(users::all))
    }

    fn add_user(&self, user: NewUser, max: u32) -> BoxFuture<'_, Result<UserChange>> {
        Box::pin(self.writer.run(move |connection| users::add(connection, &user, max)))
    }

    fn set_role(&self, user: UserId, role: Role) -> BoxFuture<'_, Result<UserChange>> {
        Box::pin(self.writer.run(move |connection| users::set_role(connection, user, role)))
    }

    fn remove_user(&self, user: UserId) -> BoxFuture<'_, Result<UserChange>> {
        Box::pin(self.writer.run(move |connection| users::remove(connection, user)))
    }

    fn set_password(
        &self,
        user: Option<UserId>,
        hash: String,
    ) -> BoxFuture<'_, Result<UserChange>> {
        Box::pin(self.writer.run(move |connection| {
            if user.is_none() {
                connection.execute("DELETE FROM meta WHERE key = ?1", [SETUP_KEY])?;
            }
            users::set_password(connection, user, &hash)
        }))
    }

    fn begin_totp(&self, user: UserId, secret: Vec<u8>) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.writer.run(move |connection| {
            let sql = "UPDATE user SET totp_pending = ?2 WHERE id = ?1";
            Ok(connection.execute(sql, params![user.0, secret])? > 0)
        }))
    }

    fn confirm_totp(
        &self,
        user: UserId,
        step: i64,
        recovery: Vec<Digest>,
    ) -> BoxFuture<'_, Result<bool>> {
        Box::pin(
            self.writer
                .run(move |connection| users::confirm_totp(connection, user, step, &recovery)),
        )
    }

    fn end_totp(&self, user: UserId) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.writer.run(move |connection| {
            connection.execute("DELETE FROM recovery_code WHERE user = ?1", [user.0])?;
            let sql = "UPDATE user SET totp = NULL, totp_pending = NULL WHERE id = ?1";
            Ok(connection.execute(sql, [user.0])? > 0)
        }))
    }

    fn use_totp_step(&self, user: UserId, step: i64) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.writer.run(move |connection| {
            let sql = "UPDATE user SET totp_step = ?2 WHERE id = ?1 AND totp_step < ?2";
            Ok(connection.execute(sql, params![user.0, step])? > 0)
        }))
    }

    fn use_recovery_code(&self, user: UserId, digest: Digest) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.writer.run(move |connection| {
            let sql = "DELETE FROM recovery_code WHERE user = ?1 AND digest = ?2";
            Ok(connection.execute(sql, params![user.0, digest])? > 0)
        }))
    }

    fn setup_key(&self) -> BoxFuture<'_, Result<Option<(Digest, Timestamp)>>> {
        Box::pin(self.read(|connection| {
            Ok(meta(connection, SETUP_KEY)?.as_deref().and_then(read_setup_key))
        }))
    }

    fn set_setup_key(&self, digest: Digest, expires_at: Timestamp) -> BoxFuture<'_, Result<()>> {
        let value = format!("{}/{}", hex(&digest), expires_at.0);
        Box::pin(self.writer.run(move |connection| set_meta(connection, SETUP_KEY, &value)))
    }

    fn take_setup_key(&self, digest: Digest) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.writer.run(move |connection| {
            let known = meta(connection, SETUP_KEY)?.as_deref().and_then(read_setup_key);
            if known.is_none_or(|(known, _)| known != digest) {
                return Ok(false);
            }
            Ok(connection.execute("DELETE FROM meta WHERE key = ?1", [SETUP_KEY])? > 0)
        }))
    }

    fn add_login(&self, login: Login, max: u32) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.writer.run(move |connection| users::add_login(connection, &login, max)))
    }

    fn see_login(&self, id: i64, at: Timestamp, address: String) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.writer.run(move |connection| {
            let sql = "UPDATE login SET seen_at = ?2, address = ?3 WHERE id = ?1";
            connection.execute(sql, params![id, at.0, address])?;
            Ok(())
        }))
    }

    fn login(&self, digest: Digest) -> BoxFuture<'_, Result<Option<(Login, User)>>> {
        Box::pin(self.read(move |connection| users::login(connection, &digest)))
    }

    fn logins(&self) -> BoxFuture<'_, Result<Vec<Login>>> {
        Box::pin(self.read(users::logins))
    }

    fn end_login(&self, id: i64) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.writer.run(move |connection| {
            Ok(connection.execute("DELETE FROM login WHERE id = ?1", [id])? > 0)
        }))
    }

    fn end_logins(&self, user: UserId, except: Option<i64>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.writer.run(move |connection| {
            let sql = "DELETE FROM login WHERE user = ?1 AND id IS NOT ?2";
            connection.execute(sql, params![user.0, except])?;
            Ok(())
        }))
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<ApiToken>>> {
        Box::pin(self.read(|connection| {
            let mut select = connection.prepare_cached(&format!("{TOKEN} ORDER BY id"))?;
            Ok(select.query_map([], read_token)?.collect::<rusqlite::Result<_>>()?)
        }))
    }

    fn token(&self, digest: Digest) -> BoxFuture<'_, Result<Option<ApiToken>>> {
        Box::pin(self.read(move |connection| {
            let mut select = connection.prepare_cached(&format!("{TOKEN} WHERE digest = ?1"))?;
            Ok(select.query_row([digest], read_token).optional()?)
        }))
    }

    fn add_token(
        &self,
        token: ApiToken,
        max: u32,
        entry: AuditEntry,
    ) -> BoxFuture<'_, Result<Option<i64>>> {
        Box::pin(self.writer.run(move |connection| {
            let added = connection.execute(
                "INSERT INTO token (name, digest, scope, created_at, maker, made_by)
                 SELECT ?1, ?2, ?3, ?4, ?6, ?7 WHERE (SELECT count(*) FROM token) < ?5
                   AND (?6 IS NULL OR EXISTS (SELECT 1 FROM user WHERE id = ?6 AND role = 'owner'))",
                params![
                    token.name,
                    token.digest,
                    token.scope.as_str(),
                    token.created_at.0,
                    max,
                    token.maker.map(|maker| maker.0),
                    token.made_by
                ],
            )?;
            if added == 0 {
                return Ok(None);
            }
            let id = connection.last_insert_rowid();
            audit::note(connection, &entry)?;
            Ok(Some(id))
        }))
    }

    fn note_token_used(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.writer.run(move |connection| {
            connection.execute("UPDATE token SET used_at = ?2 WHERE id = ?1", [id, now.0])?;
            Ok(())
        }))
    }

    fn remove_token(&self, id: i64, entry: AuditEntry) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.writer.run(move |connection| {
            if connection.execute("DELETE FROM token WHERE id = ?1", [id])? == 0 {
                return Ok(false);
            }
            audit::note(connection, &entry)?;
            Ok(true)
        }))
    }
}

const TOKEN: &str =
    "SELECT id, name, digest, scope, created_at, used_at, maker, made_by FROM token";

fn read_token(row: &Row<'_>) -> rusqlite::Result<ApiToken> {
    let (scope, used_at): (String, Option<i64>) = (row.get(3)?, row.get(5)?);
    Ok(ApiToken {
        id: row.get(0)?,
        name: row.get(1)?,
        digest: row.get(2)?,
        scope: TokenScope::of(&scope),
        maker: row.get::<_, Option<i64>>(6)?.map(UserId),
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

fn meta(connection: &Connection, key: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

fn set_meta(connection: &Connection, key: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute([key, value])?;
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
