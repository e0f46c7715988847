//! `tipoff-bench`: puts load on Tipoff and on its peers, and prints how they compare.
//! It never judges delivery beyond counting, and leaves neither processes nor folders behind.

mod all;
mod client;
mod dashboard;
mod deliver;
mod fleet;
mod ftp;
mod hook;
mod hostile;
mod ingest;
mod isolation;
mod latency;
mod mail;
mod memory;
mod peers;
mod pull;
mod recovery;
mod request;
mod server;
mod start;
mod statistics;
mod stop;
mod table;
mod target;
mod upload;

use std::process::ExitCode;
use std::thread;

use clap::{Parser, Subcommand};

use crate::server::Places;
use crate::table::Row;

/// Measures Tipoff beside smtp-sink, mailrise, vsftpd and pyftpdlib.
#[derive(Debug, Parser)]
#[command(name = "tipoff-bench", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Mails a second that are taken, beside smtp-sink
    Ingest(ingest::Args),
    /// Uploads, beside vsftpd and pyftpdlib
    #[command(subcommand)]
    Ftp(ftp::Ftp),
    /// Deliveries a second from SMTP to a local webhook, beside mailrise
    Deliver(deliver::Args),
    /// Time from the end of a mail to the finished request at the webhook
    Latency(latency::Args),
    /// Ten channels, of which one is slow, silent or not there: what the others notice
    Isolation(isolation::Args),
    /// Alerts that wait for a webhook that is away: how soon they are there once it is back; not part of `all`
    Recovery(recovery::Args),
    /// Memory: idle, with idle connections, with a large mail in flight
    Memory(memory::Args),
    /// Cameras that are asked for their events: memory, and connecting again; not part of `all`
    Pull(pull::Args),
    /// Time from the start of the program to its first greeting
    Start(start::Args),
    /// Attacks at full strength, and what a known camera notices; not part of `all`
    Hostile(hostile::Args),
    /// The dashboard's pages with many incidents, and what they cost in memory; not part of `all`
    Dashboard(dashboard::Args),
    /// The spool of a fleet beside one of a hundredth of its incidents; not part of `all`
    Fleet(fleet::Args),
    /// Everything in turn, as Markdown
    All,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match stop::unless_interrupted(thread::spawn(move || work(&cli))) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("tipoff-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn work(cli: &Cli) -> anyhow::Result<String> {
    server::raise_open_files()?;
    let places = &cli.places;
    let rows: Vec<Row> = match &cli.command {
        Command::Ingest(args) => ingest::run(places, args)?,
        Command::Ftp(what) => ftp::run(places, what)?,
        Command::Deliver(args) => deliver::run(places, args)?,
        Command::Latency(args) => latency::run(places, args)?,
        Command::Isolation(args) => isolation::run(places, args)?,
        Command::Recovery(args) => recovery::run(places, args)?,
        Command::Memory(args) => memory::run(places, args)?,
        Command::Pull(args) => pull::run(places, args)?,
        Command::Start(args) => start::run(places, args)?,
        Command::Hostile(args) => hostile::run(places, args)?,
        Command::Dashboard(args) => dashboard::run(places, args)?,
        Command::Fleet(args) => fleet::run(places, args)?,
        Command::All => return all::run(places),
    };
    Ok(table::markdown(&rows))
}
