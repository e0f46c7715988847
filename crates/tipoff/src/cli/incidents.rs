//! `tipoff incidents`: what has arrived, where it was delivered, and why something was not.
//!
//! Works beside a running server, on the same database: it never delivers anything itself. What it
//! changes (a lock, a retry) is in the audit log as done by the command line, and the server sees
//! it within seconds.

mod export;

use std::sync::Arc;

use clap::Subcommand;
use tipoff_model::{DeliveryState, Envelope, IncidentId, Protocol};
use tipoff_spool::{
    DeliveryLine, Dismissal, IncidentDetail, IncidentFilter, IncidentLine, Lock, Spool,
};

use super::arguments::{count, number};
use super::json::{IncidentJson, print_json};
use super::moment::local_time;
use super::{Ending, Failure, block_on};
use crate::audit::{self, AuditAction};
use crate::config::{Config, Retention};
use crate::runtime::clock::Clock;

/// What can be done with incidents.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// The latest incidents, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 20, value_parser = count)]
        limit: u32,
        /// For programs: one JSON array
        #[arg(long)]
        json: bool,
    },
    /// One incident: what arrived, and every attempt to deliver it
    Show {
        /// Its number
        #[arg(value_parser = number)]
        incident: i64,
        /// For programs: one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Keep an incident, whatever its age and however full the disk
    Lock {
        /// Its number
        #[arg(value_parser = number)]
        incident: i64,
    },
    /// End `lock`: the incident goes with the others of its age
    Unlock {
        /// Its number
        #[arg(value_parser = number)]
        incident: i64,
    },
    /// Deliver again what was not delivered
    Retry {
        /// Its number
        #[arg(value_parser = number)]
        incident: i64,
    },
    /// Write original mails and files with an index, to a folder or as a zip file
    Export(export::Args),
}

/// Runs one action. Exit code 1 if there is no such incident.
pub(super) fn run(action: &Action, config: &Config, clock: &Clock) -> Ending {
    block_on(act(action, config, clock))?.map_err(Failure::Failed)
}

/// The action itself, on a spool beside the running server.
async fn act(action: &Action, config: &Config, clock: &Clock) -> anyhow::Result<()> {
    let spool = tipoff_spool::open_beside(&config.spool(), Arc::new(config.rules.clone())).await?;
    match *action {
        Action::Export(ref args) => {
            export::run(&*spool, args, &config.rules.clock, clock.now()).await?;
        }
        Action::List { limit, json } => {
            // With suppressed incidents, which the timeline leaves out: here one looks for what is
            // missing there.
            let all = IncidentFilter { silent: true, ..IncidentFilter::default() };
            let lines = spool.incidents(&all, limit).await?;
            if json {
                print_json(&lines.iter().map(IncidentJson::from).collect::<Vec<_>>())?;
            } else {
                print_list(&lines);
            }
        }
        Action::Show { incident, json } => {
            let detail = spool.incident(IncidentId(incident)).await?;
            if json {
                print_json(&IncidentJson::from(&detail))?;
            } else {
                print_detail(&detail);
            }
        }
        Action::Lock { incident } => {
            let id = IncidentId(incident);
            // Locked incidents could fill the disk: the spool refuses a lock beyond their share.
            limit(&*spool, config).await?;
            if spool.lock(id, "the command line".to_owned(), clock.now()).await? {
                note(&*spool, AuditAction::Lock, id, "", clock).await;
            }
            println!("Incident {id} is locked: it is kept until `tipoff incidents unlock {id}`.");
        }
        Action::Unlock { incident } => {
            let id = IncidentId(incident);
            if spool.unlock(id).await? {
                note(&*spool, AuditAction::Unlock, id, "", clock).await;
            }
            println!("Incident {id} is not locked.");
        }
        Action::Retry { incident } => {
            // Read first, so that a wrong number is an error and not "everything is delivered".
            let detail = spool.incident(IncidentId(incident)).await?;
            let id = detail.line.id;
            let channels = spool.retry(id, None, clock.now()).await?;
            note(&*spool, AuditAction::Retry, id, &channels.join(", "), clock).await;
            match (channels.len(), detail.deliveries.is_empty()) {
                (0, true) => {
                    let why = detail.line.suppressed_reason;
                    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                    println!("Incident {id} has no deliveries to repeat{why}.");
                }
                (0, false) => println!("Incident {id}: everything is delivered already."),
                (count, _) => println!(
                    "Incident {id}: {count} due again; the running server delivers within seconds.",
                    count = deliveries(count),
                ),
            }
        }
    }
    Ok(())
}

fn deliveries(count: usize) -> String {
    match count {
        1 => "1 delivery is".to_owned(),
        count => format!("{count} deliveries are"),
    }
}

/// Notes in the audit log what was done at the command line.
async fn note(
    spool: &dyn Spool,
    action: AuditAction,
    incident: IncidentId,
    detail: &str,
    clock: &Clock,
) {
    let object = format!("incident {incident}");
    let entry = audit::entry(clock.now(), audit::command_line(), action, object, detail);
    audit::note(spool, entry).await;
}

