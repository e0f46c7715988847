//! Tipoff as it is measured: its configuration file and how it is started.
//! It uses no setting that a user could not write.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::hook::Hook;
use crate::server::{Places, Server, free_address};

const FILE: &str = "tipoff.toml";

/// Starts Tipoff in a fresh folder; with a webhook if one is given.
pub(crate) fn start(places: &Places, hook: Option<&Hook>) -> Result<Server> {
    let folder = places.temporary()?;
    Ok(start_in(places, folder.path(), hook)?.owning(folder))
}

/// Starts Tipoff in a fresh folder, with these devices.
pub(crate) fn start_asking(places: &Places, devices: &str) -> Result<Server> {
    let (folder, ftp) = (places.temporary()?, free_address()?);
    let server = start_all(places, folder.path(), (&[], devices), free_address()?, ftp)?;
    Ok(server.owning(folder))
}

/// Starts Tipoff in a fresh folder, with a webhook at each of these addresses.
pub(crate) fn start_with(places: &Places, urls: &[String]) -> Result<Server> {
    let folder = places.temporary()?;
    let server = start_both(places, folder.path(), urls, free_address()?, free_address()?)?;
    Ok(server.owning(folder))
}

/// Starts Tipoff in a folder that stays.
pub(crate) fn start_in(places: &Places, folder: &Path, hook: Option<&Hook>) -> Result<Server> {
    let urls: Vec<String> = hook.iter().map(|hook| hook.url("http")).collect();
    start_both(places, folder, &urls, free_address()?, free_address()?)
}

/// Starts Tipoff in a folder that stays, with a webhook at this address.
pub(crate) fn start_for(places: &Places, folder: &Path, url: &str) -> Result<Server> {
    start_both(places, folder, &[url.to_owned()], free_address()?, free_address()?)
}

/// Starts Tipoff in a fresh folder, to be uploaded to.
pub(crate) fn start_ftp(places: &Places) -> Result<Server> {
    let (folder, ftp) = (places.temporary()?, free_address()?);
    let mut server = start_both(places, folder.path(), &[], free_address()?, ftp)?;
    server.address = ftp;
    Ok(server.owning(folder))
}

fn start_both(
    places: &Places,
    folder: &Path,
    urls: &[String],
    smtp: SocketAddr,
    ftp: SocketAddr,
) -> Result<Server> {
    start_all(places, folder, (urls, ""), smtp, ftp)
}

fn start_all(
    places: &Places,
    folder: &Path,
    (urls, devices): (&[String], &str),
    smtp: SocketAddr,
    ftp: SocketAddr,
) -> Result<Server> {
    let file = folder.join(FILE);
    let mut text = format!(
        "[smtp]\n\
         listen = [\"{smtp}\"]\n\
         max_connections = 2_000\n\
         max_connections_per_address = 2_000\n\
         [ftp]\n\
         listen = [\"{ftp}\"]\n\
         [http]\n\
         listen = \"{}\"\n\
         [incidents]\n\
         quiet = \"0 s\"\n\
         flood = 0\n",
        free_address()?
    );
    for (number, url) in urls.iter().enumerate() {
        text += &format!(
            "[[channel]]\nname = \"hook {number}\"\ntype = \"webhook\"\nurl = \"{url}\"\n"
        );
    }
    text += devices;
    fs::write(&file, text)?;
    let mut command = Command::new(program(places)?);
    command.arg("run").arg("--config").arg(file);
    command.arg("--data-dir").arg(folder.join("data"));
    for (name, _) in std::env::vars_os() {
        // What the user has set up for real is not to be alerted by a bench.
        if name.to_string_lossy().starts_with("TIPOFF_") {
            command.env_remove(name);
        }
    }
    Server::start(command, smtp, folder)
}

/// A token for the API of the Tipoff in this folder, which has been started there before.
pub(crate) fn token(places: &Places, folder: &Path) -> Result<String> {
    let mut command = Command::new(program(places)?);
    command.args(["token", "bench", "--config"]).arg(folder.join(FILE));
    let output = command.arg("--data-dir").arg(folder.join("data")).output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    let token = told.split_whitespace().find(|word| word.starts_with("tip_"));
    token.map(str::to_owned).context("no token was made")
}

/// Where the HTTP port of the Tipoff in this folder is.
pub(crate) fn http(folder: &Path) -> Result<SocketAddr> {
    let text = fs::read_to_string(folder.join(FILE))?;
    let (_, section) = text.split_once("[http]\nlisten = \"").context("no [http]")?;
    let (address, _) = section.split_once('"').context("no address")?;
    Ok(address.parse()?)
}

/// The program that is measured.
pub(crate) fn program(places: &Places) -> Result<PathBuf> {
    let path = match &places.tipoff {
        Some(path) => path.clone(),
        None => std::env::current_exe()?.with_file_name("tipoff"),
    };
    if !path.is_file() {
        bail!("there is no {}: build it, or name it with --tipoff", path.display());
    }
    path.canonicalize().context("tipoff")
}
