//! The programs that Tipoff is measured beside: smtp-sink and mailrise.
//! One that is not installed is told and skipped, never an error.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::hook::Hook;
use crate::server::{Places, Server, free_address};

/// The queue of connections that wait to be accepted, as smtp-sink's manual page has it.
const BACKLOG: &str = "1000";
/// smtp-sink refuses to stay root; Debian's package makes this user.
const SINK_USER: &str = "postfix";

/// Starts smtp-sink, which stores nothing; `None` if it is not there.
pub(crate) fn smtp_sink(places: &Places) -> Result<Option<Server>> {
    let program = &places.smtp_sink;
    if !program.is_file() {
        eprintln!("smtp-sink is missing ({}): skipped", program.display());
        return Ok(None);
    }
    let (folder, address) = (places.temporary()?, free_address()?);
    let mut command = Command::new(program);
    if rustix::process::geteuid().is_root() {
        command.args(["-u", SINK_USER]);
    }
    command.args(["-c", &address.to_string(), BACKLOG]);
    let server = Server::start(command, address, folder.path())?;
    Ok(Some(server.owning(folder)))
}

/// Starts mailrise so that it delivers to the webhook; `None` if it is not there.
pub(crate) fn mailrise(places: &Places, hook: &Hook) -> Result<Option<Server>> {
    let named = places.mailrise.clone().or_else(|| in_path("mailrise"));
    let Some(program) = named.filter(|file| file.is_file()) else {
        eprintln!("mailrise is missing (--mailrise, $MAILRISE, or in PATH): skipped");
        return Ok(None);
    };
    let (folder, address) = (places.temporary()?, free_address()?);
    let file = folder.path().join("mailrise.yaml");
    fs::write(
        &file,
        format!(
            "listen:\n  host: {}\n  port: {}\nconfigs:\n  alarm:\n    urls:\n      - {}\n",
            address.ip(),
            address.port(),
            hook.url("json")
        ),
    )?;
    let mut command = Command::new(program);
    command.arg(file);
    let server = Server::start(command, address, folder.path())?;
    Ok(Some(server.owning(folder)))
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
