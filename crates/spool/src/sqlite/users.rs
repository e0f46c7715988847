//! Users of the dashboard and the browsers in which they are logged in: the statements.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::at;
use crate::{Digest, Login, NewUser, Result, Role, User, UserChange, UserId};

/// Name of the owner whose password is set before there is any user.
const FIRST_OWNER: &str = "owner";

const USER: &str = "SELECT id, name, role, password, totp, totp_pending, created_at FROM user";
const LOGIN: &str = "SELECT id, digest, user, created_at, seen_at, address, browser FROM login";

pub(super) fn all(connection: &Connection) -> Result<Vec<User>> {
    let mut select = connection.prepare_cached(&format!("{USER} ORDER BY id"))?;
    Ok(select.query_map([], read_user)?.collect::<rusqlite::Result<_>>()?)
}

fn one(connection: &Connection, user: UserId) -> Result<Option<User>> {
    let mut select = connection.prepare_cached(&format!("{USER} WHERE id = ?1"))?;
    Ok(select.query_row([user.0], read_user).optional()?)
}

fn read_user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        role: Role::parse(&row.get::<_, String>(2)?),
        password: row.get(3)?,
        totp: row.get(4)?,
        totp_pending: row.get(5)?,
        created_at: at(row, 6)?,
    })
}

pub(super) fn add(connection: &Connection, user: &NewUser, max: u32) -> Result<UserChange> {
    let count: u32 = connection.query_row("SELECT count(*) FROM user", [], |row| row.get(0))?;
    if count >= max {
        return Ok(UserChange::Full);
    }
    if user.role != Role::Owner && !is_other_owner(connection, NOBODY)? {
        return Ok(UserChange::LastOwner);
    }
    let added = connection.execute(
        "INSERT INTO user (name, role, password, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        params![user.name, user.role.as_str(), user.password, user.at.0],
    )?;
    if added == 0 {
        return Ok(UserChange::NameTaken);
    }
    Ok(UserChange::Done(UserId(connection.last_insert_rowid())))
}

/// No user has this number.
const NOBODY: UserId = UserId(0);

/// Whether another owner than `user` can log in.
fn is_other_owner(connection: &Connection, user: UserId) -> Result<bool> {
    let sql = "SELECT EXISTS
        (SELECT 1 FROM user WHERE role = 'owner' AND password IS NOT NULL AND id <> ?1)";
    Ok(connection.query_row(sql, [user.0], |row| row.get(0))?)
}

pub(super) fn set_role(connection: &Connection, user: UserId, role: Role) -> Result<UserChange> {
    let Some(known) = one(connection, user)? else {
        return Ok(UserChange::NoUser);
    };
    if known.role == Role::Owner && role != Role::Owner && !is_other_owner(connection, user)? {
        return Ok(UserChange::LastOwner);
    }
    let sql = "UPDATE user SET role = ?2 WHERE id = ?1";
    connection.execute(sql, params![user.0, role.as_str()])?;
    if role != Role::Owner {
        connection.execute("DELETE FROM token WHERE maker = ?1", [user.0])?;
    }
    Ok(UserChange::Done(user))
}

pub(super) fn remove(connection: &Connection, user: UserId) -> Result<UserChange> {
    let Some(known) = one(connection, user)? else {
        return Ok(UserChange::NoUser);
    };
    if known.role == Role::Owner && !is_other_owner(connection, user)? {
        return Ok(UserChange::LastOwner);
    }
    // Logins, codes and tokens go with the user (ON DELETE CASCADE).
    connection.execute("DELETE FROM user WHERE id = ?1", [user.0])?;
    Ok(UserChange::Done(user))
}

pub(super) fn set_password(
    connection: &Connection,
    user: Option<UserId>,
    hash: &str,
) -> Result<UserChange> {
    let user = match user {
        Some(user) => user,
        None => first_owner(connection)?,
    };
    let sql = "UPDATE user SET password = ?2 WHERE id = ?1";
    if connection.execute(sql, params![user.0, hash])? == 0 {
        return Ok(UserChange::NoUser);
    }
    connection.execute("DELETE FROM login WHERE user = ?1", [user.0])?;
    Ok(UserChange::Done(user))
}

fn first_owner(connection: &Connection) -> Result<UserId> {
    let sql = "SELECT min(id) FROM user WHERE role = 'owner'";
    if let Some(id) = connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))? {
        return Ok(UserId(id));
    }
    connection.execute(
        "INSERT INTO user (name, role, created_at) VALUES (?1, 'owner', unixepoch() * 1000)
         ON CONFLICT DO UPDATE SET role = 'owner'",
        [FIRST_OWNER],
    )?;
    let sql = "SELECT id FROM user WHERE name = ?1";
    Ok(UserId(connection.query_row(sql, [FIRST_OWNER], |row| row.get(0))?))
}

pub(super) fn confirm_totp(
    connection: &Connection,
    user: UserId,
    step: i64,
    recovery: &[Digest],
) -> Result<bool> {
    let sql = "UPDATE user SET totp = totp_pending, totp_pending = NULL, totp_step = ?2
        WHERE id = ?1 AND totp_pending IS NOT NULL";
    if connection.execute(sql, params![user.0, step])? == 0 {
        return Ok(false);
    }
    connection.execute("DELETE FROM recovery_code WHERE user = ?1", [user.0])?;
    let sql = "INSERT OR IGNORE INTO recovery_code (user, digest) VALUES (?1, ?2)";
    let mut insert = connection.prepare_cached(sql)?;
    for digest in recovery {
        insert.execute(params![user.0, digest])?;
    }
    Ok(true)
}

pub(super) fn add_login(connection: &Connection, login: &Login, max: u32) -> Result<Option<i64>> {
    if one(connection, login.user)?.is_none() {
        return Ok(None);
    }
    connection.execute(
        "INSERT INTO login (digest, user, created_at, seen_at, address, browser)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            login.digest,
            login.user.0,
            login.created_at.0,
            login.seen_at.0,
            login.address,
            login.browser
        ],
    )?;
    let id = connection.last_insert_rowid();
    connection.execute(
        "DELETE FROM login WHERE user = ?1 AND id NOT IN
             (SELECT id FROM login WHERE user = ?1 ORDER BY seen_at DESC, id DESC LIMIT ?2)",
        params![login.user.0, max],
    )?;
    Ok(Some(id))
}

pub(super) fn login(connection: &Connection, digest: &Digest) -> Result<Option<(Login, User)>> {
    let mut select = connection.prepare_cached(&format!("{LOGIN} WHERE digest = ?1"))?;
    let Some(login) = select.query_row([digest], read_login).optional()? else {
        return Ok(None);
    };
    let user = one(connection, login.user)?;
    Ok(user.map(|user| (login, user)))
}

pub(super) fn logins(connection: &Connection) -> Result<Vec<Login>> {
    let mut select =
        connection.prepare_cached(&format!("{LOGIN} ORDER BY seen_at DESC, id DESC"))?;
    Ok(select.query_map([], read_login)?.collect::<rusqlite::Result<_>>()?)
}

fn read_login(row: &Row<'_>) -> rusqlite::Result<Login> {
    Ok(Login {
        id: row.get(0)?,
        digest: row.get(1)?,
        user: UserId(row.get(2)?),
        created_at: at(row, 3)?,
        seen_at: at(row, 4)?,
        address: row.get(5)?,
        browser: row.get(6)?,
    })
}
