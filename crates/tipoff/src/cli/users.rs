//! `tipoff users`: who may log in to the dashboard.
//!
//! Works beside a running server. The rules (names, the last owner, which tokens end) are those of
//! the API: both call `web/access`. Each change has an entry in the audit log, and one for each
//! token that ends with it.

use clap::Subcommand;
use tipoff_model::Timestamp;
use tipoff_spool::{ApiToken, Role, Spool, User};

use super::json::print_json;
use super::moment::local_time;
use super::password::{open, read_password};
use super::{Ending, Failure, block_on};
use crate::audit::{self, AuditAction};
use crate::config::Config;
use crate::web::access;
use crate::web::account_types::{self, UserRole};

/// Lists users without an action.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// For programs: one JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The users: the same without `list`
    List {
        /// For programs: one JSON array
        #[arg(long)]
        json: bool,
    },
    #[command(flatten)]
    Change(Change),
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Add a user; the password is read from standard input
    Add {
        /// Name
        name: String,
        /// What the user may do
        #[arg(long, value_enum, default_value_t = UserRole::Viewer)]
        role: UserRole,
    },
    /// Set the password of a user, which is read from standard input; their logins end
    Password {
        /// Name
        name: String,
    },
    /// Change what a user may do; the tokens that a viewer made end
    Role {
        /// Name
        name: String,
        /// What the user may do
        #[arg(value_enum)]
        role: UserRole,
    },
    /// Remove a user; their logins and the tokens that they made end
    Remove {
        /// Name
        name: String,
    },
    /// Ask a user for no one-time code any more
    NoTotp {
        /// Name
        name: String,
    },
}

/// Lists the users, or carries one action out.
pub(super) fn run(args: Args, config: &Config, now: Timestamp) -> Ending {
    let spool = block_on(open(config))??;
    let show = |as_json| {
        let users = block_on(spool.users())?.map_err(|error| Failure::Failed(error.into()))?;
        list(&users, as_json).map_err(Failure::Failed)
    };
    let change = match args.action {
        None => return show(args.json),
        Some(Action::List { json }) => return show(json),
        Some(Action::Change(change)) => change,
    };
    let password = match &change {
        Change::Add { .. } | Change::Password { .. } => read_password()?,
        Change::Role { .. } | Change::Remove { .. } | Change::NoTotp { .. } => String::new(),
    };
    let (what, object) = noted(&change);
    let done = block_on(act(&*spool, change, &password, now))?;
    let (done, ended) = done.map_err(|refusal| refused(refusal, &object))?;
    let entry = audit::entry(now, audit::command_line(), what, object, &*done);
    block_on(audit::note(&*spool, entry.clone()))?;
    block_on(access::note_ended_tokens(&*spool, &ended, entry))?;
    for token in &ended {
        println!("The token {:?}, which they made, has ended.", token.name);
    }
    println!("{done}");
    Ok(())
}

/// A refusal, as exit code 1.
fn refused(refusal: access::AccessError, name: &str) -> Failure {
    Failure::Failed(match refusal {
        access::AccessError::NoUser => {
            anyhow::anyhow!("there is no user {name:?}: `tipoff users list` lists them")
        }
        refusal => refusal.into(),
    })
}

/// The action in the audit log, and the user that it is about.
fn noted(change: &Change) -> (AuditAction, String) {
    let (what, name) = match change {
        Change::Add { name, .. } => (AuditAction::UserAdd, name),
        Change::Password { name } => (AuditAction::Password, name),
        Change::Role { name, .. } => (AuditAction::UserRole, name),
        Change::Remove { name } => (AuditAction::UserRemove, name),
        Change::NoTotp { name } => (AuditAction::CodesEnd, name),
    };
    (what, name.trim().to_owned())
}

/// Carries an action out; what to print, and which tokens ended.
async fn act(
    spool: &dyn Spool,
    change: Change,
    password: &str,
    now: Timestamp,
) -> Result<(String, Vec<ApiToken>), access::AccessError> {
    let mut ended = Vec::new();
    let done = match change {
        Change::Add { name, role } => {
            access::add_user(spool, &name, role.into(), password, now).await?;
            format!("{} may log in as {}.", name.trim(), Role::from(role).as_str())
        }
        Change::Password { name } => {
            let user = named(spool, &name).await?;
            access::set_password(spool, Some(user.id), password).await?;
            format!("The password of {} is set. Their logins have ended.", user.name)
        }
        Change::Role { name, role } => {
            let user = named(spool, &name).await?;
            ended = access::set_role(spool, user.id, role.into()).await?;
            format!("{} is an {} now.", user.name, Role::from(role).as_str()).replace("an v", "a v")
        }
        Change::Remove { name } => {
            let user = named(spool, &name).await?;
            ended = access::remove_user(spool, user.id).await?;
            format!("{} is removed.", user.name)
        }
        Change::NoTotp { name } => {
            let user = named(spool, &name).await?;
            spool.end_totp(user.id).await?;
            format!("{} is asked for no one-time code.", user.name)
        }
    };
    Ok((done, ended))
}

/// The user of this name, in any case: two names that differ only in case cannot exist.
async fn named(spool: &dyn Spool, name: &str) -> Result<User, access::AccessError> {
    let users = spool.users().await?;
    let found = users.into_iter().find(|user| user.name.eq_ignore_ascii_case(name.trim()));
    found.ok_or(access::AccessError::NoUser)
}

/// A line for each user, or JSON.
fn list(users: &[User], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let users: Vec<_> = users.iter().map(account_types::User::from).collect();
        return print_json(&users);
    }
    if users.is_empty() {
        println!(
            "There is no user yet; the link that `tipoff password --link` prints makes the owner."
        );
    }
    for user in users {
        let code = if user.totp.is_some() { ", with one-time codes" } else { "" };
        let (role, since) = (user.role.as_str(), local_time(user.created_at));
        println!("{:24} {role}{code}, since {since}", user.name);
    }
    Ok(())
}
