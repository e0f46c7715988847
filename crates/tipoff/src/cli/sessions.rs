//! `tipoff sessions`: the transcripts of sessions, and what went wrong in them.
//!
//! Works beside a running server, but shows only sessions that have ended: those in progress are in
//! the memory of the server, and on its dashboard. Only the last sessions are kept.

use std::net::IpAddr;
use std::sync::Arc;

use clap::Subcommand;
use tipoff_spool::{SessionDetail, SessionFilter, SessionLine, SessionOutcome, Speaker, Spool};

use super::arguments::{count, number};
use super::json::{SessionJson, print_json};
use super::moment::local_time;
use super::{Ending, Failure, block_on};
use crate::config::Config;

/// The latest sessions, newest first.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    filter: Filter,
}

/// Which sessions.
#[derive(Debug, clap::Args)]
struct Filter {
    /// Only of the device of this name
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Only from this address
    #[arg(long, value_name = "ADDRESS")]
    peer: Option<IpAddr>,
    /// Only where something went wrong
    #[arg(long)]
    failed: bool,
    /// How many
    #[arg(long, default_value_t = 20, value_parser = count)]
    limit: u32,
    /// For programs: one JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The latest sessions, newest first: the same without `list`
    List(Filter),
    /// One session, line by line
    Show {
        /// Its number
        #[arg(value_parser = number)]
        session: i64,
        /// For programs: one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Prints the list or one session. Exit code 1 if there is no such session.
pub(super) fn run(args: Args, config: &Config) -> Ending {
    block_on(act(args, config))?.map_err(Failure::Failed)
}

/// Reads the spool beside a running server.
async fn act(args: Args, config: &Config) -> anyhow::Result<()> {
    let spool = tipoff_spool::open_beside(&config.spool(), Arc::new(config.rules.clone())).await?;
    let filter = match args.action {
        Some(Action::Show { session, json }) => return show(&*spool, session, json).await,
        Some(Action::List(filter)) => filter,
        None => args.filter,
    };
    let lines = spool
        .sessions(SessionFilter {
            device_name: filter.device,
            peer: filter.peer,
            failed_only: filter.failed,
            limit: filter.limit,
            ..SessionFilter::default()
        })
        .await?;
    if filter.json {
        return print_json(&lines.iter().map(SessionJson::from).collect::<Vec<_>>());
    }
    print_list(&lines);
    Ok(())
}

/// Prints one session.
async fn show(spool: &dyn Spool, session: i64, as_json: bool) -> anyhow::Result<()> {
    let detail = spool.session(session).await?;
    // A number that the list has shown may be gone by now: only the last sessions are kept.
    let detail = detail.ok_or_else(|| {
        anyhow::anyhow!("there is no session {session}; only the last ones are kept")
    })?;
    if as_json {
        return print_json(&SessionJson::from(&detail));
    }
    print_detail(&detail);
    Ok(())
}

/// A table, the newest session first.
fn print_list(lines: &[SessionLine]) {
    if lines.is_empty() {
        println!("There are no such sessions.");
        return;
    }
    println!("{:>6}  {:<19}  {:<4}  {:<30}  RESULT", "NUMBER", "BEGAN", "BY", "FROM");
    for line in lines {
        let from: String = from(line).chars().take(30).collect();
        println!(
            "{:>6}  {:<19}  {:<4}  {from:<30}  {}",
            line.id,
            local_time(line.began_at),
            line.protocol.as_str(),
            result(line),
        );
    }
}

/// The name of the device, or the address where the device is not known: a session may fail before
/// that.
fn from(line: &SessionLine) -> String {
    match &line.device {
        Some((_, name)) => name.clone(),
        None => line.peer.to_string(),
    }
}

/// The outcome in words. Programs get its name (`--json`).
fn result(line: &SessionLine) -> &'static str {
    match line.outcome {
        SessionOutcome::Open => "under way",
        SessionOutcome::Delivered => "stored",
        SessionOutcome::Nothing => "nothing came",
        SessionOutcome::LoginRefused => "not logged in",
        SessionOutcome::TlsFailed => "not encrypted",
        SessionOutcome::TurnedAway => "turned away",
        SessionOutcome::Torn => "torn",
        SessionOutcome::Failed => "failed",
    }
}

/// The session and its transcript: `>` is said by the device, `<` by Tipoff, `*` is a remark. The
/// number before it is the time since the connection was accepted.
fn print_detail(detail: &SessionDetail) {
    let line = &detail.line;
    println!(
        "Session {}: {} from {} at {}: {}",
        line.id,
        line.protocol.as_str(),
        line.peer,
        local_time(line.began_at),
        result(line),
    );
    if let Some((_, device)) = &line.device {
        println!("  device: {device}");
    }
    if let Some(login) = &line.login {
        println!("  user: {}", login.escape_debug());
    }
    if let Some(tls) = &line.tls {
        println!("  encrypted with {tls}");
    }
    if let Some(hint) = &line.hint {
        println!("  {hint}");
    }
    println!();
    for said in &detail.lines {
        let mark = match said.speaker {
            Speaker::Device => '>',
            Speaker::Us => '<',
            Speaker::Note => '*',
        };
        println!("{:>8} ms {mark} {}", said.at_ms, said.text);
    }
}
