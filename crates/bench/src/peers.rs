//! The programs that Tipoff is measured beside: smtp-sink, mailrise, vsftpd and pyftpdlib.
//! One that is not installed is reported and skipped, never an error.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
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

/// Starts vsftpd, which takes uploads from anybody and syncs none; `None` if it is not there.
pub(crate) fn vsftpd(places: &Places) -> Result<Option<Server>> {
    let program = &places.vsftpd;
    if !program.is_file() {
        eprintln!("vsftpd is missing ({}): skipped", program.display());
        return Ok(None);
    }
    let (folder, address) = (places.temporary()?, free_address()?);
    let uploads = upload_folder(folder.path())?;
    let file = folder.path().join("vsftpd.conf");
    fs::write(
        &file,
        format!(
            "listen=YES\nlisten_address={}\nlisten_port={}\nbackground=NO\n\
             anonymous_enable=YES\nanon_root={}\nno_anon_password=NO\nwrite_enable=YES\n\
             anon_upload_enable=YES\nanon_umask=022\nanon_world_readable_only=NO\n\
             seccomp_sandbox=NO\nsecure_chroot_dir={}\n\
             xferlog_enable=NO\n",
            address.ip(),
            address.port(),
            uploads.display(),
            folder.path().display(),
        ),
    )?;
    let mut command = Command::new(program);
    command.arg(file);
    let server = Server::start(command, address, folder.path())?;
    Ok(Some(server.owning(folder)))
}

/// Starts pyftpdlib's own server, which syncs nothing either; `None` if it is not there.
pub(crate) fn pyftpdlib(places: &Places) -> Result<Option<Server>> {
    let Some(python) = places.pyftpdlib.as_ref().filter(|file| file.is_file()) else {
        eprintln!(
            "pyftpdlib is missing (--pyftpdlib or $PYFTPDLIB, a Python that has it): skipped"
        );
        return Ok(None);
    };
    let (folder, address) = (places.temporary()?, free_address()?);
    let uploads = upload_folder(folder.path())?;
    let mut command = Command::new(python);
    command.args(["-m", "pyftpdlib", "-w", "-i", &address.ip().to_string()]);
    command.args(["-p", &address.port().to_string(), "-d"]).arg(uploads);
    let server = Server::start(command, address, folder.path())?;
    Ok(Some(server.owning(folder)))
}

/// A folder with one in it that anybody may write to: vsftpd refuses a root that is writable.
fn upload_folder(folder: &Path) -> Result<PathBuf> {
    let uploads = folder.join("uploads");
    let inside = uploads.join("in");
    fs::create_dir_all(&inside)?;
    for (path, mode) in [(folder, 0o755), (&uploads, 0o755), (&inside, 0o777)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(uploads)
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
