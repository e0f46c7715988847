//! PostgreSQL's programs: where they are, and as which user they run.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Debian installs each major version in a folder of its own.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Runs the servers if the test runs as root, because they refuse to run as root. Debian's package creates it.
const USER: &str = "postgres";

/// A program of the newest installed version; run as [`USER`] if the test runs as root, without any
/// setting of the environment.
pub(crate) fn server_program(name: &str) -> io::Result<Command> {
    let program = find(name)?;
    let mut command = if is_root()? {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--init-groups"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    quiet(&mut command);
    Ok(command)
}

/// Runs a program of PostgreSQL; its output, or what it says of its failure.
pub(crate) fn run(command: &mut Command) -> io::Result<String> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(io::Error::other(format!("{}: {}: {said}", program_names(command), output.status)))
}

/// Runs statements with psql(1); the result has a row a line and `|` between columns.
pub(crate) fn psql(url: &str, statements: &str) -> io::Result<String> {
    let mut command = Command::new(find("psql")?);
    quiet(&mut command);
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statements]);
    run(&mut command)
}

/// Gives a folder to the user that runs the servers.
pub(crate) fn give_to_server(folder: &Path) -> io::Result<()> {
    if is_root()? {
        run(Command::new("chown").arg(format!("{USER}:")).arg(folder))?;
    }
    Ok(())
}

fn quiet(command: &mut Command) {
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null());
}

fn program_names(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn is_root() -> io::Result<bool> {
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}

fn find(name: &str) -> io::Result<PathBuf> {
    let folders = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let version = |entry: &std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let versions = folders.filter_map(|entry| Some((version(&entry)?, entry.path())));
    let programs = versions.map(|(number, path)| (number, path.join("bin").join(name)));
    let newest = programs.filter(|(_, path)| path.exists()).max();
    newest.map(|(_, path)| path).ok_or_else(|| {
        io::Error::other(format!("{name} of postgresql is not installed: ./test.sh installs it"))
    })
}
