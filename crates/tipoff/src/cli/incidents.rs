//! `tipoff incidents`: what has arrived, where it went, and why something did not. Works beside a
//! running server.

use std::sync::Arc;
use std::time::SystemTime;

use clap::Subcommand;
use serde_json::{Value, json};
use tipoff_model::{DeliveryState, Envelope, IncidentId, Timestamp};
use tipoff_spool::{
    DeliveryLine, Dismissal, IncidentDetail, IncidentFilter, IncidentLine, Incidents, Lock, Spool,
    SqliteSpool,
};

use super::{Ending, Failure, block_on};
use crate::audit::{self, AuditAction};
use crate::config::{Config, Retention};
use crate::runtime::utc::utc;
use crate::web::api_types::Attempt;

/// What can be done with incidents.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// The latest incidents, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// For programs: one JSON array
        #[arg(long)]
        json: bool,
    },
    /// One incident: what arrived, and every attempt to deliver it
    Show {
        /// Its number
        incident: i64,
        /// For programs: one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Keep an incident, whatever its age and however full the disk
    Lock {
        /// Its number
        incident: i64,
    },
    /// End `lock`: the incident goes with the others of its age
    Unlock {
        /// Its number
        incident: i64,
    },
    /// Deliver again what was not delivered
    Retry {
        /// Its number
        incident: i64,
    },
}

/// Does it.
pub(super) fn run(action: &Action, config: &Config) -> Ending {
    block_on(act(action, config))?.map_err(Failure::Failed)
}

async fn act(action: &Action, config: &Config) -> anyhow::Result<()> {
    let spool = SqliteSpool::open_beside(&config.data_dir, Arc::new(config.rules.clone()))?;
    match *action {
        Action::List { limit, json } => {
            let all = IncidentFilter { silent: true, ..IncidentFilter::default() };
            let lines = spool.incidents(&all, limit).await?;
            if json {
                print_json(&lines.iter().map(line_json).collect())?;
            } else {
                print_list(&lines);
            }
        }
        Action::Show { incident, json } => {
            let detail = spool.incident(IncidentId(incident)).await?;
            if json {
                print_json(&detail_json(&detail))?;
            } else {
                print_detail(&detail);
            }
        }
        Action::Lock { incident } => {
            let id = IncidentId(incident);
            limit(&spool, config).await?;
            if spool.lock(id, "the command line".to_owned(), SystemTime::now().into()).await? {
                note(&spool, AuditAction::Lock, id, "").await;
            }
            println!("Incident {id} is locked: it is kept until `tipoff incidents unlock {id}`.");
        }
        Action::Unlock { incident } => {
            let id = IncidentId(incident);
            if spool.unlock(id).await? {
                note(&spool, AuditAction::Unlock, id, "").await;
            }
            println!("Incident {id} is not locked.");
        }
        Action::Retry { incident } => {
            // Asked for by name, so that a wrong number is told.
            let id = spool.incident(IncidentId(incident)).await?.line.id;
            let channels = spool.retry(id, None, SystemTime::now().into()).await?;
            note(&spool, AuditAction::Retry, id, &channels.join(", ")).await;
            match channels.len() {
                0 => println!("Incident {id}: everything is delivered already."),
                count => println!(
                    "Incident {id}: {count} deliveries are due again; the running server sends \
                     them within seconds.",
                ),
            }
        }
    }
    Ok(())
}

/// Notes in the audit log what was done at the command line.
async fn note(spool: &SqliteSpool, action: AuditAction, incident: IncidentId, detail: &str) {
    let object = format!("incident {incident}");
    audit::note(
        spool,
        audit::entry(SystemTime::now().into(), audit::command_line(), action, object, detail),
    )
    .await;
}

/// What locked incidents may take is half of what all may.
async fn limit(spool: &SqliteSpool, config: &Config) -> anyhow::Result<()> {
    let free = spool.blobs().free_bytes()?;
    let default_max = Retention::default_max_size(free, spool.usage().await?.bytes);
    spool.limit(config.retention.max_size.unwrap_or(default_max), 0);
    Ok(())
}

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

fn deliveries_in_words(line: &IncidentLine) -> String {
    if line.deliveries.is_empty() {
        return "none".to_owned();
    }
    let counts = by_state(line);
    let words = counts.iter().map(|(state, count)| format!("{count} {}", state.as_str()));
    words.collect::<Vec<_>>().join(", ")
}

/// How many deliveries stand how, to whatever channel.
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
        println!("Nobody is told: {why}");
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

/// What an arrival was called on its way.
fn route(envelope: &Envelope) -> String {
    match &envelope.path {
        Some(path) => format!("{path}, by {}", envelope.login.as_deref().unwrap_or("anybody")),
        None => format!("{} -> {}", envelope.sender, envelope.recipients.join(", ")),
    }
}

pub(super) fn print_json(value: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

fn line_json(line: &IncidentLine) -> Value {
    let deliveries: serde_json::Map<String, Value> = by_state(line)
        .into_iter()
        .map(|(state, count)| (state.as_str().to_owned(), json!(count)))
        .collect();
    json!({
        "incident": line.id,
        "device": line.device,
        "event": line.event,
        "subject": line.subject,
        "began_at": utc(line.began_at),
        "last_arrival_at": utc(line.last_arrival_at),
        "arrivals": line.arrivals,
        "deliveries": deliveries,
        "untold": line.suppressed_reason,
        "dismissed_by": line.dismissed.as_ref().map(|it| &it.by),
        "locked_by": line.locked.as_ref().map(|it| &it.by),
        "note": line.note,
    })
}

fn detail_json(detail: &IncidentDetail) -> Value {
    let arrivals = detail.arrivals.iter().map(|arrival| {
        json!({
            "arrival": arrival.id,
            "received_at": utc(arrival.received_at),
            "torn": arrival.torn,
            "envelope": arrival.envelope,
            "content": arrival.content,
            "blob": arrival.blob.name,
            "size": arrival.blob.size,
        })
    });
    let deliveries = detail.deliveries.iter().map(|delivery| {
        let attempts = delivery.attempts.iter().map(Attempt::from);
        json!({
            "delivery": delivery.id,
            "channel": delivery.channel,
            "kind": delivery.kind,
            "state": delivery.state,
            "created_at": utc(delivery.created_at),
            "due_at": utc(delivery.due_at),
            "attempts": attempts.collect::<Vec<_>>(),
        })
    });
    let mut value = line_json(&detail.line);
    if let Some(object) = value.as_object_mut() {
        object.insert("arrivals".to_owned(), arrivals.collect());
        object.insert("deliveries".to_owned(), deliveries.collect());
    }
    value
}

/// For people: this machine's time zone.
pub(super) fn local_time(time: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(time.as_ms()).map_or_else(
        |_| "?".to_owned(),
        |time| {
            let zone = jiff::tz::TimeZone::system();
            time.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}
