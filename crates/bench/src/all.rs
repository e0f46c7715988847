//! `all`: every measurement in turn and the machine they were taken on, as Markdown.
//! It adds no measurement of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::Result;
use clap::Parser;

use crate::server::Places;
use crate::table;
use crate::{
    Cli, Command, dashboard, deliver, fleet, ftp, hostile, ingest, isolation, latency, memory,
    pull, recovery, start,
};

/// What is run, as it would be typed.
const LINES: [&[&str]; 10] = [
    &["bench", "ingest", "--kb", "60"],
    &["bench", "ingest", "--kb", "300", "--mails", "1500"],
    &["bench", "deliver"],
    &["bench", "latency"],
    &["bench", "isolation"],
    &["bench", "memory"],
    &["bench", "ftp", "small"],
    &["bench", "ftp", "large"],
    &["bench", "ftp", "memory"],
    &["bench", "start"],
];

/// Measures everything; the text of the report.
pub(crate) fn run(places: &Places) -> Result<String> {
    let mut rows = Vec::new();
    for line in LINES {
        rows.extend(match Cli::try_parse_from(line)?.command {
            Command::Ingest(args) => ingest::run(places, &args)?,
            Command::Ftp(what) => ftp::run(places, &what)?,
            Command::Deliver(args) => deliver::run(places, &args)?,
            Command::Latency(args) => latency::run(places, &args)?,
            Command::Isolation(args) => isolation::run(places, &args)?,
            Command::Memory(args) => memory::run(places, &args)?,
            Command::Start(args) => start::run(places, &args)?,
            Command::Dashboard(args) => dashboard::run(places, &args)?,
            Command::Hostile(args) => hostile::run(places, &args)?,
            Command::Pull(args) => pull::run(places, &args)?,
            Command::Recovery(args) => recovery::run(places, &args)?,
            Command::Fleet(args) => fleet::run(places, &args)?,
            Command::All => Vec::new(),
        });
    }
    Ok(format!("{}\n{}", machine(places), table::markdown(&rows)))
}

/// The machine that the figures depend on, as far as the system reports it.
fn machine(places: &Places) -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").ok();
    let cpu = cpu.as_deref().and_then(cpu_model).unwrap_or("unknown");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let folder = places.base().canonicalize().unwrap_or_else(|_| places.base());
    let disk = disk(&mounts, &folder).unwrap_or_else(|| "unknown".to_owned());
    format!(
        "- cores: {cores}, shared by the servers and the load generator\n\
         - CPU: {cpu}\n- kernel: {}\n- disk: {disk}\n",
        kernel.trim()
    )
}

fn cpu_model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

/// The file system of the folder, and whether its disk is a rotating one.
fn disk(mounts: &str, folder: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?, words.next()?))
    });
    let (device, _, kind) = mounts
        .filter(|(_, at, _)| folder.starts_with(at))
        // Of mounts over each other the last is the one that is seen.
        .max_by_key(|(_, at, _)| at.len())?;
    let turns = device.strip_prefix("/dev/").and_then(|name| {
        fs::read_to_string(PathBuf::from("/sys/class/block").join(name).join("queue/rotational"))
            .ok()
    });
    let turns = match turns.as_deref().map(str::trim) {
        Some("1") => ", told as rotating",
        Some("0") => ", told as solid state",
        _ => "",
    };
    let nowhere = if kind == "tmpfs" { " (memory: durable figures mean nothing)" } else { "" };
    Some(format!("{kind} on {device}{turns}{nowhere}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_run_can_be_typed() {
        for line in LINES {
            assert!(!matches!(Cli::try_parse_from(line).unwrap().command, Command::All));
        }
    }

    #[test]
    fn the_disk_is_that_of_the_nearest_mount() {
        let mounts = "none / ext4 rw 0 0\nnone /tmp tmpfs rw 0 0\nnone /tmpfoo xfs rw 0 0\n";
        for (folder, kind) in [("/", "ext4"), ("/tmp/a", "tmpfs"), ("/tmpf", "ext4")] {
            let disk = disk(mounts, Path::new(folder)).unwrap();
            assert!(disk.starts_with(kind), "{folder}: {disk}");
        }
        assert_eq!(disk("", Path::new("/tmp")), None);
    }

    #[test]
    fn the_cpu_is_named_as_the_kernel_names_it() {
        assert_eq!(cpu_model("processor\t: 0\nmodel name\t: A B\n"), Some("A B"));
        assert_eq!(cpu_model("processor\t: 0\n"), None);
    }
}
