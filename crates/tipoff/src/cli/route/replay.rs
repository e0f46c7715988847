//! `tipoff route replay`: a day that is over, gone through again with the rules of a configuration.
//! Nothing is sent, and the spool is only read.
//!
//! The day is stored once more, in a spool in a temporary folder: so what is told is decided by what
//! decides it in earnest.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use jiff::civil::Date;
use serde_json::json;
use tipoff_model::{ArrivalId, DeliveryState, Event, IncidentId, RuleSource, Timestamp};
use tipoff_rules::{Clock, Rules};
use tipoff_spool::{
    AttemptRecord, DedupPolicy, Devices, DueDelivery, IncidentDetail, Incidents, NewArrival,
    PastArrival, Review, Spool, SqliteSpool,
};

use crate::cli::moment::check_mode;
use crate::cli::{Ending, block_on};
use crate::config::Config;
use crate::dispatch::empty_attempt;
use crate::receive::DeviceDirectory;
use crate::runtime::utc::utc;

/// How many arrivals are read at a time.
const PAGE: u32 = 500;
/// What is told later than this after the day, such as a count, is told at its end.
const AFTERMATH: Duration = Duration::from_secs(2 * 24 * 3600);
/// Deliveries taken at a time.
const BATCH: u32 = 64;

/// Which day, and how.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReplayArgs {
    /// The day, such as 2026-11-24 [default: today]
    #[arg(long, value_name = "DATE")]
    day: Option<Date>,
    /// Only devices whose name contains this
    #[arg(long, value_name = "TEXT")]
    device: Option<String>,
    /// In this mode all day [default: those that begin by themselves]
    #[arg(long)]
    mode: Option<String>,
    /// For programs: one JSON array of incidents
    #[arg(long)]
    json: bool,
}

/// Says what would have been told.
pub(super) fn run(args: &ReplayArgs, config: Config) -> Ending {
    block_on(replay(args, config))??;
    Ok(())
}

