//! `tipoff check`: the configuration has been read by now, so what is left is to say what it means.

use super::moment::Moment;
use super::{Common, Ending, explain};
use crate::config::{self, Config, Listener};

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
    #[command(flatten)]
    moment: Moment,
}

/// Checks, or prints what was asked for.
pub(super) fn run(args: &Args, common: &Common) -> Ending {
    if args.example {
        print!("{}", config::example());
    } else if args.reference {
        print!("{}", config::reference());
    } else if args.explain || args.moment.is_given() {
        return explain::check(&common.load()?, &args.moment);
    } else {
        tell(&common.load()?);
    }
    Ok(())
}

fn tell_listener(what: &str, listener: Listener) {
    let kind = if listener.tls { "TLS from the start" } else { "plain" };
    println!("  receives {what} on {} ({kind})", listener.address);
}

/// Says what the configuration comes to, so that a missing line is noticed.
fn tell(config: &Config) {
    match &config.path {
        Some(path) => println!("{} is fine.", path.display()),
        None => println!("No configuration file: the defaults are fine."),
    }
    for warning in &config.warnings {
        println!("  warning: {warning}");
    }
    for listener in &config.smtp.listen {
        tell_listener("mail", listener.at);
    }
    for listener in &config.ftp.listen {
        tell_listener("uploads", *listener);
    }
    for device in &config.devices {
        println!("  device {}", device.name);
    }
    for channel in &config.channels {
        println!("  channel {} ({})", channel.name, channel.kind);
    }
    if config.channels.is_empty() {
        println!("  no channel: alerts go nowhere; `tipoff init` sets up Telegram");
    }
    match config.rules.routes.len() {
        0 => println!("  no route: every incident goes to every channel"),
        count => println!("  {count} routes"),
    }
    for report in &config.rules.reports {
        println!("  report {} to {}", report.name, report.channels.join(", "));
    }
    println!("  everything is kept in {}", config.data_dir.display());
}
