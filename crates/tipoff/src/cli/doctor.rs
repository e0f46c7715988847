//! `tipoff doctor`: checks what Tipoff needs of the machine, and prints what is wrong and what to do.
//!
//! It changes nothing, sends nothing to channels, and does not disturb a running Tipoff. Each check
//! is a function in `doctor/` that returns a [`Finding`]; its judgement is a pure function beside
//! it, which the tests call.

mod balancers;
mod certificate;
mod data;
mod finding;
mod machine;
mod ports;

use std::path::Path;

use tipoff_model::Timestamp;

use self::data::Folder;
use self::finding::{Finding, Mark};
use super::{Ending, Failure, block_on, container, listening};
use crate::config::added::Names;
use crate::config::{ChannelConfig, Config};
use crate::net::network;
use crate::runtime::clock::Clock;

/// How to print the findings.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// For programs: one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the findings. Exit code 1 if one of them is wrong; a hint alone is no failure.
pub(super) fn run(args: &Args, config: &Config, clock: &Clock) -> Ending {
    let findings = block_on(examine(config, clock.now()))?;
    if args.json {
        println!("{:#}", finding::to_json(&findings));
    } else {
        print!("{}", finding::to_text(&findings));
    }
    match findings.iter().any(|finding| finding.mark == Mark::Wrong) {
        true => Err(Failure::Told),
        false => Ok(()),
    }
}

/// Whether a Tipoff receives into the data folder; `None` if this user cannot read its lock.
pub(super) fn is_running(data_dir: &Path) -> Option<bool> {
    listening::is_running(data_dir)
}

/// Runs every check, in the order of the output.
async fn examine(config: &Config, now: Timestamp) -> Vec<Finding> {
    let in_container = container::is_inside();
    let folder = Folder::look(&config.data_dir);
    // The two that wait: for other programs' answers, up to 5 s and 20 s.
    let (listeners, videos) =
        tokio::join!(ports::listeners(config, folder.in_use), machine::videos(&config.video));

    let mut findings = vec![configuration(config.path.as_deref())];
    findings.push(folder.finding());
    findings.push(data::access_rights(&config.data_dir));
    findings.push(data::passwords(&config.open_secrets()));
    findings.extend(config.warnings.iter().map(|warning| shared_secret(warning)));
    findings.push(data::space(&config.data_dir, config.retention));
    if config.spool.is_shared() {
        findings.push(data::database(config).await);
    }
    if let Some(bucket) = config.spool.bucket() {
        findings.push(data::bucket(bucket).await);
    }
    findings.extend(listeners);
    findings.extend(balancers::look(config));
    findings.extend(ports::passive(config, in_container));
    findings.push(machine::address(config, network::lan_address(), in_container));
    findings.extend(machine::public_name(config.public_address.as_ref()).await);
    // Only beside a running Tipoff: opening the spool would convert that of an earlier version.
    if folder.in_use == Some(true) {
        findings.extend(machine::peers(config, now).await);
    }
    findings.push(certificate::look(&config.smtp, &config.data_dir, now));
    findings.push(videos);
    findings.push(machine::user(in_container));
    findings.push(machine::clock(now));
    findings.push(machine::time_zone(&config.rules.clock.zone));
    findings.push(machine::open_files(config));
    let added = match folder.in_use {
        Some(true) => super::read_added(config).await,
        _ => None,
    };
    let added = added.and_then(|added| added_channels(&added, config));
    if !config.channels.is_empty() || added.is_none() {
        findings.push(channels(&config.channels));
    }
    findings.extend(added);
    findings
}

/// The configuration. One with a fault has ended the program before (exit code 2), so this is
/// always fine.
fn configuration(path: Option<&Path>) -> Finding {
    let found = path.map_or_else(
        || "no file, so the defaults hold".to_owned(),
        |path| format!("{} is fine", path.display()),
    );
    Finding::fine("configuration", found)
}

/// A warning of the configuration: a secret that is passed to a program of a channel.
fn shared_secret(warning: &str) -> Finding {
    Finding::hint("programs", warning, "see docs/channels/exec.md")
}

/// The channels that were added in the dashboard, by name only.
fn added_channels(document: &str, config: &Config) -> Option<Finding> {
    const WHAT: &str = "added channels";
    let channels = match Config::check_added(document, &config.added.file, Names::MayBeGone) {
        Ok(parts) => parts.channels,
        Err(faults) => {
            let found = format!("none is in use: {}", faults.summary());
            return Some(Finding::wrong(WHAT, found, "remove or change them on the page Channels"));
        }
    };
    let (shadowed, active): (Vec<&ChannelConfig>, Vec<&ChannelConfig>) =
        channels.iter().partition(|channel| config.added.file.channels.contains(&channel.name));
    let list = |channels: &[&ChannelConfig]| {
        let named = channels.iter().map(|it| format!("{} ({})", it.name, it.kind));
        named.collect::<Vec<_>>().join(", ")
    };
    match (shadowed.is_empty(), active.is_empty()) {
        (true, true) => None,
        (true, false) => Some(Finding::fine(WHAT, list(&active))),
        (false, _) => {
            let found = format!("the file has channels of the same name as {}", list(&shadowed));
            Some(Finding::hint(WHAT, found, "remove one of the two: the file's is in use"))
        }
    }
}

/// The channels, by name only: a test alert would be a change (`tipoff channels test` sends one).
fn channels(channels: &[ChannelConfig]) -> Finding {
    if channels.is_empty() {
        return Finding::hint(
            "channels",
            "none is configured: what arrives is kept and goes nowhere",
            "add a channel in the dashboard, or by `tipoff init`",
        );
    }
    let names: Vec<String> =
        channels.iter().map(|channel| format!("{} ({})", channel.name, channel.kind)).collect();
    let names = names.join(", ");
    Finding::fine("channels", format!("{names}; `tipoff channels test` sends them a test picture"))
}
