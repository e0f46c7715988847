//! `tipoff password`: sets the password of the dashboard's owner, or prints a link that sets it.
//!
//! Works beside a running server. The way back in for who has forgotten the password: whoever may
//! write the data folder is trusted with it, so no old password is asked for.

use std::io::{self, BufRead, IsTerminal};
use std::sync::Arc;

use tipoff_model::Timestamp;
use tipoff_spool::Spool;

use super::console_language::text;
use super::{Ending, Failure, ask, block_on};
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

/// Sets the password, which ends all logins of the owner, or prints a link. The link works once,
/// for an hour.
pub(super) fn password(args: &PasswordArgs, config: &Config, now: Timestamp) -> Ending {
    let spool = block_on(open(config))??;
    if args.link {
        let key = block_on(access::make_setup_key(&*spool, now))?.map_err(failed)?;
        let detail = "a link that sets the password once, for an hour";
        note(&*spool, AuditAction::SetupLink, detail, now)?;
        let base = super::own_url::now(config).unwrap_or_default();
        println!("{base}/setup?key={key}");
        return Ok(());
    }
    let password = read_password()?;
    block_on(access::set_password(&*spool, None, &password))?.map_err(failed)?;
    note(&*spool, AuditAction::Password, "the owner's logins ended", now)?;
    println!("The password is set. Whoever was logged in must log in again.");
    Ok(())
}

/// Reads a new password from standard input, up to the end of the line. A terminal does not show it. The rules for passwords are
/// in `web/access`.
pub(super) fn read_password() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        return Ok(ask::secret(&text("init-new-password"))?);
    }
    let mut password = String::new();
    let read = io::stdin().lock().read_line(&mut password);
    if read.map_err(|error| Failure::Failed(error.into()))? == 0 {
        let hint = "no password was given: it is the first line of standard input";
        return Err(Failure::Failed(anyhow::anyhow!(hint)));
    }
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}

/// Adds an entry to the audit log.
fn note(spool: &dyn Spool, action: AuditAction, detail: &str, now: Timestamp) -> Ending {
    let entry = audit::entry(now, audit::command_line(), action, "", detail);
    Ok(block_on(audit::note(spool, entry))?)
}

/// Opens the spool beside a server that may be running on it.
pub(super) async fn open(config: &Config) -> Result<Arc<dyn Spool>, Failure> {
    tipoff_spool::open_beside(&config.spool(), Arc::new(config.rules.clone()))
        .await
        .map_err(|error| Failure::Failed(error.into()))
}

/// A refusal of `web/access`, such as a password that is too short, as exit code 1.
pub(super) fn failed(refusal: access::AccessError) -> Failure {
    Failure::Failed(refusal.into())
}
