//! Rows of the dashboard's users and of the browsers in which they are logged in, for the decisions of
//! [`crate::core::accounts`].

use std::time::SystemTime;

use tipoff_model::Timestamp;

use super::push_subscriptions;
use super::statement::{Lock, Row, Sql, at, params};
use crate::core::accounts::{self, FIRST_OWNER, FirstOwner};
use crate::{Digest, Login, NewUser, Reader, Result, Role, User, UserChange, UserId};

const USER: &str = "SELECT id, name, role, password, totp, totp_pending, created_at FROM account";
const LOGIN: &str = "SELECT id, digest, account, created_at, seen_at, address, browser FROM login";
const ADD_USER: &str =
    "INSERT INTO account (name, role, password, created_at) VALUES (?1, ?2, ?3, ?4)";
const ADD_LOGIN: &str = "INSERT INTO login (digest, account, created_at, seen_at, address, browser)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// All users, the oldest first.
pub(super) fn all(sql: &dyn Sql) -> Result<Vec<User>> {
    sql.rows(&format!("{USER} ORDER BY id"), params![], read_user)
}

fn one(sql: &dyn Sql, user: UserId) -> Result<Option<User>> {
    sql.row(&format!("{USER} WHERE id = ?1"), params![user.0], read_user)
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

/// See [`crate::Accounts::add_user`].
pub(super) fn add(sql: &dyn Sql, user: &NewUser, max: u32) -> Result<UserChange> {
    sql.lock(Lock::Accounts)?;
    let NewUser { name, role, password, at } = user;
    if let Err(refused) = accounts::may_add(&all(sql)?, name, *role, max) {
        return Ok(refused);
    }
    let id = sql.insert_row(ADD_USER, params![name, role.as_str(), password, at.0])?;
    Ok(UserChange::Done(UserId(id)))
}

/// See [`crate::Accounts::set_role`].
pub(super) fn set_role(sql: &dyn Sql, user: UserId, role: Role) -> Result<UserChange> {
    sql.lock(Lock::Accounts)?;
    if let Err(refused) = accounts::may_set_role(&all(sql)?, user, role) {
        return Ok(refused);
    }
    sql.change("UPDATE account SET role = ?2 WHERE id = ?1", params![user.0, role.as_str()])?;
    if !accounts::keeps_tokens(role) {
        sql.change("DELETE FROM token WHERE maker = ?1", params![user.0])?;
    }
    Ok(UserChange::Done(user))
}

/// See [`crate::Accounts::remove_user`]. The user's logins, codes and tokens are removed by `ON DELETE CASCADE`,
/// the marks and the subscriptions of browsers by their reader.
pub(super) fn remove(sql: &dyn Sql, user: UserId) -> Result<UserChange> {
    sql.lock(Lock::Accounts)?;
    if let Err(refused) = accounts::may_remove(&all(sql)?, user) {
        return Ok(refused);
    }
    sql.change("DELETE FROM account WHERE id = ?1", params![user.0])?;
    let reader = Reader::Account(user).to_string();
    sql.change("DELETE FROM mark WHERE reader = ?1", params![reader])?;
    push_subscriptions::end_of(sql, user, None)?;
    Ok(UserChange::Done(user))
}

/// See [`crate::Accounts::set_password`].
pub(super) fn set_password(sql: &dyn Sql, user: Option<UserId>, hash: &str) -> Result<UserChange> {
    sql.lock(Lock::Accounts)?;
    let user = match user {
        Some(user) => user,
        None => first_owner(sql)?,
    };
    let set = "UPDATE account SET password = ?2 WHERE id = ?1";
    if sql.execute(set, params![user.0, hash])? == 0 {
        return Ok(UserChange::NoUser);
    }
    sql.change("DELETE FROM login WHERE account = ?1", params![user.0])?;
    push_subscriptions::end_of(sql, user, None)?;
    Ok(UserChange::Done(user))
}

fn first_owner(sql: &dyn Sql) -> Result<UserId> {
    let owner = Role::Owner.as_str();
    match accounts::first_owner(&all(sql)?) {
        FirstOwner::Known(user) => Ok(user),
        FirstOwner::Promoted(user) => {
            sql.change("UPDATE account SET role = ?2 WHERE id = ?1", params![user.0, owner])?;
            Ok(user)
        }
        FirstOwner::New => {
            let (password, now) = (None::<String>, Timestamp::from(SystemTime::now()));
            let values = params![FIRST_OWNER, owner, password, now.0];
            Ok(UserId(sql.insert_row(ADD_USER, values)?))
        }
    }
}

/// See [`crate::Accounts::add_login`].
pub(super) fn add_login(sql: &dyn Sql, login: &Login, max: u32) -> Result<Option<i64>> {
    sql.lock(Lock::Accounts)?;
    let Login { digest, user, created_at, seen_at, address, browser, .. } = login;
    if one(sql, *user)?.is_none() {
        return Ok(None);
    }
    let values = params![digest, user.0, created_at.0, seen_at.0, address, browser];
    let id = sql.insert_row(ADD_LOGIN, values)?;
    let of_user = sql.rows(&format!("{LOGIN} WHERE account = ?1"), params![user.0], read_login)?;
    for login in accounts::logins_to_end(of_user, max) {
        end_login(sql, login)?;
    }
    Ok(Some(id))
}

/// See [`crate::Accounts::end_login`].
pub(super) fn end_login(sql: &dyn Sql, id: i64) -> Result<bool> {
    Ok(sql.execute("DELETE FROM login WHERE id = ?1", params![id])? > 0)
}

/// See [`crate::Accounts::end_logins`].
pub(super) fn end_logins(sql: &dyn Sql, user: UserId, except: Option<i64>) -> Result<()> {
    let end = "DELETE FROM login WHERE account = ?1 AND id <> ?2";
    // No login has the number 0.
    sql.change(end, params![user.0, except.unwrap_or(0)])?;
    push_subscriptions::end_of(sql, user, except)
}

/// See [`crate::Accounts::see_login`].
pub(super) fn see_login(sql: &dyn Sql, id: i64, at: Timestamp, address: &str) -> Result<()> {
    let see = "UPDATE login SET seen_at = ?2, address = ?3 WHERE id = ?1";
    sql.change(see, params![id, at.0, address])?;
    Ok(())
}

/// See [`crate::Accounts::login`].
pub(super) fn login(sql: &dyn Sql, digest: &Digest) -> Result<Option<(Login, User)>> {
    let found = sql.row(&format!("{LOGIN} WHERE digest = ?1"), params![digest], read_login)?;
    let Some(login) = found else {
        return Ok(None);
    };
    let user = one(sql, login.user)?;
    Ok(user.map(|user| (login, user)))
}

/// See [`crate::Accounts::logins`].
pub(super) fn logins(sql: &dyn Sql) -> Result<Vec<Login>> {
    sql.rows(&format!("{LOGIN} ORDER BY seen_at DESC, id DESC"), params![], read_login)
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
