//! `tipoff sessions`: what devices and Tipoff said to each other, and what went wrong. Works beside
//! a running server.

use std::net::IpAddr;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::{Value, json};
use tipoff_spool::{
    SessionDetail, SessionFilter, SessionLine, SessionOutcome, Sessions, Speaker, SqliteSpool,
};

use super::incidents::{local_time, print_json};
use super::{Ending, Failure, block_on};
use crate::config::Config;
use crate::runtime::utc::utc;

/// The latest sessions, newest first.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
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
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// For programs: one JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// One session, line by line
    Show {
        /// Its number
        session: i64,
        /// For programs: one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Does it.
pub(super) fn run(args: Args, config: &Config) -> Ending {
    block_on(act(args, config))?.map_err(Failure::Failed)
}

async fn act(args: Args, config: &Config) -> anyhow::Result<()> {
    let spool = SqliteSpool::open_beside(&config.data_dir, Arc::new(config.rules.clone()))?;
    if let Some(Action::Show { session, json }) = args.action {
        let detail = spool.session(session).await?;
        let detail = detail.ok_or_else(|| {
            anyhow::anyhow!("there is no session {session}; only the last ones are kept")
        })?;
        if json {
            return print_json(&detail_json(&detail));
        }
        print_detail(&detail);
        return Ok(());
    }
    let lines = spool
        .sessions(SessionFilter {
            device_name: args.device,
            peer: args.peer,
            failed_only: args.failed,
            limit: args.limit,
            ..SessionFilter::default()
        })
        .await?;
    if args.json {
        return print_json(&lines.iter().map(line_json).collect());
    }
    print_list(&lines);
    Ok(())
}

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

fn from(line: &SessionLine) -> String {
    match &line.device {
        Some((_, name)) => name.clone(),
        None => line.peer.to_string(),
    }
}

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

fn line_json(line: &SessionLine) -> Value {
    json!({
        "session": line.id,
        "protocol": line.protocol,
        "peer": line.peer,
        "device": line.device.as_ref().map(|(_, name)| name),
        "began_at": utc(line.began_at),
        "ended_at": utc(line.ended_at),
        "login": line.login,
        "tls": line.tls,
        "outcome": line.outcome.as_str(),
        "failed": line.outcome.is_failure(),
        "hint": line.hint,
        "arrivals": line.arrivals,
    })
}

fn detail_json(detail: &SessionDetail) -> Value {
    let mut value = line_json(&detail.line);
    if let Some(object) = value.as_object_mut() {
        object.insert("lines".to_owned(), json!(detail.lines));
    }
    value
}
