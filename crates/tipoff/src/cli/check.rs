//! `tipoff check`: prints what a valid configuration means.
//!
//! Reading it has found every fault already ([`Common::load`], exit code 2). The spool is opened for what was added in the
//! dashboard. Nothing is connected: `tipoff doctor` checks the machine, `tipoff channels test` the channels.

use super::arguments::counted;
use super::json::{ConfigurationJson, print_json};
use super::moment::Moment;
use super::{Common, Ending, Failure, explain};
use crate::config::{self, Config, Listener, Networks};
use crate::runtime::clock::Clock;

/// What to print.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print a complete example file, with everything that can be set, instead
    #[arg(long)]
    example: bool,
    /// Print the reference of all settings as Markdown instead
    #[arg(long, conflicts_with = "example")]
    reference: bool,
    /// Print what would happen to what each device sends
    #[arg(long, conflicts_with_all = ["example", "reference"])]
    explain: bool,
    /// For programs: one JSON object
    #[arg(long, conflicts_with_all = ["example", "reference", "explain", "at", "mode"])]
    json: bool,
    #[command(flatten)]
    moment: Moment,
}

/// Prints the summary, or the example, the reference or the verdicts that an option asks for.
pub(super) fn run(args: &Args, common: &Common, clock: &Clock) -> Ending {
    if args.example {
        print!("{}", config::example());
    } else if args.reference {
        print!("{}", config::reference());
    } else if args.explain || args.moment.is_given() {
        return explain::check(&common.load_and_look(Some(""))?.0, &args.moment, clock.now());
    } else if args.json {
        print_json(&ConfigurationJson::from(&common.load_and_look(Some(""))?.0))
            .map_err(Failure::Failed)?;
    } else {
        let (config, was_opened) = common.load_and_look(Some(""))?;
        print_summary(&config, was_opened);
    }
    Ok(())
}

/// An address and whether TLS begins with the first byte there. STARTTLS is an offer of plain
/// listeners.
fn print_listener(what: &str, listener: Listener) {
    let kind = if listener.tls { "TLS from the start" } else { "plain" };
    println!("  receives {what} on {} ({kind})", listener.address);
}

/// Networks of balancers, from where every connection must begin with a PROXY header.
fn print_balancers(section: &str, networks: &Networks) {
    if !networks.is_empty() {
        println!("  expects PROXY headers for [{section}] from {networks}");
    }
}

/// Prints what the configuration contains, so that a missing section is noticed.
fn print_summary(config: &Config, was_opened: bool) {
    match &config.path {
        Some(path) => println!("{} is fine.", path.display()),
        None => println!("No configuration file: the defaults are fine."),
    }
    for warning in &config.warnings {
        println!("  warning: {warning}");
    }
    for listener in &config.smtp.listen {
        print_listener("mail", listener.at);
    }
    for listener in &config.ftp.listen {
        print_listener("uploads", *listener);
    }
    for (section, networks) in config.balancers() {
        print_balancers(section, networks);
    }
    for device in &config.devices {
        println!("  device {}", device.name);
    }
    for channel in &config.channels {
        let is_added =
            config.added.channels.iter().any(|it| it.is_active && it.name == channel.name);
        let note = if is_added { ", added in the dashboard" } else { "" };
        println!("  channel {} ({}{note})", channel.name, channel.kind);
    }
    if config.channels.is_empty() {
        println!("  no channel: `tipoff init` or the dashboard sets one up");
    }
    match config.rules.routes.len() {
        0 => println!("  no route: every incident goes to every channel"),
        count => {
            let routes = counted(count as u64, "route");
            match count.saturating_sub(config.added.file.routes.len()) {
                0 => println!("  {routes}"),
                added => println!("  {routes}, {added} of them added in the dashboard"),
            }
        }
    }
    for report in &config.rules.reports {
        println!("  report {} to {}", report.name, report.channels.join(", "));
    }
    if let Some(bucket) = config.spool.bucket() {
        println!("  mails and files are stored in {}; `tipoff doctor` tests it", bucket.place());
    }
    // Before the first start nothing was added. A folder that this user may not look into may have something.
    let is_stored = || !matches!(config.data_dir.join("spool.db").try_exists(), Ok(false));
    if !was_opened && (config.spool.is_shared() || is_stored()) {
        println!(
            "  what was added in the dashboard is not read: this user cannot open the spool; `tipoff doctor` says why"
        );
    }
    println!("  everything is kept in {}", config.data_dir.display());
}
