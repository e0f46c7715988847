//! Users of the dashboard and the browsers in which they are logged in: the statements.

use super::statement::{Row, Sql, at, params};
use crate::{Digest, Login, NewUser, Result, Role, User, UserChange, UserId};

/// Name of the owner whose password is set before there is any user.
const FIRST_OWNER: &str = "owner";

const USER: &str = "SELECT id, name, role, password, totp, totp_pending, created_at FROM user";
const LOGIN: &str = "SELECT id, digest, user, created_at, seen_at, address, browser FROM login";

pub(super) fn all(sql: &dyn Sql) -> Result<Vec<User>> {
    let select = format!("{USER} ORDER BY id");
    sql.rows(&select, params![], read_user)
}

fn one(sql: &dyn Sql, user: UserId) -> Result<Option<User>> {
    let select = format!("{USER} WHERE id = ?1");
    sql.row(&select, params![user.0], read_user)
}

fn read_user(row: &Row<'_>) -> Result<User> {
    Ok(User {
        id: UserId(row.get(0)?),
        name: row.get(1)?,
        role: Role::parse(&row.get::<String>(2)?),
        password: row.get(3)?,
        totp: row.get(4)?,
        totp_pending: row.get(5)?,
        created_at: at(row, 6)?,
    })
}

pub(super) fn add(sql: &dyn Sql, user: &NewUser, max: u32) -> Result<UserChange> {
    let count: u32 = sql.one("SELECT count(*) FROM user", params![], |row| row.get(0))?;
    if count >= max {
        return Ok(UserChange::Full);
    }
    if user.role != Role::Owner && !is_other_owner(sql, NOBODY)? {
        return Ok(UserChange::LastOwner);
    }
    let id = sql.insert(
        "INSERT INTO user (name, role, password, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        params![user.name, user.role.as_str(), user.password, user.at.0],
    )?;
    Ok(id.map_or(UserChange::NameTaken, |id| UserChange::Done(UserId(id))))
}

/// No user has this number.
const NOBODY: UserId = UserId(0);

/// Whether another owner than `user` can log in.
fn is_other_owner(sql: &dyn Sql, user: UserId) -> Result<bool> {
    let statement = "SELECT EXISTS
        (SELECT 1 FROM user WHERE role = 'owner' AND password IS NOT NULL AND id <> ?1)";
    sql.one(statement, params![user.0], |row| row.get(0))
}

pub(super) fn set_role(sql: &dyn Sql, user: UserId, role: Role) -> Result<UserChange> {
    let Some(known) = one(sql, user)? else {
        return Ok(UserChange::NoUser);
    };
    if known.role == Role::Owner && role != Role::Owner && !is_other_owner(sql, user)? {
        return Ok(UserChange::LastOwner);
    }
    let statement = "UPDATE user SET role = ?2 WHERE id = ?1";
    sql.execute(statement, params![user.0, role.as_str()])?;
    if role != Role::Owner {
        sql.execute("DELETE FROM token WHERE maker = ?1", params![user.0])?;
    }
    Ok(UserChange::Done(user))
}

pub(super) fn remove(sql: &dyn Sql, user: UserId) -> Result<UserChange> {
    let Some(known) = one(sql, user)? else {
        return Ok(UserChange::NoUser);
    };
    if known.role == Role::Owner && !is_other_owner(sql, user)? {
        return Ok(UserChange::LastOwner);
    }
    // Logins, codes and tokens go with the user (ON DELETE CASCADE).
    sql.execute("DELETE FROM user WHERE id = ?1", params![user.0])?;
    Ok(UserChange::Done(user))
}

pub(super) fn set_password(sql: &dyn Sql, user: Option<UserId>, hash: &str) -> Result<UserChange> {
    let user = match user {
        Some(user) => user,
        None => first_owner(sql)?,
    };
    let statement = "UPDATE user SET password = ?2 WHERE id = ?1";
    if sql.execute(statement, params![user.0, hash])? == 0 {
        return Ok(UserChange::NoUser);
    }
    sql.execute("DELETE FROM login WHERE user = ?1", params![user.0])?;
    Ok(UserChange::Done(user))
}

fn first_owner(sql: &dyn Sql) -> Result<UserId> {
    let statement = "SELECT min(id) FROM user WHERE role = 'owner'";
    if let Some(id) = sql.one(statement, params![], |row| row.get::<Option<i64>>(0))? {
        return Ok(UserId(id));
    }
    sql.execute(
        "INSERT INTO user (name, role, created_at) VALUES (?1, 'owner', unixepoch() * 1000)
         ON CONFLICT DO UPDATE SET role = 'owner'",
        params![FIRST_OWNER],
    )?;
    let statement = "SELECT id FROM user WHERE name = ?1";
    Ok(UserId(sql.one(statement, params![FIRST_OWNER], |row| row.get(0))?))
}

pub(super) fn confirm_totp(
    sql: &dyn Sql,
    user: UserId,
    step: i64,
    recovery: &[Digest],
) -> Result<bool> {
    let statement = "UPDATE user SET totp = totp_pending, totp_pending = NULL, totp_step = ?2
        WHERE id = ?1 AND totp_pending IS NOT NULL";
    if sql.execute(statement, params![user.0, step])? == 0 {
        return Ok(false);
    }
    sql.execute("DELETE FROM recovery_code WHERE user = ?1", params![user.0])?;
    let statement = "INSERT OR IGNORE INTO recovery_code (user, digest) VALUES (?1, ?2)";
    let insert = statement;
    for digest in recovery {
        sql.execute(insert, params![user.0, digest])?;
    }
    Ok(true)
}

pub(super) fn add_login(sql: &dyn Sql, login: &Login, max: u32) -> Result<Option<i64>> {
    if one(sql, login.user)?.is_none() {
        return Ok(None);
    }
    let id = sql.insert_row(
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

    sql.execute(
        "DELETE FROM login WHERE user = ?1 AND id NOT IN
             (SELECT id FROM login WHERE user = ?1 ORDER BY seen_at DESC, id DESC LIMIT ?2)",
        params![login.user.0, max],
    )?;
    Ok(Some(id))
}

pub(super) fn login(sql: &dyn Sql, digest: &Digest) -> Result<Option<(Login, User)>> {
    let select = format!("{LOGIN} WHERE digest = ?1");
    let Some(login) = sql.row(&select, params![digest], read_login)? else {
        return Ok(None);
    };
    let user = one(sql, login.user)?;
    Ok(user.map(|user| (login, user)))
}

pub(super) fn logins(sql: &dyn Sql) -> Result<Vec<Login>> {
    let select = format!("{LOGIN} ORDER BY seen_at DESC, id DESC");
    sql.rows(&select, params![], read_login)
}

fn read_login(row: &Row<'_>) -> Result<Login> {
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