async fn replay(args: &ReplayArgs, config: Config) -> anyhow::Result<()> {
    let rules = Arc::new(config.rules.clone());
    let past =
        SqliteSpool::open_beside(&config.data_dir, Arc::clone(&rules) as Arc<dyn RuleSource>)?;
    let (from, until) = bounds(args.day, &rules.clock)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let spool = SqliteSpool::open(folder.path(), Arc::clone(&rules) as Arc<dyn RuleSource>)?;
    if let Some(mode) = &args.mode {
        check_mode(mode, &rules)?;
        // Behind every mode that begins by itself.
        spool.choose_mode(mode.clone(), until).await?;
    } else if let Some((mode, at)) = past.chosen_mode().await?.filter(|(_, at)| *at <= from) {
        spool.choose_mode(mode, at).await?;
    }
    let directory = DeviceDirectory::new(config.access, config.devices);
    directory.set_added(past.added_devices().await?);
    let stage = Stage { spool, directory, rules };
    let incidents = stage.play(&past, args.device.as_deref(), (from, until)).await?;
    if args.json {
        let all: Vec<_> = incidents.iter().map(Played::as_json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    incidents.iter().for_each(|incident| incident.print(&stage.rules.clock));
    summarise(&incidents);
    for was in past.told_between(from, until).await? {
        let [firsts, follow_ups, counts] = was.alerts;
        println!("it was: {}: {}", was.channel, in_words(firsts, follow_ups, counts));
    }
    Ok(())
}

/// When the day begins and ends, where people are.
fn bounds(day: Option<Date>, clock: &Clock) -> anyhow::Result<(Timestamp, Timestamp)> {
    let now = Timestamp::from(SystemTime::now());
    let day = match day {
        Some(day) => day,
        None => clock.local(now).context("no calendar has this day")?.date(),
    };
    let begin = |day: Date| -> anyhow::Result<Timestamp> {
        let begin = day.to_zoned_datetime(clock.zone.clone())?;
        Ok(Timestamp::from_ms(begin.timestamp().as_millisecond()))
    };
    Ok((begin(day)?, begin(day.tomorrow()?)?))
}

/// Where the day is played again.
struct Stage {
    spool: SqliteSpool,
    directory: DeviceDirectory,
    rules: Arc<Rules>,
}

/// An incident as it would have been told.
struct Played {
    /// What it is in the spool that keeps it: its first arrival's.
    was: IncidentId,
    detail: IncidentDetail,
}

impl Stage {
    async fn play(
        &self,
        past: &SqliteSpool,
        device: Option<&str>,
        (from, until): (Timestamp, Timestamp),
    ) -> anyhow::Result<Vec<Played>> {
        let mut opened = BTreeMap::new();
        let mut after = ArrivalId(0);
        loop {
            let page = past.past_arrivals(from, until, after, PAGE).await?;
            let Some(last) = page.last() else {
                break;
            };
            after = last.line.id;
            for arrival in page {
                let was = arrival.incident;
                let arrival = self.again(arrival);
                let wanted =
                    |text: &str| arrival.device.name.to_lowercase().contains(&text.to_lowercase());
                if device.is_none_or(wanted) {
                    self.deliver(arrival.received_at).await?;
                    let stored = self.spool.store(arrival).await?;
                    opened.entry(stored.incident).or_insert(was);
                }
            }
        }
        self.deliver(until.after(AFTERMATH)).await?;
        let mut incidents = Vec::with_capacity(opened.len());
        for (incident, was) in opened {
            incidents.push(Played { was, detail: self.spool.incident(incident).await? });
        }
        Ok(incidents)
    }

    /// The arrival as it would come now: of a device that this configuration knows, under its name.
    fn again(&self, past: PastArrival) -> NewArrival {
        let PastArrival { device, silent, event, tree, line, .. } = past;
        let known = self.directory.resolver().device(&line.envelope, line.content.camera.as_ref());
        NewArrival {
            device: if known.discovered { device } else { known },
            envelope: line.envelope,
            content: line.content,
            event,
            housekeeping: silent && event != Event::Periodic,
            vendor: None,
            blob: line.blob,
            began_at: line.received_at,
            received_at: line.received_at,
            ready_at: line.received_at,
            torn: line.torn,
            unacknowledged: line.torn,
            digest: None,
            same_as: None,
            digests: Vec::new(),
            again: DedupPolicy::AfterTorn,
            tree,
        }
    }

    /// All that is due by now is delivered, as by services that always answer.
    async fn deliver(&self, now: Timestamp) -> anyhow::Result<()> {
        for channel in &self.rules.channels {
            loop {
                let due = self.spool.due(channel, now, BATCH, &[]).await?.deliveries;
                if due.is_empty() {
                    break;
                }
                for delivery in &due {
                    self.spool.record(delivered(delivery, now)).await?;
                }
            }
        }
        Ok(())
    }
}

fn delivered(due: &DueDelivery, now: Timestamp) -> AttemptRecord {
    AttemptRecord { progress: 1, ..empty_attempt(due, now, DeliveryState::Delivered) }
}

impl Played {
    /// For each channel how many first alerts, follow-ups and counts.
    fn told(&self) -> BTreeMap<&str, [u64; 3]> {
        let mut told = BTreeMap::new();
        for delivery in &self.detail.deliveries {
            let counts: &mut [u64; 3] = told.entry(delivery.channel.as_str()).or_default();
            let [firsts, follow_ups, summaries] = counts;
            match delivery.kind.as_str() {
                "first" => *firsts += 1,
                "summary" => *summaries += 1,
                _ => *follow_ups += 1,
            }
        }
        told
    }

    fn print(&self, clock: &Clock) {
        let line = &self.detail.line;
        let time = clock.local(line.began_at).map(|at| at.strftime("%H:%M:%S").to_string());
        let time = time.unwrap_or_default();
        let told: Vec<String> = self
            .told()
            .iter()
            .map(|(channel, counts)| {
                let [firsts, follow_ups, counts] = *counts;
                format!("{channel} ({})", in_words(firsts, follow_ups, counts))
            })
            .collect();
        let told = match told.as_slice() {
            [] => {
                let why = line.suppressed_reason.as_deref();
                format!("nobody: {}", why.unwrap_or("nothing to tell"))
            }
            told => told.join(", "),
        };
        println!("{time}  #{}  {}  {}  {}", self.was, line.device, line.event, line.subject);
        println!("          -> {told}");
    }

    fn as_json(&self) -> serde_json::Value {
        let line = &self.detail.line;
        let told: BTreeMap<_, _> = self
            .told()
            .into_iter()
            .map(|(channel, counts)| {
                let [firsts, follow_ups, counts] = counts;
                (channel, json!({ "first": firsts, "followup": follow_ups, "summary": counts }))
            })
            .collect();
        json!({
            "incident": self.was,
            "device": line.device,
            "event": line.event,
            "subject": line.subject,
            "began_at": utc(line.began_at),
            "told": told,
            "untold": line.suppressed_reason,
        })
    }
}

fn in_words(firsts: u64, follow_ups: u64, counts: u64) -> String {
    let named = |count: u64, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {more}")),
    };
    let parts = [
        named(firsts, "alert", "alerts"),
        named(follow_ups, "follow-up", "follow-ups"),
        named(counts, "count", "counts"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn summarise(incidents: &[Played]) {
    let mut channels: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for (channel, counts) in incidents.iter().flat_map(Played::told) {
        let total = channels.entry(channel).or_default();
        total.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    let suppressed = incidents.iter().filter(|it| it.detail.deliveries.is_empty()).count();
    println!("{} incidents, of {suppressed} nobody is told", incidents.len());
    for (channel, [firsts, follow_ups, counts]) in channels {
        println!("now: {channel}: {}", in_words(firsts, follow_ups, counts));
    }
}