/// Sets the share of the disk that locked incidents may take, as in a server: half of `max_size`.
/// Without this, the spool that is opened here would know no limit.
async fn limit(spool: &dyn Spool, config: &Config) -> anyhow::Result<()> {
    let free = spool.blobs().free_bytes()?;
    let default_max = Retention::default_max_size(free, spool.usage().await?.bytes);
    spool.limit(config.retention.max_size.unwrap_or(default_max), 0);
    Ok(())
}

/// A table. Names of devices are cut at 24 characters, so that the columns stay in line.
fn print_list(lines: &[IncidentLine]) {
    if lines.is_empty() {
        println!("Nothing has arrived yet.");
        return;
    }
    println!(
        "{:>6}  {:<19}  {:<24}  {:<9}  {:<20}  SUBJECT",
        "NUMBER", "RECEIVED", "DEVICE", "EVENT", "DELIVERIES"
    );
    for line in lines {
        let device: String = line.device.chars().take(24).collect();
        println!(
            "{:>6}  {:<19}  {device:<24}  {:<9}  {:<20}  {}{}",
            line.id,
            local_time(line.began_at),
            line.event.as_str(),
            deliveries_in_words(line),
            if line.locked.is_some() { "(locked) " } else { "" },
            line.subject,
        );
    }
}

/// The states of the deliveries, such as `1 delivered, 2 pending`.
fn deliveries_in_words(line: &IncidentLine) -> String {
    if line.deliveries.is_empty() {
        return "none".to_owned();
    }
    let counts = by_state(line);
    let words = counts.iter().map(|(state, count)| format!("{count} {}", state.as_str()));
    words.collect::<Vec<_>>().join(", ")
}

/// Number of deliveries in each state, of all channels together. States without deliveries are left
/// out.
fn by_state(line: &IncidentLine) -> Vec<(DeliveryState, u64)> {
    let count = |wanted: DeliveryState| {
        line.deliveries
            .iter()
            .filter(move |(_, state, _)| *state == wanted)
            .map(|(_, _, count)| count)
    };
    DeliveryState::ALL
        .iter()
        .map(|&state| (state, count(state).sum()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// The incident with its arrivals and deliveries, in the order in which they were made.
fn print_detail(detail: &IncidentDetail) {
    let line = &detail.line;
    println!("Incident {}: {} from {}", line.id, line.event, line.device);
    println!("  {}", line.subject);
    for arrival in &detail.arrivals {
        let torn = if arrival.torn { ", torn: the connection broke" } else { "" };
        println!();
        println!(
            "Arrival {} at {} from {}{torn}",
            arrival.id,
            local_time(arrival.received_at),
            arrival.envelope.peer,
        );
        println!("  {}", route(&arrival.envelope));
        for media in &arrival.content.media {
            println!("  {} ({}, {} bytes)", media.name, media.content_type, media.size);
        }
        println!("  stored as {} ({} bytes)", arrival.blob.name, arrival.blob.size);
    }
    if let Some(note) = &line.note {
        println!();
        println!("{note}");
    }
    if let Some(why) = &line.suppressed_reason {
        println!();
        println!("No alert was sent: {why}");
    }
    if let Some(Dismissal { by, at }) = &line.dismissed {
        println!();
        println!("Not interesting since {}: {by}. No more alerts are sent.", local_time(*at));
    }
    if let Some(Lock { by, at }) = &line.locked {
        println!();
        println!("Locked since {}: {by}. It is kept until it is unlocked.", local_time(*at));
    }
    for delivery in &detail.deliveries {
        println!();
        print_delivery(delivery);
    }
}

/// A delivery with a line for each attempt.
fn print_delivery(delivery: &DeliveryLine) {
    println!(
        "Delivery {} ({}) to {}: {}",
        delivery.id,
        delivery.kind,
        delivery.channel,
        delivery.state.as_str()
    );
    for (at, took, error) in &delivery.attempts {
        let outcome = error.as_deref().unwrap_or("taken");
        println!("  {} after {} ms: {outcome}", local_time(*at), took.as_millis());
    }
    if delivery.state == DeliveryState::Pending {
        println!("  next attempt from {}", local_time(delivery.due_at));
    }
}

/// Sender and recipients of a mail; the path and the login of an upload; the login of an alarm.
fn route(envelope: &Envelope) -> String {
    let login = envelope.login.as_deref().unwrap_or("anybody");
    match &envelope.path {
        Some(path) => format!("{path}, by {login}"),
        None if envelope.protocol == Protocol::Http => format!("alarm, by {login}"),
        None if envelope.protocol == Protocol::Mqtt => "alarm, by MQTT".to_owned(),
        None => format!("{} -> {}", envelope.sender, envelope.recipients.join(", ")),
    }
}
