//! `tipoff route replay`: which alerts the arrivals of a day would produce with the rules of a
//! configuration. Nothing is sent, and the spool of the server is only read.
//!
//! Replay runs the real engine: the day's arrivals are stored again, in a spool in a temporary
//! folder, with the times at which they were received. Each due delivery is recorded as delivered
//! at once, as if every service always answered: so cooldowns, rate limits and summaries act as
//! they do in the server. Failed attempts are not replayed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::civil::Date;
use serde_json::json;
use tipoff_model::{ArrivalId, DeliveryState, Event, IncidentId, RuleSource, Timestamp};
use tipoff_rules::{Clock, Rules};
use tipoff_spool::{
    AttemptRecord, DedupPolicy, DueDelivery, Engine, IncidentDetail, NewArrival, PastArrival,
    Spool, SpoolConfig,
};

use crate::cli::arguments::day;
use crate::cli::moment::check_mode;
use crate::cli::{Ending, block_on};
use crate::config::Config;
use crate::dispatch::empty_attempt;
use crate::receive::DeviceDirectory;
use crate::runtime::utc::utc;

/// Arrivals that are read at a time. Memory stays small, however busy the day was.
const PAGE: u32 = 500;
/// Deliveries due within this time after the day, such as follow-ups and summaries, still belong to it.
const AFTERMATH: Duration = Duration::from_secs(2 * 24 * 3600);
/// Deliveries that are read at a time, for one channel.
const BATCH: u32 = 64;

/// Which day, and how.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReplayArgs {
    /// The day, such as 2026-11-24 [default: today]
    #[arg(long, value_name = "DATE", value_parser = day)]
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

/// Prints each incident with its alerts, then the sums, then what was really delivered on that day.
pub(super) fn run(args: &ReplayArgs, config: Config, now: Timestamp) -> Ending {
    block_on(replay(args, config, now))??;
    Ok(())
}

/// Opens both spools, gives the temporary one the day's mode and devices, replays, and prints.
async fn replay(args: &ReplayArgs, config: Config, now: Timestamp) -> anyhow::Result<()> {
    let rules = Arc::new(config.rules.clone());
    let source = Arc::clone(&rules) as Arc<dyn RuleSource>;
    let past = tipoff_spool::open_beside(&config.spool(), source).await?;
    let (from, until) = bounds(args.day, &rules.clock, now)?;
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let sandbox =
        SpoolConfig { folder: folder.path().to_owned(), engine: Engine::Embedded, bucket: None };
    let spool = tipoff_spool::open(&sandbox, Arc::clone(&rules) as Arc<dyn RuleSource>).await?;
    if let Some(mode) = &args.mode {
        check_mode(mode, &rules)?;
        // Chosen at the end of the day: so it is later than every mode that begins by schedule
        // during the day.
        spool.choose_mode(mode.clone(), until).await?;
    } else if let Some((mode, at)) = past.chosen_mode().await?.filter(|(_, at)| *at <= from) {
        spool.choose_mode(mode, at).await?;
    }
    // Devices that were added on the dashboard are in the spool, not in the configuration.
    let directory = DeviceDirectory::new(config.access, config.devices);
    directory.set_added(past.added_devices().await?);
    let stage = Stage { spool, directory, rules };
    let incidents = stage.play(&*past, args.device.as_deref(), (from, until)).await?;
    if args.json {
        let all: Vec<_> = incidents.iter().map(Played::as_json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    incidents.iter().for_each(|incident| incident.print(&stage.rules.clock));
    summarise(&incidents);
    for was in past.alerts_between(from, until).await? {
        let [firsts, follow_ups, counts] = was.alerts;
        println!("it was: {}: {}", was.channel, in_words(firsts, follow_ups, counts));
    }
    Ok(())
}

/// The first moment of the day and of the next one, in the configuration's time zone: a day may
/// have 23 or 25 hours.
fn bounds(
    day: Option<Date>,
    clock: &Clock,
    now: Timestamp,
) -> anyhow::Result<(Timestamp, Timestamp)> {
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

/// The temporary spool, and what decides about an arrival before the spool does.
struct Stage {
    spool: Arc<dyn Spool>,
    directory: DeviceDirectory,
    rules: Arc<Rules>,
}

/// An incident of the replay, with the deliveries that it would have had.
struct Played {
    /// Its number in the server's spool: the incident of its first arrival. Rules that group
    /// differently may make one of two, or two of one.
    was: IncidentId,
    detail: IncidentDetail,
}

impl Stage {
    /// Stores the arrivals between the two times in their order, for the devices whose name
    /// contains `device`. Before each arrival, the deliveries that were due by then are delivered,
    /// as the server would have done.
    async fn play(
        &self,
        past: &dyn Spool,
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
        // What the last arrivals of the day still cause.
        self.deliver(until.after(AFTERMATH)).await?;
        let mut incidents = Vec::with_capacity(opened.len());
        for (incident, was) in opened {
            incidents.push(Played { was, detail: self.spool.incident(incident).await? });
        }
        Ok(incidents)
    }

    /// The arrival as it would be received now. A device that this configuration knows has its name
    /// from there; a discovered one keeps the name that it had. The blob is only named: nothing is
    /// copied.
    fn again(&self, past: PastArrival) -> NewArrival {
        let PastArrival { device, silent, event, tree, line, .. } = past;
        let known = self.directory.resolver().device(&line.envelope, line.content.camera.as_ref());
        let is_late = line.content.late;
        NewArrival {
            device: if known.discovered { device } else { known },
            envelope: line.envelope,
            content: line.content,
            event,
            // Suppressed at that time, neither as a periodic picture nor as late: it was a housekeeping file.
            housekeeping: silent && event != Event::Periodic && !is_late,
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

    /// Records every delivery that is due by `now` as delivered. That may make others due: it
    /// repeats until none is left.
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

/// The record of a delivery at its first attempt, without a reference for follow-ups.
fn delivered(due: &DueDelivery, now: Timestamp) -> AttemptRecord {
    AttemptRecord { progress: 1, ..empty_attempt(due, now, DeliveryState::Delivered) }
}

impl Played {
    /// By channel: the number of first alerts, of follow-ups and of summaries.
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

    /// Two lines: the incident, and its alerts by channel or the reason why there is none.
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

    /// The incident for programs. The keys are covered by docs/compatibility.md; the API has no
    /// such call.
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

/// The numbers that are not zero, such as `2 alerts, 1 follow-up`.
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

/// Prints the number of incidents, and the sum of alerts by channel.
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
