//! `tipoff password`: the password of the dashboard. Works beside a running server.

use std::io::{self, BufRead, IsTerminal};
use std::sync::Arc;
use std::time::SystemTime;

use tipoff_spool::SqliteSpool;

use super::{Ending, Failure, block_on};
use crate::audit::{self, AuditAction};
use crate::config::Config;
use crate::web::access;

/// How the password is set.
#[derive(Debug, clap::Args)]
pub(super) struct PasswordArgs {
    /// Print a link that sets it once, instead of reading it from standard input
    #[arg(long)]
    link: bool,
}

/// Sets the password of the dashboard, or prints a link that does.
pub(super) fn password(args: &PasswordArgs, config: &Config) -> Ending {
    let spool = open(config)?;
    if args.link {
        let key =
            block_on(access::make_setup_key(&spool, SystemTime::now().into()))?.map_err(failed)?;
        let detail = "a link that sets the password once, for an hour";
        note(&spool, AuditAction::SetupLink, detail)?;
        let base = super::run::public_url(config).unwrap_or_default();
        println!("{base}/setup?key={key}");
        return Ok(());
    }
    let password = read_password()?;
    block_on(access::set_password(&spool, None, &password))?.map_err(failed)?;
    note(&spool, AuditAction::Password, "the owner's logins ended")?;
    println!("The password is set. Whoever was logged in must log in again.");
    Ok(())
}

/// Reads a new password from standard input.
pub(super) fn read_password() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        println!("The new password, at least 8 characters (it is shown as you type):");
    }
    let mut password = String::new();
    io::stdin().lock().read_line(&mut password).map_err(|error| Failure::Failed(error.into()))?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}

fn note(spool: &SqliteSpool, action: AuditAction, detail: &str) -> Ending {
    Ok(block_on(audit::note(
        spool,
        audit::entry(SystemTime::now().into(), audit::command_line(), action, "", detail),
    ))?)
}

/// Opens the spool beside a server that may be running on it.
pub(super) fn open(config: &Config) -> Result<SqliteSpool, Failure> {
    SqliteSpool::open_beside(&config.data_dir, Arc::new(config.rules.clone()))
        .map_err(|error| Failure::Failed(error.into()))
}

pub(super) fn failed(refusal: access::AccessError) -> Failure {
    Failure::Failed(refusal.into())
}
